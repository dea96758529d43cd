"""A lock between processes, which the system takes back when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trpobook.agents.storage import refused


class Held(Exception):
    """Another process has the lock."""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Hold the lock that `file` stands for; the file is made if need be, stays empty, and stays.

    Raises: Held, or OSError when the file cannot be opened or the drive knows no locks.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise refused(file, error) from error
    _held.add(descriptor)
    try:
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError):  # the words of POSIX and of Windows for the same
            raise Held from None
        except OSError as error:
            raise OSError(f"cannot lock {file} ({error.strerror}); choose an --out on another drive") from error
        yield
    finally:
        if descriptor in _held:  # in a forked process it is no longer
            _held.remove(descriptor)
            os.close(descriptor)


_held: set[int] = set()  # descriptors of the locks that this process has


def _let_go() -> None:
    """Close the parent's locks in a forked process: a worker that outlives a killed run must not hold its folder."""
    while _held:
        os.close(_held.pop())


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    os.register_at_fork(after_in_child=_let_go)

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
