"""Interactive of lesson 00, step size against survival, from stored runs; and the lesson's drawings."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from trpobook.book import cliff, plots, style
from trpobook.widgets.base import Interactive, slider

RULES = {"reinforce": style.NEW, "trpo": style.OLD}
LONGEST = 500  # steps, the time limit of CartPole


class Family(NamedTuple):
    """All runs of one rule: its sizes in ascending order and the returns that followed."""

    sizes: np.ndarray  # (sizes,)
    first_kl: np.ndarray  # KL of the first step, nats, (sizes, seeds)
    returns: np.ndarray  # (sizes, seeds, updates)

    @property
    def survivors(self) -> np.ndarray:
        """The share of the seeds that survive, for each size."""
        return cliff.survived(self.returns).mean(axis=1)


@functools.cache
def families() -> dict[str, Family]:
    """Return the stored runs of the two rules, "reinforce" and "trpo"."""
    runs = json.loads(cliff.DATA.read_text())["runs"]
    chosen = {algo: [run for run in runs if run["algo"] == algo] for algo in RULES}
    names = ("size", "first_kl", "returns")
    return {algo: Family(*(np.array([run[name] for run in group]) for name in names)) for algo, group in chosen.items()}


def provenance() -> dict[str, str]:
    """Return what the stored runs were made with, in words."""
    record = json.loads(cliff.DATA.read_text())
    shown = ("num_envs", "batch_size", "hidden", "gamma", "lam", "damping", "value_learning_rate", "value_epochs")
    return {
        "task": f"{record['task']}, first {record['updates_before']} updates by TRPO, δ {record['settings']['delta']}",
        "seeds": ", ".join(map(str, record["seeds"])),
        "settings": ", ".join(f"{name} {record['settings'][name]}" for name in shown),
        "versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
    }


class Choice(NamedTuple):
    """One size of each rule, as a place in its family."""

    alpha: int
    delta: int


def choose(log_alpha: float, log_delta: float) -> Choice:
    """Return the stored sizes nearest to 10 ** log_alpha and 10 ** log_delta."""
    places = zip(families().values(), (log_alpha, log_delta), strict=True)
    return Choice(*(int(np.abs(np.log10(family.sizes) - log).argmin()) for family, log in places))


def draw_choice(axes, choice: Choice) -> None:
    """Draw, on the left, the returns after the step of the chosen sizes; on the right, survival against size."""
    left, right = axes
    for (algo, family), place in zip(families().items(), choice, strict=True):
        look = RULES[algo]
        curves = np.pad(family.returns[place].astype(float), ((0, 0), (0, 1)), constant_values=np.nan)
        left.plot(np.tile(np.arange(curves.shape[1]), len(curves)), curves.ravel(), **look, linewidth=1.3)
        x = np.log10(family.sizes)
        right.plot(x, family.survivors, marker="o", markersize=4, **look)
        right.plot(x[place], family.survivors[place], "o", color=look["color"], markersize=12)
    left.text(29, 545, "plain gradient", color=style.NEW["color"], ha="right", va="center")
    left.text(0, 545, "trust region", color=style.OLD["color"], va="center")
    updates = next(iter(families().values())).returns.shape[-1]
    left.set(xlim=(0, updates - 1), ylim=(0, 580), xlabel="updates since the ways part", ylabel="steps balanced")
    left.set_title("what becomes of one policy")
    right.text(-3, 1.12, "trust region, δ (nats)", color=style.OLD["color"], va="center")
    right.text(3, 1.12, "plain gradient, α", color=style.NEW["color"], ha="right", va="center")
    right.set(xlim=(-3.2, 3.2), ylim=(-0.05, 1.22), xlabel="size of the step", ylabel="share of seeds that survive")
    right.set_yticks(np.linspace(0, 1, 5), ["0", "¼", "½", "¾", "1"])
    right.set_title("step size against survival")
    plots.powers_of_ten(right.xaxis, range(-3, 4))


def describe_choice(choice: Choice) -> str:
    """Say the numbers of the picture."""
    words = []
    for (algo, family), place in zip(families().items(), choice, strict=True):
        name, unit = ("α", "") if algo == "reinforce" else ("δ", " nats")
        seeds = family.returns.shape[1]
        alive = round(family.survivors[place] * seeds)
        middle = np.median(family.returns[place, :, -1])
        words.append(
            f"{name} = {float(f'{family.sizes[place]:.2g}'):g}{unit}: {alive} of {seeds} seeds survive, "
            f"median of their last returns {middle:.0f}."
        )
    return " ".join(words)


step_size = Interactive(
    title="step size against survival",
    compute=choose,
    draw=draw_choice,
    describe=describe_choice,
    controls=lambda: {
        "log_alpha": slider("log₁₀ α, plain gradient", -1, 3, 0, 0.5),
        "log_delta": slider("log₁₀ δ, trust region", -3, 0.5, -2, 0.5),
    },
    columns=2,
    height=4.0,
)


def draw_fork(axes: Axes, before: list[dict], gradient: list[dict], trust: list[dict]) -> None:
    """Draw one seed: the return of the shared updates, then the plain gradient's and the trust region's.

    All arguments after the axes are training logs; the ways part after the last shared update.
    """
    shared = plots.column(before, "return_mean")
    axes.plot(np.arange(len(shared)), shared, color=style.MUTED)
    for log, look in ((trust, style.OLD), (gradient, style.NEW)):
        returns = np.append(shared[-1:], plots.column(log, "return_mean"))
        axes.plot(len(shared) - 1 + np.arange(len(returns)), returns, **look)
    axes.text(0.04, 0.93, "trust region", color=style.OLD["color"], transform=axes.transAxes, fontsize=10.5)
    axes.text(0.97, 0.13, "plain", color=style.NEW["color"], transform=axes.transAxes, fontsize=10.5, ha="right")


# Where each lesson stands in the map (column, height), its name, and what should be read before it.
MAP = {
    0: ((0, 2.0), "Start\nhere", ()),
    1: ((1, 3.2), "KL\ndivergence", (0,)),
    2: ((1, 0.8), "Policy\ngradient", (0,)),
    7: ((2, 4.0), "Natural\ngradient", (1, 2)),
    4: ((2, 2.4), "Surrogate\nobjective", (1, 2)),
    5: ((2, 1.2), "Performance\ndifference", (2,)),
    3: ((2, 0.0), "Advantage\nestimation", (2,)),
    8: ((3, 4.0), "Conjugate\ngradient", (7,)),
    6: ((3, 2.1), "Pinsker and\nthe bound", (4, 5)),
    9: ((4, 2.0), "TRPO", (3, 6, 8)),
    10: ((5, 3.6), "MuJoCo", (9,)),
    11: ((5, 2.0), "Vine", (9,)),
    12: ((5, 0.4), "PPO", (9,)),
    13: ((6, 3.6), "Pixels", (10,)),
    14: ((6, 0.4), "After\nPPO", (12,)),
}
PARTS = {
    "the question": {0},
    "the theory": {1, 2, 3, 4, 5, 6, 7, 8},
    "the algorithm": {9},
    "at work": {10, 11, 12, 13, 14},
}
PART_COLOURS = dict(zip(PARTS, ("#DADFE3", "#D6E4F2", "#CFE9DF", "#F7DFCE"), strict=True))


def draw_map(axes: Axes) -> None:
    """Draw the lessons as boxes, with an arrow from each to those that build on it."""
    colour = {lesson: PART_COLOURS[part] for part, lessons in PARTS.items() for lesson in lessons}
    wide, high = 0.36, 0.38  # half of a box
    for lesson, ((x, y), name, needs) in MAP.items():
        for other in needs:
            (x0, y0), _, _ = MAP[other]
            arrow = {"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
            axes.annotate("", (x - wide, y), (x0 + wide, y0), arrowprops=arrow)
        corner = (x - wide, y - high)
        axes.add_patch(Rectangle(corner, 2 * wide, 2 * high, facecolor=colour[lesson], edgecolor=style.MUTED))
        axes.text(x, y, f"{lesson:02d}\n{name}", ha="center", va="center", fontsize=9.5, linespacing=1.15)
    for x, (part, shade) in zip((0, 2, 4, 5.5), PART_COLOURS.items(), strict=True):
        patch = {"boxstyle": "square,pad=0.25", "facecolor": shade, "edgecolor": "none"}
        axes.text(x, 4.85, part, ha="center", va="center", color=style.INK, bbox=patch)
    axes.set(xlim=(-0.45, 6.45), ylim=(-0.5, 5.1))
    axes.axis("off")
