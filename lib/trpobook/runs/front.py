"""The front door: `train` leaves a run in a folder, `load` takes the agent out of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trpobook.agents import storage
from trpobook.agents.agent import Agent, agent_from
from trpobook.agents.policies import Policy
from trpobook.agents.tasks import Env, Source, Task, as_task
from trpobook.runs.columns import COLUMNS
from trpobook.runs.folder import RunFolder
from trpobook.runs.interrupts import Interrupted, patient_with_signals
from trpobook.runs.plan import Row, choose_device, versions
from trpobook.runs.ranks import joined, refuse_unequal
from trpobook.runs.run import Run
from trpobook.runs.search_run import SEARCHES, SearchRun
from trpobook.runs.settings import Settings, settings_from
from trpobook.runs.tensorboard import board
from trpobook.runs.trainer import Trainer
from trpobook.runs.updates import UPDATES
from trpobook.runs.vine_run import VineRun

ALGORITHMS = (*UPDATES, "vine", *SEARCHES)
EVALUATION_EPISODES = 20
LEFT_OPEN = ("processes", "threads", "evaluate_every")  # 0 on resuming: as begun


def make_run(task: Source | Task, algo: str, *arguments: Any, **options: Any) -> Run:
    """Return the run of `algo`, one of ALGORITHMS; the rest as for `Trainer`."""
    kind = VineRun if algo == "vine" else SearchRun if algo in SEARCHES else Trainer
    return kind(task, algo, *arguments, **options)


def train(
    task: Source | Task,
    algo: str = "trpo",
    steps: int = 1_000_000,
    seed: int = 0,
    device: str = "auto",
    out: Path | str | None = None,
    *,
    resume: bool = False,
    settings: Settings | Mapping[str, Any] | None = None,
    env_kwargs: dict[str, Any] | None = None,
    wrappers: Sequence[Callable[[Env], Env]] = (),
    policy: Policy | None = None,
    processes: int = 0,
    threads: int = 0,
    evaluate_every: int = 0,
    tensorboard: Path | str | None = None,
    on_update: Callable[[Row], None] = lambda row: None,
) -> dict[str, Any]:
    """Train, leave a run in the folder `out`, and return a summary: steps, seconds, the final evaluation.

    Under torchrun several processes train together. All are given the same arguments; the first of them owns the
    folder, and `on_update` is its alone.

    Args:
        task: an id, a function that makes an environment, or a Gymnasium vector environment.
        algo: one of ALGORITHMS.
        steps: transitions in all.
        device: "auto", "cpu" or "cuda".
        out: the folder; runs/TASK-ALGO-SEED unless given.
        resume: go on with the run in the folder, or begin one if there is none. Its settings are those it was
            begun with.
        settings: what to change of the task's own, as {"delta": 0.02}; `python -m trpobook settings` lists them.
        env_kwargs, wrappers: for the environment.
        policy: a policy of your own, as `trpobook.agents.policies.Policy` describes.
        processes: how many processes step the environment, one copy in each; 0 for none.
        threads: of PyTorch's; 0 is one, or on resuming as many as the run was begun with.
        evaluate_every: steps between evaluations in mid-run; 0 for none.
        tensorboard: a folder for TensorBoard.
        on_update: is given each row of metrics.csv as it is written.
    Raises: ValueError for input that cannot be served, OSError when the disk refuses, FloatingPointError when a
        NaN or an infinity stops an update, TaskError when the task's own code fails, Interrupted after Ctrl-C,
        ConnectionError when another process of the run has ended. What was on disk stays.
    Lesson 10.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; it must be at least 1")
    task = as_task(task, env_kwargs, wrappers)
    folder = RunFolder(Path(out or f"runs/{task.name.replace(':', '-')}-{algo}-{seed}"), tuple(COLUMNS))
    asked = {
        "env": task.name,
        "algo": algo,
        "seed": seed,
        "env_kwargs": json.loads(json.dumps(task.kwargs, default=repr)),
        "wrappers": [getattr(wrapper, "__qualname__", repr(wrapper)) for wrapper in task.wrappers],
        "policy": type(policy).__name__ if policy is not None else "",
        "processes": processes,
        "threads": threads,
        "evaluate_every": evaluate_every,
    }
    with ExitStack() as stack:
        averaging = stack.enter_context(joined(choose_device(device)))
        first = averaging.rank == 0
        refuse_unequal(averaging, {**asked, "steps": steps, "device": device, "resume": resume, "settings": settings})
        resuming = averaging.share(resume and folder.holds_run())
        if resuming:
            settings, asked = averaging.share(_as_begun(folder, asked, settings) if first else (settings, asked))
            processes, threads, evaluate_every = (asked[name] for name in LEFT_OPEN)
        if evaluate_every and task.copies:
            raise ValueError(
                "evaluate_every needs a second environment: give a function that makes one, not a vector of them"
            )
        options = {"policy": policy, "processes": processes, "averaging": averaging, "threads": threads or 1}
        run = make_run(task, algo, seed, device, settings, **options)
        stack.callback(run.close)
        if first:
            stack.enter_context(folder.lock())
        wish = stack.enter_context(patient_with_signals())
        if resuming:
            _restore(run, folder, steps)
        elif first:
            config = {
                **asked,
                "threads": threads or 1,
                "device": str(run.device),
                "settings": run.plan.data()["settings"],
            }
            folder.create({**config, "versions": versions()})
        start, start_steps, evaluated = time.perf_counter(), run.steps, run.steps
        write = stack.enter_context(board(Path(tensorboard) if tensorboard and first else None, run.count))
        for row in run.updates(steps):
            if evaluate_every and run.steps // evaluate_every > evaluated // evaluate_every:
                evaluated, returns = run.steps, run.evaluate(EVALUATION_EPISODES)
                row |= {"evaluation_mean": float(returns.mean()), "evaluation_std": float(returns.std())}
            if first:
                folder.append(row)
            write(row)
            signal = averaging.most(wish.number)  # asked once: what comes after this has to wait for the next update
            if run.at_checkpoint or signal:
                _save(run, folder, "checkpoint.pt")
            if first:
                on_update(row)
            if signal:
                raise Interrupted(f"stopped after {run.steps} steps, all saved; go on with --resume", signal)
        seconds = time.perf_counter() - start
        _save(run, folder, "final.pt")
        returns = run.evaluate(EVALUATION_EPISODES)
    return {
        "env": task.name,
        "algo": algo,
        "seed": seed,
        "steps": run.steps,
        "seconds": round(seconds, 2),
        "steps_per_second": round((run.steps - start_steps) / seconds),
        "return_mean": float(returns.mean()),
        "return_std": float(returns.std()),
    }


def _restore(run: Run, folder: RunFolder, steps: int) -> None:
    """Give the run the latest state in the folder, if there is one, and make the log end with it."""
    first = run.averaging.rank == 0
    found = run.averaging.share(folder.latest() if first else None)
    if found:
        folder.load_into(run.load, found)
    if first:
        _refuse_to_shorten(folder, steps)
        folder.keep_rows(run.count)


def _save(run: Run, folder: RunFolder, name: str) -> None:
    """Write the state of all the run's processes."""
    state = run.state()
    if run.averaging.rank == 0:
        folder.save(name, state)


def _as_begun(
    folder: RunFolder, asked: dict[str, Any], settings: Settings | Mapping[str, Any] | None
) -> tuple[Settings, dict[str, Any]]:
    """Return the settings that the run in `folder` was begun with, and `asked` with what it left open.

    Raises: ValueError when it was another run.
    """
    config = folder.config()
    try:
        begun = settings_from(config["algo"], config["settings"])
    except ValueError as error:
        raise ValueError(f"{folder.path / 'config.json'} is damaged ({error}); nothing was changed") from None
    asked = asked | {name: asked[name] or config.get(name, 0) for name in LEFT_OPEN}
    changes = asdict(settings) if isinstance(settings, Settings) else dict(settings or {})
    pairs = [(name, config.get(name), value) for name, value in asked.items()]
    pairs += [(name, getattr(begun, name, None), value) for name, value in changes.items()]
    for name, found, value in pairs:
        if found != value:
            raise ValueError(f"{folder.path} holds a run with {name} {found!r}, not {value!r}; nothing was changed")
    return begun, asked


def _refuse_to_shorten(folder: RunFolder, steps: int) -> None:
    """Raise ValueError when the run on disk went on after `steps`; its last update may have gone beyond."""
    rows = folder.rows()
    if len(rows) > 1 and rows[-2][1] >= steps:
        raise ValueError(f"{folder.path} holds {rows[-1][1]} steps, more than --steps {steps}; nothing was changed")


def load(
    path: Path | str,
    *,
    env: Source | Task | None = None,
    env_kwargs: dict[str, Any] | None = None,
    wrappers: Sequence[Callable[[Env], Env]] = (),
    policy: Policy | None = None,
    device: str = "cpu",
) -> Agent:
    """Return the agent of a run's folder, as it was last saved, or of a file that `Agent.save` wrote.

    Args:
        env, env_kwargs, wrappers, policy: as given to `train`, where they were your own and can't be found by name.
        device: "cpu" or "cuda", whichever it was trained on.
    Raises: ValueError when there is no agent, or none that can be read.
    """
    file, state = _saved(Path(path))
    task = None if env is None else as_task(env, env_kwargs, wrappers)
    try:
        return agent_from(state["agent"], device, task, policy)
    except ValueError:
        raise
    except Exception as error:  # a state that does not fit fails in as many ways as it has parts
        raise storage.unusable(file, f"is damaged ({storage.brief(error)})", "move it away") from error


def _saved(path: Path) -> tuple[Path, Row]:
    """Return the file in which an agent is, and what it holds. Raises: ValueError when there is none."""
    if path.is_dir():
        folder = RunFolder(path, tuple(COLUMNS))
        folder.config()  # or there is no run
        if found := folder.latest():
            return found
        raise ValueError(f"{path} has no checkpoint yet; let its training run on")
    if path.exists():
        return path, storage.load(path)
    raise ValueError(f"there is no {path}; give the folder of a run, or a file that agent.save wrote")
