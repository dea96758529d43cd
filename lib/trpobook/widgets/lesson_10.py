"""The interactives of lesson 10: the radius δ turned over one recorded update, and a training log to scrub through."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.finite.tabular_trpo import MIN_RATIO, MOST_BACKTRACKS, SHRINK
from trpobook.widgets.base import Interactive, Slider


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


def step_at(line: Line, delta: float) -> Step:
    """Return the step that radius δ leads to: the quadratic model δ₀c² = δ gives c, and the line search shrinks it."""
    full = np.sqrt(delta / line.delta)
    tries = full * SHRINK ** np.arange(MOST_BACKTRACKS + 1)
    kl, gain = np.interp(tries, line.c, line.kl), np.interp(tries, line.c, line.gain)
    passed = np.flatnonzero((kl <= delta) & (gain >= MIN_RATIO * tries * line.predicted))
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
        f"δ = {step.delta:.3g}: the full step (open circle) is {step.full:.2f}; after "
        f"{_backtracks(step.backtracks)} the one accepted (filled) is {step.c:.2f}, with a KL of {step.kl:.4f} nats "
        f"and a surrogate gain of {step.gain:.3f}. Its true mean return is {step.mean_return:.0f}; the old policy's "
        f"was {step.line.returns[0]:.0f}."
    )


def _backtracks(number: float) -> str:
    return "1 backtrack" if number == 1 else f"{number:.0f} backtracks"


def radius_dial(line: Line) -> Interactive:
    """Return the interactive over a recorded update: turn δ, see the step that is accepted and what it earns."""
    return Interactive(
        title="the radius δ, the step it leads to, what the surrogate promises and what new episodes return",
        compute=lambda log_delta: step_at(line, 10.0**log_delta),
        draw=draw_step,
        describe=describe_step,
        controls=lambda: {"log_delta": Slider("log₁₀ of δ", -3, 0, -2, 0.05)},
        columns=3,
        width=10.5,
        height=3.8,
        script="lesson_10.js",
        name="radius_dial",
        data=lambda: _sent(line) | {"shrink": SHRINK, "most_backtracks": MOST_BACKTRACKS, "min_ratio": MIN_RATIO},
    )


def _sent(table: NamedTuple) -> dict:
    """Return the columns as JSON has them: None for NaN, the word for infinity."""

    def plain(value):
        if isinstance(value, list):
            return [plain(each) for each in value]
        return value if np.isfinite(value) else None if np.isnan(value) else "Infinity"

    return {name: plain(np.asarray(value).tolist()) for name, value in table._asdict().items()}


class Log(NamedTuple):
    """The columns of a training log that the forensics show, one number an update; NaN where the log has none."""

    steps: np.ndarray  # thousands
    mean_return: np.ndarray
    predicted: np.ndarray  # gain of the linear model, standard deviations of A
    gain: np.ndarray
    radius: np.ndarray  # δ; inf for an algorithm without one
    kl: np.ndarray
    residual: np.ndarray
    backtracks: np.ndarray
    accepted: np.ndarray
    ratios: np.ndarray  # (4, n): least, 5 %, 95 %, largest
    sigma: np.ndarray  # geometric mean of the action's standard deviations
    explained: np.ndarray


class Moment(NamedTuple):
    """One update of a log; `update` counts from 1."""

    log: Log
    update: int


def mean_sigma(entropy, dimensions: int):
    """Return exp(mean log σ) of a Gaussian in `dimensions` independent coordinates with this entropy, nats.

    H = Σ log σ_i + (n/2) log 2πe in n coordinates. Lesson 10, equation 10.14.
    """
    return np.exp(np.asarray(entropy) / dimensions - 0.5 * np.log(2 * np.pi * np.e))


def log_columns(rows: list[dict], dimensions: int) -> Log:
    """Return the columns of a log, a row an update, of a Gaussian policy with `dimensions` action coordinates."""
    names = ("return_mean", "gain_predicted", "gain", "kl_limit", "kl", "cg_residual", "backtracks", "accepted")
    ratios = [plots.column(rows, name) for name in ("ratio_min", "ratio_q05", "ratio_q95", "ratio_max")]
    return Log(
        plots.column(rows, "steps") / 1000,
        *(plots.column(rows, name) for name in names),
        np.array(ratios),
        mean_sigma(plots.column(rows, "entropy"), dimensions),
        plots.column(rows, "explained_variance"),
    )


def draw_log(axes, log: Log) -> None:
    """Draw a training log on eight axes, set out in two rows."""
    for i, panel in enumerate(axes):
        panel.set_position([0.055 + 0.243 * (i % 4), 0.585 - 0.475 * (i // 4), 0.19, 0.335])
        panel.set(xlim=(0, log.steps[-1]), xlabel="thousand steps" if i >= 4 else "")
    returns, promise, distance, residual, backtracks, ratios, noise, explained = axes
    dots = {"linestyle": "none", "markersize": 2.5}
    returns.plot(log.steps, log.mean_return, **style.RETURN | {"linewidth": 1.5})
    returns.set(
        title="return", ylim=(np.nanmin(log.mean_return, initial=0), 1.08 * np.nanmax(log.mean_return, initial=1))
    )
    promise.plot(log.steps, log.predicted, "o", mfc="none", color=style.SURROGATE["color"], alpha=0.5, **dots)
    promise.plot(log.steps, log.gain, ".", color=style.OLD["color"], **dots)
    promise.set(title="gain: ○ promised • kept", ylim=(0, max(0.01, 1.5 * np.nanquantile(log.predicted, 0.99))))
    limited = np.isfinite(log.radius[0])
    top = log.radius[0] if limited else np.nanquantile(log.kl, 0.98)
    if limited:
        distance.axhspan(0, top, **style.BAND, linewidth=0)
    distance.plot(log.steps, log.kl, ".", color=style.OLD["color"], **dots)
    distance.set(title="KL, nats; δ shaded" if limited else "KL, nats; no limit", ylim=(0, 1.3 * top))
    residual.plot(log.steps, log.residual, ".", color=style.INK, **dots)
    residual.set(title="residual of CG", ylim=(0, 1.1 * np.nanmax(log.residual, initial=0.1)))
    backtracks.plot(log.steps, log.backtracks, ".", color=style.INK, **dots)
    backtracks.set(title="backtracks", ylim=(-0.5, max(4, np.nanmax(log.backtracks)) + 0.5))
    backtracks.yaxis.get_major_locator().set_params(integer=True)
    ratios.fill_between(log.steps, log.ratios[0], log.ratios[3], color="#DDE3E8", linewidth=0)
    ratios.fill_between(log.steps, log.ratios[1], log.ratios[2], color="#8FA6BC", linewidth=0)
    ratios.set(title="ratios: all, middle 90 %", ylim=(0, 3))
    noise.plot(log.steps, log.sigma, color=style.INK, linewidth=1.5)
    noise.set(title="action noise, mean σ", ylim=(0, 1.1 * np.nanmax(log.sigma)))
    explained.plot(log.steps, log.explained, color=style.INK, linewidth=1)
    explained.set(title="explained variance of V", ylim=(-0.2, 1.02))


def draw_moment(axes, moment: Moment) -> None:
    """Draw the log and mark one update in each of its eight panels; of the ratios its middle 90 %."""
    log, k = moment.log, moment.update - 1
    draw_log(axes, log)
    kept = (log.mean_return, log.gain, log.kl, log.residual, log.backtracks, log.ratios[1:3], log.sigma, log.explained)
    for panel, curve in zip(axes, kept, strict=True):
        heights = np.atleast_1d(curve[..., k])
        panel.axvline(log.steps[k], color=style.MUTED, linewidth=1)
        panel.plot([log.steps[k]] * len(heights), heights, "o", color=style.NEW["color"], markersize=7)


def describe_moment(moment: Moment) -> str:
    """Say the numbers of one update."""
    log, k = moment.log, moment.update - 1
    low, q05, q95, high = log.ratios[:, k]
    allowed = f" of {log.radius[k]:.2g} allowed" if np.isfinite(log.radius[k]) else ", with no limit"
    refused = "" if log.accepted[k] else " The step was refused."
    return (
        f"Update {moment.update} of {len(log.steps)}, after {log.steps[k]:,.0f} thousand steps: gain promised "
        f"{log.predicted[k]:.3f}, kept {log.gain[k]:.3f}; KL {log.kl[k]:.4f}{allowed}; residual of CG "
        f"{log.residual[k]:.2f}; {_backtracks(log.backtracks[k])}; ratios {low:.2f} to {high:.2f}, the middle 90 % "
        f"{q05:.2f} to {q95:.2f}; mean σ {log.sigma[k]:.2f}; explained variance {log.explained[k]:.2f}; mean return "
        f"{log.mean_return[k]:.0f}.{refused}"
    )


def forensics(rows: list[dict], dimensions: int) -> Interactive:
    """Return the interactive that scrubs through a training log, update by update."""
    log = log_columns(rows, dimensions)
    return Interactive(
        title="a training run, update by update: return, gain, KL, residual, backtracks, ratios, noise, value function",
        compute=lambda update: Moment(log, round(update)),
        draw=draw_moment,
        describe=describe_moment,
        controls=lambda: {"update": Slider("update", 1, len(rows), 1 + len(rows) // 4, 1)},
        columns=8,
        width=11.5,
        height=5.2,
        script="lesson_10.js",
        name="forensics",
        data=lambda: _sent(log),
    )
