"""Training on the vine: the policy is followed, and branches grow from some of the states that it passed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np
import torch
from gymnasium import Space

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.policies import Policy
from trpobook.agents.simulator import Simulator
from trpobook.agents.tasks import Env, Source, Task, as_task
from trpobook.algorithms.trpo import trpo_update
from trpobook.algorithms.vine import grow, self_normalised
from trpobook.runs.plan import Plan, Row, choose_device, refuse_games, refuse_several, settings_of
from trpobook.runs.run import Run
from trpobook.runs.settings import Settings, VineSettings


class Trunk:
    """The simulators along which the policy is followed: `step` begins a new episode where one has ended."""

    def __init__(self, task: Task, seeds: np.ndarray):
        self.simulators = [Simulator(task) for _ in seeds]
        self.observations = [s.reset(int(seed) >> 1) for s, seed in zip(self.simulators, seeds, strict=True)]
        self.returns = np.zeros(len(seeds))
        self.fresh = np.ones(len(seeds), dtype=bool)
        self.journal: list[np.ndarray | None] = []

    @property
    def spaces(self) -> tuple[Space[Any], Space[Any]]:
        """The task's own observation and action space."""
        return self.simulators[0].spaces

    def step(self, actions: np.ndarray) -> list[tuple[float, int]]:
        """Take one action in each simulator; return (return, length) of the episodes that ended."""
        self.journal.append(actions)
        ended = []
        for i, simulator in enumerate(self.simulators):
            self.observations[i], reward, terminated, truncated = simulator.step(actions[i])
            self.returns[i] += reward
            if terminated or truncated:
                ended.append((float(self.returns[i]), simulator.age))
                self.observations[i], self.returns[i], self.fresh[i] = simulator.reset(), 0.0, False
        return ended

    def replay(self, journal: list[np.ndarray | None]) -> None:
        """Take all the actions of another trunk's `journal`."""
        for actions in journal:
            if actions is not None:
                self.step(actions)

    def close(self) -> None:
        """End the simulators."""
        for simulator in self.simulators:
            simulator.close()


class VineRun(Run):
    """A run of TRPO on branched rollouts: no value function, and simulators in Gymnasium, whose state can be saved.

    Each update follows the policy in `num_envs` simulators for batch_size steps in all, picks `branch_states` of the
    states passed, and lets `branches` branches of up to `horizon` steps grow from each. Every step counts.

    Args: as for `Trainer`; algo is "vine".
    Lesson 11.
    """

    settings: VineSettings
    stage: Trunk

    def __init__(
        self,
        task: Source | Task,
        algo: str = "vine",
        seed: int = 0,
        device: str = "auto",
        settings: Settings | Mapping[str, Any] | None = None,
        *,
        env_kwargs: dict[str, Any] | None = None,
        wrappers: Sequence[Callable[[Env], Env]] = (),
        policy: Policy | None = None,
        processes: int = 0,
        averaging: Averaging = ALONE,
        threads: int = 1,
    ):
        if processes:
            raise ValueError(f"processes is {processes}, but the vine steps its simulators in one; leave it out")
        if device == "cuda":
            raise ValueError("device is 'cuda', but the vine grows on the CPU; choose auto or cpu")
        task = as_task(task, env_kwargs, wrappers)
        refuse_games(task, algo)
        refuse_several(averaging, algo)
        plan = Plan(task, algo, seed, settings_of(task, algo, settings), choose_device(device), threads=threads)
        super().__init__(plan, partial(_trunk, plan), policy)
        s = self.settings
        self.simulators = [Simulator(task) for _ in range(s.branch_states * s.branches)]
        self.generator = torch.Generator().manual_seed(seed)
        self.chooser = torch.Generator().manual_seed(seed)

    @torch.no_grad()
    def _climb(self, steps: int) -> tuple[np.ndarray, list[Any], list[tuple[float, int]]]:
        """Follow the policy; return the observations, the points to branch from, and (return, length) of episodes."""
        trunk, episodes, points, seen = self.stage, [], [], []
        n = len(trunk.simulators)
        picked = set(torch.randperm(steps * n, generator=self.chooser)[: self.settings.branch_states].tolist())
        for t in range(steps):
            seen += trunk.observations
            points += [(trunk.observations[i], trunk.simulators[i].save()) for i in range(n) if t * n + i in picked]
            states = torch.from_numpy(self.observation_moments.normalise(np.array(trunk.observations)))
            episodes += trunk.step(self.policy.sample(states, self.generator).numpy())
        return np.array(seen), points, episodes

    def _next(self) -> Row:
        s, clock = self.settings, [time.perf_counter()]
        seen, points, episodes = self._climb(s.batch_size // s.num_envs)
        vine = grow(
            self.policy,
            self.observation_moments,
            self.simulators,
            points,
            branches=s.branches,
            horizon=s.horizon,
            gamma=s.gamma,
            generator=self.generator,
        )
        clock.append(time.perf_counter())
        q = torch.from_numpy(vine.q - vine.q.mean(axis=1, keepdims=True)).float()
        record = trpo_update(
            self.policy,
            vine.states.repeat_interleave(s.branches, 0),
            vine.actions.flatten(0, 1),
            (q / (q.std() + 1e-8)).flatten(),
            surrogate=self_normalised(s.branches),
            delta=s.delta,
            damping=s.damping,
            cg_iterations=s.cg_iterations,
            fisher_stride=s.branches,  # each state once
        )
        clock.append(time.perf_counter())
        if s.normalise_observations:
            self.observation_moments.update(seen)
        return {
            **self._count(len(seen) + vine.calls, episodes),
            **asdict(record),
            "accepted": int(record.accepted),
            "sample_seconds": clock[1] - clock[0],
            "policy_seconds": clock[2] - clock[1],
        }

    def state(self) -> Row:
        """Return all that the run's future depends on."""
        generators = {"generator": self.generator.get_state(), "chooser": self.chooser.get_state()}
        return {**super().state(), **generators}

    def load(self, state: Row) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        super().load(state)
        self.generator.set_state(state["generator"])
        self.chooser.set_state(state["chooser"])


def _trunk(plan: Plan, number: int) -> Trunk:
    """Return the trunk of a checkpoint."""
    seeds = np.random.SeedSequence([plan.seed, number]).generate_state(plan.settings.num_envs)
    return Trunk(plan.task, seeds)
