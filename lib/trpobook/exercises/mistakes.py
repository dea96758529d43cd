"""Mistakes as data: one at a time, and two together."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

Mistakes = list[tuple[str, dict[str, object]]]


def mistakes(make: Callable[..., Callable], *groups: Mistakes) -> Iterator[tuple[str, Callable]]:
    """Yield (diagnosis, function) for each mistake, then for each two of different groups.

    A mistake is (diagnosis, {argument of `make`: its mistaken value}); those of one group exclude each other. Each
    function bears the names of what is mistaken in it as `terms`: two mistakes of the same term can't be made at once.
    """
    for words, changes in itertools.chain(*groups):
        function = make(**changes)
        setattr(function, "terms", frozenset(changes))  # noqa: B010, a function has no such attribute for mypy
        yield words, function
    for one, two in itertools.combinations(groups, 2):
        for (words, changes), (more, others) in itertools.product(one, two):
            yield f"two things at once: {words}; and {more}", make(**changes, **others)
