"""Interactive of lesson 14: the frontier between reward and distance to the reference; and the lineage as a picture."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from trpobook.book import style
from trpobook.finite import language
from trpobook.widgets.base import Interactive, Slider

BETAS = np.logspace(1, -1.3, 60)


def wish(words: list[str]) -> float:
    """Return 1 for the sentences that were wanted, else 0."""
    return float(words in (["the", "cat", "sat", "."], ["the", "cat", "ran", "."]))


def cats(words: list[str]) -> float:
    """Return how often "cat" occurs: the programmed reward."""
    return float(words.count("cat"))


@functools.cache
def _world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    before = [prefix[-1] if prefix else language.END for prefix in language.PREFIXES]
    return language.law(np.log(language.GRAMMAR[before])), language.scores(wish), language.scores(cats)


class Frontier(NamedTuple):
    """The best policy at one β, and along all of BETAS."""

    beta: float
    flaw: float
    reference: np.ndarray
    best: np.ndarray
    here: tuple[float, float, float]  # KL(π*‖π_ref) in nats, reward over its maximum, wish
    along: np.ndarray  # the same for BETAS, (60, 3)


@functools.cache
def _kinds() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return probability, wish and cats of each kind of sentence: the reward knows no other difference."""
    reference, wanted, counted = _world()
    (wanted, counted), kind = np.unique([wanted, counted], axis=1, return_inverse=True)
    return np.bincount(kind.ravel(), reference), wanted, counted


def _numbers(flaw: float, beta: float) -> tuple[float, float, float]:
    reference, wanted, counted = _kinds()
    reward = (1 - flaw) * wanted + flaw * counted
    best, value = language.optimal_law(reference, reward, beta)
    return (best @ reward - value) / beta, best @ reward / reward.max(), best @ wanted


def compute_frontier(log_beta: float, flaw: float) -> Frontier:
    """Return π* for β = 10 ** log_beta and the reward (1 − flaw) · wish + flaw · cats, over the corpus's own law."""
    beta = 10.0**log_beta
    reference, wanted, counted = _world()
    best, _ = language.optimal_law(reference, (1 - flaw) * wanted + flaw * counted, beta)
    along = np.array([_numbers(flaw, b) for b in BETAS])
    return Frontier(beta, flaw, reference, best, _numbers(flaw, beta), along)


def _likeliest(probabilities: np.ndarray) -> np.ndarray:
    """Return the sentences, likeliest first; many are as likely as others, and keep their order."""
    return np.argsort(-probabilities.round(12), kind="stable")


def draw_frontier(axes, result: Frontier) -> None:
    """Draw reward and wish against the KL to the reference; beside them the likeliest sentences."""
    left, right = axes
    kl, reward, wanted = result.along.T
    left.plot(kl, reward, **style.SURROGATE)
    left.plot(kl, wanted, **style.RETURN)
    left.plot(result.here[0], result.here[1], "s", color=style.SURROGATE["color"], markersize=9)
    left.plot(result.here[0], result.here[2], "o", color=style.RETURN["color"], markersize=10)
    left.text(22.6, 1.13, "■  programmed reward / its maximum", color=style.SURROGATE["color"], ha="right")
    left.text(22.6, 1.05, "●  wish granted", color=style.RETURN["color"], ha="right")
    left.set(xlim=(-0.6, 23), ylim=(-0.03, 1.2), xlabel="KL(π*‖π_ref), nats", title="what is paid, what was wanted")

    shown = _likeliest(result.best)[:4]
    shown = np.append(shown, next(i for i in _likeliest(result.reference) if i not in shown))
    rows = np.arange(len(shown))[::-1]
    right.hlines(rows - 0.12, 0, result.reference[shown], color=style.OLD["color"], linewidth=9)
    right.hlines(rows - 0.36, 0, result.best[shown], color=style.NEW["color"], linewidth=9, linestyles=(0, (0.5, 0.2)))
    for row, number in zip(rows, shown, strict=True):
        right.text(0.01, row + 0.22, language.words(number), va="center", color=style.INK)
    right.set(xlim=(0, 1), ylim=(-0.6, 4.6), xlabel="probability", title="likeliest: reference (full), π* (striped)")
    right.set_yticks([])


def describe_frontier(result: Frontier) -> str:
    """Say the numbers of the picture."""
    kl, reward, wanted = result.here
    top = int(result.best.argmax())
    return (
        f"β = {result.beta:.3g}, share of the flaw {result.flaw:.0%}: the best policy is {kl:.2f} nats from the "
        f"reference, earns {reward:.0%} of the largest reward, and grants the wish with {wanted:.0%}. "
        f"Its likeliest sentence is “{language.words(top)}”, with {result.best[top]:.0%}."
    )


frontier = Interactive(
    title="the β frontier: reward and wish against the KL to the reference",
    compute=compute_frontier,
    draw=draw_frontier,
    describe=describe_frontier,
    controls=lambda: {
        "log_beta": Slider("log₁₀ β", -1.3, 1, -0.3, 0.05),
        "flaw": Slider("share of the flaw", 0, 1, 1, 0.05),
    },
    columns=2,
    height=4.2,
    script="lesson_14.js",
    name="frontier",
)

# name: year, height in the picture, which question it answers
WORKS = {
    "REINFORCE": (1992, 2.0, "how good"),
    "natural gradient": (1998, 4.9, "how far"),
    "policy gradient\ntheorem": (2000, 2.0, "how good"),
    "natural policy\ngradient": (2001, 4.0, "how far"),
    "CPI": (2002, 3.0, "how far"),
    "REPS": (2010, 4.9, "how far"),
    "TRPO": (2015, 3.6, "how far"),
    "GAE": (2016, 2.0, "how good"),
    "ACKTR": (2017, 4.4, "how far"),
    "PPO": (2017, 2.9, "how far"),
    "MPO": (2018, 4.9, "how far"),
    "RLHF": (2019.6, 1.2, "near what"),
    "MDPO": (2022, 3.9, "how far"),
    "DPO": (2023, 0.4, "near what"),
    "GRPO": (2024, 2.2, "how good"),
    "Dr. GRPO": (2025, 3.2, "how good"),
}
LINKS = (
    ("REINFORCE", "policy gradient\ntheorem"),
    ("natural gradient", "natural policy\ngradient"),
    ("policy gradient\ntheorem", "natural policy\ngradient"),
    ("natural policy\ngradient", "TRPO"),
    ("natural policy\ngradient", "REPS"),
    ("CPI", "TRPO"),
    ("TRPO", "ACKTR"),
    ("TRPO", "PPO"),
    ("TRPO", "GAE"),
    ("GAE", "PPO"),
    ("REPS", "MPO"),
    ("TRPO", "MDPO"),
    ("PPO", "RLHF"),
    ("RLHF", "DPO"),
    ("PPO", "GRPO"),
    ("RLHF", "GRPO"),
    ("GRPO", "Dr. GRPO"),
)
STRETCH = {1992: 0.0, 1998: 1.6, 2002: 3.9, 2010: 5.2, 2015: 6.6, 2018: 8.8, 2021: 10.4, 2025: 12.5}


def _place(name: str) -> tuple[float, float]:
    year, height, _ = WORKS[name]
    return float(np.interp(year, list(STRETCH), list(STRETCH.values()))), height


def draw_lineage(axes) -> None:
    """Draw who built on whom, time to the right; colour and edge say which question a work answers."""
    looks = {
        "how far": {"edgecolor": style.OLD["color"]},
        "near what": {"edgecolor": style.NEW["color"], "linestyle": "--"},
        "how good": {"edgecolor": style.RETURN["color"], "linestyle": ":"},
    }
    boxes = {}
    for name, (year, _, kind) in WORKS.items():
        x, y = _place(name)
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "linewidth": 1.8} | looks[kind]
        text = f"{name}\n{int(year)}"
        boxes[name] = axes.text(x, y, text, ha="center", va="center", fontsize=9.5, color=style.INK, bbox=box)
    for start, end in LINKS:
        arrow = {"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1.2, "shrinkA": 1, "shrinkB": 2}
        arrow |= {"patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch()}
        axes.annotate("", xy=_place(end), xytext=_place(start), arrowprops=arrow)
    axes.set(xlim=(-0.9, 13.4), ylim=(-0.15, 5.6), xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for height, kind, says in (
        (0.9, "how far", "which way to step, and how far?"),
        (0.5, "how good", "how good was it?"),
        (0.1, "near what", "near what to stay?"),
    ):
        line = looks[kind].get("linestyle", "-")
        axes.plot([-0.7, -0.1], [height, height], color=looks[kind]["edgecolor"], linestyle=line, linewidth=2.4)
        axes.text(0.1, height, says, va="center", fontsize=10, color=style.INK)
