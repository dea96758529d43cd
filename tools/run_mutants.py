"""Plant bugs in the library, one at a time, and see which test finds each: ``python tools/run_mutants.py``.

The bugs are listed in tests/mutants/, a file for each room. Each is planted in a copy of the book, where the fast tests
run until one fails: the test that found it the last time, then the files that import the planted module, then the
others. What came of it is written to tests/mutants/result.md. Exit code 1 if a bug survives that nothing explains.
"""

import argparse
import importlib
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Queue

BOOK = Path(__file__).resolve().parents[1]
RESULT = BOOK / "tests" / "mutants" / "result.md"
ROOMS = ("finite", "agents", "algorithms", "runs")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "my_notebooks")
LEFT_OUT = ("test_browser", "test_flagships", "test_notebooks", "test_mutants")  # the last only reads the list
LEFT_OUT += ("test_checks", "test_exercises", "test_unforeseen", "test_widgets")  # they judge answers, by the clock
OPTIONS = ["-x", "-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "-m", "not slow and not alone"]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is preloaded
PRELOADED = ["pytest", "nbformat", "hypothesis", "torch", "torch._dynamo", "envpool", "playwright.sync_api"]
LIMIT = 1200  # seconds for one call of pytest; a bug that makes a test hang is found by it
FATES = ("found", "explained", "survived", "not tried")


def imports(path, module):
    """Return whether the file imports the module."""
    room, _, name = module.rpartition(".")
    pattern = rf"^ *(from|import) {room}(\.{name}\b| import .*\b{name}\b)"
    return re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE) is not None


def test_files(book, module):
    """Return the test files in groups: the module's namesake, what imports it, what imports one that does, others, and
    those of the lessons, which seldom find what the others don't."""
    library = {".".join(path.with_suffix("").parts[-3:]): path for path in (book / "lib").rglob("*.py")}
    users = [name for name, path in library.items() if imports(path, module)]
    groups = [], [], [], [], []
    for path in sorted((book / "tests").glob("test_*.py")):
        own = path.stem == f"test_{module.rpartition('.')[2]}"
        if path.stem not in LEFT_OUT:
            others = not path.stem.startswith("test_lesson")
            ranks = [own, imports(path, module), any(imports(path, user) for user in users), others, True]
            groups[ranks.index(True)].append(f"tests/{path.name}")
    return groups


def run_tests(copy, tests, output):
    """Run pytest on the copy's library, in a process of its own."""
    os.setsid()
    multiprocessing.set_start_method(None, force=True)  # the tests' own processes begin as they do elsewhere
    os.dup2(os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1), 2)
    os.chdir(copy)
    os.environ["PYTHONPATH"] = str(copy / "lib")  # for the processes that tests start
    sys.path[:0] = [str(copy / "lib"), str(copy)]
    sys.exit(int(importlib.import_module("pytest").main([*OPTIONS, *tests])))


def failing(context, copy, tests):
    """Return the first of these tests that fails in the copy, or "the time limit"; "" when all pass."""
    output = copy / "output.txt"
    process = context.Process(target=run_tests, args=(copy, tests, output))
    process.start()
    process.join(LIMIT)
    hangs = process.is_alive()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what the tests left behind too
    process.join()
    said = output.read_text(errors="replace")
    found = re.search(r"^(?:FAILED|ERROR) ([^ \n[]+)", said, re.MULTILINE)
    if not hangs and not found and process.exitcode not in (0, 4, 5):  # 4, 5: no such test, or slow ones alone
        raise RuntimeError(f"pytest ended with {process.exitcode}:\n{said[-2000:]}")
    return "the time limit" if hangs else found[1] if found else ""


def plant(context, copies, bug, last):
    """Plant a bug in one of the copies and take it out again; return the test that finds it, or ""."""
    (file, text, planted, what, *_), copy, began = bug, copies.get(), time.monotonic()
    path = copy / "lib" / "trpobook" / file
    sound = path.read_text(encoding="utf-8")
    groups = [[last] if last.startswith("tests/") else []]
    groups += test_files(copy, f"trpobook.{file.removesuffix('.py').replace('/', '.')}")
    try:
        write(path, sound.replace(text, planted))
        found = next(filter(None, (failing(context, copy, tests) for tests in groups if tests)), "")
    finally:
        write(path, sound)
        copies.put(copy)
    print(f"{file}: {what}: {found or 'SURVIVED'} ({time.monotonic() - began:.0f} s)", flush=True)
    return found


def write(path, text):
    """Write a module, and make Python forget what it compiled of it: it tells files apart by size and second."""
    path.write_text(text, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def report(bugs, found):
    """Write {(file, bug): test}, all that was found so far, to RESULT; return the survivors that nothing explains."""
    counts, rows, survivors = {room: Counter() for room in ROOMS}, [], []
    for file, _, _, what, *unseen in bugs:
        test = found.get((file, what))
        fate = "found" if test else "not tried" if test is None else "explained" if unseen else "survived"
        counts[file.partition("/")[0]][fate] += 1
        rows.append(f"| {file} | {what} | {test or (unseen[0] if fate == 'explained' else fate)} |")
        survivors += [f"{file}: {what}"] if fate == "survived" else []
    table = [f"| {room} | {n.total()} | {' | '.join(str(n[fate]) for fate in FATES)} |" for room, n in counts.items()]
    head = "# Planted bugs, and the test that finds each\n\nWritten by `make mutants`; the bugs are listed beside it.\n"
    head += f"\n| room | planted | {' | '.join(FATES)} |\n{'| --- ' * (2 + len(FATES))}|"
    table.append("\n| file | bug | found by, or why it can't be |\n| --- | --- | --- |")
    RESULT.write_text("\n".join([head, *table, *rows, ""]), encoding="utf-8")
    return survivors


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="the bugs whose file or description holds this text")
    parser.add_argument("--missing", action="store_true", help="go on: leave out the bugs that were found already")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time")
    options = parser.parse_args()
    sys.path.insert(0, str(BOOK / "tests"))
    lists = {room: importlib.import_module(f"mutants.{room}").BUGS for room in ROOMS}
    bugs = [(f"{room}/{file}", *rest) for room, listed in lists.items() for file, *rest in listed]
    rows = re.findall(r"^\| (\w+/\w+\.py) \| (.+) \| (.+) \|$", RESULT.read_text() if RESULT.exists() else "", re.M)
    found = {row[:2]: row[2] if re.match("tests/|the time", row[2]) else "" for row in rows if row[2] != FATES[3]}
    asked = [bug for bug in bugs if options.only in f"{bug[0]}: {bug[3]}"]
    asked = [bug for bug in asked if not (options.missing and found.get((bug[0], bug[3])))]
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    copies, threads = Queue(), ThreadPoolExecutor(options.jobs)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.jobs):
            copies.put(copy := shutil.copytree(BOOK, Path(folder, str(number)), ignore=NOT_COPIED))
        every = [file for group in test_files(copy, "no.module") for file in group]
        if asked == bugs and (red := failing(context, copy, every)):
            sys.exit(f"{red} fails without any planted bug")
        try:
            jobs = {bug: threads.submit(plant, context, copies, bug, found.get((bug[0], bug[3]), "")) for bug in asked}
            for bug, job in jobs.items():
                found[bug[0], bug[3]] = job.result()
                report(bugs, found)
        finally:
            threads.shutdown(cancel_futures=True)
    survivors = report(bugs, found)
    sys.exit("\n  ".join(["survivors that nothing explains:", *survivors]) if survivors else 0)


if __name__ == "__main__":
    main()
