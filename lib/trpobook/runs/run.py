"""What every run shares: what is asked of it, where it stands, the loop, and a state to go on from."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from gymnasium import Space
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.agent import Agent, new_agent
from trpobook.agents.parameters import trained
from trpobook.agents.policies import Policy
from trpobook.agents.threads import torch_threads
from trpobook.runs.plan import Plan, Row
from trpobook.runs.ranks import refuse_unequal

RECENT = 20  # episodes that `return_mean` averages over
log = logging.getLogger("trpobook")


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
        self.settings, self.device, self.averaging = plan.settings, plan.device, plan.averaging
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
        spaces = dict(zip(("observation space", "action space"), map(repr, self.stage.spaces), strict=True))
        refuse_unequal(self.averaging, spaces)
        self.policy.load_state_dict(self.averaging.share(self.policy.state_dict()))  # a reader's own may begin anyhow
        self.steps = self.count = 0
        self.number, self.interval, self.due = 0, s.checkpoint_steps, s.checkpoint_steps
        self.at_checkpoint = False
        self.recent: list[tuple[float, int]] = []

    def updates(self, steps: int) -> Iterator[Row]:
        """Yield a row of COLUMNS after each update until `steps` transitions have been sampled in all."""
        while self.steps < steps:
            with torch_threads(self.plan.threads):  # the reader's own number stands again at each row
                row = self._next()
            self.at_checkpoint = self.steps >= self.due
            if self.at_checkpoint:
                self._pass_checkpoint()
            yield row

    def close(self) -> None:
        """End the stage, and what works beside."""
        self.stage.close()

    @abstractmethod
    def _next(self) -> Row:
        """Make one update and return its row."""

    def _pass_checkpoint(self) -> None:
        """Make the stage anew, or let the interval grow where a copy is in its first episode still."""
        every = self.settings.checkpoint_steps
        if self.averaging.most(int(self.stage.fresh.any())):
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
        """Take in what a batch held, in all processes; return the columns that say so."""
        parts = self.averaging.gather((steps, episodes))
        self.steps += sum(steps for steps, _ in parts)
        episodes = [episode for _, part in parts for episode in part]
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
        """Return `Agent.evaluate` of the agent as it stands; of several processes the first one plays."""
        return self.averaging.share(self.agent.evaluate(episodes) if self.averaging.rank == 0 else np.empty(0))

    def state(self) -> Row:
        """Return all that the run's future depends on, as tensors and plain data; the weights are the live ones."""
        return {
            "agent": self.agent.state(),
            "number": self.number,
            "interval": self.interval,
            "due": self.due,
            "steps": self.steps,
            "count": self.count,
            "recent": self.recent,
            "processes": self.averaging.gather(self._part()),
        }

    def _part(self) -> Row:
        """Return what of the state is this process's own."""
        return {"journal": packed(self.stage.journal)}

    def load(self, state: Row) -> None:
        """Take over a state that `state()` gave, made for the same task and settings.

        Where as many processes take it over as gave it, all goes on bit for bit. Where they are more, or fewer, the
        copies are shared out anew: the episodes under way are cut, and the dice are others.
        """
        self.agent.load(state["agent"])
        # Views of one vector, as every update leaves them: sums round by how their terms lie in memory, and a resumed
        # run must round like an unbroken one.
        parameters = trained(self.policy.parameters())
        vector_to_parameters(parameters_to_vector(parameters).detach(), parameters)
        self.steps, self.count, self.recent = state["steps"], state["count"], list(state["recent"])
        self.agent.about["steps"] = self.steps
        self.interval, self.due = state["interval"], state["due"]
        self._set_stage(state["number"])
        parts = state["processes"]
        own = len(parts) == self.averaging.size
        self._load_part(parts[self.averaging.rank if own else 0], own)

    def _load_part(self, part: Row, own: bool) -> None:
        """Take over what `_part` gave; of a part that isn't this process's own, what all parts have in common."""
        if own:
            self.stage.replay(unpacked(part["journal"]))


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
