"""Make the pictures that stand outside the lessons, in figures/: ``python -m trpobook.figures``."""

from __future__ import annotations

from pathlib import Path

from . import plots
from .widgets import lesson_01
from .widgets.base import Interactive

FOLDER = Path(__file__).resolve().parents[2] / "figures"

PICTURES: dict[str, tuple[Interactive, dict[str, float]]] = {
    "rare_action.png": (lesson_01.rare_action, {"log_old": -4}),
}


def make(folder: Path = FOLDER) -> None:
    """Write every picture of `PICTURES` into the folder and print its sentence, the alternative text."""
    for name, (interactive, values) in PICTURES.items():
        figure, sentence = interactive.picture(**values)
        (folder / name).write_bytes(plots.png(figure, dpi=160))
        print(f"{name}: {sentence}")


if __name__ == "__main__":
    make()
