"""The training runs that the book shows: made here, kept as data under figures/.

``python -m trpobook.book.results`` makes those that are missing, as many at a time as there are processors; with words
behind it only those whose names hold one of the words, for instance ``Hopper-v5-trpo``.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trpobook.agents import storage
from trpobook.algorithms.line_search import line_search
from trpobook.book import BOOK
from trpobook.book.intervals import bootstrap_interval, interquartile_mean
from trpobook.book.workers import side_by_side
from trpobook.runs.columns import COLUMNS, TIMINGS
from trpobook.runs.folder import RunFolder
from trpobook.runs.front import load, train
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

TASKS = ("Hopper-v5", "Walker2d-v5", "HalfCheetah-v5", "Swimmer-v5", "InvertedDoublePendulum-v5")
MORE_TASKS = ("Ant-v5", "Humanoid-v5", "Reacher-v5", "InvertedPendulum-v5")  # planned, and not in the table yet
SEEDS = tuple(range(10))  # of the table; settings were chosen with seeds from 100 on
STEPS, EVERY = 1_000_000, 50_000  # of a run, and between its evaluations
RUNS = BOOK / "runs" / "results"
DATA = BOOK / "figures" / "training"
AGENTS = BOOK / "figures" / "agents"
SWEEPS = BOOK / "figures" / "sweeps"
BATCHES, RECORD = BOOK / "figures" / "batches.csv", BOOK / "figures" / "batches.json"

# What a run has under another name than its algorithm's.
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {"ppo-annealed": ("ppo", {"anneal_steps": STEPS})}


class Planned(NamedTuple):
    """A run that `make results` makes; its data are DATA/name.csv, the log, and DATA/name.json, the rest."""

    task: str
    algo: str  # or one of VARIANTS
    seed: int
    steps: int = STEPS

    @property
    def name(self) -> str:
        return f"{self.task}-{self.algo}-{self.seed}"

    @property
    def made_by(self) -> tuple[str, dict[str, Any]]:
        """The algorithm, and what it changes of the task's settings."""
        return VARIANTS.get(self.algo, (self.algo, {}))


COMPARED = ("Swimmer-v5", "Hopper-v5", "Walker2d-v5")  # the tasks of Schulman et al. 2015
RIVALS = ("Hopper-v5", "HalfCheetah-v5")  # where lesson 12 sets PPO beside TRPO
PLAN = (
    *(Planned(task, "trpo", seed) for seed in SEEDS for task in (*TASKS, *MORE_TASKS)),
    Planned("Qbert-v5", "trpo", 0, 200_000),
    *(Planned(task, "ppo", seed) for seed in range(5) for task in TASKS),
    *(Planned(task, "ppo-annealed", seed) for seed in range(5) for task in TASKS),
    *(Planned(task, "ppo-kl", seed) for seed in range(5) for task in RIVALS),
    *(Planned(task, "npg", seed) for seed in range(5) for task in TASKS),
    *(Planned(task, "reinforce", seed) for seed in range(5) for task in COMPARED),
    *(Planned(task, "cem", seed) for seed in range(2) for task in COMPARED),
    *(Planned(task, algo, 0) for algo in ("vine", "cma-es") for task in COMPARED),
)


class Swept(NamedTuple):
    """A run with one setting changed; a line of SWEEPS/sweep.csv."""

    sweep: str
    algo: str
    task: str
    setting: str  # "library": none is changed; "shrink": the line search's factor, which is no setting; "a+b": both
    value: Any  # of two settings "1/2"
    seed: int
    steps: int

    @property
    def name(self) -> str:
        return f"{self.sweep} {self.task}-{self.algo} {self.setting} = {self.value}, seed {self.seed}"


def swept(sweep: str, steps: int, seeds: tuple[int, ...], plan: dict) -> list[Swept]:
    """Return the runs of a sweep, from {(algorithm, task): {setting: values}}."""
    return [
        Swept(sweep, algo, task, setting, value, seed, steps)
        for seed in seeds
        for (algo, task), settings in plan.items()
        for setting, values in settings.items()
        for value in values
    ]


TENFOLD = (0.1, 0.3, 1, 3, 10)
COPIES = "num_envs+batch_size+value_minibatch"
ALL_OF_IT = "num_envs+fisher_stride+cg_iterations+value_epochs+value_minibatch"
SWEEP_PLAN = (
    # What the table's settings are chosen by, with seeds apart from the table's; so far.
    *swept(
        "tuning",
        1_000_000,
        (100, 101),
        {
            ("trpo", "Hopper-v5"): {"library": (0,), COPIES: ("32/2048/256",)},
            ("trpo", "Walker2d-v5"): {"library": (0,), COPIES: ("32/2048/256", "8/2048/256")},
            ("trpo", "Swimmer-v5"): {"library": (0,), "num_envs": (4,)},
            ("trpo", "InvertedDoublePendulum-v5"): {
                "library": (0,),
                "num_envs": (4,),
                "num_envs+batch_size": ("64/4096",),
                ALL_OF_IT: ("4/1/25/20/128",),
            },
            ("trpo", "Ant-v5"): {
                "library": (0,),
                "num_envs": (4,),
                COPIES: ("16/1024/128", "64/4096/512"),
                ALL_OF_IT: ("4/1/25/20/128",),
            },
            ("trpo", "Reacher-v5"): {"library": (0,), "num_envs+batch_size": ("16/1024",)},
            ("trpo", "Humanoid-v5"): {"library": (0,), "num_envs": (4,), ALL_OF_IT: ("4/1/25/20/128",)},
        },
    ),
    # Lesson 10: one setting at a time away from the library's.
    *swept(
        "settings",
        250_000,
        (0,),
        {
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
        },
    ),
    # Lesson 12: how much worse is each when its one number is off by so much?
    *swept(
        "tenfold",
        500_000,
        tuple(range(5)),
        {
            (algo, task): {setting: tuple(float(f"{usual * factor:g}") for factor in TENFOLD)}
            for task in RIVALS
            for algo, setting, usual in (("trpo", "delta", 0.01), ("ppo", "learning_rate", 3e-4))
        },
    ),
)

# Larger batches of Hopper, with copies and minibatches of the value function in proportion. Lesson 10.
BATCH_STEPS = {4096: 1_000_000, 16_384: 1_500_000, 65_536: 3_000_000}
BATCH_SEEDS = (0, 1, 2)


def is_made(run: Planned) -> bool:
    """Return whether the data of a run are there, evaluations on the way among them."""
    record = DATA / f"{run.name}.json"
    if not (record.exists() and (DATA / f"{run.name}.csv").exists()):
        return False
    return json.loads(record.read_text()).get("evaluate_every", 0) == EVERY


def make_run(run: Planned) -> None:
    """Train one agent, or finish a run that was interrupted, and keep its metrics and its evaluation as data.

    TRPO's first seed on each task is kept under AGENTS, the agent and its value function: a file that `python -m
    trpobook record` takes.
    """
    folder = RUNS / run.name
    algo, changes = run.made_by
    options = {"settings": changes, "resume": True, "evaluate_every": EVERY}
    train(run.task, algo, run.steps, run.seed, "cpu", folder, **options)
    returns = load(folder).evaluate()
    config = json.loads((folder / "config.json").read_text())
    DATA.mkdir(parents=True, exist_ok=True)
    with (folder / "metrics.csv").open() as rows, (DATA / f"{run.name}.csv").open("w") as file:
        reader = csv.DictReader(rows)
        columns = [column for column in reader.fieldnames if column not in TIMINGS]
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in reader:
            writer.writerow({name: short(value) for name, value in row.items()})
    if (run.algo, run.seed) == ("trpo", 0):
        _, state = RunFolder(folder, tuple(COLUMNS)).latest()
        AGENTS.mkdir(parents=True, exist_ok=True)
        storage.save(AGENTS / f"{run.task}.pt", {name: state[name] for name in ("agent", "value")})
    record = {**config, "steps": run.steps, "evaluation_returns": [round(float(value), 1) for value in returns]}
    (DATA / f"{run.name}.json").write_text(json.dumps(record, indent=1) + "\n")


def short(value: str) -> str:
    """Return a number with five significant digits; whole numbers and empty cells as they are."""
    return f"{float(value):.5g}" if "." in value or "e" in value else value


SWEPT = tuple(dict.fromkeys(run.sweep for run in SWEEP_PLAN))
OUTCOMES = ("return", "evaluation", "kl", "median_kl", "accepted", "backtracks")


def changes_of(run: Swept) -> dict[str, Any]:
    """Return what a run changes of its task's settings."""
    if run.setting in ("library", "shrink"):
        return {}
    names, values = run.setting.split("+"), str(run.value).split("/")
    return dict(zip(names, map(json.loads, values), strict=True))


def make_swept(run: Swept) -> dict[str, str]:
    """Train with one setting changed; return what it reached, and how its updates went: means, and the median KL."""
    update = {"line_search": partial(line_search, shrink=run.value)} if run.setting == "shrink" else {}
    settings = settings_for(run.task, run.algo, **changes_of(run))
    trainer = Trainer(run.task, run.algo, run.seed, "cpu", settings=settings, update=update)
    log = list(trainer.updates(run.steps))
    kl, accepted, backtracks = ([row[name] for row in log] for name in ("kl", "accepted", "backtracks"))
    reached = log[-1]["return_mean"], trainer.evaluate().mean()
    numbers = *reached, np.mean(kl), np.median(kl), np.mean(accepted), np.mean(backtracks)
    return dict(zip(OUTCOMES, (f"{number:.5g}" for number in numbers), strict=True))


def keep_swept(run: Swept, outcome: dict[str, str]) -> None:
    """Write a run into its sweep's file, in the order of the plan."""
    file = SWEEPS / f"{run.sweep}.csv"
    lines = {tuple(line[name] for name in Swept._fields[1:]): line for line in sweep_lines(run.sweep)}
    lines[tuple(map(str, run[1:]))] = dict(zip(Swept._fields[1:], map(str, run[1:]), strict=True)) | outcome
    order = [tuple(map(str, each[1:])) for each in SWEEP_PLAN if each.sweep == run.sweep]
    SWEEPS.mkdir(exist_ok=True)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, (*Swept._fields[1:], *OUTCOMES), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines[key] for key in order if key in lines)


def sweep_lines(sweep: str, *algos: str) -> list[dict[str, str]]:
    """Return the lines of a sweep's file, as they are written; with `algos`, only theirs."""
    if not (file := SWEEPS / f"{sweep}.csv").exists():
        return []
    with file.open() as lines:
        return [row for row in csv.DictReader(lines) if not algos or row["algo"] in algos]


def batches() -> None:
    """Train with larger batches, and keep what each run's evaluations on the way returned, and how it was made."""
    done = {(row["rows"], row["seed"]) for row in batch_lines()} if BATCHES.exists() else set()
    if not done:
        BATCHES.write_text("rows,seed,steps,evaluation_mean\n")
    for seed in BATCH_SEEDS:
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
                evaluate_every=EVERY,
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
    return [json.loads(file.read_text())["evaluation_returns"] for file in _files(task, algo, DATA, "json")]


def logs(task: str, algo: str = "trpo", data: Path = DATA) -> list[list[dict[str, float]]]:
    """Return the training logs of all seeds under `data`, seed by seed: a row an update; an empty cell is NaN."""
    return [_rows(file) for file in _files(task, algo, data, "csv")]


def log_of(task: str, algo: str = "trpo", seed: int = 0) -> list[dict[str, float]]:
    """Return the training log of one run under DATA, as `logs` does."""
    return _rows(DATA / f"{task}-{algo}-{seed}.csv")


def _files(task: str, algo: str, data: Path, kind: str) -> list[Path]:
    """Return the data of all seeds of a run, in their order."""
    return sorted(data.glob(f"{task}-{algo}-[0-9]*.{kind}"), key=lambda file: int(file.stem.rpartition("-")[2]))


def _rows(file: Path) -> list[dict[str, float]]:
    with file.open() as lines:
        return [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(lines)]


def table() -> str:
    """Return TRPO's evaluations as Markdown: over the seeds, the mean with its interval and the interquartile mean."""
    lines = ["| task | seeds | mean, 95 % interval | interquartile mean | seed by seed |", "|---|---:|---:|---:|---|"]
    for task in TASKS:
        if seeds := [float(np.mean(returns)) for returns in evaluations(task)]:
            digits = 1 if max(map(abs, seeds)) < 100 else 0
            values = np.mean(seeds), *bootstrap_interval(seeds), interquartile_mean(seeds), *seeds
            mean, low, high, middle, *each = (f"{value:.{digits}f}".replace("-", "−") for value in values)
            lines.append(f"| {task} | {len(seeds)} | {mean} ({low} to {high}) | {middle} | {', '.join(each)} |")
    return "\n".join(lines)


def work(run: Planned | Swept) -> dict[str, str] | None:
    """Make one run, whichever it is."""
    return make_swept(run) if isinstance(run, Swept) else make_run(run)


def missing(words: list[str]) -> list[Planned | Swept]:
    """Return the runs whose data are not there yet, in the order of the plans."""
    kept = {sweep: {tuple(line[name] for name in Swept._fields[1:]) for line in sweep_lines(sweep)} for sweep in SWEPT}
    runs: list[Planned | Swept] = [run for run in PLAN if not is_made(run)]
    runs += [run for run in SWEEP_PLAN if tuple(map(str, run[1:])) not in kept[run.sweep]]
    return [run for run in runs if not words or any(word in run.name for word in words)]


def main() -> None:
    for run, outcome in side_by_side(work, missing(sys.argv[1:])):
        if isinstance(run, Swept):
            keep_swept(run, outcome)
        print(run.name, flush=True)
    if not sys.argv[1:]:
        batches()
    print(table())


if __name__ == "__main__":
    main()
