"""Make the pictures that stand outside the lessons, in figures/: ``python -m trpobook.book.figures``."""

from __future__ import annotations

import base64
import inspect
import json
import math
from pathlib import Path

import numpy as np

from trpobook.agents.environments import MUJOCO_TASKS
from trpobook.agents.video import film, write_mp4
from trpobook.algorithms.line_search import line_search
from trpobook.book import BOOK, plots, style
from trpobook.book.clips import film_strip
from trpobook.book.results import TASKS, logs
from trpobook.runs.front import load
from trpobook.runs.settings import settings_for

FOLDER = BOOK / "figures"
LESSONS = BOOK / "notebooks"

AGENTS, CLIPS = FOLDER / "agents", FOLDER / "clips"
LOOKS = {  # of each algorithm in a picture of several: its name, colour and line
    "trpo": ("TRPO", style.OLD["color"], "-"),
    "vine": ("TRPO, vine", style.SURROGATE["color"], (0, (5, 1))),
    "npg": ("natural gradient", style.VARIATION["color"], "-."),
    "reinforce": ("plain gradient", style.NEW["color"], "--"),
    "cem": ("CEM", style.INK, ":"),
    "cma-es": ("CMA-ES", style.RETURN["color"], (0, (1, 1))),
}
SWEPT = {  # the settings of figures/sweeps: their names in a picture
    "delta": "radius δ",
    "cg_iterations": "iterations of CG",
    "damping": "damping ξ",
    "lam": "λ of GAE",
    "shrink": "backtracking factor",
    "fisher_stride": "one state in k for F",
    "batch_size": "batch size",
    "step_size": "step size α",
}


def make(folder: Path = FOLDER) -> None:
    """Write the learning curves and the pictures that lessons store into the folder."""
    (folder / "learning_curves.png").write_bytes(plots.png(learning_curves(FOLDER / "training"), dpi=160))
    for name, picture in stored_pictures().items():
        (folder / name).write_bytes(picture)


def stored_pictures(lessons: Path = LESSONS) -> dict[str, bytes]:
    """Return the pictures, as PNG by name, that lessons show where MuJoCo is missing.

    Each is what a cell tagged "stored:NAME" showed when its lesson was last executed.
    """
    found = {}
    for lesson in sorted(lessons.glob("*.ipynb")):
        for cell in json.loads(lesson.read_text(encoding="utf-8"))["cells"]:
            for tag in cell["metadata"].get("tags", []):
                if tag.startswith("stored:"):
                    pictures = [output["data"].get("image/png") for output in cell["outputs"] if "data" in output]
                    found[tag.removeprefix("stored:")] = base64.b64decode(next(filter(None, pictures)))
    return found


def learning_curves(data: Path):
    """Return a figure of the runs of TRPO on MuJoCo in `data`, one panel a task, one line a seed."""
    figure, axes = style.figure(len(TASKS), width=13, height=3)
    for panel, task in zip(axes, sorted(TASKS), strict=True):
        for log, line in zip(logs(task, data=data), ("-", "--", ":"), strict=False):
            steps, returns = plots.column(log, "steps") / 1e6, plots.column(log, "return_mean")
            panel.plot(steps, returns, color=style.RETURN["color"], linestyle=line, linewidth=1.4)
        panel.set(xlabel="million steps", xlim=(0, 1), xticks=(0, 0.5, 1), ylim=(0, None))
        panel.set_title(task, fontsize=10.5)
    axes[0].set_ylabel("mean return")
    return figure


def comparison(data: Path, tasks, algos=tuple(LOOKS)):
    """Return a figure of the runs in `data`, one panel a task, one line an algorithm: mean of its seeds, and range."""
    figure, axes = style.figure(len(tasks), width=12.5, height=3.9)
    figure.subplots_adjust(left=0.06, right=0.88, wspace=0.85)
    grid = np.linspace(0, 1, 101)
    for panel, task in zip(axes, tasks, strict=True):
        ends = {}
        for algo in algos:
            name, colour, line = LOOKS[algo]
            seeds = [_curve(log, grid) for log in logs(task, algo, data)]
            if seeds:
                panel.plot(grid, np.mean(seeds, axis=0), color=colour, linestyle=line)
                panel.fill_between(grid, np.min(seeds, axis=0), np.max(seeds, axis=0), color=colour, alpha=0.13)
                ends[name] = float(np.mean(seeds, axis=0)[-1]), colour
        panel.set(title=task, xlabel="million steps", xlim=(0, 1), xticks=(0, 0.5, 1))
        low, high = panel.get_ylim()
        heights = apart([end for end, _ in ends.values()], 0.085 * (high - low))
        for (name, (_, colour)), height in zip(ends.items(), heights, strict=True):
            panel.text(1.03, height, name, color=colour, va="center", fontsize=11)
    axes[0].set_ylabel("mean return in training")
    return figure


def _curve(log: list[dict], grid: np.ndarray) -> np.ndarray:
    """Return the mean return of a run at each of `grid`, million steps; before the first episode's end it is NaN."""
    steps, returns = plots.column(log, "steps") / 1e6, plots.column(log, "return_mean")
    known = ~np.isnan(returns)
    return np.interp(grid, steps[known], returns[known], left=np.nan)


def apart(heights, gap: float) -> np.ndarray:
    """Return the heights, moved as little as their order allows, so that no two are nearer than `gap`."""
    heights = np.asarray(heights, float)
    order = np.argsort(heights, kind="stable")
    blocks = []  # neighbours that touch: [sum of wanted lowest positions, count]
    for k, height in enumerate(heights[order]):
        blocks.append([height - k * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    placed = np.concatenate([np.full(count, total / count) for total, count in blocks]) + gap * np.arange(len(order))
    result = np.empty_like(heights)
    result[order] = placed
    return result


def sweep(rows: list[dict[str, str]]):
    """Return a figure of what one changed setting does: value against evaluation, a dot a seed.

    Args:
        rows: of `results.sweep_lines`; a setting that they don't have gets no panel.
    """
    settings = dict.fromkeys((row["algo"], row["task"], row["setting"]) for row in rows if row["setting"] in SWEPT)
    width, height = 0.75 + 2.7 * min(4, len(settings)), 2.8 * math.ceil(len(settings) / 4)
    figure, axes = style.figure(len(settings), width=width, height=height)
    for i, (panel, (algo, task, setting)) in enumerate(zip(np.atleast_1d(axes), settings, strict=True)):
        left, bottom = 0.75 + 2.7 * (i % 4), height - 2.8 * (i // 4) - 2.3
        panel.set_position([left / width, bottom / height, 2.3 / width, 1.9 / height])
        mine = [row for row in rows if (row["algo"], row["task"]) == (algo, task)]
        usual = vars(settings_for(task, algo)) | {"shrink": inspect.signature(line_search).parameters["shrink"].default}
        reached = {}
        for row in mine:
            if row["setting"] in (setting, "library"):
                value = float(usual[setting] if row["setting"] == "library" else row["value"])
                reached.setdefault(value, []).append(float(row["evaluation"]))
        values = sorted(reached)
        if usual[setting] in values:
            place = values.index(usual[setting])
            panel.axvspan(place - 0.35, place + 0.35, **style.BAND, linewidth=0)
        panel.plot([np.mean(reached[value]) for value in values], color=style.MUTED, linewidth=1)
        for place, value in enumerate(values):
            panel.plot([place] * len(reached[value]), reached[value], "o", color=style.RETURN["color"], markersize=5)
        evaluations = [float(row["evaluation"]) for row in mine]
        panel.set_xticks(range(len(values)), [f"{value:g}" for value in values])
        panel.set(ylim=(min(0, *evaluations), 1.08 * max(evaluations)), xlim=(-0.5, len(values) - 0.5))
        panel.set_title(SWEPT[setting] if algo == "trpo" else f"{LOOKS[algo][0]}, {SWEPT[setting]}", fontsize=12)
        if i % 4 == 0:
            panel.set_ylabel("return, evaluated")
    return figure


def make_clips(agents: Path = AGENTS, folder: Path = CLIPS, seconds: float = 3.0) -> None:
    """Film the trained agents of MuJoCo tasks in the folder `agents`: a clip each, and one contact sheet of all."""
    folder.mkdir(exist_ok=True)
    strips = {}
    for task in MUJOCO_TASKS:
        if (agents / f"{task}.pt").exists():
            agent = load(agents / f"{task}.pt")
            frames = film(agent.policy, agent.moments, task, seed=3, seconds=seconds, size=(240, 240))
            write_mp4(frames, folder / f"{task}.mp4")
            strips[task] = film_strip(frames)[::2, ::2]
    (folder / "agents.png").write_bytes(plots.png(contact_sheet(strips)))


def contact_sheet(strips: dict[str, np.ndarray]):
    """Return a figure of film strips, (height, width, 3) each, one below the other under their names."""
    height, width = next(iter(strips.values())).shape[:2]
    figure, axes = style.figure(len(strips), width=width / 100, height=len(strips) * (height + 24) / 100)
    for i, (panel, (name, strip)) in enumerate(zip(np.atleast_1d(axes), strips.items(), strict=True)):
        panel.imshow(strip)
        panel.axis("off")
        share = 1 / len(strips)
        panel.set_position([0, 1 - (i + 1) * share, 1, share * height / (height + 24)])
        panel.set_title(name, fontsize=11, pad=4)
    return figure


if __name__ == "__main__":
    make()
    make_clips()
