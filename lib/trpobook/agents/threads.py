"""On how many threads PyTorch computes while the library works; outside, the reader's own number stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Let PyTorch compute on `number` threads inside the block.

    Sums are split among the threads, and so round otherwise on another number of them: a run is the same to the last
    bit for a given number.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def single_thread() -> AbstractContextManager[None]:
    """Let PyTorch compute on one thread: a small network gains nothing by a second, and the physics has the others."""
    return torch_threads(1)
