"""Interactives of lesson 07: the KL ball against two kinds of circle; one policy in three coordinate systems."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from matplotlib.collections import PolyCollection

from trpobook.book import style
from trpobook.finite.divergences import kl_categorical
from trpobook.finite.geometry import natural_step
from trpobook.finite.mdp import softmax
from trpobook.widgets.base import Interactive, Slider

ANGLES = np.linspace(0, 2 * np.pi, 145)
# Orthonormal directions in the plane where three numbers add up to a constant; action 3 is at the top.
PLANE = np.array([[-1, 1, 0], [-1, -1, 2]]) / np.sqrt([[2], [6]])
DIRECTIONS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1) @ PLANE
CORNERS = np.eye(3) @ PLANE.T
OTHERS = [[1 / 3] * 3, [3 / 4, 1 / 8, 1 / 8], [1 / 8, 3 / 4, 1 / 8], [1 / 8, 1 / 8, 3 / 4]]
OTHERS = np.array([*OTHERS, [4 / 9, 4 / 9, 1 / 9], [4 / 9, 1 / 9, 4 / 9], [1 / 9, 4 / 9, 4 / 9]])

BALL = style.OLD
IN_PROBABILITIES = style.NEW
IN_LOGITS = style.VARIATION
CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}  # behind a name that a curve may cross


class Balls(NamedTuple):
    """All policies at KL δ from one, and two circles that would pass for it at the uniform policy."""

    policy: np.ndarray  # (3,)
    delta: float
    ball: np.ndarray  # policies with KL(policy‖·) = δ, (angles, 3)
    circle: np.ndarray  # at a fixed distance in the probabilities; may leave the simplex, (angles, 3)
    logit_circle: np.ndarray  # at a fixed distance in the logits, (angles, 3)
    circle_kl: np.ndarray  # KL(policy‖·) along the circles, infinite outside the simplex
    logit_circle_kl: np.ndarray


def kl_sphere(p: np.ndarray, delta: float) -> np.ndarray:
    """Return the policies with KL(p‖·) = delta, one for each of ANGLES, by bisection along rays, (angles, 3)."""
    with np.errstate(divide="ignore"):
        reach = np.where(DIRECTIONS < 0, -p / DIRECTIONS, np.inf).min(axis=1)
    low, high = np.zeros_like(reach), reach * (1 - 1e-12)
    for _ in range(45):
        middle = (low + high) / 2
        inside = kl_categorical(p, p + middle[:, None] * DIRECTIONS) < delta
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return p + low[:, None] * DIRECTIONS


def compute_balls(first: float, share: float, log_delta: float) -> Balls:
    """Return the ball and the circles around (first, share of the rest, the rest)."""
    p, delta = np.array([first, (1 - first) * share, (1 - first) * (1 - share)]), 10.0**log_delta
    circle = p + np.sqrt(2 * delta / 3) * DIRECTIONS
    logit_circle = softmax(np.log(p) + np.sqrt(6 * delta) * DIRECTIONS)
    inside = circle.min(axis=1) > 0
    circle_kl = np.full(len(circle), np.inf)
    circle_kl[inside] = kl_categorical(p, circle[inside])
    return Balls(p, delta, kl_sphere(p, delta), circle, logit_circle, circle_kl, kl_categorical(p, logit_circle))


@functools.lru_cache(maxsize=64)
def _other_balls(delta: float) -> list[np.ndarray]:
    return [kl_sphere(p, delta) for p in OTHERS]


def _in_logits(policies: np.ndarray) -> np.ndarray:
    """Return the policies' places in the plane of centred logits; what is no policy becomes NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logits = np.where(policies > 0, np.log(policies), np.nan)
    return (logits - logits.mean(axis=-1, keepdims=True)) @ PLANE.T


def _in_probabilities(policies: np.ndarray) -> np.ndarray:
    return policies @ PLANE.T


def draw_balls(axes, balls: Balls) -> None:
    """Draw ball and circles in the simplex and, beside it, the same in the plane of logits."""
    for panel, place in zip(axes, (_in_probabilities, _in_logits), strict=True):
        filled = [place(ball) for ball in (*_other_balls(balls.delta), balls.ball)]
        colours = ["#DDE5EC"] * len(OTHERS) + ["#B9CFE3"]
        panel.add_collection(PolyCollection(filled, facecolors=colours, edgecolors="white"), autolim=False)
        panel.plot(*place(balls.ball).T, **BALL)
        panel.plot(*place(balls.circle).T, **IN_PROBABILITIES)
        panel.plot(*place(balls.logit_circle).T, **IN_LOGITS)
        panel.plot(*place(balls.policy), "o", color=style.INK, markersize=5)
        panel.set(xticks=[], yticks=[], aspect="equal")
        panel.grid(False)
    left, right = axes
    left.plot(*np.vstack([CORNERS, CORNERS[:1]]).T, color=style.MUTED, linewidth=1)
    names = ((0, "action 1", "center", -0.1), (1, "action 2", "center", -0.1), (2, "action 3", "center", 0.07))
    for corner, name, side, lift in names:
        x, y = CORNERS[corner]
        left.text(x, y + lift, name, ha=side, va="center", color=style.MUTED, bbox=CLEAR, zorder=5)
    left.set(xlim=(-0.9, 0.9), ylim=(-0.6, 1.06), title="as probabilities")
    left.spines[:].set_visible(False)  # the triangle is its own frame
    right.set(xlim=(-4.6, 4.6), ylim=(-3.8, 4.68), title="as logits")
    right.set(xlabel="(z₂ − z₁)/√2", ylabel="(2z₃ − z₁ − z₂)/√6")
    for height, text, look in (
        (0.93, "—  at KL δ", BALL),
        (0.86, "– –  circle in probabilities", IN_PROBABILITIES),
        (0.79, "– · circle in logits", IN_LOGITS),
    ):
        words = right.text(0.02, height, text, color=look["color"], transform=right.transAxes)
        words.set(bbox=CLEAR, zorder=5)


def describe_balls(balls: Balls) -> str:
    """Say how the KL varies along the two circles."""
    policy = ", ".join(f"{x:.3f}" for x in balls.policy)
    return (
        f"Around the policy ({policy}) the solid line is where the KL is δ = {balls.delta:.3g}. Along the circle in "
        f"probabilities it runs from {_times(balls.circle_kl.min() / balls.delta)} "
        f"to {_times(balls.circle_kl.max() / balls.delta)}, along the circle in logits "
        f"from {_times(balls.logit_circle_kl.min() / balls.delta)} to "
        f"{_times(balls.logit_circle_kl.max() / balls.delta)}."
    )


def _times(ratio: float) -> str:
    return "infinity, outside the triangle" if np.isinf(ratio) else f"{ratio:.2g} δ"


kl_balls = Interactive(
    title="the KL ball around a policy over three actions, against circles in probabilities and in logits",
    compute=compute_balls,
    draw=draw_balls,
    describe=describe_balls,
    controls=lambda: {
        "first": Slider("P(action 1)", 0.02, 0.96, 0.34, 0.02),
        "share": Slider("action 2, of the rest", 0.1, 0.9, 0.5, 0.02),
        "log_delta": Slider("log₁₀ δ", -2.5, -1.3, -1.6, 0.1),
    },
    columns=2,
    height=4.4,
    script="lesson_07.js",
    name="kl_balls",
)


# One Gaussian policy in three coordinate systems. Each is two functions, of (mean, std) and back.

SYSTEMS = {
    "μ, log σ": (lambda m, s: (m, np.log(s)), lambda x, y: (x, np.exp(y))),
    "μ, σ": (lambda m, s: (m, s), lambda x, y: (x, y)),
    "μ/σ², 1/σ²": (lambda m, s: (m / s**2, s**-2), lambda x, y: (x / y, y**-0.5)),
}
LOOKS = (style.OLD, style.NEW, style.VARIATION)
ALONG = np.linspace(0, 1, 30)


def bell_return(mean, std):
    """Return E exp(−a²/2) for a ~ N(mean, std²): a reward that is 1 at the action 0 and flat far from it. Lesson 07."""
    return np.exp(-(mean**2) / (2 * (1 + std**2))) / np.sqrt(1 + std**2)


class Coordinates(NamedTuple):
    """Steps from one Gaussian policy, each of the same length by the Fisher matrix, in three coordinate systems."""

    mean: float
    std: float
    delta: float
    plain: list[np.ndarray]  # the path of each system's gradient step as (mean, std), (points, 2)
    natural: list[np.ndarray]


def gaussian_steps(mean: float, std: float, delta: float, natural: bool) -> list[np.ndarray]:
    """Return the path (mean, std) of a step along the gradient, plain or natural, in each of SYSTEMS, (points, 2).

    Each step has ½ΔᵀFΔ = delta. Derivatives by the complex step.
    """
    fisher = np.diag([1 / std**2, 2 / std**2])  # in the coordinates (μ, σ)
    paths = []
    for there, back in SYSTEMS.values():
        start, h = np.array(there(mean, std)), 1e-30
        moved = [back(*(start + 1j * h * unit)) for unit in np.eye(2)]
        gradient = np.array([bell_return(*m).imag / h for m in moved])
        jacobian = np.array([[part.imag / h for part in m] for m in moved]).T
        metric = jacobian.T @ fisher @ jacobian
        step = natural_step(gradient, metric, delta)
        if not natural:
            step = gradient * np.sqrt(2 * delta / (gradient @ metric @ gradient))
        paths.append(np.array(back(*(start[:, None] + step[:, None] * ALONG))).T)
    return paths


def compute_coordinates(mean: float, std: float, delta: float) -> Coordinates:
    """Return the steps of equal length along both kinds of gradient from the policy N(mean, std²)."""
    steps = [gaussian_steps(mean, std, delta, natural) for natural in (False, True)]
    return Coordinates(mean, std, delta, *steps)


VIEW = np.meshgrid(np.linspace(-0.8, 0.8, 21), np.linspace(-0.62, 0.62, 21))


def draw_coordinates(axes, view: Coordinates) -> None:
    """Draw the steps over the return's contour lines and the ellipse of the trust region, plain left, natural right.

    Both axes are in units of the present σ, so that the ellipse is the same for every policy.
    """
    height = bell_return(view.mean + view.std * VIEW[0], view.std * (1 + VIEW[1]))
    ellipse = np.sqrt(view.delta) * np.stack([np.sqrt(2) * np.cos(ANGLES), np.sin(ANGLES)])
    panels = (("plain gradient", view.plain), ("natural gradient", view.natural))
    for panel, (title, paths) in zip(axes, panels, strict=True):
        panel.contour(*VIEW, height, levels=9, colors="#A9B1B8", linewidths=0.8, linestyles="solid")
        panel.fill(*ellipse, **style.BAND, linewidth=0)
        for path, look in zip(paths, LOOKS, strict=True):
            x, y = ((path - [view.mean, view.std]) / view.std).T
            panel.plot(x, y, **look)
            panel.plot(x[-1], y[-1], "o", color=look["color"], markersize=6)
        panel.plot(0, 0, "o", color=style.INK, markersize=5)
        panel.grid(False)
        panel.set(xlim=(-0.8, 0.8), ylim=(-0.62, 0.62), title=title)
        panel.set(xlabel="change of μ, in σ", xticks=[-0.5, 0, 0.5], yticks=[-0.5, 0, 0.5])
    axes[0].set_ylabel("change of σ, in σ")
    for k, (name, look) in enumerate(zip(SYSTEMS, LOOKS, strict=True)):
        sign = {"-": "—", "--": "– –", "-.": "– ·"}[look["linestyle"]]
        words = axes[1].text(0.02, 0.93 - 0.075 * k, f"{sign}  {name}", color=look["color"])
        words.set(transform=axes[1].transAxes, bbox=CLEAR)


def describe_coordinates(view: Coordinates) -> str:
    """Say what each step gains in return."""
    now = bell_return(view.mean, view.std)

    def gains(paths):
        return ", ".join(f"{bell_return(*path[-1]) - now:+.4f}" for path in paths)

    return (
        f"From N({view.mean:.2f}, {view.std:.2f}²), steps of ½ΔᵀFΔ = {view.delta:.3f} in the coordinates "
        f"{'; '.join(SYSTEMS)}. The plain gradients gain {gains(view.plain)}, the natural ones {gains(view.natural)}."
    )


coordinates = Interactive(
    title="one Gaussian policy in three coordinate systems: their gradients differ, their natural gradients agree",
    compute=compute_coordinates,
    draw=draw_coordinates,
    describe=describe_coordinates,
    controls=lambda: {
        "mean": Slider("mean μ", -4, 4, -2, 0.1),
        "std": Slider("standard deviation σ", 0.2, 2, 0.6, 0.05),
        "delta": Slider("δ", 0.005, 0.15, 0.05, 0.005),
    },
    columns=2,
    height=4.4,
    script="lesson_07.js",
    name="coordinates",
)
