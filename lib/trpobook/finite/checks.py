"""What the functions of this book ask of their arguments, each question in one place.

Every check takes the argument's name and returns the argument as an array or a number. What is wrong is a ValueError
that names the argument, what came, and the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

LARGEST = 1e100  # numbers up to this one can be squared, and summed up over ever so many steps, without an overflow
TOLERANCE = 1e-5  # by which probabilities may miss the sum 1: single precision's rounding errors


class Shaped(Protocol):
    """What has a shape: an array, or a tensor."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many entries there are along each axis."""


def require_array(name: str, x: ArrayLike, *, kinds: str = "biuf", what: str = "real numbers") -> np.ndarray:
    """Return x as an array that is not empty and whose dtype is of these kinds.

    Raises: ValueError when it holds anything else, is empty, or its rows differ in length.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{name} is no array: its rows differ in length") from None
    if array.dtype.kind not in kinds:
        raise ValueError(f"{name} holds {array.dtype}; give {what}")
    if array.size == 0:
        raise ValueError(f"{name} is empty, of shape {array.shape}; give at least one number")
    return array


def require_numbers(
    name: str,
    x: ArrayLike,
    shape: tuple[int, ...] | None = None,
    *,
    least: float = -LARGEST,
    most: float = LARGEST,
) -> np.ndarray:
    """Return x as an array of floats, (…) or of the shape that is asked for, all finite and in [least, most].

    Raises: ValueError when x is empty, of another shape, or holds anything but real numbers in this range.
    """
    x = np.asarray(require_array(name, x), float)
    if shape is not None:
        require_shape(name, x, shape)
    if not (x.min() >= least and x.max() <= most):
        raise ValueError(f"{name} {_says(x, (x >= least) & (x <= most))}; give numbers from {least} to {most}")
    return x


def require_axes(name: str, x: np.ndarray, axes: str) -> np.ndarray:
    """Return x, which must have one axis for each of the words in `axes`: "state action" asks for (S, A)."""
    if x.ndim != len(axes.split()):
        raise ValueError(f"{name} has shape {x.shape}; its axes must be: {', '.join(axes.split())}")
    return x


def require_number(name: str, x: float, least: float = -LARGEST, most: float = LARGEST) -> float:
    """Return the single number x, finite and in [least, most].

    Raises: ValueError when x is no real number, NaN, infinite or out of range.
    """
    if type(x) is not float:  # what is left to do for most arguments is the one comparison
        array = require_array(name, x)
        require_shape(name, array, ())
        x = float(array)
    if not least <= x <= most:
        raise ValueError(f"{name} is {x}; it must lie in [{least}, {most}]")
    return x


def require_unit_interval(name: str, x: float) -> float:
    """Return x, a number in [0, 1]: a discount, a share, a probability. Raises: as `require_number`."""
    return require_number(name, x, 0, 1)


def require_positive(name: str, x: float, most: float = LARGEST) -> float:
    """Return x, a number above 0, at most `most`. Raises: as `require_number`."""
    x = require_number(name, x, most=most)
    if not x > 0:
        raise ValueError(f"{name} is {x}; it must be above 0")
    return x


def require_whole(name: str, number: int, least: int = 0) -> int:
    """Return a whole number that is at least `least` and fits in 64 bits.

    Raises: ValueError when it is out of range, or not whole.
    """
    if not isinstance(number, int | np.integer) or not least <= number < 2**63:
        raise ValueError(f"{name} is {number!r}; it must be a whole number, at least {least}")
    return int(number)


def require_indices(name: str, x: ArrayLike, size: int, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return an array of whole numbers from 0 to size − 1, such as states or actions.

    Raises: ValueError when one is not whole or out of range, or the shape another.
    """
    x = np.asarray(require_array(name, x, kinds="iu", what="whole numbers"), int)
    if shape is not None:
        require_shape(name, x, shape)
    if x.min() < 0 or x.max() >= size:
        raise ValueError(f"{name} {_says(x, (x >= 0) & (x < size))}; there are {size}, counted from 0")
    return x


def require_probabilities(name: str, p: ArrayLike, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return p as an array of floats, (…, outcomes), that are distributions along the last axis.

    Raises: ValueError when p is empty, of another shape than the one asked for, a number is NaN or negative, or a sum
        not 1.
    """
    p = np.asarray(require_array(name, p), float)
    if shape is not None:
        require_shape(name, p, shape)
    if p.ndim == 0 or not (p.min() >= 0 and p.max() <= 2 and np.abs(p.sum(axis=-1) - 1).max() <= TOLERANCE):
        raise ValueError(f"{name} is no distribution: its entries must be at least 0 and sum to 1 along the last axis")
    return p


def require_weights(name: str, w: ArrayLike) -> np.ndarray:
    """Return w as an array of floats, (…, n), at least 0 and not all 0 along the last axis.

    Raises: ValueError when a weight is negative, NaN or infinite, or all are 0.
    """
    w = np.asarray(require_array(name, w), float)
    if w.ndim == 0 or not (w.min() >= 0 and w.max() < np.inf and w.max(axis=-1).min() > 0):
        raise ValueError(
            f"{name} must be finite, at least 0, and not all 0; take them relative to the largest logarithm"
        )
    return w


def require_shape(name: str, x: Shaped, shape: tuple[int, ...]) -> None:
    """Raise ValueError when x has another shape than this one."""
    if tuple(x.shape) != shape:
        raise ValueError(f"{name} has shape {tuple(x.shape)}; it must be {shape}")


def require_same_shape(**arrays: Shaped) -> None:
    """Raise ValueError when the named arrays differ in shape: broadcasting would hide a mistake."""
    (first, x), *others = arrays.items()
    for name, y in others:
        if x.shape != y.shape:
            raise ValueError(f"{first} has shape {tuple(x.shape)}, {name} {tuple(y.shape)}; give both the same")


def require_aligned(**arrays: np.ndarray) -> None:
    """Raise ValueError unless the named arrays agree in their last axis, and their leading axes broadcast.

    So (n,) doesn't fit (n, 1), which would give (n, n). Single numbers fit everything.
    """
    shapes = [x.shape for x in arrays.values() if x.ndim]
    try:
        np.broadcast_shapes(*shapes)
        fit = len({shape[-1] for shape in shapes}) <= 1
    except ValueError:
        fit = False
    if not fit:
        said = ", ".join(f"{name} {x.shape}" for name, x in arrays.items())
        raise ValueError(f"the shapes are {said}; the last axes must agree and the leading ones broadcast")


def require_dynamics(transition: ArrayLike, start: ArrayLike, **policies: ArrayLike) -> list[np.ndarray]:
    """Return P(s'|s, a), (S, A, S), the distribution of s_0, (S,), and the named policies, (S, A), as arrays.

    Raises: ValueError when one is no distribution, or the shapes don't fit.
    """
    transition = require_axes("transition", require_probabilities("transition", transition), "state action next")
    states, actions, _ = transition.shape
    require_shape("transition", transition, (states, actions, states))
    return [
        transition,
        require_probabilities("start", start, (states,)),
        *(require_probabilities(name, pi, (states, actions)) for name, pi in policies.items()),
    ]


def require_in_range(what: str, value: np.ndarray, arguments: Sequence[str]) -> np.ndarray:
    """Return a result; raise FloatingPointError when it isn't finite, naming the arguments that made it too large."""
    if not np.all(np.isfinite(value)):
        raise FloatingPointError(f"{what} is beyond the largest float; rescale {' and '.join(arguments)}")
    return value


def _says(x: np.ndarray, good: np.ndarray) -> str:
    return f"is {x}" if x.ndim == 0 else f"holds {x[~good][0]}"
