"""One thread for PyTorch while the library works, and the reader's own number of threads when it has done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import torch

_lock, _inside, _before = Lock(), 0, 1


@contextmanager
def single_thread() -> Iterator[None]:
    """Let PyTorch compute on one thread inside the block; several blocks may overlap, the last to end restores.

    The networks here are small: one thread gives the same numbers on any number of cores, and the physics has the
    others. The number is the process's, so what else computes meanwhile keeps to it too.
    """
    global _inside, _before
    with _lock:
        if _inside == 0:
            _before = torch.get_num_threads()
            torch.set_num_threads(1)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                torch.set_num_threads(_before)
