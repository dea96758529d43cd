"""Runs small enough for a test: a few hundred rows a batch, a checkpoint every thousand steps."""

import subprocess
import sys

from trpobook.runs.columns import TIMINGS

TASK = "InvertedPendulum-v5"
SMALL = {"num_envs": 4, "batch_size": 256, "checkpoint_steps": 1000, "hidden": (16,), "value_epochs": 2}
SET = [
    part
    for name, value in SMALL.items()
    for part in ("--set", f"{name}={','.join(map(str, value)) if isinstance(value, tuple) else value}")
]


def rows_as_they_come(run, steps):
    """Yield the rows of a run's updates until it has made `steps`, without their wall times."""
    for row in run.updates(steps):
        yield {k: v for k, v in row.items() if k not in TIMINGS}


def rows_of(run, steps):
    """Return the rows of a run's updates until it has made `steps`, without their wall times."""
    return list(rows_as_they_come(run, steps))


def metrics(folder):
    """Return the rows of metrics.csv without their wall times."""
    return [line.split(",")[: -len(TIMINGS)] for line in (folder / "metrics.csv").read_text().splitlines()]


def contents(folder):
    """Return {name: bytes} of the files in a folder, but for its lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def start(out, *options, steps=2500, env=TASK, **popen):
    """Start training in a process of its own."""
    arguments = ["train", "--env", env, "--steps", str(steps), "--seed", "1", "--out", str(out), *SET, *options]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", "trpobook", *arguments], **pipes, **popen)


def finish(process):
    """Wait for the end of `process`; return (exit code, standard error)."""
    with process:
        _, errors = process.communicate(timeout=120)
    return process.returncode, errors
