"""Training along gradients: sample, estimate, update, record."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trpobook.agents.advantages import explained_variance, gae, standardised
from trpobook.agents.averaging import ALONE, Averaging
from trpobook.agents.environments import Environments
from trpobook.agents.games import ATARI_TASKS
from trpobook.agents.networks import state_of
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import Policy
from trpobook.agents.rollouts import Batch, Sampler
from trpobook.agents.tasks import Env, Source, Task, as_task
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms.ppo import Memory
from trpobook.runs.columns import TIMINGS
from trpobook.runs.plan import Plan, Row, choose_device, environments, settings_of
from trpobook.runs.run import Run
from trpobook.runs.settings import GradientSettings, ProximalSettings, Settings
from trpobook.runs.updates import UPDATES


class Trainer(Run):
    """One run along gradients, update by update: `for row in Trainer("Hopper-v5").updates(100_000): …`.

    Args:
        task: an id, a function that makes an environment, or a Gymnasium vector environment.
        algo: one of UPDATES.
        seed: ≥ 0; same seed, settings and machine give the same run on the CPU.
        device: "auto", "cpu" or "cuda". For small networks the CPU is the faster one.
        settings: those of the task unless given.
        update: keyword arguments for the update, for instance a `conjugate_gradient` of your own.
        env_kwargs, wrappers: for the environment.
        policy: a policy of your own, as `trpobook.agents.policies.Policy` describes.
        processes: the number of processes that step the environment, one copy in each; 0 for none.
        averaging: over the processes that train together; `num_envs`, `batch_size` and minibatches are those of all.
        threads: of PyTorch's. The fit beside and the physics use the other cores: on two of them a second thread made
            training slower up to 256 units a layer, and no faster with 512. Another number rounds otherwise.
    Lesson 10.
    """

    settings: GradientSettings
    stage: Environments

    def __init__(
        self,
        task: Source | Task,
        algo: str = "trpo",
        seed: int = 0,
        device: str = "auto",
        settings: Settings | Mapping[str, Any] | None = None,
        update: dict[str, Any] | None = None,
        *,
        env_kwargs: dict[str, Any] | None = None,
        wrappers: Sequence[Callable[[Env], Env]] = (),
        policy: Policy | None = None,
        processes: int = 0,
        averaging: Averaging = ALONE,
        threads: int = 1,
    ):
        if algo not in UPDATES:
            raise ValueError(f"unknown algorithm {algo!r}; a trainer has {', '.join(UPDATES)}")
        task = as_task(task, env_kwargs, wrappers)
        chosen = settings_of(task, algo, settings, processes, averaging.size)
        plan = Plan(task, algo, seed, chosen, choose_device(device), averaging, threads)
        super().__init__(plan, partial(environments, plan, processes, True), policy)
        self._update = update or {}
        self._restart()
        self.generator, self.shuffler = torch.Generator(self.device), torch.Generator()
        self._throw(0)
        s, state = self.settings, state_of(self.stage.observation_space)
        self.value = ValueFunction(state, s.hidden, s.value_learning_rate, self._weights, self.device)
        self.memory = None
        if isinstance(s, ProximalSettings):
            self.memory = Memory(self.policy, s.learning_rate, plan.seed_for(1))  # another order than V's
        self.return_moments = RunningMoments()
        self._beside = averaging.beside()
        self._worker = ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(threads,))
        self._fit: Future[None] | None = None

    def _set_stage(self, number: int) -> None:
        super()._set_stage(number)
        self._restart()

    def _throw(self, purpose: int) -> None:
        """Give the generators new seeds; process 0 begins with the run's own."""
        for generator in (self.generator, self.shuffler):
            begin = self.averaging.rank == purpose == 0
            generator.manual_seed(self.seed if begin else self.plan.seed_for(2, purpose))

    def _restart(self) -> None:
        """Begin to sample from the stage, just made."""
        self.sampler = Sampler(self.stage)
        self.discounted = np.zeros(self.stage.num_envs)

    def updates(self, steps: int) -> Iterator[Row]:
        """Yield a row of COLUMNS after each update until `steps` transitions have been sampled in all.

        The value function is fitted to the last batch when the loop has run to its end.
        """
        yield from super().updates(steps)
        self._finish_fit()

    def close(self) -> None:
        """End the stage, and the fit that runs beside; its result is lost."""
        super().close()
        self._worker.shutdown()

    def _next(self) -> Row:
        s = self.settings
        clock = [time.perf_counter()]
        batch = self.sampler.collect(self.policy, self.observation_moments, s.batch_size // s.num_envs, self.generator)
        clock.append(time.perf_counter())
        self._finish_fit()
        clock.append(time.perf_counter())
        advantages, values = self._advantages(batch)
        targets = advantages + values
        valid = batch.valid.to(self.device)
        states, actions = batch.states[:-1][valid], batch.actions[valid]
        clock.append(time.perf_counter())
        self._fit = self._worker.submit(
            self.value.fit,
            states,
            targets[valid],
            s.value_epochs,
            s.value_minibatch,
            self.shuffler,
            s.value_gradient_norm or np.inf,
            self._beside,
        )
        scaled = standardised(advantages[valid], self.averaging)
        record = UPDATES[self.algo].update(self.policy, states, actions, scaled, **self._arguments())
        clock.append(time.perf_counter())
        if s.normalise_observations:
            self.observation_moments.update(batch.observations[batch.valid.numpy()], self.averaging)
        episodes = list(zip(batch.episode_returns, batch.episode_lengths, strict=True))
        judged, told = (self.averaging.rows(each[valid]) for each in (values, targets))
        return {
            **self._count(batch.size, episodes),
            **asdict(record),
            "accepted": int(record.accepted),
            "explained_variance": explained_variance(judged, told),
            "value_loss": (told - judged).square().mean().item(),
            **dict(zip(TIMINGS, np.diff(clock).tolist(), strict=True)),
        }

    def _arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the update, the reader's own on top."""
        s = self.settings
        arguments = {"averaging": self.averaging} | {name: getattr(s, name) for name in UPDATES[self.algo].settings}
        if isinstance(s, ProximalSettings):
            if s.anneal_steps:
                arguments["learning_rate"] = max(0.0, 1 - self.steps / s.anneal_steps) * s.learning_rate
            arguments["max_gradient_norm"] = s.max_gradient_norm or np.inf
            arguments["memory"] = self.memory
        return arguments | self._update

    def _finish_fit(self) -> None:
        """Wait for the value function, which is fitted to one batch while the next is sampled.

        Nothing reads V before the next batch is complete, so the result is that of doing one after the other; the
        physics and the regression keep both cores busy.
        """
        if self._fit is not None:
            fit, self._fit = self._fit, None
            fit.result()

    @torch.no_grad()
    def _advantages(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return advantages and values, both (T, n), in units of the normalised return."""
        if self.task.name in ATARI_TASKS:  # the sign, as the published scores have it: lesson 13
            batch = replace(batch, rewards=batch.rewards.sign())
        rewards = batch.rewards.to(self.device, torch.float32)
        if self.settings.normalise_returns:
            self._update_return_scale(batch)
            rewards = rewards / float(np.sqrt(self.return_moments.var + 1e-8))
        values = self.value(batch.states)
        s = self.settings
        ends = batch.terminated.to(self.device), batch.truncated.to(self.device)
        return gae(rewards, values[:-1], values[1:], *ends, s.gamma, s.lam), values[:-1]

    def _update_return_scale(self, batch: Batch) -> None:
        """Follow the discounted return of each environment and take it into `return_moments`."""
        rewards = batch.rewards.numpy()
        going_on = ~(batch.terminated | batch.truncated).numpy()
        returns = np.empty_like(rewards)
        for t, row in enumerate(rewards):
            self.discounted = returns[t] = self.settings.gamma * self.discounted + row
            self.discounted = self.discounted * going_on[t]
        self.return_moments.update(returns[batch.valid.numpy()], self.averaging)

    def state(self) -> Row:
        """Return all that the run's future depends on, as tensors and plain data; the weights are the live ones."""
        self._finish_fit()
        return {
            **super().state(),
            "value": self.value.state_dict(),
            "optimiser": self.value.optimiser.state_dict(),
            "return_moments": self.return_moments.state(),
        }

    def _part(self) -> Row:
        return {
            **super()._part(),
            "sampler": self.sampler.state(),
            "discounted": torch.from_numpy(self.discounted),
            "memory": self.memory and self.memory.state_dict(),
            "generator": self.generator.get_state(),
            "shuffler": self.shuffler.get_state(),
        }

    def load(self, state: Row) -> None:
        """Take over a state that `state()` gave, made for the same task and settings.

        A state from the other kind of device goes on with other random numbers: its generator fits only its own kind.
        """
        self._finish_fit()  # or it would go on writing into the weights
        state = copy.deepcopy(state)  # an optimiser would go on with the very tensors of the one that gave it
        super().load(state)
        self.value.load_state_dict(state["value"])
        self.value.optimiser.load_state_dict(state["optimiser"])
        self.return_moments.load(state["return_moments"])

    def _load_part(self, part: Row, own: bool) -> None:
        super()._load_part(part, own)
        if self.memory:
            self.memory.load_state_dict(part["memory"])
        if own:
            self.sampler.load(part["sampler"])
            self.discounted = part["discounted"].numpy().copy()
        if own and len(part["generator"]) == len(self.generator.get_state()):
            self.generator.set_state(part["generator"].cpu())
            self.shuffler.set_state(part["shuffler"].cpu())
        else:
            self._throw(self.count)
