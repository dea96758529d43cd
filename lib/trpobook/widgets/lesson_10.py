"""The interactive of lesson 10: the radius δ of the trust region, turned over one recorded update."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import style
from .base import Interactive, slider


class Line(NamedTuple):
    """One update's candidates θ + c·step along a grid of c, where c = 1 is the full step at radius `delta`."""

    c: np.ndarray
    kl: np.ndarray  # mean KL(old‖candidate), nats
    gain: np.ndarray  # L(candidate) − L(old)
    predicted: float  # gain of the linear model at c = 1
    delta: float
    tried: np.ndarray  # the few c at which new episodes were played
    returns: np.ndarray  # their mean return


class Step(NamedTuple):
    """What a line search does with radius `delta`."""

    line: Line
    delta: float
    full: float  # c of the full step
    c: float  # c of the accepted one, 0 if none
    backtracks: int
    kl: float
    gain: float
    mean_return: float


def step_at(line: Line, delta: float, shrink: float = 0.9, min_ratio: float = 0.1) -> Step:
    """Return the step that radius δ leads to: the quadratic model δ₀c² = δ gives c, and the line search shrinks it."""
    full = np.sqrt(delta / line.delta)
    tries = full * shrink ** np.arange(31)
    kl, gain = np.interp(tries, line.c, line.kl), np.interp(tries, line.c, line.gain)
    passed = np.flatnonzero((kl <= delta) & (gain >= min_ratio * tries * line.predicted))
    if len(passed) == 0:
        return Step(line, delta, full, 0.0, len(tries) - 1, 0.0, 0.0, float(line.returns[0]))
    k = passed[0]
    mean_return = np.interp(tries[k], line.tried, line.returns)
    return Step(line, delta, float(full), float(tries[k]), int(k), float(kl[k]), float(gain[k]), float(mean_return))


def draw_step(axes, step: Step) -> None:
    """Draw KL, surrogate and true return along the line, with the full step and the accepted one."""
    line, end = step.line, step.line.c[-1]
    divergence, surrogate, truth = axes
    divergence.fill_between([0, end], 0, step.delta, **style.BAND, linewidth=0)
    divergence.plot(line.c, line.delta * line.c**2, **style.BOUND)
    divergence.plot(line.c, line.kl, **style.OLD)
    divergence.text(0.04, 0.92, "··· quadratic model", color=style.BOUND["color"], transform=divergence.transAxes)
    divergence.text(0.04, 0.83, "— KL(old‖new)", color=style.OLD["color"], transform=divergence.transAxes)
    divergence.set(title="distance", ylabel="nats", ylim=(0, 1))

    surrogate.plot(line.c, line.predicted * line.c, **style.BOUND)
    surrogate.plot(line.c, line.gain, **style.SURROGATE)
    surrogate.text(0.04, 0.92, "··· linear model", color=style.BOUND["color"], transform=surrogate.transAxes)
    surrogate.text(0.04, 0.83, "– – surrogate", color=style.SURROGATE["color"], transform=surrogate.transAxes)
    surrogate.set(title="promise", ylabel="gain, standard deviations of A", ylim=(0, line.predicted * end))

    truth.plot(line.tried, line.returns, **style.RETURN, marker="o", markersize=4)
    truth.set(title="truth, from new episodes", ylabel="mean return", ylim=(0, 1.15 * line.returns.max()))
    heights = (
        (divergence, line.kl, step.kl, style.OLD),
        (surrogate, line.gain, step.gain, style.SURROGATE),
        (truth, None, step.mean_return, style.RETURN),
    )
    for panel, curve, height, look in heights:
        panel.axvline(step.full, color=style.MUTED, linewidth=1, linestyle=":")
        if curve is not None:
            panel.plot(step.full, np.interp(step.full, line.c, curve), "o", mfc="white", color=look["color"], ms=9)
        panel.plot(step.c, height, "o", color=look["color"], markersize=10)
        panel.set(xlim=(0, end), xlabel=f"step, in full steps at δ = {line.delta:g}")


def describe_step(step: Step) -> str:
    """Say the numbers of the picture."""
    if step.c == 0:
        return f"δ = {step.delta:.3g}: no candidate passes, and the old policy stands."
    return (
        f"δ = {step.delta:.3g}: the full step (open circle) is {step.full:.2f}; after {step.backtracks} backtracks the "
        f"one accepted (filled) is {step.c:.2f}, with a KL of {step.kl:.4f} nats and a surrogate gain of "
        f"{step.gain:.3f}. Its true mean return is {step.mean_return:.0f}; the old policy's was "
        f"{step.line.returns[0]:.0f}."
    )


def radius_dial(line: Line) -> Interactive:
    """Return the interactive over a recorded update: turn δ, see the step that is accepted and what it earns."""
    return Interactive(
        title="the radius δ, the step it leads to, what the surrogate promises and what new episodes return",
        compute=lambda log_delta: step_at(line, 10.0**log_delta),
        draw=draw_step,
        describe=describe_step,
        controls=lambda: {"log_delta": slider("log₁₀ of δ", -3, 0, -2, 0.05)},
        columns=3,
        width=10.5,
        height=3.8,
    )
