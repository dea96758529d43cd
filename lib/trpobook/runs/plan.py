"""What a run is asked to do, and what follows from that: settings, seeds, the device."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.environments import Environments
from trpobook.agents.games import ATARI_TASKS
from trpobook.agents.tasks import Task
from trpobook.runs.settings import Settings, as_data, settings_for

PACKAGES = ("torch", "numpy", "gymnasium", "mujoco", "envpool", "trpobook")
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What a run is asked: the task, the algorithm, the seed, the settings, the device; processes and threads."""

    task: Task
    algo: str
    seed: int
    settings: Settings
    device: torch.device
    averaging: Averaging = ALONE
    threads: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.threads <= 1024:
            raise ValueError(f"threads is {self.threads}; it must lie between 1 and 1024")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; it must be at least 0 and below 2⁶³")

    @property
    def copies(self) -> int:
        """Of the task's `num_envs` copies those that this process steps."""
        return self.settings.num_envs // self.averaging.size

    def seed_for(self, *purpose: int) -> int:
        """Return a seed below 2³² that goes with the run's seed, the purpose and this process."""
        return seed_from(self.seed, *purpose, self.averaging.rank)

    def data(self) -> Row:
        """Return what tells this run from others, as plain data."""
        return {"env": self.task.name, "algo": self.algo, "seed": self.seed, "settings": as_data(self.settings)}


def settings_of(
    task: Task, algo: str, changes: Settings | Mapping[str, Any] | None, processes: int = 0, ranks: int = 1
) -> Settings:
    """Return `changes` where they are settings already, else those of the task with the changes on top.

    Raises: ValueError when num_envs is not the number of `processes`, or of the copies in a vector environment, or
        when `ranks` processes that train together can't share the copies out.
    """
    copies = (processes or task.copies) * ranks
    if not isinstance(changes, Settings):
        changes = settings_for(task.name, algo, **({"num_envs": copies} if copies else {}) | dict(changes or {}))
    if copies and changes.num_envs != copies:
        raise ValueError(f"num_envs is {changes.num_envs}, but there are {copies} copies of {task.name}; leave it out")
    if changes.num_envs % ranks:
        raise ValueError(
            f"num_envs is {changes.num_envs}, which {ranks} processes can't share out evenly; "
            f"start another number of them, or set num_envs to a multiple of {ranks}"
        )
    return changes


def refuse_several(averaging: Averaging, algo: str) -> None:
    """Raise ValueError where several processes are to train by an algorithm that one process runs."""
    if averaging.size > 1:
        raise ValueError(f"{algo} trains in one process, not in {averaging.size}; start it without torchrun")


def refuse_games(task: Task, algo: str) -> None:
    """Raise ValueError for a game: its state cannot be saved, and a search over 44,000 weights would not end."""
    if task.name in ATARI_TASKS:
        raise ValueError(f"{task.name} is a game, which {algo} does not play; choose trpo, or another with a gradient")


def seed_from(*numbers: int) -> int:
    """Return a seed below 2³² that depends on all the numbers; a zero at their end makes no difference."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def stage_seed(plan: Plan, number: int) -> int:
    """Return the seed of the environments of a checkpoint."""
    return plan.seed_for(number) >> 1


def choose_device(name: str) -> torch.device:
    """Return the torch device for "auto" (the CPU: for the small networks here it is the faster), "cpu" or "cuda".

    Raises: ValueError for another name, or for "cuda" where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {name!r}; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but PyTorch finds no GPU; choose auto or cpu")
    return torch.device("cuda" if name == "cuda" else "cpu")


def environments(plan: Plan, processes: int, stagger: bool, number: int) -> Environments:
    """Return this process's environments of a checkpoint; `stagger`: their first episodes cut one after the other."""
    return Environments(plan.task, plan.copies, stage_seed(plan, number), stagger, processes)


def versions() -> dict[str, str | None]:
    """Return the version of Python, and of each of PACKAGES that is installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found
