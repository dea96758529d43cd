"""Interactive of lesson 11: branches on the gridworld, and how noisy the gradient is that they give."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.finite.branching import branch_length, branch_moments, sample_branches, single_spread, vine_spread
from trpobook.finite.laboratory import Laboratory, Rule
from trpobook.finite.mdp import GRID, softmax
from trpobook.widgets.base import Interactive, Slider, Switch

FROM = 15  # the cell above the start: goal and trap are both some steps away
MOST, LONGEST = 8, 40
COUNTS = np.arange(2, MOST + 1)
LOOKS = (style.OLD, style.NEW, style.RETURN, style.SURROGATE)  # by first action: up, right, down, left


class Vines(NamedTuple):
    """Branches from one cell, and the variance of the gradient against their number."""

    branches: int
    horizon: int
    common: bool
    paths: np.ndarray  # cells, (branches, horizon + 1)
    steps: np.ndarray  # taken by each branch, (branches,)
    first: np.ndarray  # first actions, (branches,)
    per_answer: np.ndarray  # variance over a single path's, both with as many returns, for each of COUNTS
    per_call: np.ndarray  # the same, both with as many simulator calls
    other: np.ndarray  # per_answer with the noise the other way: own or common
    cosine: float  # between the gradient that the cut branches have as their mean, and the true one


@functools.cache
def half_trained() -> np.ndarray:
    """Return the policy that two exact trust-region rounds make of the uniform one, (S, A)."""
    return softmax(Laboratory().run([(2, Rule("trust"))])[-1].theta)


@functools.cache
def _single() -> float:
    return single_spread(Laboratory().mdp, half_trained(), baseline=True)


@functools.cache
def _spreads(horizon: int, common: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the variance for equal returns, and for equal calls, over that of a single path, for each of COUNTS."""
    mdp, pi = Laboratory().mdp, half_trained()
    state = sum(vine_spread(mdp, pi, horizon, COUNTS, common))
    d = mdp.visitation(pi) / mdp.visitation(pi).sum()
    calls = 1 + COUNTS * (d @ np.sum(pi * branch_length(mdp, pi, horizon), axis=1))
    return COUNTS * state / _single(), calls * state / _single()


@functools.cache
def _cosine(horizon: int) -> float:
    mdp, pi = Laboratory().mdp, half_trained()
    q, truth = branch_moments(mdp, pi, horizon)[0], mdp.policy_gradient(pi)
    cut = mdp.visitation(pi)[:, None] * pi * (q - np.sum(pi * q, axis=1, keepdims=True))
    return np.sum(cut * truth) / np.linalg.norm(cut) / np.linalg.norm(truth)


@functools.cache
def _grown(common: bool):
    """Return the branches that are drawn, all of them at full length: fewer and shorter ones are parts of these."""
    rng = np.random.default_rng(6)
    mdp, pi = Laboratory().mdp, half_trained()
    first = np.array([[1, 0, 1, 2, 0, 1, 3, 0]])
    return first[0], sample_branches(mdp, pi, np.array([FROM]), first, LONGEST, rng, common)


def drawn_branches() -> dict[str, list]:
    """Return the branches that are drawn, for the browser, which has no generator of NumPy's."""
    (first, shared), (_, own) = _grown(True), _grown(False)
    return {"first": first.tolist(), "common": shared.states[0].tolist(), "own": own.states[0].tolist()}


def compute_vines(branches: float, horizon: float, common: bool) -> Vines:
    """Return K branches of at most H steps from one cell, and what K does to the gradient's variance at this H."""
    branches, horizon = round(branches), round(horizon)
    first, grown = _grown(common)
    per_answer, per_call = _spreads(horizon, common)
    return Vines(
        branches,
        horizon,
        common,
        grown.states[0, :branches, : horizon + 1],
        np.minimum(grown.steps[0, :branches], horizon),
        first[:branches],
        per_answer,
        per_call,
        _spreads(horizon, not common)[0],
        _cosine(horizon),
    )


def draw_vines(axes, vines: Vines) -> None:
    """Draw the branches in the grid, each a little beside the others, and the variance against their number."""
    grid, spread = axes
    plots.draw_gridworld(grid)
    plots.draw_walks(grid, vines.paths, vines.steps, [LOOKS[first] for first in vines.first])
    grid.plot(FROM % GRID, FROM // GRID, "s", color=style.INK, markersize=9)
    grid.set_title("branches from the square")

    here = vines.branches - COUNTS[0]
    for values, look in ((vines.per_call, style.NEW), (vines.per_answer, style.OLD)):
        spread.plot(COUNTS, np.log10(values), color=look["color"], linestyle=look["linestyle"])
        spread.plot(vines.branches, np.log10(values[here]), "o", color=look["color"], markersize=10)
    spread.plot(COUNTS, np.log10(vines.other), color=style.MUTED, linewidth=1.2, linestyle=":")
    spread.axhline(0, color=style.RETURN["color"], linewidth=1.5)
    names = (
        (1.8, style.NEW["color"], "vine, equal calls"),
        (-0.75, style.OLD["color"], "vine, equal returns"),
        (-0.93, style.MUTED, "the same, " + ("noise of their own" if vines.common else "common noise")),
    )
    for height, colour, text in names:
        spread.text(MOST, height, text, color=colour, ha="right", va="center")
    spread.text(2, 1.8, "single path: 1", color=style.RETURN["color"], va="center")
    spread.set(xlim=(1.7, MOST + 0.3), ylim=(-1.05, 2), xlabel="branches K", title="variance, over a single path's")
    plots.powers_of_ten(spread.yaxis, range(-1, 3))


def describe_vines(vines: Vines) -> str:
    """Say the numbers of the picture."""
    here = vines.branches - COUNTS[0]
    noise = "the same noise for all" if vines.common else "noise of their own"
    return (
        f"{vines.branches} branches of at most {vines.horizon} steps with {noise}: {vines.steps.sum()} calls. "
        f"Over all states that the policy visits, the gradient's variance is {vines.per_answer[here]:.2f} times a "
        f"single path's at equal numbers of returns, and {vines.per_call[here]:.1f} times at equal numbers of calls "
        f"(the single path has the exact V as its baseline). With branches cut there the mean gradient has a cosine of "
        f"{vines.cosine:.2f} with the true one."
    )


vine = Interactive(
    title="branches on the gridworld, and the variance of the gradient",
    compute=compute_vines,
    draw=draw_vines,
    describe=describe_vines,
    controls=lambda: {
        "branches": Slider("branches K", 2, MOST, 4, 1),
        "horizon": Slider("steps of a branch H", 1, LONGEST, 20, 1),
        "common": Switch("common random numbers"),
    },
    columns=2,
    height=4.0,
    script="lesson_11.js",
    name="vine",
    data=drawn_branches,
)
