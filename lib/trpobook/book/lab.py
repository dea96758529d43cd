"""Open JupyterLab on the first lesson, in a working copy of the reader's own: ``python -m trpobook.book.lab``.

The working copy, my_notebooks/, is made from notebooks/ and ignored by git, so that solved exercises break
neither the tests nor a later ``git pull``. No file in it is ever overwritten: a lesson that has changed since
it was copied comes beside the reader's own, as 01_kl_divergence.edition-2.ipynb. A lesson that the reader
deletes comes back fresh.
"""

import hashlib
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

from trpobook.book import BOOK

WORKING_COPY = BOOK / "my_notebooks"
RECORD = ".editions.json"  # in a working copy: which edition of each lesson was copied last


def sha256(file: Path) -> str:
    """Return the SHA-256 of the file's bytes, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def update_working_copy(lessons: Path, copy: Path) -> list[Path]:
    """Return the files added to ``copy``: lessons that it lacks, and new editions of those that have changed.

    The file RECORD in it holds the SHA-256 of the edition of each lesson that was copied last.

    Raises: FileNotFoundError when ``lessons`` holds no notebook.
    """
    sources = sorted(lessons.glob("*.ipynb"))
    if not sources:
        raise FileNotFoundError(f"no lesson in {lessons}: run this from a complete clone of the book")
    copy.mkdir(exist_ok=True)
    record = copy / RECORD
    editions = json.loads(record.read_text()) if record.exists() else {}
    added = []
    for source in sources:
        edition = sha256(source)
        target = copy / source.name
        if target.exists() and edition in (editions.get(source.name), sha256(target)):
            editions[source.name] = edition
            continue
        if target.exists():
            names = (copy / f"{source.stem}.edition-{n}.ipynb" for n in itertools.count(2))
            target = next(name for name in names if not name.exists())
        shutil.copyfile(source, target)
        editions[source.name] = edition
        added.append(target)
    record.write_text(json.dumps(editions, indent=1) + "\n")
    return added


def lab_arguments(lesson: Path) -> list[str]:
    """Return JupyterLab's arguments: the book's folder as its root, ``lesson`` open."""
    arguments = [
        f"--ServerApp.root_dir={BOOK}",
        f"--LabApp.default_url=/lab/tree/{lesson.relative_to(BOOK).as_posix()}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        arguments.append("--allow-root")
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        arguments.append("--no-browser")
    return arguments


def main() -> None:
    """Bring the working copy up to date, say what is new in it, and serve it until Ctrl-C."""
    lessons, copy = BOOK / "notebooks", WORKING_COPY
    for path in update_working_copy(lessons, copy):
        print(f"new in your working copy: {path.relative_to(BOOK)}")
    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(lab_arguments(copy / min(lessons.glob("*.ipynb")).name))


if __name__ == "__main__":
    main()
