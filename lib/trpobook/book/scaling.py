"""Training on many machines, on paper: what an update exchanges, counted; what its parts take, measured here; a model.

``python -m trpobook.book.scaling`` measures again and writes figures/scaling.json. Lesson 10.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import numpy as np
import torch
from torch import Tensor

from trpobook.agents.advantages import standardised
from trpobook.agents.averaging import Averaging, Thing
from trpobook.agents.environments import Environments, cpu_count
from trpobook.agents.threads import single_thread
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms.trpo import trpo_update
from trpobook.book import BOOK
from trpobook.book.bench import median_seconds
from trpobook.runs.ranks import joined
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

DATA = BOOK / "figures" / "scaling.json"
TASK = "Hopper-v5"
FLOATS = (1, 1_000, 5_000, 20_000, 100_000)


class Counting(Averaging):
    """One process that counts what several would say to each other: rounds, and floats in them."""

    def __init__(self) -> None:
        self.rounds = self.floats = 0
        self.other: Counting | None = None

    def mean(self, mean: Tensor, rows: int) -> Tensor:
        self.rounds, self.floats = self.rounds + 1, self.floats + mean.numel() + 1
        return mean

    def std(self, values: Tensor) -> Tensor:
        self.rounds, self.floats = self.rounds + 4, self.floats + 5  # two means, and how many there are
        return super().std(values)

    def rows(self, values: Tensor) -> Tensor:
        self.rounds, self.floats = self.rounds + 2, self.floats + values.numel()
        return values

    def gather(self, thing: Thing) -> list[Thing]:
        self.rounds += 2  # how long it is, and what it is
        return [thing]

    def most(self, number: int) -> int:
        self.rounds += 2
        return number

    def beside(self) -> Averaging:
        self.other = Counting()
        return self.other


def counted(updates: int = 3) -> dict[str, float]:
    """Return rounds and floats of an update of TRPO on TASK, and of the fit beside it: means over `updates`."""
    averaging = Counting()
    trainer = Trainer(TASK, averaging=averaging)
    beside = averaging.other
    assert beside is not None
    start = averaging.rounds, averaging.floats
    for _, _ in zip(range(updates), trainer.updates(10**9), strict=False):
        pass
    end = averaging.rounds, averaging.floats
    trainer.state()  # waits for the fit
    totals = {"rounds": end[0] - start[0], "floats": end[1] - start[1]}
    totals |= {"fit_rounds": beside.rounds, "fit_floats": beside.floats}
    return {name: number / updates for name, number in totals.items()}


def line(x: list[int], seconds: list[float]) -> tuple[float, float]:
    """Return (a, b) of a + b·x nearest to the seconds, relatively: both ends count."""
    x_, y = np.array(x, float), np.array(seconds)
    a, b = np.linalg.lstsq(np.stack([1 / y, x_ / y], axis=1), np.ones(len(y)), rcond=None)[0]
    return float(max(a, 0.0)), float(max(b, 0.0))


@single_thread()
def measured() -> dict[str, tuple[float, float] | float]:
    """Return seconds on one core, each as (a, b) of a + b·rows: of an update, a minibatch of the fit, acting."""
    trainer = Trainer(TASK)
    for _ in trainer.updates(5 * trainer.settings.batch_size):
        pass
    s, policy = trainer.settings, trainer.policy
    generator = torch.Generator().manual_seed(0)
    batch = trainer.sampler.collect(policy, trainer.observation_moments, 256, generator)
    states, actions = batch.states[:-1].flatten(0, 1), batch.actions.flatten(0, 1)
    advantages = torch.randn(len(states), generator=generator)
    sizes = [512, 2048, 8192, 16384]
    found: dict[str, tuple[float, float] | float] = {}

    def update(rows: int) -> None:
        part = standardised(advantages[:rows])
        trpo_update(policy, states[:rows], actions[:rows], part, delta=1e-9, fisher_stride=s.fisher_stride)

    found["update"] = line(sizes, [median_seconds(lambda n=n: update(n), 20) for n in sizes])
    value = ValueFunction(states.shape[1], s.hidden, 1e-9, generator)
    sizes = [8, 64, 512]
    fits = [
        median_seconds(lambda n=n: value.fit(states[: 20 * n], advantages[: 20 * n], 1, n, generator)) / 20
        for n in sizes
    ]
    found["minibatch"] = line(sizes, fits)
    sizes = [8, 64, 512]
    acting = [median_seconds(lambda n=n: policy.sample(states[:n], generator), 200) for n in sizes]
    found["act"] = line(sizes, acting)
    environments = Environments(TASK, 16, 0)
    environments.reset()
    seconds = median_seconds(lambda: environments.step(batch.actions[0, :16].numpy()), 400)
    found["step"] = seconds / 16 * min(16, cpu_count())  # of one copy on one core
    return found


@single_thread()
def exchange() -> None:
    """Measure, as one of two processes, the seconds of a mean of so many floats; the first one prints them."""
    with joined(torch.device("cpu")) as averaging:
        seconds = [median_seconds(lambda n=n: averaging.mean(torch.ones(n), 1), 200) for n in FLOATS]
        if averaging.rank == 0:
            print(json.dumps(line(list(FLOATS), seconds)))


def between_two() -> tuple[float, float]:
    """Return (a, b) of the seconds a + b·floats of a mean over two processes on this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        places = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    code = "from trpobook.book.scaling import exchange; exchange()"
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, **places, "RANK": rank}, stdout=subprocess.PIPE, text=True
        )
        for rank in "01"
    ]
    said = [process.communicate()[0] for process in both]
    a, b = json.loads(said[0])
    return a, b


def steps_per_second(
    parts: dict, machines: int, rows: int, minibatch: int, cores: int = 32, copies: int = 64
) -> dict[str, float]:
    """Return what the model predicts for one process a machine: steps/s, and the seconds of an update's parts.

    Args:
        parts: what figures/scaling.json holds.
        machines, cores: processes, and cores of each.
        rows: of a batch, of all machines together.
        minibatch: of the value function's fit, of all machines together.
        copies: of the task, on each machine.
    Each machine steps its copies on all cores, without loss, and acts on one; it updates the policy on one core, on
    its share of the rows. The fit runs on another core, beside the update and the next sampling, each minibatch in
    shares. Gloo passes a mean round a ring: over n machines that is n − 1 times the latency of a mean between two,
    and 2(n − 1)/n times the bytes. Waiting for the slowest machine is left out.
    """
    share, ring = rows / machines, machines - 1
    (act, act_row), (update, update_row) = parts["act"], parts["update"]
    (piece, piece_row), (latency, a_float) = parts["minibatch"], parts["mean"]

    def talk(rounds: float, floats: float) -> float:
        return rounds * ring * latency + floats * a_float * 2 * ring / machines

    counts, pieces = parts["counts"], rows / minibatch * parts["epochs"]
    more = pieces / (parts["batch_size"] / parts["value_minibatch"] * parts["epochs"])  # than when it was counted
    gathered = 3 * (rows - parts["batch_size"])  # ratios, values and targets, for the log
    sample = share * parts["step"] / cores + share / copies * (act + act_row * copies)
    policy = update + update_row * share + talk(counts["rounds"], counts["floats"] + gathered)
    fit = pieces * (piece + piece_row * minibatch / machines) + talk(
        more * counts["fit_rounds"], more * counts["fit_floats"]
    )
    seconds = max(sample + policy, fit)
    return {"steps_per_second": rows / seconds, "sample": sample, "update": policy, "fit": fit}


def main() -> None:
    """Measure all, and write it."""
    settings = settings_for(TASK)
    found = {
        "task": TASK,
        "batch_size": settings.batch_size,
        "epochs": settings.value_epochs,
        "value_minibatch": settings.value_minibatch,
        "counts": counted(),
        "mean": between_two(),
        **measured(),
        "processors": cpu_count(),
        "torch": torch.__version__,
    }
    DATA.write_text(json.dumps(found, indent=1) + "\n")
    print(DATA.read_text())


if __name__ == "__main__":
    main()
