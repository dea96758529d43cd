"""Training without gradients: a generation plays, the next is drawn near the best of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.environments import Environments
from trpobook.agents.policies import Policy
from trpobook.agents.tasks import Env, Source, Task, as_task
from trpobook.algorithms.search import CovarianceAdaptation, CrossEntropy, Population
from trpobook.runs.plan import Plan, Row, choose_device, environments, refuse_games, settings_of
from trpobook.runs.run import Run
from trpobook.runs.settings import SearchSettings, Settings

SEARCHES: dict[str, type[CrossEntropy | CovarianceAdaptation]] = {"cem": CrossEntropy, "cma-es": CovarianceAdaptation}


class SearchRun(Run):
    """A run without gradients: a generation plays one episode each, in as many environments as it has members.

    Of several processes each plays its share of the population. All draw the same one, and are told all returns. The
    policy is the mean of the population. A generation's row has no columns of an update along a gradient. What
    the search has learned is repeated, on resuming, from the returns that it was told.

    Args: as for `Trainer`; algo is one of SEARCHES.
    Lesson 10.
    """

    settings: SearchSettings
    stage: Environments

    def __init__(
        self,
        task: Source | Task,
        algo: str = "cem",
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
        if device == "cuda":
            raise ValueError(f"device is 'cuda', but {algo} plays its population on the CPU; choose auto or cpu")
        task = as_task(task, env_kwargs, wrappers)
        refuse_games(task, algo)
        chosen = settings_of(task, algo, settings, processes, averaging.size)
        plan = Plan(task, algo, seed, chosen, choose_device(device), averaging, threads)
        super().__init__(plan, partial(environments, plan, processes, False), policy)
        if len(self.stage.observation_space.shape) == 3:
            raise ValueError(f"{task.name} shows frames, and {algo} would not find its way among a network's weights")
        self.population = Population(self.policy)
        self.start = self.population.weights()
        self._begin()

    def _begin(self) -> None:
        s = self.settings
        self.searcher = SEARCHES[self.algo](self.start, s.spread, s.num_envs, self.seed)
        self.returns: list[list[float]] = []

    def _next(self) -> Row:
        clock, before, n = [time.perf_counter()], self.searcher.mean, self.plan.copies
        members = self.searcher.ask()[self.averaging.rank * n :][:n]
        returns, lengths, observations = self.population.play(members, self.stage, self.observation_moments)
        clock.append(time.perf_counter())
        self._tell(np.concatenate(self.averaging.gather(returns)))
        self.population.set_weights(self.searcher.mean)
        clock.append(time.perf_counter())
        if self.settings.normalise_observations:
            self.observation_moments.update(observations, self.averaging)
        return {
            **self._count(len(observations), list(zip(returns.tolist(), lengths.tolist(), strict=True))),
            "step_norm": float(np.linalg.norm(self.searcher.mean - before)),
            "sample_seconds": clock[1] - clock[0],
            "policy_seconds": clock[2] - clock[1],
        }

    def _tell(self, returns: np.ndarray) -> None:
        self.searcher.tell(returns)
        self.returns.append(returns.tolist())

    def state(self) -> Row:
        """Return all that the run's future depends on; of the searcher the returns it was told, which repeat it."""
        return {**super().state(), "returns": self.returns}

    def load(self, state: Row) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        super().load(state)
        self._begin()
        for returns in state["returns"]:
            self.searcher.ask()
            self._tell(np.array(returns))
