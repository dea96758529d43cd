"""Why an answer's values are what they are: which mistake, or which change of the right function, gives the same.

An explanation is offered only when it reproduces every value that the answer gave, so what it says of the values is
true. The searching goes from the plain to the far-fetched: the exercise's own misconceptions, a sign or a factor, an
argument that was left out or exchanged, two of these at once, and at last where the values begin to differ.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from trpobook.exercises.compare import agree, near, parts_of

BUDGET = 2.0  # seconds
TWO = "two things at once"
Parts = list[np.ndarray]
Function = Callable[..., Any]


class Tried(NamedTuple):
    """One input: the arguments, the right parts, the answer's parts, and whether they agree."""

    args: tuple[Any, ...]
    want: Parts
    got: Parts
    right: bool


class Explained(NamedTuple):
    """A change of the right function: in words, its values for some arguments, and the terms that it changes."""

    words: str
    values: Callable[[tuple[Any, ...]], Parts]
    terms: frozenset[str] = frozenset()


class Search:
    """The search for what explains one answer.

    Args:
        right, misconceptions, apply: as in `Exercise`.
        names: of the arguments.
        tried: the inputs, each with what came of it.
        tolerance: as in `Exercise`; explanations are compared to a part in a million at least.
        part: the one member of a tuple that is looked at, or None for all.
        depth: 0 for the exercise's misconceptions; 1 for a sign and a factor too; 2 for changed arguments; 3 for all;
            4 for where the values differ as well, when nothing says why.
    """

    def __init__(
        self,
        right: Function,
        misconceptions: Sequence[tuple[str, Function]],
        apply: Callable[..., Any],
        names: Sequence[str],
        tried: Sequence[Tried],
        tolerance: float,
        part: int | None = None,
        depth: int = 4,
    ):
        self.right, self.misconceptions, self.apply, self.names = right, misconceptions, apply, names
        self.part, self.depth = part, depth
        loose = any(each.right and not agree(each.want, each.got, tolerance) for each in tried)
        single = any(part.dtype in (np.float32, np.float16) for each in tried for part in each.got)
        self.tolerance = max(tolerance, 1e-5 if loose or single else 1e-6)
        self.tried = [each for each in tried if _comparable(each.got)]
        wrong = [each for each in self.tried if not each.right and not agree(each.want, each.got, tolerance)]
        self.first = min(wrong, key=lambda each: _size(each.args), default=None)
        self.deadline = time.perf_counter() + BUDGET
        self.left_out = 0  # inputs that the last explanation says nothing of

    @classmethod
    def by_parts(cls, names: Sequence[str], *rest: Any, tried: Sequence[Tried], **more: Any) -> str | None:
        """Explain each wrong part of a tuple by itself; None when one of them can't be.

        A misconception that gives all parts has been looked for before. One that gives this part makes other parts
        wrong than the answer has: it is said as what it is, a mistake of which this part would come out so.
        """
        found = []
        for part, name in enumerate(names):
            alone = [
                Tried(each.args, each.want[part : part + 1], each.got[part : part + 1], False)
                for each in tried
                if len(each.got) == len(each.want)
            ]
            tolerance = more["tolerance"]
            alone = [each._replace(right=agree(each.want, each.got, tolerance)) for each in alone]
            if all(each.right for each in alone):
                continue
            words = cls(*rest, tried=alone, part=part, **more).explanation()
            if words is None:
                return None
            found.append((name, words))
        kinds = list(dict.fromkeys(words for _, words in found))
        if len(kinds) == 1 and len(found) > 1:
            return kinds[0]
        misconceptions = {words for words, _ in rest[1]}
        if len(found) == 1 < len(names) and kinds[0] in misconceptions:
            return f"{found[0][0]} alone is wrong, as this mistake would make it: {kinds[0]}"
        each = "; ".join(words if name in words else f"{name}: {words}" for name, words in found)
        return f"taken one by one, {each}" if misconceptions & {*kinds} else each or None

    def explanation(self) -> str | None:
        """Return the first explanation that reproduces all values, or None."""
        if self.first is None:
            return None
        for found in self._in_order():
            if time.perf_counter() > self.deadline:
                return None
            if found is not None:
                return found
        return None

    def _in_order(self) -> Iterator[str | None]:
        own = [
            Explained(words, self._of(mistaken), getattr(mistaken, "terms", frozenset()))
            for words, mistaken in self.misconceptions
        ]
        base = Explained("", self._after(lambda args: args))
        changed = [
            Explained(words, self._finitely(self._after(change)))
            for words, change in changes_of(self.first.args, self.names)
        ]
        yield from (each.words for each in own if self._reproduces(each))
        if self.depth == 0:
            return
        yield self._factor(base)
        if self.depth == 1:
            return
        yield from (each.words for each in changed if self._reproduces(each))
        if self.depth == 2:
            return
        yield from self._rearranged(base)
        yield from self._two_of(base, own)
        yield from (f"{TWO}: {each.words}; and besides, {found}" for each in own if (found := self._factor(each)))
        yield from (f"{each.words}; and besides, {found}" for each in changed if (found := self._factor(each)))
        yield from self._twice_changed(own, changed)
        if self.depth == 4:
            yield self._where()

    # What is compared

    def _of(self, mistaken: Function) -> Callable[[tuple[Any, ...]], Parts]:
        return self._after(lambda args: args, mistaken)

    def _after(
        self, change: Callable[[tuple[Any, ...]], tuple[Any, ...]], function: Function | None = None
    ) -> Callable[[tuple[Any, ...]], Parts]:
        """Return the values of a function, the right one unless given, after a change of its arguments."""

        def values(args: tuple[Any, ...]) -> Parts:
            given = copy.deepcopy(change(args))
            result = self.right(*given) if function is None else self.apply(function, *given)
            parts = parts_of(result)
            return parts if self.part is None else parts[self.part :][:1]

        return values

    @staticmethod
    def _finitely(function: Callable[[tuple[Any, ...]], Parts]) -> Callable[[tuple[Any, ...]], Parts]:
        """Return the function without its values that aren't finite: a changed argument may lead to any of those."""

        def values(args: tuple[Any, ...]) -> Parts:
            with np.errstate(invalid="raise"):  # before LAPACK is given a NaN, and says so aloud
                parts = function(args)
            if not _finite(parts):
                raise ArithmeticError
            return parts

        return values

    def _reproduces(self, each: Explained) -> bool:
        """Return whether the values are the answer's on all inputs, but those where the answer isn't finite."""
        if not self._like_the_first(each):
            return False
        compared = explained = self.left_out = 0
        for one in self.tried:
            values = _quietly(each.values, one.args)
            if not _finite(one.got) and _finite(one.want) and (values is None or _finite(values)):
                self.left_out += 1  # a corner that the answer doesn't master, whatever else it does
                continue
            if values is None or not agree(values, one.got, self.tolerance):
                return False
            compared += 1
            explained += not agree(one.want, one.got, self.tolerance)
        return compared >= min(2, len(self.tried)) and explained > 0

    def _like_the_first(self, each: Explained) -> bool:
        first = self.first
        if not _finite(first.got) and _finite(first.want):
            first = next((one for one in self.tried if not one.right and _finite(one.got)), first)
        values = _quietly(each.values, first.args)
        return values is not None and agree(values, first.got, self.tolerance)

    # A sign, a factor

    def _factor(self, each: Explained) -> str | None:
        """Say by which one factor all values are too large, or by which factor of its own each input's are."""
        ratios: list[tuple[Tried, float]] = []
        for one in [self.first, *self.tried]:
            values = _quietly(each.values, one.args)
            if values is None or not _finite(one.got):
                return None
            if (ratio := _ratio(values, one.got, self.tolerance)) is None:
                return None
            if not math.isnan(ratio):
                ratios.append((one, ratio))
        numbers = [ratio for _, ratio in ratios[1:]]
        if len(numbers) < min(2, len(self.tried)) or max(abs(ratio - 1) for ratio in numbers) < 1e-7:
            return None
        if max(numbers) - min(numbers) <= 1e-7 * abs(numbers[0]):
            return _constant_factor(numbers[0]) if _numbers(self.tried) > 1 else None
        if len(numbers) < 3:
            return None
        for words, factor in factors_of(self.first.args, self.names):
            if all(_close(_number(factor, one.args), ratio) for one, ratio in ratios):
                return f"every value is {words}"
        return None

    # Rearranged, or passed through a function

    def _rearranged(self, base: Explained) -> Iterator[str | None]:
        for words, change in REARRANGED:
            each = Explained(
                words, lambda args, change=change: [change(part) for part in _numbers_of(base.values(args))]
            )
            if self._reproduces(each):
                yield words
        yield self._offset()

    def _offset(self) -> str | None:
        """Say by what all values are off, where that is one number, or an argument."""
        offsets = []
        for one in self.tried:
            if len(one.want) != 1 or one.want[0].shape != one.got[0].shape or not _finite(one.got + one.want):
                return None
            offsets.append(one.got[0].astype(float) - one.want[0])
        first = offsets[0].flat[0] if offsets[0].size else 0.0
        if all(np.all(np.abs(o - first) < 1e-7) for o in offsets) and abs(first) > 1e-7 and _numbers(self.tried) > 3:
            return f"every value is off by {first:+.6g}"
        for i, name in enumerate(self.names):
            for sign, size in ((1, "large"), (-1, "small")):
                if all(_is_argument(sign * o, one.args, i) for o, one in zip(offsets, self.tried, strict=True)):
                    return f"every value is too {size} by `{name}`"
        return None

    # Two at once

    def _two_of(self, base: Explained, own: list[Explained]) -> Iterator[str | None]:
        """Two misconceptions, each in a term of its own: their errors add up."""
        known: dict[tuple[int, int], Parts] = {}

        def of(each: Explained, args: tuple[Any, ...]) -> Parts:
            key = id(each), id(args)
            if key not in known:
                known[key] = each.values(args)
            return known[key]

        values = [(each, _quietly(each.values, self.first.args)) for each in own]
        values = [(each, v) for each, v in values if v is not None and _same_shapes(v, self.first.want)]
        values = [(each, v) for each, v in values if not each.words.startswith(TWO)]
        for (one, v), (two, u) in itertools.combinations(values, 2):
            if time.perf_counter() > self.deadline:
                return
            if one.terms & two.terms:  # two versions of one term can't stand in it together
                continue
            if agree(_sum_of_errors(self.first.want, v, u), self.first.got, self.tolerance):
                both = Explained(
                    f"{TWO}: {one.words}; and {two.words}",
                    lambda args, one=one, two=two: _sum_of_errors(of(base, args), of(one, args), of(two, args)),
                )
                if self._reproduces(both):
                    yield both.words

    def _twice_changed(self, own: list[Explained], changed: list[Explained]) -> Iterator[str | None]:
        slips = "changed places", "in the place of", "is it read?", "= 1: is it left out?", "+ 1 in", "− 1 in"
        pairs = [pair for pair in changes_of(self.first.args, self.names) if any(slip in pair[0] for slip in slips)]
        for words, mistaken in self.misconceptions:
            for other, change in pairs:
                each = Explained(f"{TWO}: {words}; and {other}", self._finitely(self._after(change, mistaken)))
                if self._reproduces(each):
                    yield each.words
                if time.perf_counter() > self.deadline:
                    return
        for (words, change), (other, second) in itertools.combinations(pairs, 2):
            both = self._after(lambda args, a=change, b=second: b(a(args)))
            each = Explained(f"{words}; and {other}", self._finitely(both))
            if self._reproduces(each):
                yield each.words
            if time.perf_counter() > self.deadline:
                return

    # Where

    def _where(self) -> str | None:
        """Say for which inputs, or at which entries, the values differ, where that has a pattern."""
        return self._which_inputs() or self._which_entries()

    def _which_inputs(self) -> str | None:
        wrong, right = ([each for each in self.tried if each.right == kind] for kind in (False, True))
        if len(right) < 2 or len(wrong) < 2:
            return None
        for i, name in enumerate(self.names):
            for words, test in CONDITIONS:
                if all(_holds(test, e.args, i) for e in wrong) and not any(_holds(test, e.args, i) for e in right):
                    return f"right for every other input, wrong where `{name}` {words}"
        kinds = [{repr(e.args[i]) for e in self.tried if i < len(e.args)} for i in range(len(self.names))]
        for i, name in enumerate(self.names):
            if len(kinds[i]) > 6 or not all(isinstance(e.args[i], str | bool | int | float | None) for e in self.tried):
                continue
            bad, good = ([repr(e.args[i]) for e in group] for group in (wrong, right))
            if min(map((bad + good).count, bad + good)) < 2:
                continue
            bad, good = set(bad), set(good)
            if not bad & good:
                return f"right for {name} = {', '.join(sorted(good))}, wrong for {', '.join(sorted(bad))}"
        return None

    def _which_entries(self) -> str | None:
        faults = []
        for one in self.tried:
            for w, g in zip(one.want, one.got, strict=False):
                if w.shape != g.shape:
                    return None
                if w.ndim and w.size > 1:
                    faults.append((one, ~near(w, g, self.tolerance)))
        if not faults or all(wrong.all() for _, wrong in faults if wrong.any()):
            return None
        for words, allowed in (
            ("only the last entry is wrong", lambda wrong: wrong[-1:] if wrong.ndim == 1 else wrong[:0]),
            ("only the first entry is wrong", lambda wrong: wrong[:1] if wrong.ndim == 1 else wrong[:0]),
            ("only the last row is wrong", lambda wrong: wrong[-1:] if wrong.ndim > 1 else wrong[:0]),
            ("only the first row is wrong", lambda wrong: wrong[:1] if wrong.ndim > 1 else wrong[:0]),
            ("only the diagonal is wrong", lambda wrong: np.diagonal(wrong) if _square(wrong) else wrong[:0]),
            (
                "only the diagonal is right",
                lambda wrong: wrong[~np.eye(len(wrong), dtype=bool)] if _square(wrong) else wrong[:0],
            ),
            ("only the last column is wrong", lambda wrong: wrong[..., -1] if wrong.ndim > 1 else wrong[:0]),
            ("only the first column is wrong", lambda wrong: wrong[..., 0] if wrong.ndim > 1 else wrong[:0]),
        ):
            if all(allowed(wrong).sum() == wrong.sum() for _, wrong in faults):
                return words
        for i, name in enumerate(self.names):
            for words, mask in ENTRIES:
                if all(_within(wrong, mask, one.args, i) for one, wrong in faults) and any(
                    not mask(_array_of(one.args, i)).all() for one, _ in faults
                ):
                    return f"wrong only where {words.format(name)}"
        return None


# Changes of the arguments


def changes_of(
    args: tuple[Any, ...], names: Sequence[str]
) -> list[tuple[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]]:
    """Return (words, change of the arguments) for what a reader leaves out, exchanges or takes for something else."""
    found = []

    def change(i: int, words: str, function: Callable[[Any], Any]) -> None:
        def changed(given: tuple[Any, ...]) -> tuple[Any, ...]:
            new = function(copy.deepcopy(given[i]))
            if _numeric(new) and not _finite(parts_of(new)):
                raise ArithmeticError
            return (*given[:i], new, *given[i + 1 :])

        found.append((f"your values are those for {words}", changed))

    for i, (name, value) in enumerate(zip(names, args, strict=False)):
        for words, function in _changes_of_one(f"`{name}`", value):
            change(i, words, function)
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                for words, function in _changes_of_one(f"`{name}.{field.name}`", getattr(value, field.name)):
                    change(i, words, lambda given, f=function, n=field.name: _replaced(given, n, f))
    for i, j in itertools.combinations(range(min(len(names), len(args))), 2):
        if _alike(args[i], args[j]):
            one, two = names[i], names[j]

            def swap(given: tuple[Any, ...], i: int = i, j: int = j) -> tuple[Any, ...]:
                new = list(given)
                new[i], new[j] = given[j], given[i]
                return tuple(new)

            found.append((f"`{one}` and `{two}` have changed places", swap))
            for target, source, words in (
                (i, j, f"`{two}` in the place of `{one}`"),
                (j, i, f"`{one}` in the place of `{two}`"),
            ):
                found.append(
                    (
                        f"your values are those with {words}, everywhere",
                        lambda given, t=target, s=source: (*given[:t], copy.deepcopy(given[s]), *given[t + 1 :]),
                    )
                )
    return found


def _replaced(world: Any, name: str, function: Callable[[Any], Any]) -> Any:
    """Return a dataclass with one of its fields changed; a discount stays below 1, or sums would not end."""
    new = function(getattr(world, name))
    if name == "gamma" and not 0 <= new < 1:
        raise ArithmeticError
    return dataclasses.replace(world, **{name: new})


def _changes_of_one(name: str, value: Any) -> Iterator[tuple[str, Callable[[Any], Any]]]:
    if isinstance(value, bool):
        yield f"not {name}", lambda x: not x
    elif isinstance(value, int | np.integer):
        yield f"{name} + 1 in place of {name}", lambda x: x + 1
        yield f"{name} − 1 in place of {name}", lambda x: x - 1
    elif isinstance(value, float | np.floating):
        yield f"{name} = 1: is it left out?", lambda x: 1.0
        yield f"{name} = 0: is it left out?", lambda x: 0.0
        yield f"{name}² in place of {name}", lambda x: x * x
        yield f"√{name} in place of {name}", math.sqrt
        yield f"1 − {name} in place of {name}", lambda x: 1 - x
        yield f"1/{name} in place of {name}", lambda x: 1 / x
        yield f"−{name} in place of {name}", lambda x: -x
        yield f"2·{name} in place of {name}", lambda x: 2 * x
        yield f"{name}/2 in place of {name}", lambda x: x / 2
    elif _numeric(value):
        kind = str(value.dtype).replace("torch.", "")
        if kind == "bool":
            yield f"{name} = False throughout: is it read?", lambda x: x & ~x
            yield f"{name} = True throughout: is it read?", lambda x: x | ~x
            yield f"not {name}", lambda x: ~x
        elif kind.startswith("float") and value.ndim:
            yield f"{name} = 0 throughout: is it left out?", lambda x: x * 0
            yield f"{name} = 1 throughout: is it left out?", lambda x: x * 0 + 1
            yield f"−{name} in place of {name}", lambda x: -x
            yield f"|{name}| in place of {name}", abs
            yield f"{name} divided by its sum", lambda x: x / x.sum()
            yield f"{name} less its mean", lambda x: x - x.mean()
            yield f"the mean of {name} in place of each entry", lambda x: x * 0 + x.mean()
            yield f"{name} backwards", lambda x: x[::-1].copy() if isinstance(x, np.ndarray) else x.flip(0)
            yield f"{name} squared", lambda x: x * x
            if value.ndim == 2:
                yield f"each row of {name} uniform", lambda x: x * 0 + x.mean(-1, keepdims=True)
                if value.shape[0] == value.shape[1]:
                    yield f"{name} transposed", lambda x: x.T
            if value.ndim == 1:
                yield f"{name} shifted by one place", lambda x: np.roll(x, 1)
                yield f"{name} shifted by one place, the other way", lambda x: np.roll(x, -1)
                yield f"{name} sorted", lambda x: np.sort(x)


def _numeric(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "sum")


def _alike(a: Any, b: Any) -> bool:
    if _numeric(a) and _numeric(b):
        return tuple(a.shape) == tuple(b.shape) and a.dtype == b.dtype and len(a.shape) > 0
    return type(a) is type(b) and isinstance(a, int | float) and not isinstance(a, bool)


# Factors


def factors_of(args: tuple[Any, ...], names: Sequence[str]) -> Iterator[tuple[str, Callable[[tuple[Any, ...]], float]]]:
    """Yield (words, the factor for some arguments): powers of numbers, lengths of arrays."""
    for words, value in _quantities(args, names):
        yield f"{words} times the expected one", value
        yield f"the expected one divided by {words}", lambda a, v=value: 1 / v(a)
        yield f"1 − {words} times the expected one", lambda a, v=value: 1 - v(a)
        yield f"the expected one divided by 1 − {words}", lambda a, v=value: 1 / (1 - v(a))
        yield f"the square of {words} times the expected one", lambda a, v=value: v(a) ** 2
        yield f"the expected one divided by the square of {words}", lambda a, v=value: v(a) ** -2
        yield f"the square of 1 − {words} times the expected one", lambda a, v=value: (1 - v(a)) ** 2
        yield f"the expected one divided by the square of 1 − {words}", lambda a, v=value: (1 - v(a)) ** -2
        yield f"the root of {words} times the expected one", lambda a, v=value: v(a) ** 0.5
        yield f"the expected one divided by the root of {words}", lambda a, v=value: v(a) ** -0.5
        yield f"{words} − 1 times the expected one", lambda a, v=value: v(a) - 1
        yield f"n/(n − 1) times the expected one, n = {words}", lambda a, v=value: v(a) / (v(a) - 1)
        yield f"(n − 1)/n times the expected one, n = {words}", lambda a, v=value: (v(a) - 1) / v(a)


def _quantities(
    args: tuple[Any, ...], names: Sequence[str]
) -> Iterator[tuple[str, Callable[[tuple[Any, ...]], float]]]:
    for i, (name, value) in enumerate(zip(names, args, strict=False)):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f"`{name}`", lambda a, i=i: float(a[i])
        elif _numeric(value) and len(value.shape):
            for axis in range(len(value.shape)):
                what = (
                    "length",
                    ("number of rows", "number of columns")[min(axis, 1)],
                    f"length of axis {axis}",
                )[min(len(value.shape), 3) - 1]
                yield f"the {what} of `{name}`", lambda a, i=i, axis=axis: float(a[i].shape[axis])
            yield f"the sum of `{name}`", lambda a, i=i: float(a[i].sum())
            yield f"the length (norm) of `{name}`", lambda a, i=i: float((abs(a[i]) ** 2).sum() ** 0.5)
            yield f"the largest entry of `{name}`", lambda a, i=i: float(a[i].max())
        elif dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                inner = getattr(value, field.name)
                if isinstance(inner, float | int) and not isinstance(inner, bool):
                    yield f"`{name}.{field.name}`", lambda a, i=i, n=field.name: float(getattr(a[i], n))
            if hasattr(value, "reward") and hasattr(value.reward, "shape"):
                yield "the number of states", lambda a, i=i: float(a[i].reward.shape[0])
                yield "the number of actions", lambda a, i=i: float(a[i].reward.shape[1])


def _ratio(values: Parts, got: Parts, tolerance: float) -> float | None:
    """Return c where got = c·values, NaN where both are 0 throughout, None where there is no such c."""
    if not _same_shapes(values, got) or not _finite(values):
        return None
    v, g = (np.concatenate([np.asarray(part, float).ravel() for part in parts]) for parts in (values, got))
    usable = np.abs(v) > 1e-9
    if not usable.any():
        return math.nan if np.all(np.abs(g) <= 1e-9) else None
    ratio = float(np.median(g[usable] / v[usable]))
    fits = bool(near(ratio * v, g, max(tolerance, 1e-8)).all())
    return ratio if fits and abs(ratio) > 1e-9 else None


def _constant_factor(factor: float) -> str | None:
    if abs(factor + 1) < 1e-7:
        return "the sign is wrong: every value is the expected one's negative"
    names = {
        2.0: "twice",
        0.5: "half",
        4.0: "four times",
        0.25: "a quarter of",
        3.0: "three times",
        1 / 3: "a third of",
    }
    names |= {1 / math.log(2): "1/ln 2 = 1.4427 times (base 2 instead of e)", math.log(2): "ln 2 times"}
    names |= {
        1 / math.log(10): "1/ln 10 = 0.4343 times (base 10 instead of e)",
        math.sqrt(2): "√2 times",
        math.sqrt(0.5): "1/√2 times",
    }
    name = next((name for value, name in names.items() if abs(abs(factor) - value) < 1e-6), f"{abs(factor):.6g} times")
    return f"every value is {'minus ' if factor < 0 else ''}{name} the expected one"


def _number(factor: Callable[[tuple[Any, ...]], float], args: tuple[Any, ...]) -> float:
    try:
        return factor(args)
    except (ArithmeticError, ValueError):
        return math.nan


def _close(a: float, b: float) -> bool:
    return isinstance(a, float) and math.isfinite(a) and abs(a - b) <= 1e-6 * abs(b)


# Rearrangements: of each part of a result


def _if_ndim(at_least: int, function: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: function(x) if x.ndim >= at_least else x


def _square(x: np.ndarray) -> bool:
    return x.ndim == 2 and x.shape[0] == x.shape[1]


REARRANGED: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
    ("every value has lost its sign: |·| of the expected one", np.abs),
    ("values below 0 have become 0", lambda x: np.maximum(x, 0)),
    ("values above 0 have become 0", lambda x: np.minimum(x, 0)),
    ("every value is e to the power of the expected one", np.exp),
    ("every value is the logarithm of the expected one", np.log),
    ("every value is the square of the expected one", np.square),
    ("every value is the square root of the expected one", np.sqrt),
    ("every value is 1 divided by the expected one", lambda x: 1 / x),
    ("every value is 1 minus the expected one", lambda x: 1 - x),
    ("every value is rounded to a whole number", np.round),
    ("every value is rounded down to a whole number", np.floor),
    ("the order is reversed: the first entry stands last", _if_ndim(1, lambda x: x[::-1])),
    ("the columns are in reversed order", _if_ndim(2, lambda x: x[..., ::-1])),
    ("rows and columns have changed places", lambda x: x.T),
    ("every value stands one place too late", _if_ndim(1, lambda x: np.roll(x, 1, axis=0))),
    ("every value stands one place too early", _if_ndim(1, lambda x: np.roll(x, -1, axis=0))),
    ("one place too late, with a 0 in front", _if_ndim(1, lambda x: np.concatenate([x[:1] * 0, x[:-1]]))),
    ("one place too early, with a 0 at the end", _if_ndim(1, lambda x: np.concatenate([x[1:], x[:1] * 0]))),
    ("the values are sorted", _if_ndim(1, lambda x: np.sort(x, axis=-1))),
    ("you have the running sums of the expected values", _if_ndim(1, lambda x: np.cumsum(x, axis=0))),
    ("you have the running sums of the expected values, along each row", _if_ndim(2, lambda x: np.cumsum(x, axis=-1))),
    ("your values are divided by their sum", lambda x: x / x.sum()),
    ("each row is divided by its sum", _if_ndim(2, lambda x: x / x.sum(-1, keepdims=True))),
    ("the mean has been taken off your values", _if_ndim(1, lambda x: x - x.mean())),
    ("the mean of its row has been taken off each value", _if_ndim(2, lambda x: x - x.mean(-1, keepdims=True))),
    ("your values are standardised: mean 0, standard deviation 1", _if_ndim(1, lambda x: (x - x.mean()) / x.std())),
    ("your values are divided by the largest", _if_ndim(1, lambda x: x / x.max())),
    ("your values are divided by their length (norm)", _if_ndim(1, lambda x: x / np.linalg.norm(x))),
    ("you have the mean of the expected values", lambda x: x.mean()),
    ("you have the sum of the expected values: leave them apart", lambda x: x.sum()),
    ("you have the mean along each row", _if_ndim(2, lambda x: x.mean(-1))),
    ("you have the sum along each row", _if_ndim(2, lambda x: x.sum(-1))),
    ("you have the mean along each column", _if_ndim(2, lambda x: x.mean(0))),
    ("you have the sum along each column", _if_ndim(2, lambda x: x.sum(0))),
    ("you have the first of the expected values alone", _if_ndim(1, lambda x: x[0])),
    ("you have the last of the expected values alone", _if_ndim(1, lambda x: x[-1])),
    ("you have the largest of the expected values alone", _if_ndim(1, lambda x: x.max())),
    ("the last entry is missing", _if_ndim(1, lambda x: x[:-1])),
    ("the first entry is missing", _if_ndim(1, lambda x: x[1:])),
    ("there is one entry too many, a 0 at the end", _if_ndim(1, lambda x: np.concatenate([x, x[:1] * 0]))),
    ("there is one entry too many, a 0 in front", _if_ndim(1, lambda x: np.concatenate([x[:1] * 0, x]))),
    ("there is an axis too many, of length 1", lambda x: x[..., None]),
    ("there is an axis too many, of length 1, in front", lambda x: x[None]),
    ("your array is flat: keep the rows apart", _if_ndim(2, np.ravel)),
    ("all is 0", np.zeros_like),
]


# Where the values differ


def _array_of(args: tuple[Any, ...], i: int) -> np.ndarray | None:
    value = args[i] if i < len(args) else None
    if not _numeric(value):
        return None
    return parts_of(value)[0]


def _holds(test: Callable[[np.ndarray], bool], args: tuple[Any, ...], i: int) -> bool:
    value = args[i] if i < len(args) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = np.asarray(value)
    array = parts_of(value)[0] if _numeric(value) else None
    return array is not None and array.dtype.kind in "biuf" and array.size > 0 and bool(test(array))


CONDITIONS: list[tuple[str, Callable[[np.ndarray], bool]]] = [
    ("holds a 0", lambda x: x.dtype.kind == "f" and np.any(x == 0)),
    ("holds a True", lambda x: x.dtype.kind == "b" and np.any(x)),
    ("holds a negative number", lambda x: x.dtype.kind == "f" and np.any(x < 0)),
    ("is negative", lambda x: x.ndim == 0 and x < 0),
    ("has more than one axis", lambda x: x.ndim > 1),
    ("has more than two axes", lambda x: x.ndim > 2),
    ("has a single entry", lambda x: x.size == 1),
    ("holds equal entries", lambda x: x.ndim == 1 and len(np.unique(x)) < x.size),
    ("is the same everywhere", lambda x: x.size > 1 and np.ptp(x.astype(float)) < 1e-12),
    ("is infinite somewhere", lambda x: x.dtype.kind == "f" and np.any(np.isinf(x))),
]
ENTRIES: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
    ("`{}` is True", lambda x: x if x.dtype.kind == "b" else x != x),
    ("`{}` is False", lambda x: ~x if x.dtype.kind == "b" else x != x),
    ("`{}` is 0", lambda x: x == 0 if x.dtype.kind == "f" else x != x),
    ("`{}` is negative", lambda x: x < 0 if x.dtype.kind == "f" else x != x),
    ("`{}` is positive", lambda x: x > 0 if x.dtype.kind == "f" else x != x),
    ("`{}` is above 1", lambda x: x > 1 if x.dtype.kind == "f" else x != x),
    ("`{}` is below 1", lambda x: x < 1 if x.dtype.kind == "f" else x != x),
]


def _within(wrong: np.ndarray, mask: Callable[[np.ndarray], np.ndarray], args: tuple[Any, ...], i: int) -> bool:
    array = _array_of(args, i)
    if array is None or array.shape != wrong.shape or array.dtype.kind not in "biuf":
        return False
    return not np.any(wrong & ~mask(array))


def _is_argument(offset: np.ndarray, args: tuple[Any, ...], i: int) -> bool:
    value = args[i] if i < len(args) else None
    if isinstance(value, float):
        value = np.full(offset.shape, value)
    array = parts_of(value)[0] if _numeric(value) else None
    if array is None or array.shape != offset.shape or array.dtype.kind not in "iuf":
        return False
    return bool(near(array, offset, 1e-8).all()) and bool(np.any(array != 0))


# Small helps


def _quietly(function: Callable[[tuple[Any, ...]], Parts], args: tuple[Any, ...]) -> Parts | None:
    try:
        return function(args)
    except Exception:  # a changed argument may be none that the function can take
        return None


def _comparable(parts: Parts) -> bool:
    return all(part.dtype.kind in "biuf" for part in parts)


def _finite(parts: Parts) -> bool:
    return all(part.dtype.kind in "biuf" and bool(np.isfinite(part).all()) for part in parts)


def _numbers_of(parts: Parts) -> Parts:
    """Return the parts; raise where one is True or False, which is no number to calculate with."""
    if any(part.dtype.kind == "b" for part in parts):
        raise ArithmeticError
    return parts


def _same_shapes(one: Parts, other: Parts) -> bool:
    return len(one) == len(other) and all(a.shape == b.shape for a, b in zip(one, other, strict=True))


def _sum_of_errors(want: Parts, v: Parts, u: Parts) -> Parts:
    return [a.astype(float) + b - w for w, a, b in zip(want, v, u, strict=True)]


def _numbers(tried: Sequence[Tried]) -> int:
    return len({float(x) for one in tried for part in one.want for x in np.asarray(part, float).ravel()[:50]})


def _size(args: tuple[Any, ...]) -> int:
    return sum(int(np.prod(value.shape)) if _numeric(value) else 1 for value in args)
