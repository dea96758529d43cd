"""States on disk: a file is the old one or the new one, never half of either, and damage is found before it is used."""

from __future__ import annotations

import errno
import io
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state`, tensors and plain data, to `path` as one .pt file. Raises: as `write_atomically`."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_atomically(path, buffer.getvalue())


def load(path: Path, device: str = "cpu", remedy: str = "move it away") -> dict[str, Any]:
    """Return what `save` wrote, its tensors on `device`.

    Nothing in the file is executed. PyTorch itself reads over a flipped bit, in a weight or in the file's table of
    contents; so it is given a copy, made of records whose checksums were compared.

    Raises: ValueError with `remedy` when the file is damaged or was not written by `save`, OSError when it cannot
    be read.
    """
    torch.empty(0, device=device)  # a device that is not there is no fault of the file's
    data, copy = path.read_bytes(), io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(copy, "w") as checked:
            for record in archive.infolist():
                checked.writestr(record.filename, archive.read(record))
        copy.seek(0)
        state = torch.load(copy, map_location=device, weights_only=True)
        if not isinstance(state, dict):
            raise ValueError(f"it holds a {type(state).__name__}")
    except Exception as error:  # each kind of damage raises a type of its own
        raise unusable(path, f"is damaged ({brief(error)})", remedy) from None
    return state


def brief(error: Exception) -> str:
    """Return what `error` says, in at most 80 characters of one line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:80]


def unusable(path: Path, what: str, remedy: str) -> ValueError:
    """Return the error that says what is wrong with a file, and what to do about it."""
    return ValueError(f"{path} {what}; {remedy}. Nothing was changed")


def write_atomically(path: Path, data: bytes) -> None:
    """Write to a temporary file, force it to disk, then rename it: a reader sees the old file or the new one.

    Raises: OSError that names `path` when the disk refuses; what was there stays, and nothing is left beside it.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise refused(path, error) from error


def sync_folder(path: Path) -> None:
    """Force the names in a folder to disk, where the system can: without this a power cut may undo a rename."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network drives keep no folders to force
            raise
    finally:
        os.close(descriptor)


def refused(path: Path, error: OSError) -> OSError:
    """Return the error that says which file the disk refused, why, and how to go on."""
    return OSError(
        f"cannot write {path} ({error.strerror or error}); mend that and try again; a run goes on with --resume"
    )
