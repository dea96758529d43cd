"""How large a step does a policy survive? The experiment of lesson 00, made by ``python -m trpobook.book.cliff``.

A policy learns CartPole by TRPO until it is decent. From there it goes on in many ways, each from the same policy, the
same value function and the same next batch: by the plain policy gradient with a step size α, or by TRPO with a δ.
"""

from __future__ import annotations

import copy
import json
import platform
from importlib.metadata import version
from itertools import islice

import numpy as np

from trpobook.book import BOOK
from trpobook.runs.settings import as_data, settings_for
from trpobook.runs.trainer import Trainer

TASK = "CartPole-v1"
SETTINGS = {"num_envs": 16, "batch_size": 1024, "hidden": (32, 32), "value_minibatch": 512}
BEFORE, AFTER = 12, 30  # updates before the ways part, and on each of them
SEEDS = tuple(range(8))
ALPHAS = tuple(10.0 ** np.arange(-1, 3.1, 0.5))  # step sizes of the plain policy gradient
DELTAS = tuple(10.0 ** np.arange(-3, 0.6, 0.5))  # radii of the trust region, nats
DATA = BOOK / "figures" / "cliff.json"


def decent_policy(seed: int, updates: int = BEFORE) -> tuple[dict, list[dict]]:
    """Train from nothing by TRPO; return the trainer's state, to go on from, and the training log."""
    trainer = Trainer(TASK, "trpo", seed, settings=SETTINGS)
    rows = list(islice(trainer.updates(10**9), updates))
    return trainer.state(), rows


def go_on(state: dict, seed: int, algo: str, updates: int = AFTER, **size: float) -> tuple[dict, list[dict]]:
    """Make `updates` more updates from `state`, by "reinforce", step_size=…, or "trpo", delta=…; return state and log.

    The first of them is made from the same batch, whatever the algorithm and its size.
    """
    trainer = Trainer(TASK, algo, seed, settings=SETTINGS, update=size)
    trainer.load(copy.deepcopy(state))
    rows = list(islice(trainer.updates(10**9), updates))
    return trainer.state(), rows


def survived(returns: np.ndarray) -> np.ndarray:
    """Return, for returns (…, updates), whether each run ends with at least half of what it began with."""
    return returns[..., -1] >= returns[..., 0] / 2


def main() -> None:
    """Make every run and write them to DATA."""
    states = {seed: decent_policy(seed)[0] for seed in SEEDS}
    runs = []
    for algo, name, sizes in (("reinforce", "step_size", ALPHAS), ("trpo", "delta", DELTAS)):
        for size in sizes:
            logs = [go_on(states[seed], seed, algo, **{name: size})[1] for seed in SEEDS]
            returns = [[round(row["return_mean"]) for row in log] for log in logs]
            first_kl = [float(f"{log[0]['kl']:.3g}") for log in logs]
            runs.append({"algo": algo, "size": float(f"{size:.6g}"), "first_kl": first_kl, "returns": returns})
            print(f"{algo} {size:.4g}: {survived(np.array(returns)).sum()} of {len(SEEDS)} survive", flush=True)
    packages = ("trpobook", "torch", "numpy", "gymnasium")
    record = {
        "task": TASK,
        "settings": as_data(settings_for(TASK, **SETTINGS)),
        "seeds": SEEDS,
        "updates_before": BEFORE,
        "versions": {"python": platform.python_version()} | {name: version(name) for name in packages},
        "runs": runs,
    }
    DATA.write_text(json.dumps(record).replace('{"algo"', '\n{"algo"') + "\n")


if __name__ == "__main__":
    main()
