"""What the processes of a run tell each other; in a run that is one process, nothing."""

from __future__ import annotations

from typing import TypeVar

from torch import Tensor

Thing = TypeVar("Thing")


class Averaging:
    """The sums of a run that is one process: each method gives back what it is given.

    `runs.ranks.Ranks` is the same for several processes, each with a part of every batch. There all processes call
    the same methods in the same order and get the same results, to the last bit. So all take the same step, and the
    weights never have to be exchanged.
    """

    rank, size = 0, 1  # which process this is, and of how many

    def mean(self, mean: Tensor, rows: int) -> Tensor:
        """Return the mean over the rows of all processes, where `mean` (…) is that over the `rows` rows here."""
        return mean

    def std(self, values: Tensor) -> Tensor:
        """Return the standard deviation of all processes' `values` (n,); of one value alone, 0."""
        return values.std() if len(values) > 1 else values.new_zeros(())

    def rows(self, values: Tensor) -> Tensor:
        """Return all processes' `values` (n, …), one after the other."""
        return values

    def most(self, number: int) -> int:
        """Return the largest of the processes' numbers."""
        return number

    def gather(self, thing: Thing) -> list[Thing]:
        """Return what each process gave, in the order of their ranks."""
        return [thing]

    def share(self, thing: Thing) -> Thing:
        """Return what process 0 gave."""
        return thing

    def beside(self) -> Averaging:
        """Return the same for calls from another thread, which come at times of their own."""
        return self


ALONE = Averaging()
