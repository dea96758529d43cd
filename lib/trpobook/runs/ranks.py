"""Several processes that train together, as torchrun starts them."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from trpobook.agents.averaging import ALONE, Averaging, Thing

JOIN = timedelta(seconds=25)  # for all processes to be there
ANSWER = timedelta(minutes=30)  # for the slowest to sample its part of a batch
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
            "another process of the run has ended, and says why; mend that, and start all again with --resume"
        ) from error


@contextmanager
def joined(device: torch.device) -> Iterator[Averaging]:
    """Join the processes that torchrun started, which say that they are several by WORLD_SIZE; else, stay alone.

    Warnings are left to process 0.
    Raises: ValueError where the environment doesn't say all; ConnectionError where not all processes come in time.
    """
    rank, size = place()
    if size == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
    _come_together("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    groups: list[dist.ProcessGroup] = []
    averaging, level = Ranks(groups), log.level
    if rank:
        log.setLevel(logging.ERROR)
    try:
        yield averaging
    finally:
        log.setLevel(level)
        groups.clear()
        dist.destroy_process_group()


def place() -> tuple[int, int]:
    """Return which process this is, and of how many. Raises: ValueError where the environment is no such place."""
    if "WORLD_SIZE" not in os.environ:
        return 0, 1
    found = {}
    for name, least in (("WORLD_SIZE", 1), ("RANK", 0), ("MASTER_PORT", 1)):
        if (text := os.environ.get(name, "missing")).isdecimal() and int(text) >= least:
            found[name] = int(text)
        elif name == "WORLD_SIZE" or found["WORLD_SIZE"] > 1:
            raise ValueError(f"{name} is {text}; it must be a whole number ≥ {least}, as torchrun sets it")
    rank, size = found.get("RANK", 0), found["WORLD_SIZE"]
    if rank >= size > 1:
        raise ValueError(f"RANK is {rank}; it must be below WORLD_SIZE, {size}")
    return rank if size > 1 else 0, size


def _come_together(backend: str) -> None:
    """Wait until all processes have come; PyTorch's own limit counts anew with each of its attempts."""
    failure: list[Exception] = []

    def come() -> None:
        try:
            dist.init_process_group(backend, timeout=JOIN)
        except (RuntimeError, ValueError) as error:
            failure.append(error)

    waiting = threading.Thread(target=come, daemon=True)
    waiting.start()
    waiting.join(JOIN.total_seconds())
    place = f"{os.environ.get('MASTER_ADDR')}:{os.environ.get('MASTER_PORT')}"
    if failure and "EADDRINUSE" in str(failure[0]):
        raise ConnectionError(f"{place} is taken by another program; choose another MASTER_PORT") from failure[0]
    if failure or waiting.is_alive():
        reason = str(failure[0]).partition("\n")[0] if failure else f"none answered within {JOIN.seconds} seconds"
        raise ConnectionError(f"the other processes of the run did not meet at {place} ({reason}); start all of them")


def refuse_unequal(averaging: Averaging, asked: dict[str, Any]) -> None:
    """Raise ValueError where the processes of a run were given different arguments."""
    given = averaging.gather(asked)
    for rank, theirs in enumerate(given):
        for name, value in theirs.items():
            if value != given[0][name]:
                raise ValueError(
                    f"process {rank} was given {name} {value!r}, process 0 {given[0][name]!r}; start all of them alike"
                )
