"""An end to an answer that has none."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooLong(BaseException):
    """The answer was stopped. No `except Exception` of the reader's catches it."""


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise TooLong in the body when it has run for `seconds`, and every second after that, should it be caught.

    Another thread asks the interpreter for it, on every platform and in any thread; what runs in C is stopped when it
    comes back.
    """
    body, done = threading.get_ident(), threading.Event()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(body), ctypes.py_object(TooLong))
            wait = 1.0

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        try:
            watcher.join()
        except TooLong:  # asked for just before the body ended
            watcher.join()
