"""Where a lesson meets an answer: what is checked, what is shown, and what the lesson goes on with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from trpobook.book.progress import remember
from trpobook.exercises.checks import diagnose, load
from trpobook.exercises.verdicts import Verdict

_handed_on: dict[str, Any] = {}  # number of an exercise -> the book's function that its name stands for


def check(number: str, answer: Any, *, otherwise: Any = None) -> Any:
    """Show the verdict on an answer; never raise, whatever the answer does.

    Returns: the answer when it is correct, else `otherwise`, so that a lesson can go on with the library's:
    ``f = check("1.1", f, otherwise=library.f)``. Run again, the check tells the library's function from yours.
    """
    if isinstance(answer, PluggedIn):
        answer = answer.answer
    if _is_the_books(number, answer, otherwise):
        verdict = Verdict(
            "not attempted",
            "this is the book's own function, not yours: run the cell above, with your function in it, and then this.",
        )
    else:
        verdict = diagnose(number, answer)
    _show(number, verdict)
    if verdict.status == "correct":
        remember(number)
    if verdict.status == "correct" and verdict.goes_on:
        return PluggedIn(answer, otherwise, _parts(number))
    _handed_on[number] = otherwise
    return otherwise


def _parts(number: str) -> int:
    """Return how many values the answer to an exercise returns in a tuple, 0 where it returns one value, bare."""
    exercise = load(number)
    right = exercise.expected(*exercise.cases[0]) if exercise.expected else None
    return len(right) if isinstance(right, tuple) and not exercise.bare else 0


def _is_the_books(number: str, answer: Any, otherwise: Any) -> bool:
    if number in _handed_on and answer is _handed_on[number]:
        return True
    return callable(answer) and (answer is otherwise or str(getattr(answer, "__module__", "")).startswith("trpobook."))


def _show(number: str, verdict: Verdict) -> None:
    """Show a card in a notebook, print the words elsewhere."""
    verdict = functools.partial(Verdict, title=f"Exercise {number}, {load(number).function}")(
        verdict.status, verdict.diagnosis, verdict.details, verdict.pictured, verdict.goes_on
    )
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is not None and get_ipython() is not None:
        display(verdict)
    else:
        print(verdict)


class PluggedIn:
    """An accepted answer as the lesson calls it: it may be called by the book's names, and its numbers come as the
    book's do, in tensors where it was given tensors, else in NumPy's arrays and numbers.
    """

    def __init__(self, answer: Callable[..., Any], like: Any, parts: int = 0):
        functools.update_wrapper(self, answer)
        self.answer, self.like, self.parts = answer, like, parts

    def __call__(self, *args: Any, **named: Any) -> Any:
        if named:
            args, named = self._in_order(args, named)
        result = self.answer(*args, **named)
        if self.parts and not isinstance(result, tuple) and not callable(result):
            result = tuple(result)
        return _as_the_book(result, args)

    def _in_order(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Turn the book's names of arguments into places, where the answer has other names."""
        try:
            inspect.signature(self.answer).bind(*args, **named)
        except TypeError:
            bound = inspect.signature(self.like).bind(*args, **named)
            return bound.args, bound.kwargs
        return args, named


def _as_the_book(result: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(result, tuple) and not hasattr(result, "_fields"):
        return tuple(_as_the_book(member, args) for member in result)
    if callable(result):
        return lambda *given, **named: _as_the_book(result(*given, **named), given)
    tensor = next((value for value in args if _is_tensor(value) and value.is_floating_point()), None)
    if tensor is not None and (_is_tensor(result) or isinstance(result, np.ndarray | list)):
        return _tensor(result, tensor.dtype)
    if _is_tensor(result):
        result = result.detach().numpy()
    if isinstance(result, list):
        result = np.asarray([_as_the_book(member, args) for member in result])
    return result[()] if isinstance(result, np.ndarray) and result.ndim == 0 else result


def _tensor(result: Any, dtype: Any) -> Any:
    """Return the result as a tensor, its fractions in the given precision."""
    import torch

    if isinstance(result, list):
        result = torch.stack([torch.as_tensor(member) for member in result])
    result = torch.as_tensor(result)
    return result.to(dtype) if result.is_floating_point() else result


def _is_tensor(value: Any) -> bool:
    return type(value).__module__.startswith("torch") and hasattr(value, "detach")
