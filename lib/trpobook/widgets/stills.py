"""Make the stills of interactives outside the lessons, in figures/: ``python -m trpobook.widgets.stills``."""

from __future__ import annotations

from pathlib import Path

from trpobook.book import BOOK, plots
from trpobook.widgets import lesson_01
from trpobook.widgets.base import Interactive

PICTURES: dict[str, tuple[Interactive, dict[str, float]]] = {
    "rare_action.png": (lesson_01.rare_action, {"log_old": -4}),
}


def make(folder: Path = BOOK / "figures") -> None:
    """Write every picture of `PICTURES` into the folder and print its sentence, the alternative text."""
    for name, (interactive, values) in PICTURES.items():
        figure, sentence = interactive.picture(**values)
        (folder / name).write_bytes(plots.png(figure, dpi=160))
        print(f"{name}: {sentence}")


if __name__ == "__main__":
    make()
