"""Make the pictures that stand outside the lessons, in figures/: ``python -m trpobook.figures``."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path

from . import plots, style
from .widgets import lesson_01
from .widgets.base import Interactive

FOLDER = Path(__file__).resolve().parents[2] / "figures"
LESSONS = FOLDER.parent / "notebooks"

PICTURES: dict[str, tuple[Interactive, dict[str, float]]] = {
    "rare_action.png": (lesson_01.rare_action, {"log_old": -4}),
}


def make(folder: Path = FOLDER) -> None:
    """Write every picture of `PICTURES` into the folder and print its sentence, the alternative text."""
    for name, (interactive, values) in PICTURES.items():
        figure, sentence = interactive.picture(**values)
        (folder / name).write_bytes(plots.png(figure, dpi=160))
        print(f"{name}: {sentence}")
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
    """Return a figure of every run that `make results` kept in `data`, one panel a task, one line a seed."""
    tasks = sorted({file.stem.rsplit("-trpo-", 1)[0] for file in data.glob("*-trpo-*.csv")})
    figure, axes = style.figure(len(tasks), width=13, height=3)
    for panel, task in zip(axes, tasks, strict=True):
        for file, line in zip(sorted(data.glob(f"{task}-trpo-*.csv")), ("-", "--", ":"), strict=False):
            with file.open() as rows:
                curve = [(int(row["steps"]) / 1e6, float(row["return_mean"] or "nan")) for row in csv.DictReader(rows)]
            panel.plot(*zip(*curve, strict=True), color=style.RETURN["color"], linestyle=line, linewidth=1.4)
        panel.set(xlabel="million steps", xlim=(0, 1), xticks=(0, 0.5, 1), ylim=(0, None))
        panel.set_title(task, fontsize=10.5)
    axes[0].set_ylabel("mean return")
    return figure


if __name__ == "__main__":
    make()
