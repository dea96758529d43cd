"""The two simulators of lesson 09, the gridworld laboratory and the slice, and a still picture of each.

The live ones compute in the browser: an HTML fragment with its JavaScript inside, which needs no kernel, no network
and no widget manager, and also works on an exported page. The mathematics is written a second time in simulator.js;
tests/test_flagships.py holds it to `trpobook.finite.laboratory`. Presets, constants and colours have one source, in
Python.
"""

from __future__ import annotations

import functools
import html
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from trpobook.book import plots, style
from trpobook.finite import laboratory as lab
from trpobook.finite.laboratory import PRESETS, Laboratory, Round, Rule, cliff_slice, cliff_step
from trpobook.finite.mdp import GOAL, GRID, MOVES, START, TRAP, softmax
from trpobook.widgets.base import source

LAB = Laboratory()
SHARED = Rule("trust", features="rowcol")  # the slice's line, and the rounds that may come before it
MARKERS = {"trust": "o", "none": "D", "penalty": "v"}
RULES = {"trust": "trust region", "none": "fixed step, no trust region", "penalty": "KL penalty"}
LOWEST_KL = 1e-10  # smaller steps are drawn there
TOP = 130.0  # percent; larger promises are drawn as triangles at the upper edge
CLIFF_START, CLIFF_REWARD, CLIFF_COST = 0.2, 1.0, 1.25
FURTHEST_KL = {"cliff": 1.1, "grid": 2.5}  # nats: where the two lines of the slice end


# Still pictures


def laboratory_still(preset_name: str = "trust region") -> None:
    """Display a preset's run: returns and promises, the KL of each step, the last policy.

    Raises: KeyError when there is no such preset.
    """
    phases = PRESETS[preset_name]
    rounds = LAB.run(phases)
    rules = [rule for count, rule in phases for _ in range(count)]
    figure, axes = style.figure(3, width=10.5, height=3.9)
    figure.subplots_adjust(left=0.065, right=0.985, wspace=0.24)
    _draw_returns(axes[0], rounds)
    _draw_kl(axes[1], rounds, rules)
    policy = softmax(rounds[-1].theta)
    plots.draw_gridworld(axes[2], LAB.mdp.visitation(policy), policy=policy, colour=style.OLD["color"])
    axes[2].set_title("the last policy and its visits")
    plots.show(figure, describe_run(preset_name, rounds))


def describe_run(preset_name: str, rounds: list[Round]) -> str:
    """Return one sentence that says what a run of a preset shows."""
    falls = [(r.after, i) for i, r in enumerate(rounds, start=1) if r.overshot]
    told = "it never falls by more than two percent of the best in a round"
    if falls:
        times = "once," if len(falls) == 1 else f"{len(falls)} times, at worst"
        told = f"it falls {times} to {min(falls)[0]:.1f} % in round {min(falls)[1]}"
    return (
        f"The laboratory's preset “{preset_name}”: the true return starts at {rounds[0].before:.1f} % of the best and "
        f"ends, after {len(rounds)} rounds, at {rounds[-1].after:.1f} %; "
        f"{told}. The highest promise of a round is "
        f"{max(r.promised for r in rounds):.0f} %, and the largest step has a mean KL of "
        f"{max(r.mean_kl for r in rounds):.3g} nats."
    )


def _draw_returns(axes, rounds: list[Round]) -> None:
    count = np.arange(len(rounds) + 1)
    promised = np.array([r.promised for r in rounds])
    axes.axhline(100, color=style.MUTED, linewidth=1)
    axes.plot(count[1:], np.minimum(promised, TOP), **style.SURROGATE, linewidth=1.6)
    above = promised > TOP
    axes.plot(count[1:][above], np.full(above.sum(), TOP), "^", color=style.SURROGATE["color"], clip_on=False)
    axes.plot(count, [rounds[0].before, *(r.after for r in rounds)], **style.RETURN, marker=".", markersize=4)
    for i, r in enumerate(rounds, start=1):
        if r.overshot:
            axes.plot(i, r.after, "o", mfc="none", mew=1.8, color=style.NEW["color"], markersize=10)
    axes.text(0.98, 0.20, "– –  promised", color=style.SURROGATE["color"], transform=axes.transAxes, ha="right")
    axes.text(0.98, 0.11, "—   true", color=style.RETURN["color"], transform=axes.transAxes, ha="right")
    if any(r.overshot for r in rounds):
        axes.text(0.98, 0.02, "○  overshoot", color=style.NEW["color"], transform=axes.transAxes, ha="right")
    axes.set(ylim=(-50, TOP), xlabel="round", title="return, % of the best")


def _draw_kl(axes, rounds: list[Round], rules: list[Rule]) -> None:
    heights = np.log10(np.maximum([r.mean_kl for r in rounds], LOWEST_KL))
    for update, marker in MARKERS.items():
        chosen = [i for i, rule in enumerate(rules) if rule.update == update]
        if update == "trust":
            for i in chosen:
                edge = np.log10(rules[i].delta)
                axes.fill_between([i + 0.5, i + 1.5], np.log10(LOWEST_KL), edge, **style.BAND, linewidth=0)
        axes.plot(
            np.add(chosen, 1),
            heights[chosen],
            marker,
            mfc="white",
            color=style.OLD["color"],
            markersize=5,
            clip_on=False,
        )
    if "trust" in (rule.update for rule in rules):
        axes.text(len(rules), -9.5, "within δ", color=style.INK, ha="right", va="bottom")
    axes.set(ylim=(-10, 3), xlabel="round", title="mean KL of each step, nats")
    plots.powers_of_ten(axes.yaxis, range(-10, 3, 2))


def slice_still(delta: float = 0.3) -> None:
    """Display the two lines of the slice, what is promised and what is true along them, and the step δ allows."""
    figure, axes = style.figure(2, width=10.5, height=4.0)
    cliff, grid = cliff_numbers(delta), grid_numbers(delta)
    p = np.linspace(CLIFF_START, cliff_step(FURTHEST_KL["cliff"]), 200)
    _, true, promised = cliff_slice(p)
    _draw_slice(axes[0], p, true, promised, CLIFF_START, cliff)
    axes[0].set(xlabel="probability p of action 1", title="two-step cliff: gain in J")
    alphas = np.linspace(0, grid_numbers(FURTHEST_KL["grid"]).step, 200)
    _, true, promised = LAB.slice(LAB.start(), SHARED, alphas)
    _draw_slice(axes[1], alphas, true, promised, 0.0, grid)
    axes[1].set(xlabel="step size α", title="gridworld, shared features: % of the best")
    plots.show(
        figure,
        f"Two lines through policy space, the trust region of δ = {delta:g} shaded. On the cliff the step ends at "
        f"p = {cliff.step:.3f}, is promised a gain of {cliff.promised:+.3f} and gets {cliff.true:+.4f}. "
        f"In the gridworld it ends at α = {grid.step:.2f}, is promised {grid.promised:.1f} % of the best return and "
        f"gets {grid.true:.1f} %. "
        f"The surrogate climbs all along both lines; the truth turns down.",
    )


@dataclass(frozen=True)
class Edge:
    """The end of the trust region on a line: how far it is, what was promised there and what is true."""

    step: float  # p on the cliff, the step size α in the gridworld
    promised: float  # gain on the cliff, percent of the best return in the gridworld
    true: float


def cliff_numbers(delta: float) -> Edge:
    """Return where KL = delta on the two-step cliff, and the gains there."""
    p = cliff_step(delta)
    _, true, promised = cliff_slice(p)
    return Edge(p, float(promised), float(true))


def grid_numbers(delta: float, rounds: int = 0) -> Edge:
    """Return where the mean KL is delta along the natural gradient of shared features, and the returns there.

    rounds: how many rounds of the trust rule come before the line.
    """
    theta = shared_start(rounds)
    low, high = 0.0, 1.0
    while LAB.slice(theta, SHARED, np.array([high]))[0][0] < delta:
        high *= 2
    for _ in range(60):  # along a line of logits the KL rises
        middle = (low + high) / 2
        low, high = (middle, high) if LAB.slice(theta, SHARED, np.array([middle]))[0][0] < delta else (low, middle)
    _, (true,), (promised,) = LAB.slice(theta, SHARED, np.array([low]))
    return Edge(low, promised, true)


@functools.lru_cache
def shared_start(rounds: int) -> np.ndarray:
    """Return the logits after some rounds of the trust rule with shared features, (25, 4)."""
    return LAB.run([(rounds, SHARED)])[-1].theta if rounds else LAB.start()


def _draw_slice(axes, x, true, promised, start: float, edge: Edge) -> None:
    axes.axvspan(start, edge.step, **style.BAND, linewidth=0)
    axes.plot(x, promised, **style.SURROGATE)
    axes.plot(x, true, **style.RETURN)
    axes.plot(edge.step, edge.promised, "o", mfc="white", mew=2, color=style.SURROGATE["color"], markersize=9)
    axes.plot(edge.step, edge.true, "o", color=style.RETURN["color"], markersize=8)
    low, high = min(true.min(), promised.min()), max(true.max(), promised.max())
    axes.set(xlim=(start, x[-1]), ylim=(low - 0.08 * (high - low), high + 0.12 * (high - low)))
    axes.text(0.03, 0.91, "– –  promised", color=style.SURROGATE["color"], transform=axes.transAxes)
    axes.text(0.03, 0.82, "—   true", color=style.RETURN["color"], transform=axes.transAxes)


# The live ones


@dataclass(frozen=True)
class Flagship:
    """A simulator as an HTML fragment; shows itself where a notebook displays it."""

    title: str
    scripts: tuple[str, ...]  # files beside this one, in order
    start: str  # the JavaScript function that builds it: (its element, the settings) -> nothing
    settings: Mapping[str, Any]

    def _repr_html_(self) -> str:
        """Return the fragment: an element, its style sheet, and a script that fills the element."""
        code = "\n".join(source(name) for name in self.scripts)
        settings = json.dumps(self.settings, ensure_ascii=False).replace("</", "<\\/")
        colours = ";".join(f"--{name}:{colour}" for name, colour in COLOURS.items())
        return (
            f'<div class="trpobook-lab" style="{colours}">'
            f"<p>{html.escape(self.title)}: run this cell, or open the page with JavaScript, to use it.</p></div>\n"
            f"<style>\n{source('flagships.css')}</style>\n"
            f'<script>\n(() => {{\n"use strict";\n{code}\n'
            f"{self.start}(ownElement(), {settings});\n}})();\n</script>"
        )

    def __repr__(self) -> str:
        """Return what is read where HTML isn't shown."""
        return f"[interactive: {self.title}; run the lesson to use it]"


COLOURS = {
    "face": style.FACE,
    "ink": style.INK,
    "muted": style.MUTED,
    "old": style.OLD["color"],
    "new": style.NEW["color"],
    "return": style.RETURN["color"],
    "surrogate": style.SURROGATE["color"],
    "band": style.BAND["color"],
}

WORLD = {
    "side": GRID,
    "start": START,
    "goal": GOAL,
    "trap": TRAP,
    "moves": MOVES,
    "gamma": LAB.mdp.gamma,
    "best": round(LAB.best, 12),  # the fragment is stored in the lesson: equal on every machine
    "longestPenalisedStep": lab.LONGEST_PENALISED_STEP,
    "mostHalvings": lab.MOST_HALVINGS,
    "ridge": lab.RIDGE,
    "fall": lab.FALL,
}


def laboratory(preset_name: str = "trust region") -> Flagship:
    """Return the gridworld laboratory, at round 0 of a preset.

    Raises: ValueError when there is no such preset.
    """
    if preset_name not in PRESETS:
        raise ValueError(f"preset_name is {preset_name!r}; choose one of {', '.join(PRESETS)}")
    presets = {
        name: [{"rounds": count, "rule": asdict(rule)} for count, rule in phases] for name, phases in PRESETS.items()
    }
    return Flagship(
        "The gridworld laboratory",
        ("gridworld.js", "simulator.js", "drawing.js", "laboratory.js"),
        "startLaboratory",
        {"world": WORLD, "presets": presets, "preset": preset_name, "rules": RULES},
    )


def step_slice() -> Flagship:
    """Return the slice: truth, surrogate and trust region along a line in policy space, with δ to drag."""
    cliff = {"start": CLIFF_START, "reward": CLIFF_REWARD, "cost": CLIFF_COST}
    return Flagship(
        "The slice",
        ("gridworld.js", "simulator.js", "drawing.js", "slice.js"),
        "startSlice",
        {"world": WORLD, "cliff": cliff, "rule": asdict(SHARED), "furthestKl": FURTHEST_KL},
    )
