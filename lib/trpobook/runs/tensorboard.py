"""The log of a run for TensorBoard, which is an optional package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def board(folder: Path | None, updates_before: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Hand out what writes a row's columns into `folder`, against the number of the update; it does nothing for None.

    A resumed run writes over what came after its first `updates_before` updates.
    Raises: ValueError when the package is not installed.
    """
    if folder is None:
        yield lambda row: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("--tensorboard needs a package: python -m pip install tensorboard") from None
    with SummaryWriter(str(folder), purge_step=updates_before + 1) as writer:

        def write(row: dict[str, Any]) -> None:
            for name, value in row.items():
                if name != "update" and not isinstance(value, str):
                    writer.add_scalar(name, value, row["update"])

        yield write
