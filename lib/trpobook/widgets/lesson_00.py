"""Interactive of lesson 00, step size against survival, from stored runs; and the lesson's drawings."""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from trpobook.book import cliff, plots, style
from trpobook.widgets.base import Choice, Interactive, Slider

FURTHEST = 10**2.5  # nats: an infinite KL is drawn here
LOOKS = {  # of the arms of `cliff.ARMS`
    "fixed step": style.NEW,
    "length": style.VARIATION,
    "direction": {"color": style.SURROGATE["color"], "linestyle": (0, (1, 1))},
    "trpo": style.OLD,
}
RULES = {  # the names that the reader chooses from
    "TRPO": "trpo",
    "TRPO without its line search": "direction",
    "plain gradient, as long as δ": "length",
}


class Family(NamedTuple):
    """All runs of one arm: its sizes in ascending order, and what followed."""

    sizes: np.ndarray  # α of the fixed step, else δ, (sizes,)
    nats: np.ndarray  # the KL that a size asks for: δ, or of the fixed step the median of the first step's, (sizes,)
    first_kl: np.ndarray  # KL of the first step, nats, (sizes, seeds)
    returns: np.ndarray  # (sizes, seeds, updates)

    @property
    def survivors(self) -> np.ndarray:
        """How many of the seeds survive, for each size."""
        return cliff.survived(self.returns).sum(axis=1)


@functools.cache
def families() -> dict[str, Family]:
    """Return the stored runs of the four arms."""
    runs = json.loads(cliff.DATA.read_text())["runs"]
    found = {}
    for arm, way in cliff.ARMS.items():
        size, first_kl, returns = (
            np.array([run[name] for run in runs if run["arm"] == arm]) for name in ("size", "first_kl", "returns")
        )
        nats = np.median(first_kl, axis=1) if way.size == "step_size" else size
        found[arm] = Family(size, nats, first_kl, returns)
    return found


def provenance() -> dict[str, str]:
    """Return what the stored runs were made with, in words."""
    record = json.loads(cliff.DATA.read_text())
    shown = ("num_envs", "batch_size", "hidden", "gamma", "lam", "damping", "value_learning_rate", "value_epochs")
    return {
        "task": f"{record['task']}, first {record['updates_before']} updates by TRPO, δ {record['settings']['delta']}",
        "seeds": f"{min(record['seeds'])} to {max(record['seeds'])}",
        "settings": ", ".join(f"{name} {record['settings'][name]}" for name in shown),
        "versions": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
    }


class Fate(NamedTuple):
    """What became of all seeds with one size of one arm."""

    size: float
    nats: float
    alive: int
    median: float  # of the last returns
    returns: np.ndarray  # (seeds, updates)


class Chosen(NamedTuple):
    """The fixed step and the rule beside it, each with one of its sizes, and how the survivors go with the size."""

    rule: str
    plain: Fate
    other: Fate
    plain_nats: np.ndarray
    plain_alive: np.ndarray
    other_nats: np.ndarray
    other_alive: np.ndarray


def fate(arm: str, log_size: float) -> Fate:
    """Return what became of the stored size of an arm that is nearest to 10 ** log_size."""
    family = families()[arm]
    place = int(np.abs(np.log10(family.sizes) - log_size).argmin())
    size, nats, returns = family.sizes[place], family.nats[place], family.returns[place]
    return Fate(float(size), float(nats), int(family.survivors[place]), float(np.median(returns[:, -1])), returns)


def choose(log_alpha: float, rule: str, log_delta: float) -> Chosen:
    """Return the two fates: of the fixed step α, and of the rule with its δ."""
    arm = RULES[rule]
    curves = [(family.nats, family.survivors) for family in (families()["fixed step"], families()[arm])]
    return Chosen(rule, fate("fixed step", log_alpha), fate(arm, log_delta), *curves[0], *curves[1])


def draw_choice(axes, choice: Chosen) -> None:
    """Draw, on the left, the returns after the step; on the right, how many survive against the nats asked for."""
    left, right = axes
    looks = LOOKS["fixed step"], LOOKS[RULES[choice.rule]]
    for found, look in zip((choice.plain, choice.other), looks, strict=True):
        curves = np.pad(found.returns.astype(float), ((0, 0), (0, 1)), constant_values=np.nan)
        left.plot(np.tile(np.arange(curves.shape[1]), len(curves)), curves.ravel(), **look, linewidth=0.8, alpha=0.6)
        left.plot(np.median(found.returns, axis=0), color=look["color"], linewidth=3)
    seeds, updates = choice.plain.returns.shape
    left.text(updates - 1, 545, "plain gradient", color=looks[0]["color"], ha="right", va="center")
    left.text(
        0, 545, choice.rule.replace("plain gradient, as", "as"), color=looks[1]["color"], va="center", fontsize=11
    )
    left.set(xlim=(0, updates - 1), ylim=(0, 580), xlabel="updates since the ways part", ylabel="steps balanced")
    left.set_title(f"{seeds} seeds, and their medians")
    pairs = (choice.plain, choice.plain_nats, choice.plain_alive), (choice.other, choice.other_nats, choice.other_alive)
    for (found, nats, alive), look in zip(pairs, looks, strict=True):
        right.plot(np.log10(np.minimum(nats, FURTHEST)), alive / seeds, marker="o", markersize=4, **look)
        place = np.log10(min(found.nats, FURTHEST))
        right.plot(place, found.alive / seeds, "o", color=look["color"], markersize=12)
    right.set(xlim=(-4.2, 2.7), ylim=(-0.05, 1.1), xlabel="KL asked of the first step, nats")
    right.set(ylabel="share of seeds that survive", title="size against survival")
    right.set_yticks(np.linspace(0, 1, 5), ["0", "¼", "½", "¾", "1"])
    plots.powers_of_ten(right.xaxis, range(-4, 3))


def describe_choice(choice: Chosen) -> str:
    """Say the numbers of the picture."""
    seeds, words = len(choice.plain.returns), []
    for name, found in (("Plain gradient, α", choice.plain), (f"{choice.rule}, δ", choice.other)):
        size, nats = (f"{number:.2g}" for number in (found.size, found.nats))
        asked = f" (first step {nats} nats)" if name.endswith("α") else " nats"
        words.append(
            f"{name} = {size}{asked}: {found.alive} of {seeds} seeds survive, "
            f"median of their last returns {found.median:.0f}."
        )
    return " ".join(words)


def stored() -> dict[str, dict[str, list]]:
    """Return the runs as the browser gets them."""
    return {
        arm: {"sizes": family.sizes.tolist(), "nats": _finite(family.nats), "returns": family.returns.tolist()}
        for arm, family in families().items()
    }


def _finite(numbers: np.ndarray) -> list[float | None]:
    """Return the numbers as JSON has them, which knows no infinity."""
    return [float(number) if np.isfinite(number) else None for number in numbers]


step_size = Interactive(
    title="step size against survival",
    compute=choose,
    draw=draw_choice,
    describe=describe_choice,
    controls=lambda: {
        "log_alpha": Slider("log₁₀ α, plain gradient", -1, 3, 0, 0.5),
        "rule": Choice("beside it", tuple(RULES), "TRPO"),
        "log_delta": Slider("log₁₀ δ of that", -3, 2, -2, 0.5),
    },
    columns=2,
    height=4.0,
    script="lesson_00.js",
    name="step_size",
    data=stored,
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
