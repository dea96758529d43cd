"""Several processes that train together, as torchrun starts them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from trpobook.agents.averaging import ALONE, Averaging, Thing

JOIN = timedelta(seconds=30)  # for all processes to be there
ANSWER = timedelta(minutes=30)  # for the slowest to sample its part of a batch
PLACES = ("RANK", "MASTER_ADDR", "MASTER_PORT")  # what torchrun tells each process, beside WORLD_SIZE
log = logging.getLogger("trpobook")


class Ranks(Averaging):
    """The processes of a run, each with a part of every batch.

    A mean is one call over one flat vector, weighed by the rows behind it, for the parts differ in size. Where a
    process ends, however it ends, its connections close, and the next call of each of the others says so.

    Raises: ConnectionError, from every method, when another process has ended.
    """

    def __init__(self, groups: list[dist.ProcessGroup]):
        """Take the processes that `dist.init_process_group` has joined, and add a group of them to the `groups`.

        The list is the caller's, to be emptied in the end: a group that lives on until Python ends aborts it.
        """
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self._groups, self._number = groups, len(groups)
        with others():
            groups.append(dist.new_group(timeout=ANSWER))

    @property
    def _group(self) -> dist.ProcessGroup:
        return self._groups[self._number]

    def mean(self, mean: Tensor, rows: int) -> Tensor:
        part = mean.detach().reshape(-1)
        sums = torch.cat([part, part.new_ones(1)]) * rows
        with others():
            dist.all_reduce(sums, group=self._group)
        return (sums[:-1] / sums[-1]).view_as(mean)

    def std(self, values: Tensor) -> Tensor:
        n = len(values)
        centre = self.mean(values.mean(), n)
        count = sum(self.gather(n))
        return (self.mean((values - centre).square().mean(), n) * count / (count - 1)).sqrt()

    def rows(self, values: Tensor) -> Tensor:
        return torch.cat([part.to(values.device) for part in self.gather(values.detach().cpu())])

    def most(self, number: int) -> int:
        return max(self.gather(number))

    def gather(self, thing: Thing) -> list[Thing]:
        things: list[Thing] = [thing] * self.size
        with others():
            dist.all_gather_object(things, thing, group=self._group)
        return things

    def share(self, thing: Thing) -> Thing:
        things = [thing]
        with others():
            dist.broadcast_object_list(things, src=0, group=self._group)
        return things[0]

    def beside(self) -> Averaging:
        return Ranks(self._groups)


@contextmanager
def others() -> Iterator[None]:
    """Make of a call's failure one line: the others can't be reached."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(
            "another process of the run has ended, or never came; start all again, with --resume"
        ) from error


@contextmanager
def joined(device: torch.device) -> Iterator[Averaging]:
    """Join the processes that torchrun started, which say that they are several by WORLD_SIZE; else, stay alone.

    Warnings are left to process 0.
    Raises: ValueError where the environment doesn't say all; ConnectionError where not all processes come in time.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        yield ALONE
        return
    if missing := [name for name in PLACES if name not in os.environ]:
        raise ValueError(f"WORLD_SIZE is set, but {missing[0]} is not; start several processes by torchrun")
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    with others():
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo", timeout=JOIN)
    groups: list[dist.ProcessGroup] = []
    averaging, level = Ranks(groups), log.level
    if averaging.rank:
        log.setLevel(logging.ERROR)
    try:
        yield averaging
    finally:
        log.setLevel(level)
        groups.clear()
        dist.destroy_process_group()


def refuse_unequal(averaging: Averaging, asked: dict[str, Any]) -> None:
    """Raise ValueError where the processes of a run were given different arguments."""
    given = averaging.gather(asked)
    for rank, theirs in enumerate(given):
        for name, value in theirs.items():
            if value != given[0][name]:
                raise ValueError(
                    f"process {rank} was given {name} {value!r}, process 0 {given[0][name]!r}; start all of them alike"
                )
