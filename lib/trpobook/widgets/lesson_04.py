"""Interactive of lesson 04: what is left of a thousand episodes when their ratios are multiplied."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.finite.divergences import chi_squared
from trpobook.finite.importance import effective_sample_size
from trpobook.widgets.base import Interactive, Slider

EPISODES, LONGEST = 1000, 500
HORIZONS = np.arange(10, LONGEST + 1, 10)


class Weights(NamedTuple):
    """A thousand episodes of the old policy, weighted for a new one by the product of their ratios."""

    old: float  # probability of left, in every state
    new: float
    kl: float  # KL(old‖new) of a step, nats
    chi_squared: float  # of a step
    horizon: int
    exact: np.ndarray  # log₁₀ 1/(1 + χ²) of a whole episode, (HORIZONS,)
    measured: np.ndarray  # log₁₀ of the effective share of the thousand episodes, (HORIZONS,)
    shares: np.ndarray  # of the total weight, carried by the heaviest 1, 2, … episodes at the horizon, (EPISODES,)


@functools.cache
def _chances() -> np.ndarray:
    return np.random.default_rng(0).random((EPISODES, LONGEST), dtype=np.float32)


def generator() -> dict[str, list[int]]:
    """Return what the chances are drawn from, PCG64's two numbers of 128 bits, by 16 bits, the lowest first."""
    numbers = np.random.default_rng(0).bit_generator.state["state"]
    names = {"state": numbers["state"], "increment": numbers["inc"]}
    return {name: [number >> 16 * k & 0xFFFF for k in range(8)] for name, number in names.items()}


@functools.lru_cache(maxsize=64)
def _lefts(old: float) -> np.ndarray:
    """Return how often each episode went left within each horizon, (EPISODES, HORIZONS)."""
    blocks = (_chances() < old).reshape(EPISODES, len(HORIZONS), -1)
    return np.cumsum(np.sum(blocks, axis=-1), axis=-1)


def _raised(old: float, kl: float) -> float:
    """Return new > old with KL((old, 1 − old)‖(new, 1 − new)) = kl, by bisection; plain floats, for speed."""
    low, high = old, 1 - 1e-12
    for _ in range(50):
        new = (low + high) / 2
        inside = old * math.log(old / new) + (1 - old) * math.log((1 - old) / (1 - new)) <= kl
        low, high = (new, high) if inside else (low, new)
    return low


def compute_weights(log_old: float, kl: float, horizon: float) -> Weights:
    """Return the episodes' weights when left, of probability 10 ** log_old ≤ ½, is raised until KL(old‖new) = kl."""
    old = min(10.0**log_old, 0.5)
    new = _raised(old, kl)
    chi = float(chi_squared([new, 1 - new], [old, 1 - old]))
    lefts = _lefts(old)
    log_weights = lefts * np.log(new / old) + (HORIZONS - lefts) * np.log((1 - new) / (1 - old))
    weights = np.exp(log_weights - log_weights.max(axis=0))
    here = round(horizon / 10) - 1
    heaviest = np.sort(weights[:, here])[::-1]
    measured = effective_sample_size(weights.T) / EPISODES
    exact = -HORIZONS * np.log10(1 + chi)
    shares = np.cumsum(heaviest) / heaviest.sum()
    return Weights(old, new, kl, chi, HORIZONS[here], exact, np.log10(measured), shares)


def draw_weights(axes, weights: Weights) -> None:
    """Draw the share of the episodes that is left against the horizon, and how the weight is shared out."""
    left, right = axes
    here = np.searchsorted(HORIZONS, weights.horizon)
    one_step = np.full_like(weights.exact, -np.log10(1 + weights.chi_squared))
    left.plot(HORIZONS, one_step, color=style.OLD["color"])
    left.plot(HORIZONS, weights.measured, color=style.NEW["color"], linestyle="--")
    left.plot(HORIZONS, weights.exact, **style.BOUND)
    left.plot(weights.horizon, weights.measured[here], "o", color=style.NEW["color"], markersize=10)
    for place, colour, text in (
        (0, style.OLD["color"], "one ratio per state"),
        (0.415 * LONGEST, style.NEW["color"], "episodes, measured"),
        (LONGEST, style.INK, "exact"),
    ):
        left.text(place, 0.3, text, color=colour, ha="right" if place == LONGEST else "left", va="bottom", fontsize=10)
    left.set(xlim=(0, LONGEST + 10), ylim=(-6.2, 0.95), xlabel="steps of an episode", ylabel="share that is left")
    left.set(title="what is left of 1000")
    plots.powers_of_ten(left.yaxis, range(-6, 1))

    count = np.arange(1, EPISODES + 1)
    right.plot(np.log10(count), weights.shares, color=style.NEW["color"], linestyle="--")
    right.plot(np.log10(count), count / EPISODES, color=style.MUTED, linewidth=1.2)
    right.plot(0, weights.shares[0], "o", color=style.NEW["color"], markersize=10)
    right.text(3.03, 0.06, "all equal", color=style.MUTED, ha="right", va="center")
    right.set(xlim=(-0.08, 3.05), ylim=(0, 1.03), title="share of all weight", xlabel="in the heaviest … episodes")
    plots.powers_of_ten(right.xaxis, range(4))


def describe_weights(weights: Weights) -> str:
    """Say the numbers of the picture."""
    here = np.searchsorted(HORIZONS, weights.horizon)
    exact = EPISODES * 10 ** weights.exact[here]
    return (
        f"In every state left goes from {weights.old:.3g} to {weights.new:.3g}: "
        f"KL(old‖new) = {weights.kl:.3g} nats and χ² = {weights.chi_squared:.3g} a step. "
        f"After {weights.horizon} steps 1000 episodes count as {f'{exact:.3g}' if exact > 1e-3 else 'less than 0.001'} "
        f"by the exact formula, as {EPISODES * 10 ** weights.measured[here]:.3g} by their own weights; "
        f"the heaviest carries {weights.shares[0]:.1%} of all weight. "
        f"With one ratio per state 1000 samples count as {EPISODES / (1 + weights.chi_squared):.0f}, however long."
    )


episode_weights = Interactive(
    title="what is left of 1000 episodes, against their length",
    compute=compute_weights,
    draw=draw_weights,
    describe=describe_weights,
    controls=lambda: {
        "horizon": Slider("steps of an episode", 10, LONGEST, 100, 10),
        "kl": Slider("KL(old‖new) of a step", 0.001, 0.05, 0.01, 0.001),
        "log_old": Slider("log₁₀ of old P(left)", -4, -0.3, -0.3, 0.1),
    },
    columns=2,
    height=4.0,
    script="lesson_04.js",
    name="episode_weights",
    data=generator,
)
