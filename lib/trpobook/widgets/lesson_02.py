"""Interactives of lesson 02: a baseline shapes the scatter of the gradient; γ flips the arrow when γᵗ is dropped."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.patches import Ellipse

from trpobook.book import style
from trpobook.widgets.base import Interactive, Slider

VALUES = np.array([3.0, 2.0, 1.0])  # Q of the three actions
REST = np.array([0.7, 0.3])  # how the second and the third share what the first leaves
PLANE = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])  # the scores' plane: the sum of the logits stays


class Scatter(NamedTuple):
    """The one-sample gradient estimates (∇log π(a))(Q(a) − b + noise) in one state with three actions."""

    baseline: float
    noise: float  # standard deviation of the return about Q
    pi: np.ndarray  # (3,)
    points: np.ndarray  # the estimate that each action gives, without the noise, in the plane, (3, 2)
    mean: np.ndarray  # the gradient, in the plane, (2,)
    covariance: np.ndarray  # (2, 2)
    value: float  # V
    best: float  # the baseline of least variance
    floor: float  # the total variance there
    price: float  # E‖∇log π‖²: the total variance is floor + price·(b − best)²

    @property
    def variance(self) -> float:
        """The total variance, the trace of the covariance."""
        return float(np.trace(self.covariance))


def compute_scatter(baseline: float, first: float, noise: float) -> Scatter:
    """Return the scatter for P(first action) = `first` and returns with standard deviation `noise`."""
    pi = np.array([first, *(1 - first) * REST])
    scores = (np.eye(3) - pi) @ PLANE.T  # row a is ∇log π(a), in the plane
    squares = pi * np.sum(scores**2, axis=1)
    best = squares @ VALUES / squares.sum()

    def moments(b):
        points = scores * (VALUES - b)[:, None]
        mean = pi @ points
        second = np.einsum("a,ai,aj->ij", pi * ((VALUES - b) ** 2 + noise**2), scores, scores)
        return points, mean, second - np.outer(mean, mean)

    floor = float(np.trace(moments(best)[2]))
    return Scatter(
        baseline, noise, pi, *moments(baseline), float(pi @ VALUES), float(best), floor, float(squares.sum())
    )


def draw_scatter(axes, scatter: Scatter) -> None:
    """Draw the three estimates, their mean and the ellipse of one standard deviation; beside them the variance."""
    left, right = axes
    sizes, directions = np.linalg.eigh(scatter.covariance)
    angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
    width, height = 2 * np.sqrt(np.maximum(sizes[::-1], 0))
    left.add_patch(Ellipse(scatter.mean, width, height, angle=angle, facecolor="#EBD3E5", edgecolor="none"))
    left.axhline(0, color="#C9CDD1", linewidth=1)
    left.axvline(0, color="#C9CDD1", linewidth=1)
    for point, chance in zip(scatter.points, scatter.pi, strict=True):
        left.plot(*point, "o", color=style.NEW["color"], markersize=4 + 14 * np.sqrt(chance))
    left.annotate(
        "",
        scatter.mean,
        (0, 0),
        arrowprops={"arrowstyle": "-|>", "color": style.RETURN["color"], "linewidth": 2.4, "mutation_scale": 11},
    )
    for place, words, colour in (
        (0.21, "→ gradient", style.RETURN["color"]),
        (0.12, "● estimates, larger: likelier", style.NEW["color"]),
        (0.03, "ellipse: one standard deviation", style.VARIANCE["color"]),
    ):
        left.text(0.02, place, words, color=colour, transform=left.transAxes)
    left.set(xlim=(-3.5, 3.5), ylim=(-3, 4.3), title="estimates", xlabel="first logit up, second down →")
    left.set_ylabel("both up, third down →")

    b = np.linspace(0, 4, 101)
    right.plot(b, scatter.floor + scatter.price * (b - scatter.best) ** 2, **style.VARIANCE)
    for place, colour, line in ((scatter.best, style.INK, ":"), (scatter.value, style.OLD["color"], "--")):
        right.axvline(place, color=colour, linestyle=line, linewidth=1.6)
    right.plot(scatter.baseline, scatter.variance, "o", color=style.VARIANCE["color"], markersize=10)
    right.text(0.02, 0.93, f"⋯ best, {scatter.best:.2f}", color=style.INK, transform=right.transAxes)
    right.text(0.02, 0.84, f"- - V = {scatter.value:.2f}", color=style.OLD["color"], transform=right.transAxes)
    right.set(xlim=(-0.1, 4.1), ylim=(0, 7.5), xlabel="baseline b", ylabel="total variance", title="variance")


def _rounded(x: float) -> float:
    """Return x to nine places: many numbers here end in a 5, and rounding errors mustn't choose its neighbour."""
    return round(float(x), 9)


def describe_scatter(scatter: Scatter) -> str:
    """Say the numbers of the picture."""
    first, second, third = map(_rounded, scatter.pi)
    at_value = scatter.floor + scatter.price * (scatter.value - scatter.best) ** 2
    right, up = map(_rounded, scatter.mean)
    return (
        f"Actions worth 3, 2 and 1 are taken with probabilities {first:.2f}, {second:.2f} and {third:.2f}; "
        f"returns scatter by {scatter.noise:.2f} about that. "
        f"The total variance is {_rounded(scatter.variance):.2f} with the baseline {scatter.baseline:.2f}, "
        f"{_rounded(scatter.floor):.2f} with the best, {_rounded(scatter.best):.2f}, and "
        f"{_rounded(at_value):.2f} with V, {_rounded(scatter.value):.2f}. "
        f"The mean stays at ({right:.2f}, {up:.2f})."
    )


baseline_ellipse = Interactive(
    title="a baseline changes the scatter of the gradient and not its mean",
    compute=compute_scatter,
    draw=draw_scatter,
    describe=describe_scatter,
    controls=lambda: {
        "baseline": Slider("baseline b", 0, 4, 0, 0.05),
        "first": Slider("P(first action)", 0.1, 0.9, 0.5),
        "noise": Slider("noise of the return", 0, 2, 0.3, 0.1),
    },
    columns=2,
    height=4.4,
    script="lesson_02.js",
    name="baseline_ellipse",
)


class Arrows(NamedTuple):
    """A decision at t = 0 pays p, one at t = `delay` pays −2p, and both are made by the same p."""

    gamma: float
    delay: int
    true: float  # dJ/dp = 1 − 2·gamma^delay
    dropped: float  # what the estimator without γᵗ has as its mean, 1 − 2


def compute_arrows(gamma: float, delay: float) -> Arrows:
    """Return both slopes."""
    return Arrows(gamma, int(delay), 1 - 2 * gamma ** int(delay), -1.0)


def draw_arrows(axes, arrows: Arrows) -> None:
    """Draw J along p with the two arrows at p = ½ and, beside it, both slopes against γ."""
    left, right = axes
    p = np.array([0.0, 1.0])
    left.plot(p, arrows.true * p, **style.RETURN)
    middle = 0.5, arrows.true / 2
    for slope, reach, width, meaning in (
        (arrows.dropped, 0.42, 2.2, style.SURROGATE),
        (arrows.true, 0.26, 4.4, style.RETURN),
    ):  # both along the curve; where they agree, the longer one looks out from under the thicker one
        to = middle[0] + reach * np.sign(slope)
        arrow = {"arrowstyle": "-|>", "color": meaning["color"], "linewidth": width, "shrinkA": 0, "shrinkB": 0}
        left.annotate("", (to, arrows.true * to), middle, arrowprops=arrow)
    left.plot(*middle, "o", color=style.INK, markersize=7)
    left.text(0.98, 0.92, "true gradient", color=style.RETURN["color"], transform=left.transAxes, ha="right")
    left.text(0.98, 0.83, "γᵗ dropped", color=style.SURROGATE["color"], transform=left.transAxes, ha="right")
    left.set(xlim=(0, 1), ylim=(-1.3, 1.7), xlabel="p", ylabel="return J", title="where each arrow leads")

    gamma = np.linspace(0, 1, 101)
    right.axhline(0, color=style.MUTED, linewidth=1)
    right.plot(gamma, 1 - 2 * gamma**arrows.delay, **style.RETURN)
    right.plot(gamma, np.full_like(gamma, arrows.dropped), **style.SURROGATE)
    right.plot(arrows.gamma, arrows.true, "o", color=style.RETURN["color"], markersize=10)
    right.plot(arrows.gamma, arrows.dropped, "s", color=style.SURROGATE["color"], markersize=9)
    right.text(0.03, 1.12, "dJ/dp", color=style.RETURN["color"])
    right.text(0.03, -0.9, "γᵗ dropped", color=style.SURROGATE["color"])
    right.set(xlim=(-0.03, 1.03), ylim=(-1.3, 1.6), xlabel="γ", ylabel="slope", title="both slopes against γ")


def describe_arrows(arrows: Arrows) -> str:
    """Say the numbers of the picture."""
    slope = _rounded(arrows.true)
    relation = "the arrows agree" if slope < 0 else "the arrows point opposite ways"
    if slope == 0:
        slope, relation = 0.0, "the true gradient is zero"
    return (
        f"γ = {arrows.gamma:.2f}, second decision at t = {arrows.delay}: dJ/dp = {slope:+.3f}, without γᵗ "
        f"{arrows.dropped:+.3f}; {relation}. Following the second ends at p = 0 with J = 0; "
        f"the best is J = {max(0.0, slope):.2f}."
    ).replace("-", "−")


dropped_gamma = Interactive(
    title="γ flips the arrow when γᵗ is dropped",
    compute=compute_arrows,
    draw=draw_arrows,
    describe=describe_arrows,
    controls=lambda: {
        "gamma": Slider("γ", 0, 1, 0.8),
        "delay": Slider("time of the second decision", 1, 20, 5, 1),
    },
    columns=2,
    height=4.0,
    script="lesson_02.js",
    name="dropped_gamma",
)
