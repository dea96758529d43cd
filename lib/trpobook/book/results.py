"""The training runs that the book shows: made here, kept as data under figures/."""

from __future__ import annotations

import csv
import json
import math
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trpobook.agents import storage
from trpobook.algorithms.line_search import line_search
from trpobook.book import BOOK
from trpobook.runs.columns import COLUMNS, TIMINGS
from trpobook.runs.folder import RunFolder
from trpobook.runs.front import load, train
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

TASKS = ("Hopper-v5", "Walker2d-v5", "HalfCheetah-v5", "Swimmer-v5", "InvertedDoublePendulum-v5")
SEEDS = (0, 1, 2)
STEPS = 1_000_000
RUNS = BOOK / "runs" / "results"
DATA = BOOK / "figures" / "training"
AGENTS = BOOK / "figures" / "agents"
SWEEP = BOOK / "figures" / "sweep.csv"
BATCHES, RECORD = BOOK / "figures" / "batches.csv", BOOK / "figures" / "batches.json"


class Planned(NamedTuple):
    """A run that `make results` makes; its data are DATA/name.csv, the log, and DATA/name.json, the rest."""

    task: str
    algo: str
    seed: int
    steps: int = STEPS

    @property
    def name(self) -> str:
        return f"{self.task}-{self.algo}-{self.seed}"


COMPARED = ("Swimmer-v5", "Hopper-v5", "Walker2d-v5")  # the tasks of Schulman et al. 2015
RIVALS = ("Hopper-v5", "HalfCheetah-v5")  # where lesson 12 sets PPO beside TRPO
PLAN = (
    *(Planned(task, "trpo", seed) for seed in SEEDS for task in TASKS),
    Planned("Qbert-v5", "trpo", 0, 200_000),
    *(Planned(task, algo, seed) for algo in ("ppo", "ppo-kl") for seed in SEEDS for task in RIVALS),
    *(Planned(task, "npg", seed) for seed in SEEDS for task in COMPARED),
    *(Planned(task, algo, seed) for algo in ("reinforce", "cem") for seed in SEEDS[:2] for task in COMPARED),
    *(Planned(task, algo, 0) for algo in ("vine", "cma-es") for task in COMPARED),
)

# One setting at a time away from the library's. Lesson 10.
SWEEP_STEPS, SWEEP_SEEDS = 250_000, (0,)
SWEPT: dict[tuple[str, str], dict[str, tuple]] = {
    ("trpo", "HalfCheetah-v5"): {
        "library": (0,),
        "delta": (0.001, 0.003, 0.03, 0.1),
        "cg_iterations": (1, 3, 30),
        "damping": (0.001, 0.01, 1.0),
        "lam": (0.0, 0.8, 1.0),
        "shrink": (0.5,),
        "fisher_stride": (1, 49),  # without a factor in common with the 32 copies
        "batch_size": (1024, 8192),
    },
    ("npg", "Hopper-v5"): {"step_size": (0.1, 0.3, 1.0)},
    ("reinforce", "Hopper-v5"): {"step_size": (0.03, 0.1, 0.3, 1.0)},
}
SWEEP_PLAN = tuple(
    (algo, task, setting, value, seed)
    for seed in SWEEP_SEEDS
    for (algo, task), settings in SWEPT.items()
    for setting, values in settings.items()
    for value in values
)

# Larger batches of Hopper, with copies and minibatches of the value function in proportion. Lesson 10.
BATCH_STEPS = {4096: 1_000_000, 16_384: 1_500_000, 65_536: 3_000_000}
BATCH_EVERY = 50_000  # steps between evaluations


def make_run(run: Planned) -> None:
    """Train one agent, or finish a run that was interrupted, and keep its metrics and its evaluation as data.

    TRPO's first seed on each task is kept under AGENTS, the agent and its value function: a file that `python -m
    trpobook record` takes.
    """
    data = DATA / f"{run.name}.csv"
    agent = AGENTS / f"{run.task}.pt" if (run.algo, run.seed) == ("trpo", 0) else None
    if data.exists() and (agent is None or agent.exists()):
        return
    folder = RUNS / run.name
    train(run.task, run.algo, run.steps, run.seed, "cpu", folder, resume=True)
    returns = load(folder).evaluate()
    config = json.loads((folder / "config.json").read_text())
    DATA.mkdir(parents=True, exist_ok=True)
    record = {**config, "steps": run.steps, "evaluation_returns": [round(float(value), 1) for value in returns]}
    (DATA / f"{run.name}.json").write_text(json.dumps(record, indent=1) + "\n")
    with (folder / "metrics.csv").open() as rows, data.open("w") as file:
        reader = csv.DictReader(rows)
        columns = [column for column in reader.fieldnames if column not in TIMINGS]
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in reader:
            writer.writerow({name: short(value) for name, value in row.items()})
    if agent:
        _, state = RunFolder(folder, tuple(COLUMNS)).latest()
        agent.parent.mkdir(parents=True, exist_ok=True)
        storage.save(agent, {name: state[name] for name in ("agent", "value")})


def short(value: str) -> str:
    """Return a number with five significant digits; whole numbers and empty cells as they are."""
    return f"{float(value):.5g}" if "." in value or "e" in value else value


def sweep() -> None:
    """Train with one setting changed at a time, and keep one line a run: what it reached, and how its updates went."""
    key = ("algo", "task", "setting", "value", "seed")
    if not SWEEP.exists():
        SWEEP.write_text(",".join([*key, "steps", "return", "evaluation", "kl", "accepted", "backtracks"]) + "\n")
    done = {tuple(row[name] for name in key) for row in sweep_lines()}
    for plan in SWEEP_PLAN:
        if tuple(map(str, plan)) in done:
            continue
        algo, task, setting, value, seed = plan
        print(f"{algo} on {task}, {setting} = {value}, seed {seed}", flush=True)
        update = {"line_search": partial(line_search, shrink=value)} if setting == "shrink" else {}
        changes = {} if setting in ("library", "shrink") else {setting: value}
        trainer = Trainer(task, algo, seed, settings=settings_for(task, algo, **changes), update=update)
        log = list(trainer.updates(SWEEP_STEPS))
        means = [np.mean([row[name] for row in log]) for name in ("kl", "accepted", "backtracks")]
        numbers = [log[-1]["return_mean"], trainer.evaluate().mean(), *means]
        with SWEEP.open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(
                [*plan, SWEEP_STEPS, *(f"{number:.5g}" for number in numbers)]
            )


def sweep_lines(*algos: str, data: Path = SWEEP) -> list[dict[str, str]]:
    """Return the lines of the sweep in `data`, as they are written; with `algos`, only theirs."""
    with data.open() as lines:
        return [row for row in csv.DictReader(lines) if not algos or row["algo"] in algos]


def batches() -> None:
    """Train with larger batches, and keep what each run's evaluations on the way returned, and how it was made."""
    done = {(row["rows"], row["seed"]) for row in batch_lines()} if BATCHES.exists() else set()
    if not done:
        BATCHES.write_text("rows,seed,steps,evaluation_mean\n")
    for seed in SEEDS:
        for rows, steps in BATCH_STEPS.items():
            if (str(rows), str(seed)) in done:
                continue
            print(f"Hopper-v5, {rows} rows, seed {seed}", flush=True)
            changes = {"batch_size": rows, "num_envs": rows // 64, "value_minibatch": rows // 8}
            changes["checkpoint_steps"] = 400_000  # a thousand copies take a second to make
            folder = RUNS / f"batch-{rows}-{seed}"
            train(
                "Hopper-v5",
                "trpo",
                steps,
                seed,
                "cpu",
                folder,
                resume=True,
                settings=changes,
                evaluate_every=BATCH_EVERY,
            )
            record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
            record[f"{rows}-{seed}"] = json.loads((folder / "config.json").read_text())
            RECORD.write_text(json.dumps(record, indent=1) + "\n")
            with BATCHES.open("a", newline="") as file:
                for row in _rows(folder / "metrics.csv"):
                    if not math.isnan(value := row["evaluation_mean"]):
                        file.write(f"{rows},{seed},{row['steps']:.0f},{value:.5g}\n")


def batch_lines() -> list[dict[str, str]]:
    """Return the lines of BATCHES, as they are written."""
    with BATCHES.open() as lines:
        return list(csv.DictReader(lines))


def evaluations(task: str, algo: str = "trpo") -> list[list[float]]:
    """Return the 20 returns of each seed's evaluation under DATA, seed by seed."""
    files = sorted(DATA.glob(f"{task}-{algo}-[0-9]*.json"))
    return [json.loads(file.read_text())["evaluation_returns"] for file in files]


def logs(task: str, algo: str = "trpo", data: Path = DATA) -> list[list[dict[str, float]]]:
    """Return the training logs of all seeds under `data`, seed by seed: a row an update; an empty cell is NaN."""
    return [_rows(file) for file in sorted(data.glob(f"{task}-{algo}-[0-9]*.csv"))]


def log_of(task: str, algo: str = "trpo", seed: int = 0) -> list[dict[str, float]]:
    """Return the training log of one run under DATA, as `logs` does."""
    return _rows(DATA / f"{task}-{algo}-{seed}.csv")


def _rows(file: Path) -> list[dict[str, float]]:
    with file.open() as lines:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(lines)]


def table() -> str:
    """Return TRPO's evaluations as Markdown: mean and spread over each seed's 20 deterministic episodes."""
    lines = ["| task | mean of the seeds | seed by seed, ± over 20 episodes |", "|---|---:|---|"]
    for task in TASKS:
        seeds = evaluations(task)
        each = ", ".join(f"{np.mean(returns):.0f} ± {np.std(returns):.0f}" for returns in seeds)
        lines.append(f"| {task} | {np.mean([np.mean(returns) for returns in seeds]):.0f} | {each} |")
    return "\n".join(lines)


def main() -> None:
    for run in PLAN:
        print(run.name, flush=True)
        make_run(run)
    sweep()
    batches()
    print(table())


if __name__ == "__main__":
    main()
