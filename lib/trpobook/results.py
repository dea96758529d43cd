"""The training runs that the book shows: made here, kept as data under figures/training."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from trpobook.training import TIMINGS, RunFolder, restore, train

TASKS = ("Hopper-v5", "Walker2d-v5", "HalfCheetah-v5", "Swimmer-v5", "InvertedDoublePendulum-v5")
SEEDS = (0, 1, 2)
STEPS = 1_000_000
BOOK = Path(__file__).resolve().parents[2]
RUNS = BOOK / "runs" / "results"
DATA = BOOK / "figures" / "training"


def make_run(task: str, seed: int) -> None:
    """Train one agent, or finish a run that was interrupted, and keep its metrics and its evaluation as data."""
    name = f"{task}-trpo-{seed}"
    data = DATA / f"{name}.csv"
    if data.exists():
        return
    folder = RUNS / name
    train(task, "trpo", STEPS, seed, "cpu", folder, resume=(folder / "config.json").exists())
    returns = restore(folder).evaluate()
    config = RunFolder(folder).config()
    DATA.mkdir(parents=True, exist_ok=True)
    record = {**config, "steps": STEPS, "evaluation_returns": [round(float(value), 1) for value in returns]}
    (DATA / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    with (folder / "metrics.csv").open() as rows, data.open("w") as file:
        reader = csv.DictReader(rows)
        columns = [column for column in reader.fieldnames if column not in TIMINGS]
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in reader:
            writer.writerow({name: short(value) for name, value in row.items()})


def short(value: str) -> str:
    """Return a number with five significant digits; whole numbers and empty cells as they are."""
    return f"{float(value):.5g}" if "." in value or "e" in value else value


def table() -> str:
    """Return the evaluations under DATA as Markdown: mean and spread over each seed's 20 deterministic episodes."""
    lines = ["| task | mean of the seeds | seed by seed, ± over 20 episodes |", "|---|---:|---|"]
    for task in TASKS:
        seeds = [
            json.loads(file.read_text())["evaluation_returns"] for file in sorted(DATA.glob(f"{task}-trpo-*.json"))
        ]
        each = ", ".join(f"{np.mean(returns):.0f} ± {np.std(returns):.0f}" for returns in seeds)
        lines.append(f"| {task} | {np.mean([np.mean(returns) for returns in seeds]):.0f} | {each} |")
    return "\n".join(lines)


def main() -> None:
    for seed in SEEDS:
        for task in TASKS:
            print(f"{task}, seed {seed}", flush=True)
            make_run(task, seed)
    print(table())


if __name__ == "__main__":
    main()
