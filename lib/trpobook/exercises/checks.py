"""What all exercises share: run the answer, compare it with a slow, obvious function, say what is wrong."""

from __future__ import annotations

import copy
import importlib
import linecache
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

LIBRARY = str(Path(__file__).resolve().parents[1])


def plain_call(answer: Callable, *args) -> Any:
    """Call the answer with a case's arguments."""
    return answer(*args)


@dataclass(frozen=True)
class Exercise:
    """One exercise as data.

    Attributes:
        function: the name of the function that the reader writes.
        cases: argument tuples, the smallest first: the first that fails is shown.
        expected: arguments -> the right answer, a number, an array, or a tuple of them; slow and obvious.
        misconceptions: (diagnosis, the function that someone who holds it writes). The diagnosis is given
            when the answer is wrong and agrees with that function on every case.
        requires: (diagnosis, predicate of (result, *args)), where the answer isn't unique; all must hold.
        apply: (answer, *arguments) -> result, where an answer isn't simply called with the arguments.
        tolerance: largest error, relative to numbers above 1 and absolute below.
    """

    function: str
    cases: Sequence[tuple]
    expected: Callable | None = None
    misconceptions: Sequence[tuple[str, Callable]] = ()
    requires: Sequence[tuple[str, Callable]] = ()
    apply: Callable = field(default=plain_call)
    tolerance: float = 1e-9


class Verdict(NamedTuple):
    """What a check found."""

    status: Literal["correct", "not attempted", "wrong"]
    message: str


def load(number: str) -> Exercise:
    """Return exercise "1.2" from the module of lesson 1. Raises KeyError when there is no such exercise."""
    lesson = int(number.split(".")[0])
    return importlib.import_module(f"trpobook.exercises.lesson_{lesson:02d}").EXERCISES[number]


def check(number: str, answer: Any, *, otherwise: Any = None) -> Any:
    """Print the verdict on an answer; never raise, whatever the answer does.

    Returns: the answer when it is correct, else `otherwise`, so that a lesson can go on with the library's:
    ``f = check("1.1", f, otherwise=library.f)``.
    """
    verdict = diagnose(number, answer)
    print(f"Exercise {number}, {load(number).function}: {verdict.message}")
    return answer if verdict.status == "correct" else otherwise


def diagnose(number: str, answer: Any) -> Verdict:
    """Return the verdict on an answer to exercise `number`."""
    return examine(load(number), answer)


def examine(exercise: Exercise, answer: Any) -> Verdict:
    """Return the verdict. Order of complaints: shape, dtype, finite, sign, factor, value, then arguments."""
    if answer is ...:
        return Verdict("not attempted", "not attempted.")
    if not callable(answer):
        return _wrong(f"pass the function itself, not {_shown(answer)}")
    results, altered = [], None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for args in exercise.cases:
            given = copy.deepcopy(args)
            try:
                result = exercise.apply(answer, *given)
            except NotImplementedError:
                return Verdict("not attempted", "not attempted.")
            except (Exception, SystemExit) as error:
                return _wrong(_crash(error), exercise, args)
            if result is ... or (isinstance(result, tuple) and any(part is ... for part in result)):
                return Verdict("not attempted", "not attempted.")
            if altered is None and not _same_arguments(args, given):
                altered = args
            results.append(result)
        complaint = _compare(exercise, results)
    if complaint is None and altered is not None:
        complaint = ("the values are right, but your function changes its arguments: work on copies", altered)
    if complaint is not None:
        return _wrong(complaint[0], exercise, *complaint[1:])
    return Verdict("correct", f"correct, on all {len(results)} inputs.")


def _compare(exercise: Exercise, results: list) -> tuple | None:
    """Return None, or (diagnosis, arguments, expected, result): the smallest input with the gravest fault."""
    if exercise.expected is not None:
        wanted = [exercise.expected(*args) for args in exercise.cases]
        fault = _fault(exercise, wanted, results)
        if fault is not None:
            index, diagnosis = fault
            diagnosis = _misconception(exercise, results) or diagnosis
            return diagnosis, exercise.cases[index], wanted[index], results[index]
    for args, result in zip(exercise.cases, results, strict=True):
        for diagnosis, holds in exercise.requires:
            try:
                satisfied = bool(holds(result, *args))
            except Exception:  # a result that can't even be tested doesn't meet the requirement
                satisfied = False
            if not satisfied:
                return diagnosis, args
    return None


def _fault(exercise: Exercise, wanted: list, results: list) -> tuple[int, str] | None:
    cases = [(i, _parts(w), _parts(r, like=w)) for i, (w, r) in enumerate(zip(wanted, results, strict=True))]
    for stage in (_count, _shape, _dtype, _finite, _sign):
        for index, want, got in cases:
            if complaint := stage(want, got):
                return index, complaint
    wrong = [i for i, want, got in cases if not _agree(want, got, exercise.tolerance)]
    if not wrong:
        return None
    factor = _common_factor(cases)
    if factor is not None:
        return wrong[0], f"every value is {_factor_name(factor)} the expected one"
    return wrong[0], "the value is wrong"


def _misconception(exercise: Exercise, results: list) -> str | None:
    for diagnosis, mistaken in exercise.misconceptions:
        mistakes = (exercise.apply(mistaken, *copy.deepcopy(args)) for args in exercise.cases)
        if all(
            _count(_parts(m), _parts(r, like=m)) is None and _agree(_parts(m), _parts(r, like=m), exercise.tolerance)
            for m, r in zip(mistakes, results, strict=True)
        ):
            return diagnosis
    return None


# The stages. `want` and `got` are lists of arrays; each stage may rely on those before it.


def _count(want: list, got: list) -> str | None:
    if len(want) != len(got):
        return f"return {len(want)} values, not {len(got)}"
    return None


def _shape(want: list, got: list) -> str | None:
    for w, g in zip(want, got, strict=True):
        if g.dtype == object and g.shape == () and g.item() is None:
            return "your function returns None: is the return statement missing?"
        if g.dtype.kind in "biufc" and w.shape != g.shape:
            return f"the shape is wrong: expected {w.shape}, got {g.shape}"
    return None


def _dtype(want: list, got: list) -> str | None:
    for w, g in zip(want, got, strict=True):
        if g.dtype.kind not in "iuf" and not (g.dtype.kind == w.dtype.kind == "b"):
            kind = type(g.item()).__name__ if g.shape == () else str(g.dtype)
            return f"the type is wrong: expected real numbers, got {kind}"
    return None


def _finite(want: list, got: list) -> str | None:
    for w, g in zip(want, got, strict=True):
        if np.any(np.isnan(g) & ~np.isnan(w)):
            return "NaN where a number is expected (0·log 0 and ∞ − ∞ give NaN in floating point)"
        if np.any(np.isfinite(g) & np.isinf(w)):
            return "finite where the true value is infinite: nothing may be clipped or padded here"
        if np.any(np.isinf(g) & (g != w)):
            return "infinite where a finite number is expected: is something divided by zero?"
    return None


def _sign(want: list, got: list) -> str | None:
    for w, g in zip(want, got, strict=True):
        if np.any((w * g < 0) & (np.minimum(np.abs(w), np.abs(g)) > 1e-9)):
            return "the sign is wrong"
    return None


def _agree(want: list, got: list, tolerance: float) -> bool:
    for w, g in zip(want, got, strict=True):
        if w.shape != g.shape or g.dtype.kind not in "biuf":
            return False
        w, g = w.astype(float), g.astype(float)
        near = (w == g) | (np.isnan(w) & np.isnan(g)) | (np.abs(w - g) <= tolerance * np.maximum(1, np.abs(w)))
        if not near.all():
            return False
    return True


def _common_factor(cases: list) -> float | None:
    """Return c when got = c · want everywhere, for at least two numbers that aren't zero; else None."""
    want = np.concatenate([w.astype(float).ravel() for _, ws, _ in cases for w in ws])
    got = np.concatenate([g.astype(float).ravel() for _, _, gs in cases for g in gs])
    usable = np.isfinite(want) & (np.abs(want) > 1e-9)
    if usable.sum() < 2:
        return None
    factor = float(np.median(got[usable] / want[usable]))
    finite = np.isfinite(want)
    close = np.allclose(got[finite], factor * want[finite], rtol=1e-7, atol=1e-10)
    return factor if close and abs(factor) > 1e-9 else None


def _factor_name(factor: float) -> str:
    names = {2.0: "twice", 0.5: "half", 4.0: "four times", 0.25: "a quarter of"}
    names |= {1 / math.log(2): "1/ln 2 = 1.4427 times (base 2 instead of e)", math.log(2): "ln 2 times"}
    return next((name for value, name in names.items() if abs(factor - value) < 1e-6), f"{factor:.6g} times")


def _parts(value: Any, like: Any = None) -> list[np.ndarray]:
    """Return a tuple's members, or the value alone, as arrays; what is no array becomes an object array."""
    members = [value]
    if isinstance(value if like is None else like, tuple) and isinstance(value, (tuple, list)):
        members = list(value)
    return [_array(member) for member in members]


def _array(value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except Exception:  # a ragged list, a tensor that needs a gradient, a hostile object: reported by its type
        array = np.empty((), dtype=object)
        array[()] = value
        return array


def _same_arguments(before: tuple, after: tuple) -> bool:
    pairs = zip(before, after, strict=True)
    return all(np.array_equal(b, a, equal_nan=True) for b, a in pairs if isinstance(b, np.ndarray))


# The words.


def _wrong(diagnosis: str, exercise: Exercise | None = None, args: tuple | None = None, *values) -> Verdict:
    lines = [f"not yet: {diagnosis}."]
    if exercise is not None and args is not None:
        lines.append(f"    smallest failing input: {exercise.function}({', '.join(map(_shown, args))})")
    if values:
        want, got = values
        lines.append(f"    expected {_shown(want)}, got {_shown(got)}")
    return Verdict("wrong", "\n".join(lines))


def _crash(error: BaseException) -> str:
    """Say which error stopped the answer, and in which of its lines."""
    try:
        what = f"{type(error).__name__}: {error}"
    except Exception:  # an exception whose own text fails
        what = type(error).__name__
    trace, line = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(LIBRARY) and "site-packages" not in file:
            line = linecache.getline(file, trace.tb_lineno).strip()
        trace = trace.tb_next
    return f"your function stops with {what}" + (f", in the line `{line}`" if line else "")


def _shown(value: Any) -> str:
    """Return a value as a reader would type it, shortened."""
    try:
        if isinstance(value, tuple):
            return "(" + ", ".join(map(_shown, value)) + ")"
        if callable(value):
            return getattr(value, "__name__", type(value).__name__)
        array = np.asarray(value)
        if array.dtype.kind not in "biuf":
            return (
                repr(value)[:60] if isinstance(value, (str, list, dict, complex, type(None))) else type(value).__name__
            )
        if array.size > 12:
            return f"<array of shape {array.shape}>"
        return np.array2string(array, precision=6, separator=", ", max_line_width=10**6).replace("\n", "")
    except Exception:
        return type(value).__name__
