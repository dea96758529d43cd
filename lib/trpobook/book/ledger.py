"""The book's ledger: every numbered equation of a lesson is executed, and what was compared is kept."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from IPython.display import Markdown
from numpy.typing import ArrayLike

ROUNDING = 1e-12  # errors below this are shown as rounding: their digits differ from machine to machine


class Entry(NamedTuple):
    """One checked equation."""

    what: str
    relation: str  # "=" or "≤"
    count: int  # how many numbers were compared
    error: float  # largest violation of the relation
    tolerance: float


class Ledger:
    """The equation checks of one lesson.

    A check raises AssertionError when the equation fails: a notebook with a wrong equation can't be executed.
    Every ``\\tag{n.m}`` of a lesson has exactly one check here; a test compares the two lists.
    """

    def __init__(self, lesson: str) -> None:
        """Open the ledger of a lesson, "01" to "14"."""
        self.lesson = lesson
        self.entries: dict[str, Entry] = {}

    def equal(self, tag: str, what: str, left: ArrayLike, right: ArrayLike, *, tol: float = 1e-12) -> None:
        """Check |left − right| ≤ tol everywhere; two infinities of one sign are equal.

        Args:
            tag: the equation's number, "1.3".
            what: what the two sides are, in a few words. They should share no code.
            left, right: numbers or arrays that broadcast.
            tol: absolute tolerance.
        Raises: AssertionError when the sides differ, hold a NaN, or are empty.
        """
        left, right = np.asarray(left, float), np.asarray(right, float)
        with np.errstate(invalid="ignore"):
            error = np.where(left == right, 0.0, np.abs(left - right))
        self._record(tag, what, "=", left, right, error, tol)

    def at_most(self, tag: str, what: str, small: ArrayLike, large: ArrayLike, *, tol: float = 1e-12) -> None:
        """Check small ≤ large + tol everywhere. Arguments and errors as in `equal`."""
        small, large = np.asarray(small, float), np.asarray(large, float)
        with np.errstate(invalid="ignore"):
            error = np.where(small <= large, 0.0, small - large)
        self._record(tag, what, "≤", small, large, error, tol)

    def table(self) -> Markdown:
        """Return the ledger as a table: equation, what was compared, how many numbers, error, tolerance."""
        rows = ["| equation | compared | numbers | largest error | tolerance |", "|---|---|---:|---:|---:|"]
        rows += [
            f"| ({tag}) | {_escaped(e.what)} ({e.relation}) | {e.count} | {_shown(e)} | {e.tolerance:.0e} |"
            for tag, e in self.entries.items()
        ]
        return Markdown("\n".join(rows))

    def _record(self, tag, what, relation, left, right, error, tol) -> None:
        error = np.atleast_1d(error)
        assert error.size > 0, f"Equation ({tag}), {what}: nothing was compared"
        worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        if not error[worst] <= tol:  # written so that a NaN fails
            left, right = (np.broadcast_to(side, error.shape)[worst] for side in (left, right))
            sides = f"{left:.10g} {relation} {right:.10g}"
            raise AssertionError(f"Equation ({tag}) fails: {what}: {sides} is off by {error[worst]:.3g} > {tol:g}")
        self.entries[tag] = Entry(what, relation, error.size, float(error[worst]), tol)
        print(f"({tag}) holds: {what}, {error.size} compared")


def _shown(entry: Entry) -> str:
    if entry.error == 0 and entry.relation == "≤":
        return "none"
    return "rounding" if entry.error <= ROUNDING else f"{entry.error:.1e}"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")  # a bare one would end the table's cell
