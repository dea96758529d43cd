"""The folder of a run: whatever stops a process at whatever point, the run goes on, and no row that counts is lost."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from contextlib import contextmanager
from itertools import count, pairwise
from pathlib import Path

import pytest
import torch

from trpobook.agents import storage
from trpobook.runs import lock
from trpobook.runs.folder import RunFolder

COLUMNS = ("update", "steps", "return_mean", "kl")
HEADER = b"update,steps,return_mean,kl\n"
CONFIG = {"env": "Hopper-v5", "algo": "trpo", "seed": 1, "settings": {"delta": 0.01, "hidden": [64, 64]}}


def row(k):
    """Return the row of update `k`: with an empty cell, an infinity, signs and exponents."""
    return {
        "update": k,
        "steps": 64 * k,
        "return_mean": "" if k == 1 else -k / 3,
        "kl": float("inf") if k == 2 else 1e-7,
    }


def state(k):
    return {"count": k, "policy": {"weight": torch.arange(4.0) * k}}


def go_on(path, saved=lambda k: None):
    """Do what training with --resume does: begin the run or go on with it; 5 updates, a checkpoint every second."""
    folder = RunFolder(path, COLUMNS)
    with folder.lock():
        if not folder.holds_run():
            folder.create(CONFIG)
        assert folder.config() == CONFIG
        latest = folder.latest()
        start = latest[1]["count"] if latest else 0
        folder.keep_rows(start)
        for k in range(start + 1, 6):
            folder.append(row(k))
            if k % 2 == 0:
                folder.save("checkpoint.pt", state(k))
                saved(k)
        folder.save("final.pt", state(5))
        saved(5)
    return start


def contents(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run that nothing interrupted."""
    path = tmp_path_factory.mktemp("whole") / "run"
    assert go_on(path) == 0
    return path


@pytest.fixture
def run(whole, tmp_path):
    """A copy of it."""
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def check(path, whole, least=0):
    """Assert that the run in `path` goes on from `least` updates or more, and ends as the one that never stopped."""
    assert go_on(path) >= least
    assert (path / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()
    assert torch.equal(RunFolder(path, COLUMNS).latest()[1]["policy"]["weight"], state(5)["policy"]["weight"])
    assert sorted(contents(path)) == sorted(contents(whole))


def in_child(action):
    """Run `action` in a forked process; return its exit code: 0, 1 for an exception, −n for signal n, or its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child starts no thread, and waits for none
        child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


KILLED = 77


def each_line(action, visit):
    """Run `action`, and call visit(n) before the `n`-th line of the library that it runs."""
    files = {module.__file__ for module in (storage, lock, sys.modules[RunFolder.__module__])}
    lines = count(1)

    def trace(frame, event, argument):
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            visit(next(lines))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)


def last_lines(action, path):
    """Return the numbers of the lines that change the folder, as it is on disk: a kill at any other is one of these."""
    seen = []
    each_line(action, lambda n: seen.append(path.exists() and contents(path)))
    return [n for n, (now, then) in enumerate(pairwise([*seen, None]), 1) if now != then]


def killed_at(n, action):
    """Run `action` in a child that dies, without a word, before the `n`-th line of the library that it would run."""
    return in_child(lambda: each_line(action, lambda line: line == n and os._exit(KILLED)))


def fresh(template, path):
    shutil.rmtree(path, ignore_errors=True)
    if template:
        shutil.copytree(template, path)


def halfway(path):
    """Make a folder with a checkpoint of 2 updates, 4 rows, and the end of an earlier, shorter run."""
    folder = RunFolder(path, COLUMNS)
    folder.create(CONFIG)
    for k in range(1, 5):
        folder.append(row(k))
        if k <= 2:
            folder.save(["", "final.pt", "checkpoint.pt"][k], state(k))
    return path


@pytest.mark.parametrize("start", ["nothing", "halfway"])
def test_a_run_killed_before_any_line_of_the_library_goes_on_from_its_last_save(start, whole, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # a kill is no power cut, and the disk is slow
    template, path = halfway(tmp_path / "template") if start == "halfway" else None, tmp_path / "run"
    fresh(template, path)
    lines = last_lines(lambda: go_on(path), path)
    for n in lines:
        fresh(template, path)
        reading, writing = os.pipe()
        assert killed_at(n, lambda: go_on(path, lambda k: os.write(writing, bytes([k])))) == KILLED  # noqa: B023
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            saved = max(pipe.read(), default=2 if template else 0)
        check(path, whole, saved)
    assert len(lines) > 10


def test_a_creation_killed_anywhere_is_begun_anew_or_is_complete(tmp_path):
    folder = RunFolder(tmp_path / "run", COLUMNS)
    for n in last_lines(lambda: folder.create(CONFIG), folder.path):
        fresh(None, folder.path)
        assert killed_at(n, lambda: folder.create(CONFIG)) == KILLED
        if not folder.holds_run():
            folder.create(CONFIG)
        assert folder.metrics.read_bytes() == HEADER and folder.config() == CONFIG


@contextmanager
def largest_file(size):
    """Let no file grow beyond `size` bytes: a write ends there in the middle, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def killed_beyond(size, action):
    """Run `action` in a child that the system kills in the middle of the write that makes a file longer than `size`."""

    def begin():
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with largest_file(size):
            action()

    return in_child(begin)


@pytest.mark.parametrize("dies", [True, False], ids=["killed", "disk full"])
@pytest.mark.parametrize("start", ["nothing", "halfway"])
def test_a_write_broken_off_in_its_middle_leaves_a_folder_that_goes_on(start, dies, whole, tmp_path, monkeypatch):
    """From nothing it is the header, the config or the first state; halfway the rows that stay, a row or a state."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    template, path = halfway(tmp_path / "template") if start == "halfway" else None, tmp_path / "run"
    size = (whole / "checkpoint.pt").stat().st_size
    for limit in [*range(0, 160, 7), *range(160, size, size // 5)]:
        fresh(template, path)
        if dies:
            assert killed_beyond(limit, lambda: go_on(path)) == -signal.SIGXFSZ
        else:
            with (
                largest_file(limit),
                pytest.raises(
                    OSError, match=r"^cannot write .*(csv|json|pt) \(File too large\); mend that and try again"
                ),
            ):
                go_on(path)
            assert not list(path.glob(".*.partial"))
        check(path, whole, 2 if template else 0)


def test_a_row_broken_off_at_any_byte_is_written_again(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    template, folder = halfway(tmp_path / "template"), RunFolder(tmp_path / "run", COLUMNS)
    size = (template / "metrics.csv").stat().st_size
    for written in range((whole / "metrics.csv").stat().st_size - size):
        fresh(template, folder.path)
        with largest_file(size + written), pytest.raises(OSError, match="File too large"):
            folder.append(row(5))
        assert folder.metrics.stat().st_size == size + written
        assert folder.rows() == [(k, 64 * k) for k in range(1, 5)]
        check(folder.path, whole, 2)


@pytest.mark.parametrize("name", ["fsync", "replace"])
@pytest.mark.parametrize("start", ["nothing", "halfway"])
def test_a_disk_that_refuses_the_nth_call_loses_nothing(start, name, whole, tmp_path, monkeypatch):
    template = halfway(tmp_path / "template") if start == "halfway" else None
    for n in count(1):
        fresh(template, tmp_path / "run")
        left, real = n, getattr(os, name)

        def refuse(*arguments):
            nonlocal left
            left -= 1
            if left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*arguments) if name == "replace" else None  # noqa: B023

        with monkeypatch.context() as patch:
            patch.setattr(os, name, refuse)
            try:
                go_on(tmp_path / "run")
            except (OSError, ValueError) as error:
                assert re.match(r"cannot (write|create) .*\(No space left on device\); ", str(error))
            if left > 0:  # there were fewer calls
                break
        assert not list((tmp_path / "run").glob(".*.partial"))
        check(tmp_path / "run", whole, 2 if template else 0)
    assert n > 3


# leftovers and foreign folders


LEFTOVERS = {
    ".lock": [b""],
    "metrics.csv": [b"", b"upd", b"update,steps,ret", HEADER[:-1], HEADER, b"update,steps,other\n"],
    ".metrics.csv.partial": [b"", HEADER[:9]],
    ".config.json.partial": [b'{"env'],
}


def test_what_a_broken_beginning_leaves_is_taken_over(whole, tmp_path):
    for name, held in LEFTOVERS.items():
        for data in held:
            fresh(None, tmp_path / "run")
            (tmp_path / "run").mkdir()
            (tmp_path / "run" / name).write_bytes(data)
            (tmp_path / "run" / ".lock").touch()
            check(tmp_path / "run", whole)


@pytest.mark.parametrize(
    "name,data",
    [
        ("thesis.tex", b"years of work"),
        ("checkpoint.pt", b""),
        (".hidden", b""),
        ("metrics.csv", HEADER + b"1,64,,1e-07\n"),
        ("metrics.csv", HEADER + b"1"),
        ("metrics.csv", b"year,rain\n"),
        ("metrics.csv", b"\xef\xbb\xbf" + HEADER),
    ],
)
def test_other_files_are_left_alone(name, data, tmp_path):
    (tmp_path / name).write_bytes(data)
    folder = RunFolder(tmp_path, COLUMNS)
    for action in (lambda: folder.create(CONFIG), lambda: folder.lock().__enter__()):
        with pytest.raises(ValueError, match=r"already holds other files; choose another --out"):
            action()
        assert contents(tmp_path) == {name: data}


def test_a_run_is_not_begun_twice(run):
    before = contents(run)
    with pytest.raises(
        ValueError, match=r"already holds a run: add --resume to go on with it, or choose another --out"
    ):
        RunFolder(run, COLUMNS).create(CONFIG)
    assert contents(run) == before


def test_a_file_in_place_of_the_folder_or_above_it_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="already holds other files"):
        RunFolder(tmp_path / "file", COLUMNS).create(CONFIG)
    with pytest.raises(ValueError, match=r"cannot create the folder .*file/run \(Not a directory\); choose another"):
        RunFolder(tmp_path / "file" / "run", COLUMNS).create(CONFIG)
    with pytest.raises(ValueError, match="holds no run"):
        RunFolder(tmp_path / "file" / "run", COLUMNS).config()


def test_a_new_folder_reaches_the_disk_with_those_above_it(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(storage, "sync_folder", synced.append)
    RunFolder(tmp_path / "a" / "b" / "run", COLUMNS).create(CONFIG)
    assert set(synced) == {tmp_path, tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "run"}


# locks


def try_lock(path):
    with RunFolder(path, COLUMNS).lock():
        pass


def test_two_processes_cannot_train_in_one_folder(run):
    message = f"^another process is training in {re.escape(str(run))}; wait for it, or choose another --out$"
    before = contents(run)

    def second():
        with pytest.raises(ValueError, match=message):
            go_on(run)

    with RunFolder(run, COLUMNS).lock():
        assert in_child(second) == 0
        second()
        assert contents(run) == before
    assert in_child(lambda: try_lock(run)) == 0


def test_the_lock_of_a_killed_process_is_free_though_its_worker_lives_on(tmp_path):
    reading, writing = os.pipe()
    end, keep = os.pipe()  # the worker ends when `keep` is closed here

    def holder():
        with RunFolder(tmp_path / "run", COLUMNS).lock():
            if os.fork() == 0:
                os.close(keep)
                os.write(writing, b"w")
                os.read(end, 1)
                os._exit(0)
            os.close(keep)
            os.read(end, 1)

    child = os.fork()
    if child == 0:
        holder()
        os._exit(0)
    os.close(end)
    try:
        assert os.read(reading, 1) == b"w"
        with pytest.raises(ValueError, match="another process"):
            try_lock(tmp_path / "run")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        try_lock(tmp_path / "run")
    finally:
        for descriptor in (reading, writing, keep):
            os.close(descriptor)


def test_a_drive_that_knows_no_locks_is_named(tmp_path, monkeypatch):
    def refuse(descriptor):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_lock", refuse)
    with pytest.raises(OSError, match=r"cannot lock .*\.lock \(No locks available\); choose an --out on another drive"):
        try_lock(tmp_path)


# config.json


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"3",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    *(json.dumps({name: value for name, value in CONFIG.items() if name != left}).encode() for left in CONFIG),
    *(
        json.dumps({**CONFIG, name: value}).encode()
        for name in CONFIG
        for value in (None, True, 1.5, float("nan"), [], [1], {}, "x", 3)
        if type(value) is not type(CONFIG[name])
    ),
]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_config_that_describes_no_run_is_refused_in_one_line(text, run):
    (run / "config.json").write_bytes(text)
    before = contents(run)
    folder = RunFolder(run, COLUMNS)
    for action in (folder.config, folder.latest, lambda: folder.save("final.pt", state(5)), lambda: go_on(run)):
        with pytest.raises(ValueError, match=r"^[^\n]*config\.json is damaged \([^\n]+\); nothing was changed$"):
            action()
    assert contents(run) == before and len(BROKEN) > 40


def test_a_folder_without_a_config_holds_no_run(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        assert not RunFolder(path, COLUMNS).holds_run()
        with pytest.raises(ValueError, match=r"holds no run \(no config\.json\)"):
            RunFolder(path, COLUMNS).config()


# states


def test_the_state_that_counts_more_is_the_latest(tmp_path):
    folder = RunFolder(tmp_path, COLUMNS)
    folder.create(CONFIG)
    given = []
    assert folder.latest() is None
    for name, k, latest in (("checkpoint.pt", 2, 2), ("final.pt", 3, 3), ("checkpoint.pt", 4, 4), ("final.pt", 4, 4)):
        folder.save(name, state(k))
        assert folder.latest()[1]["count"] == latest
        folder.load_into(given.append, folder.latest())
        assert given.pop()["count"] == latest


def test_a_damaged_state_is_named_with_the_one_to_use_instead(run):
    folder = RunFolder(run, COLUMNS)
    for name, other in (("checkpoint.pt", "final.pt"), ("final.pt", "checkpoint.pt")):
        data = (run / name).read_bytes()
        for damaged in (b"", data[:-1], data[:99] + b"?" + data[100:], b"years of work"):
            (run / name).write_bytes(damaged)
            before = contents(run)
            with pytest.raises(
                ValueError, match=rf"{name} is damaged \(.+\); move it away; then {other} is used\. Noth"
            ):
                go_on(run)
            assert contents(run) == before
        (run / name).write_bytes(data)
    (run / "final.pt").unlink()
    (run / "checkpoint.pt").write_bytes(b"")
    with pytest.raises(
        ValueError, match=r"checkpoint\.pt is damaged .*; move it away to begin the run again\. Nothing"
    ):
        folder.latest()


@pytest.mark.parametrize(
    "content", [[1, 2], {}, {"count": "4"}, {"count": torch.ones(2)}, {"count": None}, {"count": True}]
)
def test_a_state_that_counts_no_updates_is_damaged(content, run):
    torch.save(content, run / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged \((it counts no updates|it holds a list)\)"):
        RunFolder(run, COLUMNS).latest()


def test_a_state_that_does_not_fit_is_named(run):
    def load(state):
        state["value"]

    with pytest.raises(
        ValueError, match=r"final\.pt is damaged \('value'\); move it away; then checkpoint\.pt is used"
    ):
        RunFolder(run, COLUMNS).load_into(load, RunFolder(run, COLUMNS).latest())


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"algo": "npg"}, {"env": "Walker2d-v5"}, {"settings": {"delta": 0.02}}, {"env_kwargs": {"g": 9}}],
)
def test_a_state_of_another_run_is_refused_though_its_shapes_fit(change, run, tmp_path):
    other = RunFolder(tmp_path / "other", COLUMNS)
    other.create(CONFIG | change)
    other.save("checkpoint.pt", state(4))
    shutil.copy(tmp_path / "other" / "checkpoint.pt", run)
    with pytest.raises(
        ValueError, match=r"checkpoint\.pt is of another run \(.*\); move it away; then final\.pt is used"
    ):
        go_on(run)


def test_a_state_that_does_not_say_which_run_it_is_of_is_refused(run):
    storage.save(run / "final.pt", state(4))
    with pytest.raises(ValueError, match=r"final\.pt is of another run"):
        RunFolder(run, COLUMNS).latest()


def test_a_run_moved_to_another_machine_is_the_same_run(run):
    config = {**CONFIG, "device": "cuda", "versions": {"python": "3.15"}}
    (run / "config.json").write_text(json.dumps(config))
    assert RunFolder(run, COLUMNS).latest()[1]["count"] == 5


def test_rows_reach_the_disk_before_the_state_that_counts_them(run, monkeypatch):
    folder, calls = RunFolder(run, COLUMNS), []
    names = {file.stat().st_ino: file.name for file in run.iterdir()} | {run.stat().st_ino: "folder"}
    monkeypatch.setattr(os, "fsync", lambda descriptor: calls.append(names.get(os.stat(descriptor).st_ino, "new file")))
    monkeypatch.setattr(
        os, "replace", lambda source, target, real=os.replace: calls.append("rename") or real(source, target)
    )
    folder.append(row(6))
    assert calls == []
    folder.save("checkpoint.pt", state(6))
    assert calls == ["metrics.csv", "new file", "rename", "folder"]


# metrics.csv


def test_a_file_of_rows_that_is_gone_is_named_and_not_begun_anew(run):
    folder = RunFolder(run, COLUMNS)
    (run / "metrics.csv").unlink()
    before = contents(run)
    for action in (lambda: folder.append(row(6)), lambda: folder.save("final.pt", state(6))):
        with pytest.raises(
            OSError, match=r"cannot write .*metrics\.csv \(No such file or directory\); mend that and try again"
        ):
            action()
    assert folder.rows() == []
    with pytest.raises(
        ValueError, match=r"metrics\.csv is missing; the checkpoint counts 5; put the file back, or move"
    ):
        go_on(run)
    assert contents(run) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_a_full_disk_is_named_when_a_row_is_appended(run):
    (run / "metrics.csv").unlink()
    (run / "metrics.csv").symlink_to("/dev/full")
    with pytest.raises(
        OSError, match=r"cannot write .*metrics\.csv \(No space left on device\); mend that and try again"
    ):
        RunFolder(run, COLUMNS).append(row(6))


def test_a_last_row_truncated_at_any_byte_is_torn_and_told_from_a_missing_one(run, whole):
    folder, data = RunFolder(run, COLUMNS), (run / "metrics.csv").read_bytes()
    begin = data.rindex(b"\n", 0, -1) + 1
    for length in range(begin, len(data)):
        folder.metrics.write_bytes(data[:length])
        assert folder.rows() == [(k, 64 * k) for k in range(1, 5)]
        torn = "" if length == begin else " and a torn one"
        with pytest.raises(
            ValueError, match=rf"metrics\.csv has 4 whole rows{torn}; the checkpoint counts 5; put the file"
        ):
            folder.keep_rows(5)
        assert folder.metrics.read_bytes() == data[:length]
        folder.keep_rows(4)
        assert folder.metrics.read_bytes() == data[:begin]
        folder.append(row(5))
        assert folder.metrics.read_bytes() == data


def test_a_header_truncated_at_any_byte_is_written_anew_if_nothing_is_counted_yet(tmp_path):
    folder = RunFolder(tmp_path, COLUMNS)
    for held in [None, *(HEADER[:length] for length in range(len(HEADER) + 1))]:
        folder.metrics.unlink(missing_ok=True) if held is None else folder.metrics.write_bytes(held)
        assert folder.rows() == []
        with pytest.raises(ValueError, match=r"(has 0 whole rows|is missing); the checkpoint counts 1"):
            folder.keep_rows(1)
        folder.keep_rows(0)
        assert folder.metrics.read_bytes() == HEADER


def test_later_rows_are_dropped_whatever_they_hold(run):
    folder, lines = RunFolder(run, COLUMNS), (run / "metrics.csv").read_bytes().splitlines(keepends=True)
    for rest in (b"", b"".join(lines[4:]), b"\0" * 4096, b"3,19", lines[3], b"\xff\n\xff\n"):
        folder.metrics.write_bytes(b"".join(lines[:4]) + rest)
        assert folder.rows()[:3] == [(k, 64 * k) for k in range(1, 4)]
        folder.keep_rows(3)
        assert folder.metrics.read_bytes() == b"".join(lines[:4])


@pytest.mark.parametrize(
    "change,found",
    [
        (
            lambda data: b"\xef\xbb\xbf" + data,
            r"is not the log of this run: after 0 bytes comes b'\\xef\\xbb\\xbfupdate",
        ),
        (lambda data: data.replace(b"\n", b"\r\n"), r"after 27 bytes comes b'\\r\\n1,64.*not b'\\n'"),
        (lambda data: data.replace(b",kl\n", b",kl,time\n"), r"after 27 bytes comes b',time\\n1,64"),
        (lambda data: data.replace(b",", b";"), "after 6 bytes comes b';steps;"),
        (lambda data: b"years of work", "after 0 bytes comes b'years of work'"),
        (lambda data: bytes(range(256)), "after 0 bytes comes"),
        (lambda data: data[len(HEADER) :], "after 0 bytes comes b'1,64,,1e-07"),
    ],
)
@pytest.mark.parametrize("counted", [0, 5])
def test_a_foreign_file_is_told_from_a_damaged_one(change, found, counted, run):
    folder = RunFolder(run, COLUMNS)
    folder.metrics.write_bytes(change(folder.metrics.read_bytes()))
    before = contents(run)
    for action in (folder.rows, lambda: folder.keep_rows(counted)):
        with pytest.raises(
            ValueError, match=rf"^[^\n]*metrics\.csv .*{found}.*; put the file back, or move .* away and b"
        ):
            action()
    assert contents(run) == before


@pytest.mark.parametrize(
    "change,whole_rows",
    [
        (lambda lines: [*lines[:3], *lines[4:]], 2),  # a gap
        (lambda lines: [*lines[:4], *lines[3:]], 3),  # a doubled row
        (lambda lines: [lines[0], *lines[2:]], 0),
        (lambda lines: [*lines[:2], lines[2].replace(b",", b"", 1), *lines[3:]], 1),
        (lambda lines: [*lines[:2], b"\n", *lines[2:]], 1),
        (lambda lines: [*lines[:2], lines[2].replace(b"1", b"\0"), *lines[3:]], 1),
        (lambda lines: [*lines[:2], lines[2].replace(b"128", b""), *lines[3:]], 1),
        (lambda lines: [*lines[:4], lines[4][:6], lines[5]], 3),  # torn in the middle
        (lambda lines: lines[:4], 3),
        (lambda lines: lines[:1], 0),
    ],
)
def test_rows_that_are_damaged_or_missing_are_counted(change, whole_rows, run):
    folder = RunFolder(run, COLUMNS)
    folder.metrics.write_bytes(b"".join(change(folder.metrics.read_bytes().splitlines(keepends=True))))
    before = contents(run)
    assert [update for update, _ in folder.rows()] == list(range(1, whole_rows + 1))
    with pytest.raises(
        ValueError, match=rf"^[^\n]*metrics\.csv has {whole_rows} whole rows.*; the checkpoint counts 5; put"
    ):
        go_on(run)
    assert contents(run) == before


# a folder that cannot be written to


def as_nobody(action):
    """Return `action` as a user whom permissions bind, which they don't the super-user."""

    def begin():
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        action()

    return begin


@pytest.fixture
def readable(whole):
    """A copy of the run that everyone may read and no one may write to."""
    above = Path(tempfile.mkdtemp())
    shutil.copytree(whole, above / "run")
    for path in (*(above / "run").iterdir(), above / "run", above):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield above / "run"
    for path in (above, above / "run"):
        path.chmod(0o755)
    shutil.rmtree(above)


def test_a_read_only_run_is_read_and_refuses_to_be_written(readable):
    folder, before = RunFolder(readable, COLUMNS), contents(readable)

    def read():
        assert folder.config() == CONFIG and folder.latest()[1]["count"] == 5 and len(folder.rows()) == 5

    def write():
        for action in (
            lambda: try_lock(readable),
            lambda: folder.append(row(6)),
            lambda: folder.save("final.pt", state(6)),
            lambda: folder.keep_rows(3),
        ):
            with pytest.raises(OSError, match=r"^cannot write .* \(Permission denied\); mend that and try again"):
                action()
        with pytest.raises(ValueError, match=r"cannot create the folder .*other \(Permission denied\); choose another"):
            RunFolder(readable.parent / "other", COLUMNS).create(CONFIG)

    assert in_child(as_nobody(read)) == 0
    assert in_child(as_nobody(write)) == 0
    assert contents(readable) == before
