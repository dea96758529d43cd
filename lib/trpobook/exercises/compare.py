"""An answer's values beside the right ones: in parts, as arrays, and the first thing that differs."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

SINGLE = 4e-6  # errors up to this, of numbers about 1, are those of single precision
ROUGHLY = 1e-3


class Fault(NamedTuple):
    """What is wrong with one result: at which stage it was found, in words, and where."""

    stage: str
    words: str
    part: int = 0
    place: tuple[int, ...] | None = None


def parts_of(value: Any, like: Any = None) -> list[np.ndarray]:
    """Return a tuple's members, or the value alone, as arrays; what is no array becomes an object array.

    Where `like` is a tuple, a list in its place is taken apart too, and an array of members of one shape.
    """
    if not isinstance(value if like is None else like, tuple):
        return [_array(value)]
    if isinstance(value, tuple | list):
        return [_array(member) for member in value]
    array = _array(value)
    return list(map(np.asarray, array)) if _holds_one_a_part(array, like) else [array]


def _holds_one_a_part(array: np.ndarray, like: Any) -> bool:
    """Return whether an array holds the members of a tuple, one behind the other."""
    return array.ndim > 0 and len(array) == len(like) and all(np.shape(part) == array.shape[1:] for part in like)


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.startswith("torch") and hasattr(value, "detach")


def _array(value: Any) -> np.ndarray:
    try:
        if _is_tensor(value):
            value = value.detach().cpu().resolve_conj().numpy()
        elif isinstance(value, list | tuple) and any(map(_is_tensor, value)):
            value = [_array(member) for member in value]
        return np.asarray(value)
    except Exception:  # a ragged list, a hostile object: reported by its type
        array = np.empty((), dtype=object)
        array[()] = value
        return array


def fault_of(want: list[np.ndarray], got: list[np.ndarray], tolerance: float) -> Fault | None:
    """Return the gravest difference between the right parts and an answer's, or None. NaN equals NaN."""
    if len(want) != len(got):
        return Fault("count", f"return {_counted(len(want), 'value')}, not {len(got)}")
    for stage in (_shape, _kind, _finite, _value):
        for part, (w, g) in enumerate(zip(want, got, strict=True)):
            if fault := stage(w, g, tolerance):
                return fault._replace(part=part)
    return None


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number != 1 else ''}"


def _shape(w: np.ndarray, g: np.ndarray, tolerance: float) -> Fault | None:
    if g.dtype == object and g.shape == () and g.item() is None:
        return Fault("none", "your function returns None: is the return statement missing?")
    if g.dtype.kind in "biufc" and w.shape != g.shape:
        return Fault("shape", f"the shape is wrong: expected {w.shape}, got {g.shape}" + _shape_hint(w, g))
    return None


def _shape_hint(w: np.ndarray, g: np.ndarray) -> str:
    if w.shape == () and g.size > 1:
        return "; one number is asked for"
    if g.shape == () and w.size > 1:
        return "; one number is too few: is something summed over that should stay apart?"
    if g.size == w.size:
        if w.ndim == g.ndim == 2:
            return "; rows and columns have changed places"
        return "; the numbers may be right, their arrangement is not"
    if g.ndim == w.ndim + 1:
        return "; one axis too many: is a sum or a mean over it missing?"
    if g.ndim == w.ndim - 1:
        return "; one axis too few: is something summed over that should stay apart?"
    if g.ndim == w.ndim and all(abs(a - b) <= 1 for a, b in zip(w.shape, g.shape, strict=True)):
        return "; one too many or too few along an axis: where do you begin, and where do you end?"
    return ""


def _kind(w: np.ndarray, g: np.ndarray, tolerance: float) -> Fault | None:
    if g.dtype.kind in "iuf" or g.dtype.kind == w.dtype.kind == "b":
        return None
    kind = type(g.item()).__name__ if g.shape == () else str(g.dtype)
    return Fault("type", f"the type is wrong: expected real numbers, got {kind}")


def _finite(w: np.ndarray, g: np.ndarray, tolerance: float) -> Fault | None:
    for wrong, words in (
        (
            np.isnan(g) & ~np.isnan(w),
            "NaN where a number is expected (0·log 0, 0/0 and ∞ − ∞ give NaN in floating point)",
        ),
        (np.isinf(w) & np.isinf(g) & (w != g), "the infinity has the wrong sign"),
        (
            np.isfinite(g) & np.isinf(w),
            "finite where the true value is infinite: nothing may be clipped or padded here",
        ),
        (np.isinf(g) & (g != w), "infinite where a finite number is expected: is something divided by zero?"),
    ):
        if np.any(wrong):
            return Fault("finite", words, place=_first(wrong))
    return None


def _value(w: np.ndarray, g: np.ndarray, tolerance: float) -> Fault | None:
    wrong = ~near(w, g, tolerance)
    return Fault("value", "the value is wrong", place=_first(wrong)) if np.any(wrong) else None


def _first(wrong: np.ndarray) -> tuple[int, ...] | None:
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else None


def near(w: np.ndarray, g: np.ndarray, tolerance: float) -> np.ndarray:
    """Return where two arrays of one shape agree: the error relative to numbers above 1, absolute below."""
    w, g = np.asarray(w, float), np.asarray(g, float)
    with np.errstate(all="ignore"):
        close = np.isfinite(w) & np.isfinite(g) & (np.abs(w - g) <= tolerance * np.maximum(1, np.abs(w)))
        return (w == g) | (np.isnan(w) & np.isnan(g)) | close


def agree(want: list[np.ndarray], got: list[np.ndarray], tolerance: float) -> bool:
    """Return whether all parts agree in number, shape and value."""
    return len(want) == len(got) and all(
        w.shape == g.shape and w.dtype.kind in "biuf" and g.dtype.kind in "biuf" and bool(near(w, g, tolerance).all())
        for w, g in zip(want, got, strict=True)
    )


def error_of(want: list[np.ndarray], got: list[np.ndarray]) -> float:
    """Return the largest error of parts that agree in shape, relative to numbers above 1."""
    errors = [0.0]
    for w, g in zip(want, got, strict=True):
        w, g = np.asarray(w, float), np.asarray(g, float)
        finite = np.isfinite(w) & np.isfinite(g)
        errors.append(float(np.max(np.abs(w - g)[finite] / np.maximum(1, np.abs(w[finite])), initial=0.0)))
    return max(errors)


def unchanged(before: Any, after: Any) -> bool:
    """Return whether an argument holds the numbers that it held; what can't be compared counts as unchanged."""
    if isinstance(before, tuple | list):
        return len(before) == len(after) and all(map(unchanged, before, after))
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(unchanged(before[key], after[key]) for key in before)
    if isinstance(before, np.ndarray) or _is_tensor(before):
        b, a = _array(before), _array(after)
        return b.shape == a.shape and bool(np.array_equal(b, a, equal_nan=b.dtype.kind == "f"))
    if hasattr(before, "__dataclass_fields__"):
        return all(unchanged(getattr(before, name), getattr(after, name)) for name in before.__dataclass_fields__)
    return True
