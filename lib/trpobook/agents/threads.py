"""On how many threads PyTorch computes while the library works; outside, the reader's own number stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

SHARE = 30_000  # multiplications for one state that make a second thread pay


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


@torch.no_grad()
def threads_for(outputs: Callable[[Tensor], Tensor], states: Tensor, processors: int) -> int:
    """Return the number of threads for the updates of a policy with these `outputs` of states.

    One for each SHARE multiplications that it makes for one of the `states` (n, …), at most one a processor.

    64 by 64 units make 5,000 of them, 256 by 256 some 70,000, the ConvNet of lesson 13 some 400,000.
    """
    with FlopCounterMode(display=False) as counter:
        outputs(states)
    multiplications = int(counter.get_total_flops()) // 2 // len(states)
    return max(1, min(processors, multiplications // SHARE))
