"""Ctrl-C and its like: the first asks a run to stop when it can, a second one stops it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop; `number` is the signal's, the message says what was saved and how to go on."""

    def __init__(self, message: str, number: int):
        super().__init__(message)
        self.number = number


class Wish:
    """Whether somebody has asked to stop: `number` is the signal that did, 0 for none."""

    number = 0


@contextmanager
def patient_with_signals() -> Iterator[Wish]:
    """Note the first signal in the `Wish` handed out; at a second one raise Interrupted wherever the program is.

    Outside the main thread, which alone is told of signals, nothing is changed.
    """
    wish = Wish()

    def note(number: int, frame: FrameType | None) -> None:
        if wish.number:
            signal.signal(number, signal.SIG_DFL)
            raise Interrupted("stopped at once; what was saved stays, go on with --resume", number)
        wish.number = number

    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ignored = {number for number, handler in before.items() if handler == signal.SIG_IGN}  # as under nohup
    for number in SIGNALS:
        if number not in ignored:
            signal.signal(number, note)
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
