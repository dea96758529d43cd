"""The interactive of lesson 12, ratios over the epochs of one update, and pictures of its training runs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trpobook.book import plots, style
from trpobook.widgets.base import Interactive, Slider


class Epochs(NamedTuple):
    """One batch, updated with each clip range and each learning rate; index 0 of an epoch is before the first."""

    clips: list[float]
    learning_rates: list[float]
    ratios: np.ndarray  # (clips, learning rates, epochs + 1, rows), π_new(a|s)/π_old(a|s)
    kl: np.ndarray  # (clips, learning rates, epochs + 1), mean KL(old‖new), nats


class Moment(NamedTuple):
    """The ratios after an epoch, and the KL up to there."""

    clip: float
    learning_rate: float
    epoch: int
    shares: np.ndarray  # of the ratios, between neighbours of EDGES
    outside: float  # share of them outside [1 − ε, 1 + ε]
    smallest: float
    largest: float
    kl: np.ndarray  # (epochs + 1,)


TOP = 2.5  # ratios above are drawn in the last bar
EDGES = np.linspace(0, TOP, 51)


def moment_at(recorded: Epochs, clip: float, log_rate: float, epoch: float) -> Moment:
    """Return the recorded moment nearest to the values; `log_rate` is log₁₀ of the learning rate."""
    i = int(np.argmin(np.abs(np.array(recorded.clips) - clip)))
    j = int(np.argmin(np.abs(np.log10(recorded.learning_rates) - log_rate)))
    return _moment(recorded, i, j, round(epoch))


def _moment(recorded: Epochs, i: int, j: int, k: int) -> Moment:
    ratios, clip = recorded.ratios[i, j, k], recorded.clips[i]
    shares = np.histogram(np.minimum(ratios, TOP - 1e-9), EDGES)[0] / len(ratios)
    outside = float(np.mean(np.abs(ratios - 1) > clip))
    least, most = float(ratios.min()), float(ratios.max())
    return Moment(clip, recorded.learning_rates[j], k, shares, outside, least, most, recorded.kl[i, j])


def fence(clip: float) -> float:
    """Return the largest KL(old‖new) of a policy all of whose ratios lie in [1 − ε, 1 + ε]. Equation (12.10)."""
    return -math.log(1 - clip**2) / 2


def draw_moment(axes, moment: Moment) -> None:
    """Draw the histogram of the ratios with the band, and beside it the KL epoch by epoch."""
    left, right = axes
    band = 1 - moment.clip, 1 + moment.clip
    left.axvspan(*band, **style.BAND, linewidth=0)
    left.stairs(moment.shares, EDGES, fill=True, color=style.OLD["color"])
    left.axvline(1, color=style.INK, linewidth=1)
    left.text(0.97, 0.9, f"outside: {moment.outside:.0%}", transform=left.transAxes, ha="right", color=style.INK)
    left.set(xlim=(0, TOP), ylim=(0, 0.5), xlabel="ratio new/old", ylabel="share of the batch")
    left.set_title("ratios of the batch")

    epochs = np.arange(1, len(moment.kl))  # before the first the KL is 0
    right.plot(epochs, np.log10(moment.kl[1:]), **style.OLD)
    if moment.epoch:
        right.plot(moment.epoch, np.log10(moment.kl[moment.epoch]), "o", color=style.OLD["color"])
    right.axhline(math.log10(fence(moment.clip)), **style.BOUND)
    place = {"transform": right.get_yaxis_transform(), "ha": "right", "color": style.MUTED}
    right.text(0.98, math.log10(fence(moment.clip)) + 0.08, "the most that a fence would allow", **place)
    right.set(
        xlim=(0, epochs[-1]),
        ylim=(-4.6, 1),
        xlabel="epochs",
        ylabel="KL(old‖new), nats",
        title="its KL, 0 before the first",
    )
    plots.powers_of_ten(right.yaxis, range(-4, 2))


def describe_moment(moment: Moment) -> str:
    """Say the numbers of the picture."""
    epochs = "1 epoch" if moment.epoch == 1 else f"{moment.epoch} epochs"
    return (
        f"ε = {moment.clip:g}, learning rate {moment.learning_rate:.0e}, after {epochs}: "
        f"{moment.outside:.1%} of the ratios are outside the band, the largest is {moment.largest:.2f}, "
        f"the smallest {moment.smallest:.2f}; KL {moment.kl[moment.epoch]:.4f} nats."
    )


def ratio_dial(recorded: Epochs) -> Interactive:
    """Return the interactive for one recorded batch."""
    rates, last = np.log10(recorded.learning_rates).tolist(), recorded.ratios.shape[2] - 1
    return Interactive(
        title="ratios of one batch over the epochs, by clip range and learning rate",
        compute=lambda **values: moment_at(recorded, **values),
        draw=draw_moment,
        describe=describe_moment,
        controls=lambda: {
            "clip": Slider("clip range ε", min(recorded.clips), max(recorded.clips), 0.2, 0.1),
            "log_rate": Slider("log₁₀ of learning rate", min(rates), max(rates), -3.5, 0.5),
            "epoch": Slider("epochs", 0, last, last, 1),
        },
        columns=2,
        height=4.0,
        script="lesson_12.js",
        name="ratio_dial",
        data=lambda: _sent(recorded),
    )


def _sent(recorded: Epochs) -> dict:
    """Return what the pictures need of the batch as JSON has it: every moment's histogram, not its ratios."""
    clips, rates, epochs, rows = recorded.ratios.shape

    def moment(i: int, j: int, k: int) -> list:
        found = _moment(recorded, i, j, k)
        counts = np.rint(found.shares * rows).astype(int).tolist()
        return [counts, found.outside, found.smallest, found.largest]

    return {
        "clips": list(recorded.clips),
        "learning_rates": list(recorded.learning_rates),
        "log_rates": np.log10(recorded.learning_rates).tolist(),
        "rows": rows,
        "top": TOP,
        "moments": [[[moment(i, j, k) for k in range(epochs)] for j in range(rates)] for i in range(clips)],
        "kl": np.asarray(recorded.kl).tolist(),
    }


def draw_clip(axes, clip: float, value, push) -> None:
    """Draw the clipped surrogate over the ratio for A = 1 and A = −1; solid where it pushes, dashed where it is flat.

    Args:
        value, push: functions of (ratios, advantages, clip): the surrogate and its derivative by the ratio.
    """
    for panel, sign, title in zip(axes, (1, -1), ("a good action, A = 1", "a bad action, A = −1"), strict=True):
        w = np.linspace(0, 2, 801)
        a = np.full_like(w, sign)
        y, pushed = value(w, a, clip), push(w, a, clip) != 0
        panel.axvspan(1 - clip, 1 + clip, **style.BAND, linewidth=0)
        panel.plot(w, sign * w, color=style.MUTED, linewidth=1, linestyle=":")
        panel.plot(w[pushed], y[pushed], **style.OLD)
        panel.plot(w[~pushed], y[~pushed], **style.NEW)
        panel.plot(1, sign, "o", color=style.INK, markersize=6)
        middle = w[~pushed].mean()
        panel.text(middle, y[~pushed].mean() - 0.1, "flat: no push", color=style.NEW["color"], ha="center", va="top")
        panel.set(xlim=(0, 2), ylim=(0, 2) if sign > 0 else (-2, 0), xlabel="ratio w", title=title)
        panel.annotate(
            "",
            (1 + 0.16 * sign, sign + 0.16),
            (1, sign),
            arrowprops={"arrowstyle": "-|>", "color": style.INK, "linewidth": 2},
        )
    axes[0].set_ylabel("clipped surrogate")


def draw_path(axes, ratios: np.ndarray, clip: float, names: list[str], title: str) -> None:
    """Draw each action's ratio step by step, (steps, actions), with the band."""
    axes.axhspan(1 - clip, 1 + clip, **style.BAND, linewidth=0)
    ranks = np.argsort(np.argsort(ratios[-1]))
    for column, look, name, rank in zip(ratios.T, (style.OLD, style.NEW, style.RETURN), names, ranks, strict=True):
        (line,) = axes.plot(range(len(column)), column, **look)
        plots.label(axes, line, name, dx=5, dy=7 * (rank - 1))
    axes.margins(y=0.2)
    axes.set(xlim=(0, 1.22 * len(ratios)), xlabel="steps of gradient ascent", ylabel="ratio new/old", title=title)


def draw_runs(axes, runs: dict[str, tuple[dict, list[dict]]], steps: int) -> None:
    """Draw runs together: return, KL and largest ratio of each update; `runs` maps a name to (look, log)."""
    quantities = (
        ("return_mean", "mean of the last 20 episodes", "return"),
        ("kl", "nats", "KL of each update"),
        ("ratio_max", "largest of the batch", "ratio new/old"),
    )
    for panel, (name, words, title) in zip(axes, quantities, strict=True):
        panel.clear()
        for look, rows in runs.values():
            x, y = plots.column(rows, "steps") / 1000, plots.column(rows, name)
            panel.plot(x, y if name == "return_mean" else np.log10(y), **look)
        panel.set(xlim=(0, steps / 1000), xlabel="thousand steps", ylabel=words, title=title)
    returns, divergence, ratio = axes
    for panel, low, high in ((divergence, -3, -1), (ratio, 0, 1)):  # at least these powers of ten
        for line in panel.lines:
            finite = line.get_ydata()[np.isfinite(line.get_ydata())]
            low, high = min([low, *np.floor(finite)]), max([high, *np.ceil(finite)])
        panel.set_ylim(low - 0.1, high + 0.1)
        plots.powers_of_ten(panel.yaxis, range(int(low), int(high) + 1))
    heights = 0.97 - 0.075 * np.arange(len(runs))
    for height, (name, (look, _)) in zip(heights, runs.items(), strict=True):
        returns.text(0.03, height, name, color=look["color"], transform=returns.transAxes, fontsize=10, va="top")


def draw_curves(axes, curves: dict[str, tuple[dict, list]], xlabel: str, title: str) -> None:
    """Draw learning curves of several seeds as thin lines with their mean; curves: name -> (look, [(x, y), …])."""
    for look, runs in curves.values():
        end = min(x[-1] for x, _ in runs)
        grid = np.linspace(0, end, 201)
        ys = [np.interp(grid, x, y, left=np.nan) for x, y in runs]
        for y in ys:
            axes.plot(grid, y, color=look["color"], linewidth=0.8, alpha=0.45)
        axes.plot(grid, np.mean(ys, axis=0), **look)
    axes.set(xlabel=xlabel, ylabel="mean of the last 20 episodes", title=title)
    axes.set_ylim(0, None)
    for height, (name, (look, _)) in zip((0.2, 0.12, 0.04), curves.items(), strict=False):
        axes.text(0.97, height, name, color=look["color"], ha="right", transform=axes.transAxes)
