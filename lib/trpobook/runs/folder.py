"""A run on disk: config.json, metrics.csv, checkpoint.pt, final.pt; whatever stops a run, it goes on from there."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from trpobook.agents import storage
from trpobook.runs.lock import Held, locked

CONFIG = {"env": str, "algo": str, "seed": int, "settings": dict}  # what config.json must hold
NOT_IDENTITY = ("device", "versions")  # where a run was made, not which one it is
STATES = ("final.pt", "checkpoint.pt")
# All that an unfinished `create` can leave behind.
LEFTOVERS = {".lock", "metrics.csv", ".metrics.csv.partial", ".config.json.partial"}


class RunFolder:
    """The folder of one run, whose rows have `columns`, the first two of them "update" and "steps".

    config.json is written last when a run is created and never again: a folder that has it holds a run.
    A row goes to the operating system at once, and to the disk before the state that counts it.
    """

    def __init__(self, path: Path, columns: Sequence[str]):
        self.path, self.columns = path, columns
        self.metrics = path / "metrics.csv"
        self._header = (",".join(columns) + "\n").encode()
        self._row = re.compile(rb"(\d+),\d+(?:,[-+.\w]*){%d}\n" % (len(columns) - 2))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder, which is made if need be: at most one process writes to it.

        The system lets go of it when the process ends, however it ends.
        Raises: ValueError when another process holds it, or when it holds other files than a run's.
        """
        self._make()
        try:
            with locked(self.path / ".lock"):
                yield
        except Held:
            raise ValueError(
                f"another process is training in {self.path}; wait for it, or choose another --out"
            ) from None

    def holds_run(self) -> bool:
        """Return whether a run was created here."""
        return (self.path / "config.json").exists()

    def create(self, config: dict[str, Any]) -> None:
        """Start a new run here, also where an earlier attempt at it was broken off.

        Raises: ValueError when the folder holds a run or other files, OSError when the disk refuses.
        """
        if self.holds_run():
            raise ValueError(f"{self.path} already holds a run: add --resume to go on with it, or choose another --out")
        data = (json.dumps(config, indent=2) + "\n").encode()
        self._make()
        storage.write_atomically(self.metrics, self._header)
        storage.write_atomically(self.path / "config.json", data)

    def _make(self) -> None:
        """Make the folder and those above it. Raises: ValueError when it cannot be made or holds other files."""
        if self._is_foreign():
            raise ValueError(f"{self.path} already holds other files; choose another --out")
        new = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for folder in new:
                storage.sync_folder(folder.parent)
        except OSError as error:
            raise ValueError(
                f"cannot create the folder {self.path} ({error.strerror}); choose another --out"
            ) from error

    def _is_foreign(self) -> bool:
        """Return whether there is something here that is neither a run nor the beginning of one."""
        if not self.path.is_dir():
            return self.path.exists()
        if self.holds_run():
            return False
        if not {file.name for file in self.path.iterdir()} <= LEFTOVERS:
            return True
        header, _, rows = (self.metrics.read_bytes() if self.metrics.exists() else b"").partition(b"\n")
        return bool(rows) or not b"update,steps".startswith(header[:12])

    def config(self) -> dict[str, Any]:
        """Return the run's config. Raises: ValueError when there is none, or none that describes a run."""
        file = self.path / "config.json"
        try:
            config = json.loads(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise ValueError(f"{self.path} holds no run (no config.json)") from None
        except (ValueError, RecursionError) as error:  # neither JSON nor text, or nested too deep
            raise ValueError(f"{file} is damaged ({storage.brief(error)}); nothing was changed") from None
        if not isinstance(config, dict):
            raise ValueError(f"{file} is damaged (it holds a {type(config).__name__}); nothing was changed")
        for name, kind in CONFIG.items():
            if type(config.get(name)) is not kind:  # isinstance would take true for a seed
                found = f"its {name} is a {type(config[name]).__name__}" if name in config else f"it has no {name}"
                raise ValueError(f"{file} is damaged ({found}, not {kind.__name__}); nothing was changed")
        return config

    def append(self, row: dict[str, Any]) -> None:
        """Hand one row to the operating system. Raises: OSError when it cannot take it, or when the file is gone."""
        try:
            with self._open_metrics() as file:
                csv.DictWriter(file, self.columns, lineterminator="\n").writerow(row)
        except OSError as error:
            raise storage.refused(self.metrics, error) from error

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Write `state`, which counts rows appended before, beside the run's identity; those rows reach the disk first.

        Raises: OSError when the disk refuses; an earlier state of that name stays.
        """
        run = _identity(self.config())
        try:
            with self._open_metrics() as file:
                os.fsync(file.fileno())
        except OSError as error:
            raise storage.refused(self.metrics, error) from error
        storage.save(self.path / name, {**state, "run": run})

    def _open_metrics(self) -> TextIO:
        """Open metrics.csv to append to it; never create it: rows without those before them are no log."""
        return open(self.metrics, "a", newline="", encoding="utf-8", opener=_without_creating)

    def latest(self) -> tuple[Path, dict[str, Any]] | None:
        """Return the file and the saved state that counts more updates, None if there is none.

        Raises: ValueError for a file that is damaged or of another run.
        """
        files = [self.path / name for name in STATES if (self.path / name).exists()]
        states = [(file, self._load(file)) for file in files]
        return max(states, key=lambda found: found[1]["count"], default=None)

    def load_into(self, load: Callable[[dict[str, Any]], None], found: tuple[Path, dict[str, Any]]) -> None:
        """Give `load` what `latest` found. Raises: ValueError that names the file when it cannot take what is in it."""
        file, state = found
        try:
            load(state)
        except ConnectionError:
            raise
        except Exception as error:  # a state that does not fit fails in as many ways as it has parts
            raise storage.unusable(file, f"is damaged ({storage.brief(error)})", self._remedy(file)) from error

    def _load(self, file: Path) -> dict[str, Any]:
        remedy = self._remedy(file)
        state = storage.load(file, remedy=remedy)
        if type(state.get("count")) is not int:
            raise storage.unusable(file, "is damaged (it counts no updates)", remedy)
        here = _identity(self.config())
        if (run := str(state.get("run"))) != here:
            raise storage.unusable(file, f"is of another run ({run[:80]} …)", remedy)
        return state

    def _remedy(self, file: Path) -> str:
        others = [name for name in STATES if name != file.name and (self.path / name).exists()]
        return f"move it away; then {others[0]} is used" if others else "move it away to begin the run again"

    def rows(self) -> list[tuple[int, int]]:
        """Return (update, steps) of the whole rows of metrics.csv, up to the first that is torn or out of order.

        Raises: ValueError when it is not the log of this run.
        """
        return [(int(update), int(steps)) for update, steps, *_ in (row.split(b",") for row in self._whole_rows()[0])]

    def keep_rows(self, count: int) -> None:
        """Drop what follows the first `count` rows of metrics.csv: later updates are computed again.

        Raises: ValueError when there are fewer, or when it is not the log of this run.
        """
        rows, rest = self._whole_rows()
        if len(rows) < count:
            found = f"has {len(rows)} whole rows" if self.metrics.exists() else "is missing"
            if b"\n" in rest:
                found += f", then {rest[:30]!r}, which is not row {len(rows) + 1}"
            elif rest:
                found += " and a torn one"
            raise self._lost(f"{found}; the checkpoint counts {count}")
        storage.write_atomically(self.metrics, self._header + b"".join(rows[:count]))

    def _whole_rows(self) -> tuple[list[bytes], bytes]:
        """Return the rows of metrics.csv, numbered from 1 without a gap, and the bytes that follow them."""
        data = self.metrics.read_bytes() if self.metrics.exists() else b""
        if self._header.startswith(data):  # torn before its first row
            return [], b""
        if not data.startswith(self._header):
            at = next(i for i, (a, b) in enumerate(zip(data, self._header, strict=False)) if a != b)
            expected = self._header[at : at + 20]
            raise self._lost(
                f"is not the log of this run: after {at} bytes comes {data[at : at + 20]!r}, not {expected!r}"
            )
        lines = data[len(self._header) :].splitlines(keepends=True)
        rows: list[bytes] = []
        for line in lines:
            if not (row := self._row.fullmatch(line)) or row[1] != b"%d" % (len(rows) + 1):
                break
            rows.append(line)
        return rows, b"".join(lines[len(rows) :])

    def _lost(self, what: str) -> ValueError:
        return storage.unusable(self.metrics, what, f"put the file back, or move {self.path} away and begin again")


def _identity(config: dict[str, Any]) -> str:
    """Return what tells one run's states from another's."""
    return json.dumps({name: value for name, value in config.items() if name not in NOT_IDENTITY})


def _without_creating(path: str, flags: int) -> int:
    return os.open(path, flags & ~os.O_CREAT)
