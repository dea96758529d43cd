"""What all exercises share: run the answer, compare it with a slow, obvious function, say what is wrong."""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import linecache
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trpobook.exercises import explain
from trpobook.exercises.compare import ROUGHLY, SINGLE, Fault, agree, error_of, fault_of, parts_of, unchanged
from trpobook.exercises.explain import Search, Tried
from trpobook.exercises.patience import TooLong, patience
from trpobook.exercises.verdicts import Verdict, distributions

LIMIT = 10.0  # seconds that an answer may take for one input
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
        requires: (diagnosis, predicate of (result, *args)); all must hold, the gravest stands first. A predicate
            may return where it isn't kept, in words.
        many: whether every answer is right that keeps what is required; `expected` is then one of them.
        apply: (answer, *arguments) -> result, where an answer isn't simply called with the arguments.
        parts: the names of a tuple's members.
        bare: whether the answer itself returns one value, of which `apply` makes those parts.
        axes: the names of the axes of a result, where its entries are shown by these.
        tolerance: largest error, relative to numbers above 1 and absolute below.
    """

    function: str
    cases: Sequence[tuple]
    expected: Callable | None = None
    misconceptions: Sequence[tuple[str, Callable]] = ()
    requires: Sequence[tuple[str, Callable]] = ()
    apply: Callable = field(default=plain_call)
    parts: Sequence[str] = ()
    bare: bool = False
    many: bool = False
    axes: Sequence[str] = ()
    tolerance: float = 1e-9


class Failed(NamedTuple):
    """An answer that gave no result for one case."""

    words: str


def load(number: str) -> Exercise:
    """Return exercise "1.2" from the module of lesson 1. Raises KeyError when there is no such exercise."""
    lesson = int(number.split(".")[0])
    return importlib.import_module(f"trpobook.exercises.lesson_{lesson:02d}").EXERCISES[number]


def case(number: str, index: int) -> tuple:
    """Return the arguments of one of an exercise's inputs, counted from 0: `f(*case("2.2", 3))`."""
    return copy.deepcopy(load(number).cases[index])


def diagnose(number: str, answer: Any) -> Verdict:
    """Return the verdict on an answer to exercise `number`."""
    return examine(load(number), answer, number)


def examine(exercise: Exercise, answer: Any, number: str = "") -> Verdict:
    """Return the verdict: not attempted, correct, or what is wrong, with the smallest input that shows it."""
    if answer is ...:
        return Verdict("not attempted", "not attempted.")
    if not callable(answer):
        return Verdict("wrong", f"pass the function itself, not {_shown(answer)}.")
    examination = Examination(exercise, answer, number)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return examination.verdict()
    except NotAttempted:
        return Verdict("not attempted", "not attempted.")


class Unfit(Exception):
    """Raised by an exercise's `apply`, with a sentence on what it found in the answer."""


class NotAttempted(Exception):
    """The answer is the stub as it stands."""


class Examination:
    """One answer on its way through the cases of an exercise."""

    def __init__(self, exercise: Exercise, answer: Callable, number: str):
        self.exercise, self.answer, self.number = exercise, answer, number
        self.names = argument_names(exercise, answer)
        self.results: list[Any] = []
        self.altered: str | None = None

    def verdict(self) -> Verdict:
        self._run()
        if self.exercise.expected is not None:
            wanted = [self.exercise.expected(*args) for args in self.exercise.cases[: len(self.results)]]
            pairs = zip(self.exercise.cases, wanted, self.results, strict=False)
            faults = [self._fault(args, w, r) for args, w, r in pairs]
            if any(faults):
                return self._wrong(wanted, faults)
        if (unmet := self._unmet()) is not None:
            return unmet
        if self.altered is not None:
            return Verdict("wrong", f"the values are right, but your function changes {self.altered}: work on a copy.")
        return self._right(wanted if self.exercise.expected is not None else None)

    def _run(self) -> None:
        """Call the answer with each case; stop at one that doesn't end."""
        for args in self.exercise.cases:
            given = copy.deepcopy(args)
            try:
                with patience(LIMIT):
                    result = self.exercise.apply(self.answer, *given)
            except NotImplementedError:
                raise NotAttempted from None
            except Unfit as error:
                self.results.append(Failed(str(error)))
                continue
            except TooLong:
                words = f"your function had not ended after {LIMIT:g} seconds, and was stopped: does its loop end?"
                self.results.append(Failed(words))
                return
            except (Exception, SystemExit) as error:
                self.results.append(Failed(_crash(error)))
                continue
            if result is ... or (isinstance(result, tuple) and any(part is ... for part in result)):
                raise NotAttempted
            if self.altered is None:
                self.altered = self._altered(args, given)
            self.results.append(result)

    def _altered(self, before: tuple, after: tuple) -> str | None:
        pairs = zip(self.names, before, after, strict=False)
        changed = [f"`{name}`" for name, b, a in pairs if not unchanged(b, a)]
        return f"its argument{'s' if len(changed) > 1 else ''} {' and '.join(changed)}" if changed else None

    def _fault(self, args: tuple, want: Any, result: Any) -> Fault | None:
        if isinstance(result, Failed):
            return Fault("failed", result.words)
        w, g = parts_of(want), parts_of(result, like=want)
        fault = fault_of(w, g, self.exercise.tolerance)
        if fault and fault.stage == "value" and self.exercise.many:
            broken = (words for words, holds in self.exercise.requires if not holds(g[0], *args))
            return next((Fault("required", words) for words in broken), None)
        return None if fault and fault.stage == "value" and _single(w, g) else fault

    def _right(self, wanted: list | None) -> Verdict:
        count = len(self.results)
        if wanted is not None:
            error = max(
                error_of(parts_of(w), parts_of(r, like=w)) if self._loosely(w, r) else 0.0
                for w, r in zip(wanted, self.results, strict=True)
            )
            if error or self._in_single_precision():
                digits = max(1, int(-np.log10(error or 1e-7)))
                kind = "in single precision" if self._in_single_precision() else f"to {digits} digits"
                words = (
                    f"correct, {kind}, on all {count} inputs. The lesson goes on with the book's function: "
                    f"some of its equations are checked to more digits than these {digits}."
                )
                return Verdict("correct", words, goes_on=False)
        return Verdict("correct", f"correct, on all {count} inputs.")

    def _loosely(self, want: Any, result: Any) -> bool:
        """Return whether a result is right in single precision only."""
        return not self.exercise.many and not agree(
            parts_of(want), parts_of(result, like=want), self.exercise.tolerance
        )

    def _in_single_precision(self) -> bool:
        parts = [part for result in self.results for part in parts_of(result)]
        return any(part.dtype in (np.float32, np.float16) and np.any(part != 0) for part in parts)  # 0 has all digits

    def _unmet(self) -> Verdict | None:
        if self.exercise.many:  # judged already
            return None
        for index, (args, result) in enumerate(zip(self.exercise.cases, self.results, strict=False)):
            if isinstance(result, Failed):
                return self._shown_at(index, result.words)
            for diagnosis, holds in self.exercise.requires:
                try:
                    kept = holds(result, *args)
                except Exception:  # a result that can't even be tested doesn't meet the requirement
                    kept = False
                if isinstance(kept, str) or not kept:
                    return self._shown_at(index, diagnosis + (f" ({kept})" if isinstance(kept, str) else ""))
        return None

    # What is wrong

    def _wrong(self, wanted: list, faults: list[Fault | None]) -> Verdict:
        failing = [i for i, fault in enumerate(faults) if fault]
        whole = [i for i in failing if faults[i].stage != "failed"]  # those that gave a result
        order = [words for words, _ in self.exercise.requires]
        index = min(whole or failing, key=lambda i: order.index(faults[i].words) if faults[i].words in order else -1)
        fault, want, result = faults[index], wanted[index], self.results[index]
        if not whole:
            return self._shown_at(index, fault.words)
        words = self._explained(wanted, faults)
        if words and "NaN" in words and fault.stage == "value":  # shown where there is one
            index = next((i for i in whole if "NaN" in faults[i].words), index)
            fault, want, result = faults[index], wanted[index], self.results[index]
        whole_answer = words is not None and self.search.left_out == 0 and len(whole) == len(failing)
        if words is None and faults[failing[0]].stage == "failed":
            return self._shown_at(failing[0], faults[failing[0]].words)
        if fault.stage == "shape" and not (words or "").startswith("the values are right"):
            bare = self._in_part(fault, want)
            words = f"{bare.split('; ')[0]}: {words}" if words else bare
        elif words is None and fault.stage == "value":
            words = self._roughly(wanted) or self._in_part(fault, want) + self._how_often(faults)
        words = words or self._in_part(fault, want)
        others = [f.words for f in faults if f and f.stage not in ("value", fault.stage) and f.words not in words]
        if others and not whole_answer:
            words += f"; besides, on another input: {others[0]}"
        return self._shown_at(index, words, want, result, fault)

    def _explained(self, wanted: list, faults: list[Fault | None]) -> str | None:
        tried = [
            Tried(args, parts_of(w), parts_of(r, like=w), fault is None)
            for args, w, r, fault in zip(self.exercise.cases, wanted, self.results, faults, strict=False)
            if not isinstance(r, Failed)
        ]
        if not tried or all(each.right for each in tried):
            return None
        e = self.exercise
        count = len(tried[0].want)
        rest = (e.expected, e.misconceptions, e.apply, self.names)
        more = {"tried": tried, "tolerance": e.tolerance}
        depth = 3 if any(fault and fault.stage == "finite" for fault in faults) else 4
        names = [self._part_name(part) for part in range(count)]
        try:
            with patience(3 * explain.BUDGET):
                if e.many:
                    return self._searched(*rest, **more, depth=0)
                if count == 1:
                    return self._searched(*rest, **more, depth=depth)
                return (
                    self._searched(*rest, **more, depth=1)
                    or self._order(tried)
                    or Search.by_parts(names, *rest, **more, depth=1)
                    or self._searched(*rest, **more, depth=2)
                    or Search.by_parts(names, *rest, **more, depth=depth)
                )
        except TooLong:
            return None

    def _searched(self, *rest: Any, **more: Any) -> str | None:
        self.search = Search(*rest, **more)
        return self.search.explanation()

    def _order(self, tried: list[Tried]) -> str | None:
        """Say so when the parts are right, in another order."""
        count = len(tried[0].want)
        for order in itertools.permutations(range(count)):
            if order != tuple(range(count)) and all(
                len(each.got) == count and agree([each.want[i] for i in order], each.got, self.exercise.tolerance)
                for each in tried
            ):
                asked = ", ".join(self._part_name(i) for i in range(count))
                return f"the values are right, in another order than asked for, which is {asked}"
        return None

    def _roughly(self, wanted: list) -> str | None:
        """Say to how many digits values agree that agree to three at least."""
        pairs = [(parts_of(w), parts_of(r, like=w)) for w, r in zip(wanted, self.results, strict=False)]
        if any(isinstance(r, Failed) for r in self.results) or not all(_near_enough(w, g, ROUGHLY) for w, g in pairs):
            return None
        digits = max(3, int(-np.log10(max(error_of(w, g) for w, g in pairs))))
        if self._in_single_precision() and digits > 4:
            return f"the values are right to about {digits} digits: that is single precision (float32); use float64"
        return (
            f"the values are right to about {digits} digits, and more are wanted: single precision on the way, "
            "a loop that ends too early, or a difference of large numbers?"
        )

    def _in_part(self, fault: Fault, want: Any) -> str:
        return (
            f"{self._part_name(fault.part)}: {fault.words}"
            if isinstance(want, tuple) and fault.stage != "count"
            else fault.words
        )

    def _part_name(self, part: int) -> str:
        names = self.exercise.parts
        return names[part] if part < len(names) else f"part {part + 1} of {len(names) or 'your answer'}"

    def _how_often(self, faults: list[Fault | None]) -> str:
        right = sum(fault is None for fault in faults)
        return f" on {len(faults) - right} of {len(faults)} inputs" if right else ""

    # What is shown

    def _shown_at(self, index: int, words: str, *values: Any) -> Verdict:
        args = self.exercise.cases[index]
        details = [("smallest failing input", self._input(index, args))]
        if values:
            details += self._difference(*values)
        end = "" if words.endswith((".", "?")) else "."
        return Verdict("wrong", words + end, tuple(details), distributions(self.names, args))

    def _input(self, index: int, args: tuple) -> str:
        """Return code that makes the input."""
        if self.exercise.apply is not plain_call or not self.number:
            short = f"{self.exercise.function}({', '.join(self._named(args))})"
            return short if not self.number else f'{short}; its arguments: case("{self.number}", {index})'
        code = [_code(value) for value in args]
        if None not in code and sum(map(len, code)) <= 120:
            return f"{self.exercise.function}({', '.join(code)})"
        about = ", ".join(f"{name}: {_shown(value)}" for name, value in zip(self.names, args, strict=False))
        return f'{self.exercise.function}(*case("{self.number}", {index})), where {about}'

    def _named(self, args: tuple) -> list[str]:
        """Return the arguments as shown: of more than five, the settings behind the last array with their names."""
        shown = list(map(_shown, args))
        for i in reversed(range(len(args) if len(args) > 5 else 0)):
            if not isinstance(args[i], bool | int | float):
                break
            shown[i] = f"{self.names[i]}={shown[i]}"
        return shown

    def _entry(self, place: tuple[int, ...]) -> str:
        named = zip(self.exercise.axes, place, strict=True) if len(self.exercise.axes) == len(place) else ()
        return ", ".join([f"{axis} {i}" for axis, i in named] or map(str, place))

    def _difference(self, want: Any, result: Any, fault: Fault) -> list[tuple[str, str]]:
        w, g = parts_of(want), parts_of(result, like=want)
        if isinstance(result, Failed):
            return [("expected", _shown(want))]
        if fault.stage in ("value", "finite") and fault.part < min(len(w), len(g)):
            a, b = _tidy(w[fault.part]), _tidy(g[fault.part])
            where = self._part_name(fault.part) + ", " if len(w) > 1 else ""
            if fault.place is not None:
                where += f"entry [{self._entry(fault.place)}]: "
                small = a.size <= 12
                lines = [("first difference", where + _pair(a[fault.place], b[fault.place]))]
                return lines + ([("expected", _shown(a)), ("got", _shown(b))] if small and len(w) == 1 else [])
            return [("there", where + _pair(a, b))]
        return [("one right answer" if self.exercise.many else "expected", _shown(want)), ("got", _shown(result))]


def _near_enough(want: list, got: list, tolerance: float) -> bool:
    """Return whether all agree: the error relative to large numbers, and to each part's largest of small ones."""
    if len(want) != len(got):
        return False
    for w, g in zip(want, got, strict=True):
        if w.shape != g.shape or g.dtype.kind not in "iuf" or w.dtype.kind not in "iuf":
            if w.shape == g.shape and w.dtype.kind == g.dtype.kind == "b" and np.array_equal(w, g):
                continue
            return False
        w, g = w.astype(float), g.astype(float)
        if not np.array_equal(np.isfinite(w), np.isfinite(g)) or np.any(w[~np.isfinite(w)] != g[~np.isfinite(w)]):
            return False
        w, g = w[np.isfinite(w)], g[np.isfinite(w)]
        scale = min(1.0, max(0.1, np.abs(w).max(initial=0)))
        if np.any(np.abs(w - g) > tolerance * np.maximum(np.abs(w), scale)):
            return False
    return True


def _single(want: list, got: list) -> bool:
    """Return whether all agree to the digits of single precision."""
    return _near_enough(want, got, SINGLE)


def argument_names(exercise: Exercise, answer: Callable) -> list[str]:
    """Return the reader's own names for the arguments, or, where their function takes any, the book's."""
    for function in (answer, exercise.expected):
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            continue
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(names) >= len(exercise.cases[0]):
            return names[: len(exercise.cases[0])]
    return [f"argument {i + 1}" for i in range(len(exercise.cases[0]))]


# The words


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


def _pair(want: Any, got: Any) -> str:
    """Return two numbers with enough digits to be told apart."""
    for digits in range(6, 18):
        w, g = f"{want:.{digits}g}", f"{got:.{digits}g}"
        if w != g:
            break
    return f"expected {w}, got {g}"


def _tidy(values: np.ndarray) -> np.ndarray:
    """Return the numbers with 0 for what is mere rounding."""
    return np.where(np.abs(values) < 1e-15, 0.0, values) if values.dtype.kind == "f" else values


def _code(value: Any) -> str | None:
    """Return Python that makes a small value, or None."""
    if isinstance(value, bool | int | float | str | None):
        return repr(value)
    if isinstance(value, np.ndarray) and value.size <= 24 and value.dtype.kind in "bif":
        return f"np.array({value.tolist()!r})"
    if type(value).__module__ == "torch" and hasattr(value, "tolist") and value.numel() <= 24:
        kind = ", dtype=torch.float64" if str(value.dtype) == "torch.float64" else ""
        return f"torch.tensor({value.tolist()!r}{kind})"
    if isinstance(value, list | tuple) and len(value) <= 12:
        parts = [_code(part) for part in value]
        if None not in parts:
            return f"[{', '.join(parts)}]" if isinstance(value, list) else f"({', '.join(parts)},)"
    return None


def _listed(numbers: Any) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(map(_listed, numbers))}]"
    return f"{numbers:.6g}" if isinstance(numbers, float) else str(numbers)


def _shown(value: Any) -> str:
    """Return a value as a reader would type it, shortened."""
    try:
        if isinstance(value, tuple):
            return "(" + ", ".join(map(_shown, value)) + ")"
        if callable(value) and hasattr(value, "__name__"):
            return value.__name__
        (array,) = parts_of(value)
        if array.dtype.kind not in "biuf":
            return (
                repr(value)[:60] if isinstance(value, (str, list, dict, complex, type(None))) else type(value).__name__
            )
        if array.size > 12:
            return f"array of shape {array.shape}"
        return _listed(array.tolist())
    except Exception:
        return type(value).__name__
