"""What happens when a reader's own code fails: one line that says where."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import walk_tb

import gymnasium
import numpy as np

# Whose code an error is not traced to: folders, each ending in a separator.
LIBRARIES = tuple(f"{Path(file).parent}{os.sep}" for file in (gymnasium.__file__, np.__file__, Path(__file__).parent))
STANDARD_LIBRARY = f"{Path(os.__file__).parent}{os.sep}"


class TaskError(RuntimeError):
    """A task's own code raised, or returned what Gymnasium's interface doesn't know; the message says where."""


class running:
    """While a task's own code runs, make of what it raises a TaskError that says where in the reader's files."""

    def __init__(self, name: str, doing: str):
        """Take the task's name, and what it is asked for: import, make, reset or step."""
        self.name, self.doing = name, doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, TaskError):
            return
        told: BaseException = error  # or of those that led to it the first that passed the reader's files
        while not (place := place_of(told)) and told.__cause__:
            told = told.__cause__
        text = (told.msg if isinstance(told, SyntaxError) else str(told)).partition("\n")[0]
        raise TaskError(
            f"{self.name} raised {type(told).__name__}{text and f': {text}'} in {self.doing}{place}"
        ) from error


def place_of(error: BaseException) -> str:
    """Return the innermost place in the reader's files that an error passed, " (file, line n)", or ""."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}, line {error.lineno})"
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(Path(file).name, line) for file, line in places if _is_readers(file)]
    return " ({}, line {})".format(*own[-1]) if own else ""


def _is_readers(file: str) -> bool:
    ours = file.startswith(("<frozen", *LIBRARIES))
    return not ours and (not file.startswith(STANDARD_LIBRARY) or "-packages" in file.removeprefix(STANDARD_LIBRARY))
