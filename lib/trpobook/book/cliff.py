"""How large a step does a policy survive? The experiment of lesson 00, made by ``python -m trpobook.book.cliff``.

A policy learns CartPole by TRPO until it is decent. From there it goes on in many ways, each from the same policy, the
same value function and the same next batch. The ways differ by one thing at a time: ARMS.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from trpobook.algorithms.conjugate_gradient import Solution
from trpobook.algorithms.line_search import Accepted
from trpobook.book import BOOK
from trpobook.book.workers import side_by_side
from trpobook.runs.plan import versions
from trpobook.runs.settings import as_data, settings_for
from trpobook.runs.trainer import Trainer

TASK = "CartPole-v1"
SETTINGS = {"num_envs": 16, "batch_size": 1024, "hidden": (32, 32), "value_minibatch": 512}
BEFORE, AFTER = 12, 30  # updates before the ways part, and on each of them
SEEDS = tuple(range(30))
ALPHAS = tuple(10.0 ** np.arange(-1, 3.1, 0.5))  # step sizes of the plain policy gradient
DELTAS = tuple(10.0 ** np.arange(-3, 2.1, 0.5))  # radii of the trust region, nats
DATA = BOOK / "figures" / "cliff.json"


def plain_direction(product: Callable[[Tensor], Tensor], g: Tensor, **_: Any) -> Solution:
    """Return g itself where conjugate gradients would solve Fs = g: the natural gradient is not taken."""
    return Solution(g, 0, 1.0)


def full_step(surrogate, kl, theta: Tensor, step: Tensor, *, delta: float, predicted: float) -> Accepted:
    """Take the whole step where a line search would try it: neither gain nor divergence is asked for."""
    candidate = theta + step
    return Accepted(candidate, surrogate(candidate) - surrogate(theta), kl(candidate), 0, True)


class Arm(NamedTuple):
    """One way to go on: an algorithm, the name of its size, the sizes, and what of the update is replaced."""

    algo: str
    size: str
    sizes: tuple[float, ...]
    update: dict[str, Callable]


# From the plain gradient to TRPO in three changes: the length is chosen by the KL, then the direction, then a line
# search checks the step.
ARMS = {
    "fixed step": Arm("reinforce", "step_size", ALPHAS, {}),
    "length": Arm("trpo", "delta", DELTAS, {"conjugate_gradient": plain_direction, "line_search": full_step}),
    "direction": Arm("trpo", "delta", DELTAS, {"line_search": full_step}),
    "trpo": Arm("trpo", "delta", DELTAS, {}),
}


def decent_policy(seed: int, updates: int = BEFORE) -> tuple[dict, list[dict]]:
    """Train from nothing by TRPO; return the trainer's state, to go on from, and the training log."""
    trainer = Trainer(TASK, "trpo", seed, settings=SETTINGS)
    rows = list(islice(trainer.updates(10**9), updates))
    return trainer.state(), rows


def go_on(state: dict, seed: int, arm: str, size: float, updates: int = AFTER) -> tuple[dict, list[dict]]:
    """Make `updates` more updates from `state` on the way `arm`, one of ARMS; return state and training log.

    The first of them is made from the same batch, whatever the way and its size: α for "fixed step", else δ.
    """
    way = ARMS[arm]
    trainer = Trainer(TASK, way.algo, seed, settings=SETTINGS, update={way.size: size, **way.update})
    trainer.load(copy.deepcopy(state))
    rows = list(islice(trainer.updates(10**9), updates))
    return trainer.state(), rows


def survived(returns: np.ndarray) -> np.ndarray:
    """Return, for returns (…, updates), whether each run ends with at least half of what it began with."""
    return returns[..., -1] >= returns[..., 0] / 2


def all_ways(seed: int) -> list[dict[str, Any]]:
    """Return what becomes of one seed on each way with each size: the KL of the first step, and the returns."""
    state, _ = decent_policy(seed)
    found = []
    for arm, way in ARMS.items():
        for size in way.sizes:
            _, log = go_on(state, seed, arm, size)
            first_kl = float(f"{log[0]['kl']:.3g}")
            found.append({"first_kl": first_kl, "returns": [round(row["return_mean"]) for row in log]})
    return found


def main() -> None:
    """Make the runs of every seed that DATA lacks, and write them there as they end."""
    ways = [{"arm": arm, "size": float(f"{size:.6g}")} for arm, way in ARMS.items() for size in way.sizes]
    kept = json.loads(DATA.read_text()) if DATA.exists() else {"seeds": [], "runs": []}
    if [{name: run.get(name) for name in ("arm", "size")} for run in kept["runs"]] != ways:
        kept = {"seeds": [], "runs": []}  # made by another plan
    done = {
        seed: [{name: run[name][place] for name in ("first_kl", "returns")} for run in kept["runs"]]
        for place, seed in enumerate(kept["seeds"])
    }
    for seed, found in side_by_side(all_ways, [seed for seed in SEEDS if seed not in done]):
        print(f"seed {seed}", flush=True)
        done[seed] = found
        seeds = sorted(done)
        runs = [
            {**way, **{name: [done[seed][place][name] for seed in seeds] for name in ("first_kl", "returns")}}
            for place, way in enumerate(ways)
        ]
        record = {
            "task": TASK,
            "settings": as_data(settings_for(TASK, **SETTINGS)),
            "updates_before": BEFORE,
            "versions": versions(),
            "seeds": seeds,
            "runs": runs,
        }
        DATA.write_text(json.dumps(record).replace('{"arm"', '\n{"arm"') + "\n")


if __name__ == "__main__":
    main()
