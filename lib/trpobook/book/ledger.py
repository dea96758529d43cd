"""The book's ledger: each numbered equation of a lesson is executed, and a wrong version of it, which must fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from IPython.display import Markdown
from numpy.typing import ArrayLike

ROUNDING = 1e-12  # errors below this are shown as rounding: their digits differ from machine to machine
BITE = 10.0  # a wrong version must be off by at least this many tolerances
REACH = 0.5  # the share of its bound that an inequality must come to, somewhere in the data


class Entry(NamedTuple):
    """One checked equation."""

    what: str
    relation: str  # "=" or "≤"
    count: int  # how many numbers were compared
    error: float  # largest violation of the relation
    tolerance: float
    closest: float | None  # of an inequality: the largest share of its bound that was reached
    bites: dict[str, float]  # wrong version -> by how much it fails on the same data
    slack: str  # why an inequality comes nowhere near its bound, where it doesn't


class Ledger:
    """The equation checks of one lesson.

    A check raises AssertionError when the equation fails, or when a wrong version of it doesn't: a notebook with a
    wrong equation, or with a check that would let one pass, can't be executed. Every ``\\tag{n.m}`` of a lesson has
    exactly one check here; a test compares the two lists.
    """

    def __init__(self, lesson: str) -> None:
        """Open the ledger of a lesson, "01" to "14"."""
        self.lesson = lesson
        self.entries: dict[str, Entry] = {}

    def equal(
        self,
        tag: str,
        what: str,
        left: ArrayLike,
        right: ArrayLike,
        *,
        tol: float = 1e-12,
        bite: Mapping[str, ArrayLike],
    ) -> None:
        """Check |left − right| ≤ tol everywhere; two infinities of one sign are equal.

        Args:
            tag: the equation's number, "1.3".
            what: what the two sides are, in a few words. They should share no code.
            left, right: numbers or arrays that broadcast.
            tol: absolute tolerance.
            bite: a wrong version of the equation, in words -> what it puts in the place of `right`. It must fail.
        Raises: AssertionError when the sides differ, hold a NaN, or are empty; when a wrong version passes, or none
            is given.
        """
        left, right = np.asarray(left, float), np.asarray(right, float)
        bites = {words: _largest(_differences(left, np.asarray(wrong, float))) for words, wrong in bite.items()}
        self._record(tag, what, "=", left, right, _differences(left, right), tol, bites)

    def at_most(
        self,
        tag: str,
        what: str,
        small: ArrayLike,
        large: ArrayLike,
        *,
        tol: float = 1e-12,
        bite: Mapping[str, ArrayLike],
        slack: str = "",
    ) -> None:
        """Check small ≤ large + tol everywhere. Arguments and errors as in `equal`; a wrong version replaces `large`.

        slack: why no data come to half of the bound, where none do.
        """
        small, large = np.asarray(small, float), np.asarray(large, float)
        bites = {words: _largest(_excess(small, np.asarray(wrong, float))) for words, wrong in bite.items()}
        closest = _closest(small, large, tol)
        assert closest >= REACH or slack, (
            f"Equation ({tag}), {what}: at most {closest:.2f} of the bound is reached; add a witness, or give slack="
        )
        self._record(tag, what, "≤", small, large, _excess(small, large), tol, bites, closest, slack)

    def table(self) -> Markdown:
        """Return the ledger as a table: equation, what was compared, error, and how its wrong version fails."""
        names = "equation | compared | numbers | largest error | tolerance | closest to its bound | a wrong version"
        head = f"| {names} | fails by |", "|---|---|---:|---:|---:|---:|---|---:|"
        return Markdown("\n".join([*head, *(_row(tag, entry) for tag, entry in self.entries.items())]))

    def _record(self, tag, what, relation, left, right, error, tol, bites, closest=None, slack="") -> None:
        error = np.atleast_1d(error)
        assert error.size > 0, f"Equation ({tag}), {what}: nothing was compared"
        worst = np.unravel_index(np.argmax(np.where(np.isnan(error), np.inf, error)), error.shape)
        if not error[worst] <= tol:  # written so that a NaN fails
            left, right = (np.broadcast_to(side, error.shape)[worst] for side in (left, right))
            sides = f"{left:.10g} {relation} {right:.10g}"
            raise AssertionError(f"Equation ({tag}) fails: {what}: {sides} is off by {error[worst]:.3g} > {tol:g}")
        assert bites, f"Equation ({tag}), {what}: give a wrong version of it, which must fail"
        for words, off in bites.items():
            assert off > BITE * tol, f"Equation ({tag}), {what}: its wrong version passes, {words}: off by {off:.3g}"
        self.entries[tag] = Entry(what, relation, error.size, float(error[worst]), tol, closest, bites, slack)
        print(f"({tag}) holds: {what}, {error.size} compared")


def _differences(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(left == right, 0.0, np.abs(left - right))


def _excess(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(small <= large, 0.0, small - large)


def _largest(error: np.ndarray) -> float:
    """Return the largest error of a wrong version; one that holds a NaN, or can't be computed, fails by infinity."""
    return float(np.max(np.where(np.isnan(error), np.inf, error), initial=0.0))


def _closest(small: np.ndarray, large: np.ndarray, tol: float) -> float:
    """Return the largest share of the bound that is reached: small/large where both are positive; 1 at equality."""
    small, large = np.broadcast_arrays(small, large)
    share = np.divide(small, large, out=np.zeros(small.shape), where=(large > 0) & (small > 0) & np.isfinite(large))
    equal = np.abs(_differences(small, large)) <= tol
    return float(np.max(np.where(equal, 1.0, np.minimum(share, 1.0)), initial=0.0))


def _row(tag: str, entry: Entry) -> str:
    what = f"{_escaped(entry.what)} ({entry.relation})"
    near = "" if entry.closest is None else f"{entry.closest:.2f}" + (f" ({entry.slack})" if entry.slack else "")
    cells = [f"({tag})", what, str(entry.count), _shown(entry), f"{entry.tolerance:.0e}", near]
    cells += ["; ".join(map(_escaped, entry.bites)), "; ".join(f"{off:.2g}" for off in entry.bites.values())]
    return "| " + " | ".join(cells) + " |"


def _shown(entry: Entry) -> str:
    if entry.error == 0 and entry.relation == "≤":
        return "none"
    return "rounding" if entry.error <= ROUNDING else f"{entry.error:.1e}"


def _escaped(text: str) -> str:
    return text.replace("|", r"\|")  # a bare one would end the table's cell
