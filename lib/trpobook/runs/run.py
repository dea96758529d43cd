"""What every run shares: what is asked of it, where it stands, the loop, and a state to go on from."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import Space
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.agent import Agent, new_agent
from trpobook.agents.games import ATARI_TASKS
from trpobook.agents.parameters import trained
from trpobook.agents.policies import Policy
from trpobook.agents.tasks import Task
from trpobook.agents.threads import single_thread
from trpobook.runs.settings import Settings, as_data, settings_for

RECENT = 20  # episodes that `return_mean` averages over
Row = dict[str, Any]
log = logging.getLogger("trpobook")


@dataclass(frozen=True)
class Plan:
    """What a run is asked: the task, the algorithm, the seed, the settings, the device."""

    task: Task
    algo: str
    seed: int
    settings: Settings
    device: torch.device

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; it must be at least 0 and below 2⁶³")

    def data(self) -> Row:
        """Return what tells this run from others, as plain data."""
        return {"env": self.task.name, "algo": self.algo, "seed": self.seed, "settings": as_data(self.settings)}


class Stage(Protocol):
    """Where a run acts: many environments, or the simulators that a vine climbs along."""

    @property
    def spaces(self) -> tuple[Space[Any], Space[Any]]:
        """The task's own observation and action space."""

    @property
    def journal(self) -> list[np.ndarray | None]:
        """All that was done on the stage since it was made."""

    @property
    def fresh(self) -> np.ndarray:
        """Which copies are still in the episode that they were made with."""

    def replay(self, journal: list[np.ndarray | None]) -> None:
        """Do all that again, on a stage just made."""

    def close(self) -> None: ...


class Run(ABC):
    """A policy in training: `for row in run.updates(100_000): …`, each row a dict of COLUMNS.

    Every `settings.checkpoint_steps` transitions the stage is made anew from (seed, number of the checkpoint), and
    the episodes under way are cut, as by truncation: EnvPool cannot save a simulator's state. In between, the actions
    are kept. So a run can be resumed from the state after any update: its stage is made as at the last checkpoint, the
    actions are repeated, and all goes on as if nothing had happened, bit for bit.

    Where an episode lasts longer than that, the cut would lose what comes after: the interval then grows.

    Args:
        plan: what is asked.
        make: the number of a checkpoint -> the stage.
        policy: the reader's own, or None for one that suits the task's spaces.
    """

    def __init__(self, plan: Plan, make: Callable[[int], Stage], policy: Policy | None = None):
        self.plan, self.task, self.algo, self.seed = plan, plan.task, plan.algo, plan.seed
        self.settings, self.device = plan.settings, plan.device
        self._make, self.stage = make, make(0)
        self._weights = torch.Generator().manual_seed(plan.seed)
        s = plan.settings
        self.agent: Agent = new_agent(
            plan.task,
            self.stage.spaces,
            policy,
            hidden=s.hidden,
            log_std=s.log_std,
            generator=self._weights,
            device=plan.device,
            about={"algo": plan.algo, "seed": plan.seed},
        )
        self.policy, self.observation_moments = self.agent.policy, self.agent.moments
        self.steps = self.count = 0
        self.number, self.interval, self.due = 0, s.checkpoint_steps, s.checkpoint_steps
        self.at_checkpoint = False
        self.recent: list[tuple[float, int]] = []

    def updates(self, steps: int) -> Iterator[Row]:
        """Yield a row of COLUMNS after each update until `steps` transitions have been sampled in all."""
        with single_thread():
            while self.steps < steps:
                row = self._next()
                self.at_checkpoint = self.steps >= self.due
                if self.at_checkpoint:
                    self._pass_checkpoint()
                yield row

    @abstractmethod
    def _next(self) -> Row:
        """Make one update and return its row."""

    def _pass_checkpoint(self) -> None:
        """Make the stage anew, or let the interval grow where a copy is in its first episode still."""
        every = self.settings.checkpoint_steps
        if self.stage.fresh.any():
            self.interval *= 2
            log.warning(
                "%s: an episode has lasted longer than the interval between checkpoints, which becomes %d steps",
                self.task.name,
                self.interval,
            )
        else:
            self._set_stage(self.steps // every)
        self.due = self.steps // every * every + self.interval

    def _set_stage(self, number: int) -> None:
        """Make the stage of a checkpoint."""
        self.stage.close()
        self.number, self.stage = number, self._make(number)

    def _count(self, steps: int, episodes: list[tuple[float, int]]) -> Row:
        """Take in what a batch held; return the columns that say so."""
        self.steps += steps
        self.agent.about["steps"] = self.steps
        self.count += 1
        self.recent = [*self.recent, *episodes][-RECENT:]
        means = np.mean(self.recent, axis=0).tolist() if self.recent else ["", ""]
        return {
            "update": self.count,
            "steps": self.steps,
            "return_mean": means[0],
            "episode_length": means[1],
            "episodes": len(episodes),
        }

    def evaluate(self, episodes: int = 20) -> np.ndarray:
        """Return `Agent.evaluate` of the agent as it stands."""
        return self.agent.evaluate(episodes)

    def state(self) -> Row:
        """Return all that the run's future depends on, as tensors and plain data; the weights are the live ones."""
        return {
            "agent": self.agent.state(),
            "number": self.number,
            "interval": self.interval,
            "due": self.due,
            "journal": packed(self.stage.journal),
            "steps": self.steps,
            "count": self.count,
            "recent": self.recent,
        }

    def load(self, state: Row) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        self.agent.load(state["agent"])
        # Views of one vector, as every update leaves them: sums round by how their terms lie in memory, and a resumed
        # run must round like an unbroken one.
        parameters = trained(self.policy.parameters())
        vector_to_parameters(parameters_to_vector(parameters).detach(), parameters)
        self.steps, self.count, self.recent = state["steps"], state["count"], list(state["recent"])
        self.agent.about["steps"] = self.steps
        self.interval, self.due = state["interval"], state["due"]
        self._set_stage(state["number"])
        self.stage.replay(unpacked(state["journal"]))


def packed(journal: list[np.ndarray | None]) -> Row:
    """Return a journal as plain data: one tensor of all actions, and the places of the resets among them."""
    actions = [step for step in journal if step is not None]
    resets = [place for place, step in enumerate(journal) if step is None]
    return {"actions": torch.from_numpy(np.stack(actions)) if actions else torch.empty(0), "resets": resets}


def unpacked(data: Row) -> list[np.ndarray | None]:
    """Return the journal that `packed` made data of."""
    journal: list[np.ndarray | None] = list(data["actions"].numpy())
    for place in data["resets"]:
        journal.insert(place, None)
    return journal


def settings_of(task: Task, algo: str, changes: Settings | Mapping[str, Any] | None, processes: int = 0) -> Settings:
    """Return `changes` where they are settings already, else those of the task with the changes on top.

    Raises: ValueError when num_envs is not the number of `processes`, or of the copies in a vector environment.
    """
    copies = processes or task.copies
    if not isinstance(changes, Settings):
        changes = settings_for(task.name, algo, **({"num_envs": copies} if copies else {}) | dict(changes or {}))
    if copies and changes.num_envs != copies:
        raise ValueError(f"num_envs is {changes.num_envs}, but there are {copies} copies of {task.name}; leave it out")
    return changes


def refuse_games(task: Task, algo: str) -> None:
    """Raise ValueError for a game: its state cannot be saved, and a search over 44,000 weights would not end."""
    if task.name in ATARI_TASKS:
        raise ValueError(f"{task.name} is a game, which {algo} does not play; choose trpo, or another with a gradient")


def stage_seed(plan: Plan, number: int) -> int:
    """Return the seed of the environments of a checkpoint."""
    return int(np.random.SeedSequence([plan.seed, number]).generate_state(1)[0]) >> 1


def choose_device(name: str) -> torch.device:
    """Return the torch device for "auto" (the CPU: for the small networks here it is the faster), "cpu" or "cuda".

    Raises: ValueError for another name, or for "cuda" where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {name!r}; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but PyTorch finds no GPU; choose auto or cpu")
    return torch.device("cuda" if name == "cuda" else "cpu")
