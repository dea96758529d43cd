"""What a reader has solved: kept beside the lessons in the reader's own working copy, and nowhere else."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from trpobook.book import BOOK
from trpobook.book.lab import RECORD

SOLVED = ".solved.json"
COUNT = 15  # lessons


class Lesson(NamedTuple):
    """A lesson's number, its title, the numbers of its exercises, and those that are solved."""

    number: str
    title: str
    exercises: tuple[str, ...]
    solved: tuple[str, ...]


def remember(number: str, folder: Path | None = None) -> None:
    """Note that exercise "3.2" is solved, where the lesson runs in a working copy; elsewhere nothing is written."""
    folder = folder or Path.cwd()
    if not (folder / RECORD).exists():
        return
    solved = sorted({*solved_in(folder), number}, key=_order)
    partial = folder / f"{SOLVED}.partial"
    partial.write_text(json.dumps(solved) + "\n")
    os.replace(partial, folder / SOLVED)


def solved_in(folder: Path) -> list[str]:
    """Return the numbers of the exercises solved in a working copy."""
    try:
        found = json.loads((folder / SOLVED).read_text())
    except (OSError, ValueError):
        return []
    return [number for number in found if isinstance(number, str)] if isinstance(found, list) else []


def lessons(folder: Path | None = None) -> list[Lesson]:
    """Return how far the reader is, lesson by lesson; `folder` is the working copy, unless given the current one."""
    done = set(solved_in(folder or Path.cwd()))
    found = []
    for number in range(COUNT):
        table = importlib.import_module(f"trpobook.exercises.lesson_{number:02d}").EXERCISES
        numbers = tuple(sorted(table, key=_order))
        found.append(Lesson(f"{number:02d}", _title(number), numbers, tuple(n for n in numbers if n in done)))
    return found


def report(folder: Path | None = None) -> str:
    """Return the progress in words: a line a lesson, the sum, and what is next."""
    found = lessons(folder)
    width = max(len(lesson.title) for lesson in found)
    lines = []
    for lesson in found:
        marks = "".join("●" if number in lesson.solved else "○" for number in lesson.exercises)
        count = f"{len(lesson.solved)} of {len(lesson.exercises)}"
        lines.append(f"{lesson.number}  {lesson.title:{width}}  {marks:6} {count}")
    total = sum(len(lesson.exercises) for lesson in found)
    done = sum(len(lesson.solved) for lesson in found)
    following = next((number for lesson in found for number in lesson.exercises if number not in lesson.solved), None)
    end = f"next: exercise {following}" if following else "all of them: you have written the book's code"
    return "\n".join([*lines, f"{done} of {total} exercises solved; {end}"])


def _order(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


def _title(number: int) -> str:
    """Return a lesson's title: its first heading, without the number."""
    for file in (BOOK / "notebooks").glob(f"{number:02d}_*.ipynb"):
        for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
            heading = "".join(cell["source"]).split("\n")[0]
            if cell["cell_type"] == "markdown" and heading.startswith("# "):
                return heading.removeprefix(f"# {number} · ")
    return ""
