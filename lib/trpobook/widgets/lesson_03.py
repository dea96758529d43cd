"""Interactive of lesson 03: λ trades the bias of GAE against its variance, both exact, in the gridworld."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.finite.estimators import gae_moments
from trpobook.finite.mdp import TabularMDP, gridworld
from trpobook.widgets.base import Interactive, Slider

CELL = 7  # the cell above the trap, where one action is much worse than the others
ACTIONS = ("up", "right", "down", "left")
LAMBDAS = np.linspace(0, 1, 101)


def uniform(mdp: TabularMDP) -> np.ndarray:
    """Return the policy that takes every action alike, (S, A)."""
    return np.full(mdp.reward.shape, 1 / mdp.reward.shape[1])


@functools.cache
def error_pattern() -> np.ndarray:
    """Return a fixed error of the value function, of standard deviation 1 over the cells, 0 where episodes end."""
    mdp = gridworld()
    error = np.random.default_rng(15).normal(size=len(mdp.start)) * mdp.live
    return error / np.sqrt(np.sum(error**2) / mdp.live.sum())


def centred(table: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """Return a table (S, A) less its mean under the policy at each state: what is left can turn the gradient."""
    return table - np.sum(pi * table, axis=1, keepdims=True)


@functools.cache
def _along_lambda() -> tuple[np.ndarray, np.ndarray]:
    """Return harmful bias² for an error of size 1, and the variance for sizes −1, 0 and 1, all along LAMBDAS.

    Both are averages over the visited states and the policy's actions. The bias is linear in the error and the
    variance quadratic, so these give them for every size.
    """
    mdp = gridworld()
    pi, visits = uniform(mdp), mdp.visitation(uniform(mdp))
    weights = (visits / visits.sum())[:, None] * pi
    bias, variance = np.empty(len(LAMBDAS)), np.empty((3, len(LAMBDAS)))
    for i, lam in enumerate(LAMBDAS):
        for j, size in enumerate((-1, 0, 1)):
            mean, spread = gae_moments(mdp, pi, mdp.value(pi) + size * error_pattern(), lam)
            variance[j, i] = np.sum(weights * spread)
        bias[i] = np.sum(weights * centred(mean - mdp.advantage(pi), pi) ** 2)
    return bias, variance


class Tradeoff(NamedTuple):
    """Harmful bias² and variance of an average of `samples` estimates along LAMBDAS, and one cell's actions."""

    lam: float
    error: float  # standard deviation of V's error over the cells
    samples: float
    bias: np.ndarray
    variance: np.ndarray
    advantage: np.ndarray  # of the actions in CELL, (4,)
    mean: np.ndarray  # of their estimates, centred, (4,)
    spread: np.ndarray  # standard deviation of the averages, (4,)

    @property
    def best(self) -> float:
        """The λ of least mean squared error."""
        return float(LAMBDAS[np.argmin(self.bias + self.variance)])


def compute_tradeoff(lam: float, error: float, log_samples: float) -> Tradeoff:
    """Return the trade-off for GAE's λ, V's error and log₁₀ of the number of samples of each action."""
    mdp, samples = gridworld(), 10.0**log_samples
    pi = uniform(mdp)
    bias, (minus, zero, plus) = _along_lambda()
    variance = zero + error * (plus - minus) / 2 + error**2 * ((plus + minus) / 2 - zero)
    mean, spread = gae_moments(mdp, pi, mdp.value(pi) + error * error_pattern(), lam)
    return Tradeoff(
        lam,
        error,
        samples,
        error**2 * bias,
        variance / samples,
        mdp.advantage(pi)[CELL],
        centred(mean, pi)[CELL],
        np.sqrt(np.maximum(spread[CELL], 0) / samples),
    )


FLOOR = 1e-7  # below the picture


def draw_tradeoff(axes, t: Tradeoff) -> None:
    """Draw bias², variance and their sum against λ and, beside them, the estimates in one cell."""
    left, right = axes
    here = np.argmin(np.abs(LAMBDAS - t.lam))
    total = t.bias + t.variance
    (bias,) = left.plot(LAMBDAS, np.log10(t.bias + FLOOR), **style.NEW)
    (variance,) = left.plot(LAMBDAS, np.log10(t.variance + FLOOR), **style.VARIANCE)
    left.plot(LAMBDAS, np.log10(total + FLOOR), color=style.INK, linewidth=1.4)
    left.plot(t.lam, np.log10(total[here] + FLOOR), "o", color=style.INK, markersize=10)
    left.axvline(t.best, color=style.MUTED, linewidth=1, linestyle=":")
    left.text(0.04, 0.93, "bias²", color=bias.get_color(), transform=left.transAxes)
    left.text(0.30, 0.93, "variance", color=variance.get_color(), transform=left.transAxes)
    left.text(0.62, 0.93, "sum", color=style.INK, transform=left.transAxes)
    left.set(xlim=(-0.02, 1.02), ylim=(-6, 0), xlabel="λ", ylabel="mean squared error", title="all cells")
    plots.powers_of_ten(left.yaxis, range(-6, 1))

    places = np.arange(len(ACTIONS))
    right.bar(places, t.advantage, 0.6, color="#A9C6DF")
    right.vlines(places, t.mean - t.spread, t.mean + t.spread, color=style.NEW["color"], linewidth=3)
    right.plot(places, t.mean, "D", color=style.NEW["color"], markersize=7)
    right.axhline(0, color=style.INK, linewidth=1)
    right.text(0.03, 0.14, "bars: true advantage", color=style.OLD["color"], transform=right.transAxes)
    right.text(0.03, 0.05, "◆ estimate ± its spread", color=style.NEW["color"], transform=right.transAxes)
    right.set_xticks(places, ACTIONS)
    right.set(ylim=(-1.25, 0.9), title="the cell above the trap")
    right.grid(False, axis="x")


def _number(x: float) -> str:
    if x < FLOOR / 10:
        return "0"
    mantissa, exponent = f"{x:.1e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(plots.SUPERSCRIPTS)}"


def describe_tradeoff(t: Tradeoff) -> str:
    """Say the numbers of the picture."""
    here = np.argmin(np.abs(LAMBDAS - t.lam))
    count = f"{t.samples:.0f} {'sample' if round(t.samples) == 1 else 'samples'}"
    return (
        f"λ = {t.lam:.2f}, V wrong by {t.error:.2f}, {count} of each action: bias² "
        f"{_number(t.bias[here])}, variance of the average {_number(t.variance[here])}. The least sum of the two is at "
        f"λ = {t.best:.2f} (dotted)."
    )


tradeoff = Interactive(
    title="λ trades bias against variance",
    compute=compute_tradeoff,
    draw=draw_tradeoff,
    describe=describe_tradeoff,
    controls=lambda: {
        "lam": Slider("λ", 0, 1, 0.95),
        "error": Slider("error of V", 0, 0.5, 0.2),
        "log_samples": Slider("log₁₀ of samples", 0, 4, 2, 0.1),
    },
    columns=2,
    height=4.0,
    script="lesson_03.js",
    name="tradeoff",
    data=lambda: {"error": error_pattern().tolist()},
)
