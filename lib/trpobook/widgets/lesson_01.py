"""Interactives of lesson 01: two distributions and their divergences; the rare action at a fixed KL."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.finite.divergences import (
    bretagnolle_huber_bound,
    chi_squared,
    kl_categorical,
    pinsker_bound,
    total_variation,
)
from trpobook.widgets.base import Interactive, Slider


class Pair(NamedTuple):
    """Two policies over the actions left and right, and how far apart they are (KLs in nats)."""

    old: np.ndarray
    new: np.ndarray
    kl_old_new: float
    kl_new_old: float
    tv: float


def compute_pair(old: float, new: float) -> Pair:
    """Return the divergences between (old, 1 − old) and (new, 1 − new)."""
    p, q = np.array([old, 1 - old]), np.array([new, 1 - new])
    return Pair(p, q, float(kl_categorical(p, q)), float(kl_categorical(q, p)), float(total_variation(p, q)))


def draw_pair(axes, pair: Pair) -> None:
    """Draw the two policies as bars and, beside them, both KLs against TV under the two envelopes."""
    left, right = axes
    plots.bars(left, ["left", "right"], pair.old, pair.new)
    left.set_title("two policies")
    left.legend(loc="upper center", ncols=2)
    left.set_ylim(0, 1.18)
    left.set_yticks(np.linspace(0, 1, 6))

    kl = np.linspace(0, 4.7, 200)
    (pinsker,) = right.plot(kl, pinsker_bound(kl), **style.BOUND)
    (huber,) = right.plot(kl, bretagnolle_huber_bound(kl), color=style.MUTED, linestyle="-.")
    right.fill_between(kl, np.minimum(pinsker_bound(kl), bretagnolle_huber_bound(kl)), 1.3, color="#F1F2F3")
    plots.label(right, pinsker, "Pinsker", at=0.62, dx=6, dy=-2, va="top")
    plots.label(right, huber, "Bretagnolle–Huber", at=0.99, dx=0, dy=-14, ha="right")
    right.text(0.1, 1.22, "impossible", color=style.MUTED, va="center")
    right.plot([pair.kl_old_new, pair.kl_new_old], [pair.tv, pair.tv], color="#C9CDD1", linewidth=1.2)
    right.plot(pair.kl_old_new, pair.tv, "o", color=style.FORWARD["color"], markersize=8)
    right.plot(pair.kl_new_old, pair.tv, "s", mfc="none", mew=2.0, color=style.BACKWARD["color"], markersize=7)
    right.text(0.99, 0.16, "●  KL(old‖new)", color=style.FORWARD["color"], transform=right.transAxes, ha="right")
    right.text(0.99, 0.06, "□  KL(new‖old)", color=style.BACKWARD["color"], transform=right.transAxes, ha="right")
    right.set(xlim=(0, 4.7), ylim=(0, 1.3), xlabel="KL (nats)", ylabel="total variation", title="how far apart")


def describe_pair(pair: Pair) -> str:
    """Say the numbers of the picture."""
    kl = pair.kl_old_new
    bounds = {"Pinsker": pinsker_bound(kl), "Bretagnolle–Huber": bretagnolle_huber_bound(kl)}
    sharper = min(bounds, key=bounds.get)
    return (
        f"The old policy goes left with probability {pair.old[0]:.2f}, the new one with {pair.new[0]:.2f}. "
        f"KL(old‖new) = {kl:.3f} nats, KL(new‖old) = {pair.kl_new_old:.3f} nats. "
        f"Total variation {pair.tv:.2f}; {sharper} allows at most {bounds[sharper]:.2f}."
    )


two_distributions = Interactive(
    title="two policies, both KLs, total variation and its two bounds",
    compute=compute_pair,
    draw=draw_pair,
    describe=describe_pair,
    controls=lambda: {
        "old": Slider("old: P(left)", 0.01, 0.99, 0.5),
        "new": Slider("new: P(left)", 0.01, 0.99, 0.9),
    },
    columns=2,
    height=4.0,
    script="lesson_01.js",
    name="two_distributions",
)


def raised_probability(p, divergence, delta: float = 0.01):
    """Return p' > p with divergence((p, 1−p), (p', 1−p')) = delta, by bisection; p may be an array."""
    low, high = np.array(p, float), np.full(np.shape(p), 1 - 1e-12)
    for _ in range(80):
        middle = (low + high) / 2
        inside = divergence(_two(p), _two(middle)) <= delta
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return low


def _two(p):
    return np.stack([np.asarray(p, float), 1 - np.asarray(p, float)], axis=-1)


class RareAction(NamedTuple):
    """An action of probability `old` raised as far as a KL of 0.01 allows, and the same along a grid."""

    old: float
    new: float
    ratio: float
    variance: float
    grid: np.ndarray  # old probabilities
    ratios: np.ndarray  # along the grid, KL(old‖new) = 0.01
    variances: np.ndarray
    variances_reverse: np.ndarray  # along the grid, KL(new‖old) = 0.01


GRID = np.logspace(-6, -0.1, 66)
CLIP = np.log10([0.8, 1.2])  # the usual band of PPO, on the ratio's axis


@functools.cache
def _along_grid(delta: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    new = raised_probability(GRID, kl_categorical, delta)
    reverse = raised_probability(GRID, lambda p, q: kl_categorical(q, p), delta)
    return new / GRID, chi_squared(_two(new), _two(GRID)), chi_squared(_two(reverse), _two(GRID))


def compute_rare(log_old: float, delta: float = 0.01) -> RareAction:
    """Return what a KL of `delta` allows when the action's old probability is 10 ** log_old."""
    old = 10.0**log_old
    new = float(raised_probability(old, kl_categorical, delta))
    return RareAction(old, new, new / old, float(chi_squared(_two(new), _two(old))), GRID, *_along_grid(delta))


def draw_rare(axes, rare: RareAction) -> None:
    """Draw the largest ratio, and the variance of the ratio, against the action's old probability."""
    left, right = axes
    x, here = np.log10(rare.grid), np.log10(rare.old)
    left.axhspan(*CLIP, **style.BAND)
    left.plot(x, np.log10(rare.ratios), **style.FORWARD)
    left.plot(here, np.log10(rare.ratio), "o", color=style.FORWARD["color"], markersize=10)
    left.text(-6.1, -0.13, "grey: PPO's band, 0.8 to 1.2", color=style.MUTED, va="top")
    left.axhline(0, color=style.MUTED, linewidth=1)
    left.set(ylabel="ratio  new / old", title="the ratio", ylim=(-0.4, 4.5))
    plots.powers_of_ten(left.yaxis, range(5))

    (forward,) = right.plot(x, np.log10(rare.variances), **style.FORWARD)
    right.plot(x, np.log10(rare.variances_reverse), **style.BACKWARD)
    (local,) = right.plot(x, np.full_like(x, np.log10(0.02)), **style.BOUND)
    right.plot(here, np.log10(rare.variance), "o", color=style.FORWARD["color"], markersize=10)
    plots.label(right, forward, "KL(old‖new) = 0.01", at=0.1, dx=14, dy=4)
    right.text(-6.1, -1.42, "KL(new‖old) = 0.01", color=style.BACKWARD["color"], va="center")
    plots.label(right, local, "2 KL: what KL ≈ ½χ² suggests", at=0.02, dx=0, dy=-6, va="top")
    right.set(ylabel="variance of the ratio,  χ²", title="its variance", ylim=(-2.4, 2.6))
    plots.powers_of_ten(right.yaxis, range(-2, 3))
    for panel in axes:
        panel.set(xlim=(-6.2, 0.05), xlabel="old probability of the action")
        plots.powers_of_ten(panel.xaxis, range(-6, 1))


def describe_rare(rare: RareAction) -> str:
    """Say the numbers of the picture."""
    old, new = (np.format_float_positional(x, precision=3, fractional=False, trim="-") for x in (rare.old, rare.new))
    return (
        f"An action of probability {old} may be raised to {new} at KL(old‖new) = 0.01: "
        f"its ratio is {rare.ratio:.4g}, and the variance of the ratio over all actions {rare.variance:.3g} "
        f"(twice the KL is 0.02)."
    )


rare_action = Interactive(
    title="a rare action: ratio and variance at the same KL of 0.01",
    compute=compute_rare,
    draw=draw_rare,
    describe=describe_rare,
    controls=lambda: {"log_old": Slider("log₁₀ of old probability", -6, -0.1, -3, 0.1)},
    columns=2,
    height=4.0,
    script="lesson_01.js",
    name="rare_action",
)
