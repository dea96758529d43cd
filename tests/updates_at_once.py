"""Every update, on this process's part of a batch: test_ranks.py starts this file once for each of K processes."""

import sys

import numpy as np
import torch

from batches import make_batch, theta
from trpobook.agents.advantages import standardised
from trpobook.agents.averaging import ALONE
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.algorithms.ppo import Memory, ppo_kl_update, ppo_update
from trpobook.algorithms.reinforce import reinforce_update
from trpobook.algorithms.trpo import trpo_update
from trpobook.runs.ranks import joined

ROWS = 240
PARTS = {1: (240,), 2: (145, 95), 3: (100, 75, 65)}  # multiples of the stride, so that the same states enter F
FISHER = {"damping": 0.1, "fisher_stride": 5}
UPDATES = {
    "trpo": (trpo_update, {"delta": 0.01, **FISHER}),
    "trpo, entropy": (trpo_update, {"delta": 0.05, "entropy_bonus": 0.1, **FISHER}),
    "npg": (natural_gradient_update, {"step_size": 0.3, "entropy_bonus": 0.01, **FISHER}),
    "reinforce": (reinforce_update, {"step_size": 0.5, "entropy_bonus": 0.01}),
    "ppo": (ppo_update, {"epochs": 3, "clip": 0.1, "entropy_bonus": 0.01}),
    "ppo-kl": (ppo_kl_update, {"epochs": 3, "kl_target": 1e-3}),
}
KINDS = {"gaussian": False, "categorical": True}


def part(averaging, tensor):
    """Return this process's rows of a tensor of all rows."""
    return torch.split(tensor, PARTS[averaging.size])[averaging.rank]


def updated(name, kind, averaging=ALONE, minibatch=ROWS * 3):
    """Return the parameters after an update on a batch of which each process has a part, and the record of it."""
    update, options = UPDATES[name]
    policy, *batch = make_batch(KINDS[kind], ROWS)
    states, actions, advantages = (part(averaging, rows) for rows in batch)
    if "epochs" in options:
        memory = Memory(policy, 1e-2, seed=averaging.rank)
        options = options | {"memory": memory, "minibatch": minibatch}
    record = update(policy, states, actions, standardised(advantages, averaging), **options, averaging=averaging)
    return theta(policy), vars(record)


def fitted(averaging=ALONE, minibatch=ROWS * 3):
    """Return the parameters of a value function after a fit to targets of which each process has a part."""
    _, states, _, targets = make_batch(rows=ROWS)
    value = ValueFunction(4, (8,), 1e-2, torch.Generator().manual_seed(1))
    dice = torch.Generator().manual_seed(averaging.rank)
    value.fit(part(averaging, states), part(averaging, targets), 3, minibatch, dice, 0.5, averaging)
    return theta(value)


def moments(averaging=ALONE):
    """Return mean, variance and count of rows of which each process has a part, then of none, then of more."""
    running, rows = RunningMoments((4,)), make_batch(rows=ROWS)[1]
    for some in (rows, rows[:0], 3 * rows + 1):
        here = part(averaging, some) if len(some) else some
        running.update(here.numpy(), averaging)
    return np.stack([running.mean, running.var]), running.count


def everything(averaging=ALONE):
    """Return all of it, as `torch.save` takes it."""
    return {
        "updates": {f"{name}, {kind}": updated(name, kind, averaging) for name in UPDATES for kind in KINDS},
        "minibatches": {name: updated(name, "gaussian", averaging, 32) for name in ("ppo", "ppo-kl")},
        "fits": [fitted(averaging), fitted(averaging, 32)],
        "moments": moments(averaging),
        "most": averaging.most(10 - averaging.rank),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    with joined(torch.device("cpu")) as averaging:
        torch.save(everything(averaging), f"{sys.argv[1]}/{averaging.size}-{averaging.rank}.pt")
