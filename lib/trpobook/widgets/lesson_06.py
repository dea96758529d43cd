"""Pictures of lesson 06; the interactive shows every bound and the truth along the random walker's natural gradient."""

from __future__ import annotations

import dataclasses
import functools
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from trpobook.book import plots, style
from trpobook.finite.bounds import mean_kl_constant, trpo_constant
from trpobook.finite.divergences import total_variation
from trpobook.finite.mdp import gridworld, softmax
from trpobook.widgets.base import Interactive, Slider

WALKER = np.full((25, 4), 0.25)  # the random walker, the old policy
EXPONENTS = np.arange(-9, -0.99, 0.125)  # log₁₀ of the mean KL
COIN = {"color": style.OLD["color"], "linewidth": 1.2}
PENALTIES = {
    "theorem 1, largest KL": style.BOUND,
    "theorem 1, largest TV²": style.VARIATION,
    "CPO, √ of the mean KL": style.FORWARD | {"linestyle": "--"},
    "mean-KL theorem": style.FORWARD,
    "CPO, mean TV": style.VARIATION | {"linestyle": ":"},
}


class Slice(NamedTuple):
    """A curve of policies, and one step on it; arrays run over the curve."""

    gamma: float
    index: int  # of the step
    alphas: np.ndarray
    gains: np.ndarray  # J(new) − J(old)
    promises: np.ndarray  # L
    penalties: dict[str, np.ndarray]


@functools.lru_cache(maxsize=64)
def curve(gamma: float) -> Slice:
    """Return the policies old·e^{αA} whose mean KL is 10^EXPONENTS, what they gain, and what each bound subtracts."""
    world = dataclasses.replace(gridworld(), gamma=gamma)
    advantage, rho = world.advantage(WALKER), world.visitation(WALKER)
    d, largest = (1 - gamma) * rho, np.max(np.abs(advantage))

    def divergences(alphas):
        """Return KL(s) = log E_old e^{αA} along the curve, (n, S): E_old A = 0."""
        return np.log1p(np.mean(np.expm1(alphas[:, None, None] * advantage / largest), axis=2))

    low, high = np.full(len(EXPONENTS), -8.0), np.full(len(EXPONENTS), 3.0)  # of log₁₀ α
    for _ in range(36):
        middle = (low + high) / 2
        short = divergences(10**middle) @ d < 10**EXPONENTS
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    new = softmax(10 ** low[:, None, None] * advantage / largest)
    kl, tv, notes = divergences(10**low), total_variation(WALKER, new) * world.live, np.sum(new * advantage, axis=2)
    to_first_order = gamma * np.max(np.abs(notes), axis=1) / (1 - gamma) ** 2
    penalties = (
        trpo_constant(world, WALKER, "kl_sharp") * kl.max(axis=1),
        trpo_constant(world, WALKER, "tv") * tv.max(axis=1) ** 2,
        to_first_order * np.sqrt(2 * (kl @ d)),
        mean_kl_constant(world, WALKER) * (kl @ d),
        to_first_order * 2 * (tv @ d),
    )
    gains = np.array([world.expected_return(pi) for pi in new]) - world.expected_return(WALKER)
    named = dict(zip(PENALTIES, penalties, strict=True))
    return Slice(gamma, 0, 10**low / largest, gains, notes @ rho, named)


def compute_slice(exponent: float, gamma: float) -> Slice:
    """Return the curve for γ, with the step whose mean KL is nearest to 10^exponent."""
    return curve(round(gamma, 3))._replace(index=int(np.abs(EXPONENTS - exponent).argmin()))


def draw_slice(axes, result: Slice) -> None:
    """Draw the whole curve on logarithmic axes, the steps up to the chosen one as shares of its promise, and a key."""
    here = result.index
    missed = np.abs(result.gains - result.promises)
    lines = [
        ("true gain", result.gains, style.RETURN),
        ("promised, L", result.promises, style.SURROGATE),  # dashed, on top of the gain: near the old policy they agree
        ("missed by L", missed, {"color": style.MUTED, "linestyle": "-", "linewidth": 1.2}),
        *((name, penalty, PENALTIES[name]) for name, penalty in result.penalties.items()),
    ]
    whole, zoom, key = axes
    looks = [look for _, _, look in lines]
    whole.axvline(EXPONENTS[here], color=style.MUTED, linewidth=1)
    _add_curves(whole, [(EXPONENTS, np.log10(np.maximum(values, 1e-13))) for _, values, _ in lines], looks)
    whole.set(xlim=(-9, -1), ylim=(-10, 5), xlabel="mean KL of the step, nats", ylabel="return")
    whole.set_title("gain, promise, penalties")
    plots.powers_of_ten(whole.xaxis, range(-9, 0, 2))
    plots.powers_of_ten(whole.yaxis, range(-9, 6, 3))

    unit, steps = result.promises[here], np.r_[0, result.alphas[: here + 1] / result.alphas[here]]
    kept = [result.gains, result.promises, *(result.promises - penalty for penalty in result.penalties.values())]
    zoom.axhline(0, color=style.MUTED, linewidth=1)
    _add_curves(zoom, [(steps, np.r_[0, values[: here + 1]] / unit) for values in kept], looks[:2] + looks[3:])
    zoom.plot(1, result.gains[here] / unit, "o", color=style.RETURN["color"], markersize=8, clip_on=False)
    zoom.set(xlim=(0, 1), ylim=(-1.1, 1.4), xlabel="step, as a share of the chosen one")
    zoom.set_ylabel("share of the step's promise", labelpad=1)
    zoom.set_title("promise less penalty")

    key.set_axis_off()
    key.set(xlim=(0, 1), ylim=(0, 1))
    heights = [0.95 - 0.105 * (row + (row > 2)) for row in range(len(lines))]
    _add_curves(key, [([-0.06, 0.06], [height] * 2) for height in heights], looks, clip_on=False)
    for height, (name, values, look) in zip(heights, lines, strict=True):
        key.text(0.1, height, f"{name}:  {_number(values[here])}", color=look["color"], va="center", fontsize=10.5)
    key.text(-0.06, 0.95 - 3 * 0.105, "the step's penalty by", color=style.MUTED, va="center", fontsize=10.5)


def _add_curves(panel: Axes, curves: list, looks: list[dict], **properties) -> None:
    """Draw curves, (x, y) each, as one collection: a fraction of the time that as many calls of plot take."""
    properties |= {name + "s": [look.get(name, 2.2) for look in looks] for name in ("color", "linestyle", "linewidth")}
    panel.add_collection(LineCollection([np.column_stack(curve) for curve in curves], **properties), autolim=False)


def _number(x: float) -> str:
    if 0.9995e-3 <= abs(x) < 999.5:  # 0.001 to 999 when rounded; a power of ten may be a bit off
        return f"{x:.3g}".replace("-", "−")
    mantissa, exponent = f"{x:.1e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(plots.SUPERSCRIPTS)}".replace("-", "−")


def describe_slice(result: Slice) -> str:
    """Say what the step promises, what it gains, and what each bound guarantees."""
    here = result.index
    guaranteed = {name: (result.promises - penalty)[here] for name, penalty in result.penalties.items()}
    sure = [name for name, value in guaranteed.items() if value > 0]
    verdict = f"a gain is guaranteed by: {'; '.join(sure)}" if sure else "no bound guarantees a gain"
    best = max(guaranteed, key=guaranteed.get)
    return (
        f"γ = {result.gamma:g}, a step of mean KL {_number(10 ** EXPONENTS[here])}: "
        f"{_number(result.promises[here])} promised, {_number(result.gains[here])} gained; {verdict}. "
        f"The best guarantee is {_number(guaranteed[best])} ({best})."
    )


bounds_and_truth = Interactive(
    title="every bound and the truth, along a curve of policies, with a zoom from a mean KL of 0.1 to 10⁻⁹",
    compute=compute_slice,
    draw=draw_slice,
    describe=describe_slice,
    controls=lambda: {
        "exponent": Slider("log₁₀ of the mean KL", -9, -1, -6, 0.125),
        "gamma": Slider("γ", 0.5, 0.99, 0.95, 0.01),
    },
    columns=3,
    width=10.5,
    height=3.9,
    script="lesson_06.js",
    name="bounds_and_truth",
)


def draw_divergences(axes: Axes, kl: np.ndarray, tv: np.ndarray) -> None:
    """Draw pairs of distributions, coins, and the bounds on TV by KL, on logarithmic axes."""
    axes.plot(np.log10(kl), np.log10(tv), ".", color="#9FB3C4", markersize=2, rasterized=True)
    x = np.linspace(-3, 1, 200)
    bounds = (
        ("TV² ≤ KL (TRPO)", x / 2, {"color": style.MUTED, "linestyle": "-", "linewidth": 1.2}),
        ("Pinsker", (x - np.log10(2)) / 2, style.BOUND),
        ("Bretagnolle–Huber", np.log10(-np.expm1(-(10**x))) / 2, style.VARIATION),
    )
    for name, y, look in bounds:
        (line,) = axes.plot(x, y, **look)
        plots.label(axes, line, name, dx=8)
    for b, smallest, place in ((0.5, 1e-3, (-2.55, -1.64)), (0.99, 3e-4, (-2.0, -2.05))):
        c = b - np.geomspace(smallest, b - 1e-4, 200)
        kl_coin = b * np.log(b / c) + (1 - b) * np.log((1 - b) / (1 - c))
        axes.plot(np.log10(kl_coin), np.log10(b - c), **COIN | {"linestyle": "-" if b == 0.5 else "--"})
        axes.text(*place, f"coin {b}", color=COIN["color"], fontsize=10.5)
    axes.set(xlim=(-3, 2.2), ylim=(-2.2, 0.6), xlabel="KL(p‖q), nats", ylabel="total variation")
    axes.figure.subplots_adjust(top=0.97)
    plots.powers_of_ten(axes.xaxis, range(-3, 2))
    plots.powers_of_ten(axes.yaxis, range(-2, 1))


def draw_charges(axes, together, least, sizes, first, gap) -> None:
    """Draw how long coupled walkers stay together, and the first charges and the gap against the change's size.

    Args:
        together, least: (T,), share of pairs that have never differed after t steps, and its lower bound.
        sizes, first, gap: of the change, what is charged at the first disagreement, and the surrogate's gap.
    """
    left, right = axes
    for name, values, look, mark, height in (
        ("simulated", together, style.OLD, "—", 0.8),
        ("at least (1−m)ᵗ", least, style.BOUND, "···", 0.68),
    ):
        left.plot(values, **look)
        left.text(0.45, height, f"{mark}  {name}", color=look["color"], transform=left.transAxes)
    left.set(xlabel="step t", title="pairs that have never differed", xlim=(0, 20), ylim=(0, 1))
    left.set_xticks(range(0, 21, 5))
    for name, values, look, marker, below in (
        ("first charges", first, style.SURROGATE, "o", False),
        ("gap", gap, style.NEW, "s", True),
    ):
        (line,) = right.plot(np.log10(sizes), np.log10(np.abs(values)), marker=marker, **look)
        side = {"dx": 10, "dy": -12} if below else {"dx": -8, "dy": 14, "ha": "right"}
        plots.label(right, line, name, at=0.5, **side)
    right.set(xlabel="size of the change", ylabel="return", title="what is written down", xlim=(-2.6, 0.1))
    plots.powers_of_ten(right.xaxis, range(-2, 1))
    plots.powers_of_ten(right.yaxis, range(-6, 2, 2))


def draw_slopes(axes: Axes, along: Slice, printed: float, mean: float, slope: float, trusted: float) -> None:
    """Draw promise and miss of a curve against δ, with the penalties C·δ for two constants, on logarithmic axes.

    Args:
        printed, mean: the constants, of theorem 1 as printed and of the mean-KL theorem.
        slope: G, where L ≈ √(2Gδ).
        trusted: mean KL of a usual step, marked.
    """
    x, missed = EXPONENTS, np.abs(along.gains - along.promises)
    lines = (
        ("promise L ≈ √(2Gδ)", along.promises, style.SURROGATE, {"at": 0.28, "dx": -4, "dy": 16, "ha": "right"}),
        ("C δ, C as printed", printed * 10**x, style.BOUND, {"at": 0.8, "dx": -8, "dy": 8, "ha": "right"}),
        ("C̄ δ", mean * 10**x, style.FORWARD, {"at": 0.12, "dx": 8, "dy": -11}),
        ("what L misses", missed, {"color": style.MUTED, "linewidth": 1.2}, {"at": 0.3, "dx": 10, "dy": -10}),
    )
    for name, values, look, place in lines:
        (line,) = axes.plot(x, np.log10(values), **look)
        plots.label(axes, line, name, **place)
    cross = np.log10(2 * slope / mean**2)
    axes.plot([cross] * 2, [-9, np.log10(2 * slope / mean)], color=style.FORWARD["color"], linestyle=":", linewidth=1)
    axes.text(cross + 0.08, -7.4, "4δ*, mean-KL theorem", color=style.FORWARD["color"])
    axes.axvline(np.log10(trusted), color=style.MUTED, linewidth=1)
    axes.text(np.log10(trusted) - 0.08, -8.5, "the trust region's step", color=style.MUTED, ha="right")
    axes.set(xlabel="mean KL δ, nats", ylabel="return", xlim=(-9, -1), ylim=(-9, 2.5))
    axes.figure.subplots_adjust(top=0.97)
    plots.powers_of_ten(axes.xaxis, range(-9, 0, 2))
    plots.powers_of_ten(axes.yaxis, range(-8, 3, 2))
