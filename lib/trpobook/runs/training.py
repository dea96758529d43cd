"""The training loop: sample, estimate, update, record; checkpoints that an interrupted run resumes from."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.advantages import explained_variance, gae
from trpobook.agents.environments import ATARI_TASKS, Environments, RunningMoments, moments_for
from trpobook.agents.policies import make_policy, state_of
from trpobook.agents.rollouts import Batch, Sampler, evaluate
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.algorithms.policy_update import PolicyUpdate
from trpobook.algorithms.ppo import Memory, ppo_kl_update, ppo_update
from trpobook.algorithms.reinforce import reinforce_update
from trpobook.algorithms.search import CovarianceAdaptation, CrossEntropy, Population
from trpobook.algorithms.trpo import trpo_update
from trpobook.algorithms.vine import Simulator, grow, self_normalised
from trpobook.runs.settings import Settings, as_data, settings_for


class Algorithm(NamedTuple):
    """An update of the policy, the settings that it takes, and what it carries from one update to the next."""

    update: Callable[..., PolicyUpdate]
    settings: tuple[str, ...]
    memory: Callable[..., Memory] | None = None


UPDATES = {
    "trpo": Algorithm(trpo_update, ("delta", "damping", "cg_iterations", "fisher_stride")),
    "npg": Algorithm(natural_gradient_update, ("step_size", "damping", "cg_iterations", "fisher_stride")),
    "ppo": Algorithm(ppo_update, ("clip", "epochs", "minibatch"), Memory),
    "ppo-kl": Algorithm(ppo_kl_update, ("kl_target", "epochs", "minibatch"), Memory),
    "reinforce": Algorithm(reinforce_update, ("step_size",)),
}
SEARCHES = {"cem": CrossEntropy, "cma-es": CovarianceAdaptation}
ALGORITHMS = (*UPDATES, "vine", *SEARCHES)
EVALUATION_EPISODES = 20

COLUMNS = {
    "update": "number of the update, from 1",
    "steps": "transitions sampled so far",
    "return_mean": "undiscounted true return, mean over the last 20 episodes to end; empty before the first",
    "episode_length": "mean length of the same episodes",
    "episodes": "episodes that ended in this batch",
    "accepted": "1 if the line search accepted a step, else 0",
    "gain_predicted": "gain of the linear model at the step taken, in standard deviations of the advantage",
    "gain": "gain of the surrogate L on the batch, same unit",
    "kl_limit": "δ, nats; inf for an algorithm without one",
    "kl": "mean KL(old‖new) over the batch, nats",
    "cg_iterations": "products with the Fisher matrix that CG made",
    "cg_residual": "CG's last residual over its first",
    "backtracks": "how often the line search shrank the step",
    "gradient_norm": "norm of the policy gradient",
    "step_norm": "norm of the step in parameters",
    "ratio_min": "smallest ratio new/old over the batch",
    "ratio_q05": "its 5 % quantile",
    "ratio_q95": "its 95 % quantile",
    "ratio_max": "largest ratio",
    "entropy": "entropy of the new policy, nats, mean over states",
    "explained_variance": "1 − Var(G − V)/Var(G) of the value function before its fit, G its λ-return",
    "value_loss": "mean squared error of the value function before its fit, in squared normalised returns",
    "sample_seconds": "wall time spent acting in the environments",
    "value_seconds": "wall time spent waiting for the fit of the value function to the batch before",
    "advantage_seconds": "wall time of values, advantages and the scale of returns",
    "policy_seconds": "wall time of the policy's update",
}
TIMINGS = tuple(name for name in COLUMNS if name.endswith("_seconds"))


class Run:
    """What every algorithm's run shares: the task, the policy, the normaliser, the loop and its checkpoints.

    Every `settings.checkpoint_steps` transitions the environments are made anew from (seed, number of the
    checkpoint) and the episodes under way are cut, as by truncation. EnvPool cannot save a simulator's state; this
    way a run that resumes from the checkpoint sees what the unbroken one saw, bit for bit.
    """

    def __init__(self, task: str, algo: str, seed: int, device: str, settings: Settings | None):
        if not 0 <= seed < 2**63:
            raise ValueError(f"seed is {seed}; it must be at least 0 and below 2⁶³")
        self.task, self.algo, self.seed = task, algo, seed
        self.settings = settings or settings_for(task, algo)
        self.device = choose_device(device)
        # One thread for the networks: the same numbers on any number of cores, and the physics has the others.
        torch.set_num_threads(1)
        self.number = 0  # of the checkpoint that the environments were made for
        self._make_environments()
        self._weights = torch.Generator().manual_seed(seed)
        self.policy = make_policy(
            self.environments.observation_space,
            self.environments.action_space,
            hidden=self.settings.hidden,
            log_std=self.settings.log_std,
            generator=self._weights,
        ).to(self.device)
        self.observation_moments = moments_for(self.environments.observation_space)
        self.steps = self.count = 0
        self.recent: list[tuple[float, int]] = []

    def _make_environments(self) -> None:
        state = np.random.SeedSequence([self.seed, self.number]).generate_state(1)[0]
        stagger = self.algo in UPDATES  # a search counts whole episodes
        self.environments = Environments(self.task, self.settings.num_envs, int(state) >> 1, stagger=stagger)

    def updates(self, steps: int) -> Iterator[dict]:
        """Yield a row of COLUMNS after each update until `steps` transitions have been sampled in all."""
        while self.steps < steps:
            row = self._next()
            number = self.steps // self.settings.checkpoint_steps
            self.at_checkpoint = number > self.number
            if self.at_checkpoint:
                self.environments.close()
                self.number = number
                self._make_environments()
            yield row

    def _next(self) -> dict:
        """Make one update and return its row."""
        raise NotImplementedError

    def _count(self, steps: int, episodes: list[tuple[float, int]]) -> dict:
        """Take in what a batch held; return the columns that say so."""
        self.steps += steps
        self.count += 1
        self.recent = [*self.recent, *episodes][-20:]
        means = np.mean(self.recent, axis=0).tolist() if self.recent else ["", ""]
        return {
            "update": self.count,
            "steps": self.steps,
            "return_mean": means[0],
            "episode_length": means[1],
            "episodes": len(episodes),
        }

    def evaluate(self, episodes: int = EVALUATION_EPISODES) -> np.ndarray:
        """Return the true returns of `episodes` episodes, normaliser frozen; a game draws its actions, all else takes
        the most likely one."""
        seed = int(np.random.SeedSequence([self.seed, 2**31]).generate_state(1)[0]) >> 1
        return evaluate(self.policy, self.observation_moments, self.task, episodes, seed)

    def state(self) -> dict:
        """Return all that the run's future depends on, as tensors and plain data; the weights are the live ones."""
        return {
            "policy": self.policy.state_dict(),
            "observation_moments": _moments_state(self.observation_moments),
            "number": self.number,
            "steps": self.steps,
            "count": self.count,
            "recent": self.recent,
        }

    def load(self, state: dict) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        self.policy.load_state_dict(state["policy"])
        # Views of one vector, as every update leaves them: sums round by how their terms lie in memory, and a resumed
        # run must round like an unbroken one.
        vector_to_parameters(parameters_to_vector(self.policy.parameters()).detach(), self.policy.parameters())
        _load_moments(self.observation_moments, state["observation_moments"])
        self.steps, self.count, self.recent = state["steps"], state["count"], state["recent"]
        self.environments.close()
        self.number = state["number"]
        self._make_environments()


class Search(Run):
    """A run without gradients: a generation plays one episode each, in as many environments as it has members.

    The policy is the mean of the population. A generation's row has no columns of an update along a gradient.
    Lesson 10.
    """

    def __init__(self, task: str, algo: str, seed: int = 0, device: str = "auto", settings: Settings | None = None):
        if device == "cuda":
            raise ValueError(f"device is 'cuda', but {algo} plays its population on the CPU; choose auto or cpu")
        refuse_games(task, algo)
        super().__init__(task, algo, seed, device, settings)
        self.population = Population(self.policy)
        self.start, self.returns = self.population.weights(), []
        self._begin()

    def _begin(self) -> None:
        self.searcher = SEARCHES[self.algo](self.start, self.settings.spread, self.settings.num_envs, self.seed)

    def _next(self) -> dict:
        clock, before = [time.perf_counter()], self.searcher.mean
        returns, lengths, observations = self.population.play(
            self.searcher.ask(), self.environments, self.observation_moments
        )
        clock.append(time.perf_counter())
        self.searcher.tell(returns)
        self.returns.append(returns.tolist())
        self.population.set_weights(self.searcher.mean)
        clock.append(time.perf_counter())
        if self.settings.normalise_observations:
            self.observation_moments.update(observations)
        return {
            **self._count(len(observations), list(zip(returns.tolist(), lengths.tolist(), strict=True))),
            "step_norm": float(np.linalg.norm(self.searcher.mean - before)),
            "sample_seconds": clock[1] - clock[0],
            "policy_seconds": clock[2] - clock[1],
        }

    def state(self) -> dict:
        """Return all that the run's future depends on; of the searcher the returns it was told, which repeat it."""
        return {**super().state(), "returns": self.returns}

    def load(self, state: dict) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        super().load(state)
        self.returns = list(state["returns"])
        self._begin()
        for returns in self.returns:
            self.searcher.ask()
            self.searcher.tell(np.array(returns))


class Vine(Run):
    """A run of TRPO on branched rollouts: no value function, and simulators in Gymnasium, whose state can be saved.

    Each update follows the policy in `num_envs` simulators for batch_size steps in all, picks `branch_states` of the
    states passed, and lets `branches` branches of up to `horizon` steps grow from each. Every step counts.
    Lesson 11.
    """

    def __init__(self, task: str, algo: str = "vine", seed: int = 0, device: str = "auto", settings=None):
        if device == "cuda":
            raise ValueError("device is 'cuda', but the vine grows on the CPU; choose auto or cpu")
        refuse_games(task, algo)
        self.trunk: list[Simulator] = []
        super().__init__(task, algo, seed, device, settings)
        s = self.settings
        if s.branch_states > s.batch_size:
            raise ValueError(f"branch_states is {s.branch_states}; it must be at most batch_size, {s.batch_size}")
        self.simulators = [Simulator(task) for _ in range(s.branch_states * s.branches)]
        self.generator = torch.Generator().manual_seed(seed)
        self.chooser = torch.Generator().manual_seed(seed)

    def _make_environments(self) -> None:
        super()._make_environments()
        self.trunk = self.trunk or [Simulator(self.task) for _ in range(self.settings.num_envs)]
        seeds = np.random.SeedSequence([self.seed, self.number]).generate_state(len(self.trunk))
        self.observations = [s.reset(int(seed) >> 1) for s, seed in zip(self.trunk, seeds, strict=True)]
        self.returns = np.zeros(len(self.trunk))

    @torch.no_grad()
    def _climb(self, steps: int) -> tuple[np.ndarray, list, list[tuple[float, int]]]:
        """Follow the policy; return the observations, the points to branch from, and (return, length) of episodes."""
        n, episodes, points, seen = len(self.trunk), [], [], []
        picked = set(torch.randperm(steps * n, generator=self.chooser)[: self.settings.branch_states].tolist())
        for t in range(steps):
            seen += self.observations
            points += [(self.observations[i], self.trunk[i].save()) for i in range(n) if t * n + i in picked]
            states = torch.from_numpy(self.observation_moments.normalise(np.array(self.observations)))
            actions = self.policy.sample(states, self.generator).numpy()
            for i, simulator in enumerate(self.trunk):
                self.observations[i], reward, terminated, truncated = simulator.step(actions[i])
                self.returns[i] += reward
                if terminated or truncated:
                    episodes.append((float(self.returns[i]), simulator.age))
                    self.observations[i], self.returns[i] = simulator.reset(), 0.0
        return np.array(seen), points, episodes

    def _next(self) -> dict:
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

    def state(self) -> dict:
        """Return all that the run's future depends on."""
        generators = {"generator": self.generator.get_state(), "chooser": self.chooser.get_state()}
        return {**super().state(), **generators}

    def load(self, state: dict) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        super().load(state)
        self.generator.set_state(state["generator"])
        self.chooser.set_state(state["chooser"])


class Trainer(Run):
    """One run along gradients, update by update: `for row in Trainer("Hopper-v5").updates(100_000): …`.

    Args:
        task: environment id.
        algo: one of UPDATES.
        seed: ≥ 0; same seed, settings and machine give the same run on the CPU.
        device: "auto", "cpu" or "cuda". For small networks the CPU is the faster one.
        settings: those of the task unless given.
        update: keyword arguments for the update, for instance a `conjugate_gradient` of your own.
    Lesson 10.
    """

    def __init__(
        self,
        task: str,
        algo: str = "trpo",
        seed: int = 0,
        device: str = "auto",
        settings: Settings | None = None,
        update: dict | None = None,
    ):
        if algo not in UPDATES:
            raise ValueError(f"unknown algorithm {algo!r}; there are {', '.join(ALGORITHMS)}")
        super().__init__(task, algo, seed, device, settings)
        s, state = self.settings, state_of(self.environments.observation_space)
        self._update = update or {}
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.shuffler = torch.Generator().manual_seed(seed)
        self.value = ValueFunction(state, s.hidden, s.value_learning_rate, self._weights, self.device)
        memory = UPDATES[algo].memory
        self.memory = memory and memory(self.policy, s.learning_rate, seed)
        self.return_moments = RunningMoments()
        self._worker = ThreadPoolExecutor(1)
        self._fit: Future | None = None

    def _make_environments(self) -> None:
        super()._make_environments()
        self.sampler = Sampler(self.environments)
        self.discounted = np.zeros(self.settings.num_envs)

    def updates(self, steps: int) -> Iterator[dict]:
        """Yield a row of COLUMNS after each update until `steps` transitions have been sampled in all.

        The value function is fitted to the last batch when the loop has run to its end.
        """
        yield from super().updates(steps)
        self._finish_fit()

    def _next(self) -> dict:
        s = self.settings
        clock = [time.perf_counter()]
        batch = self.sampler.collect(self.policy, self.observation_moments, s.batch_size // s.num_envs, self.generator)
        clock.append(time.perf_counter())
        self._finish_fit()
        clock.append(time.perf_counter())
        advantages, values = self._advantages(batch)
        targets = advantages + values
        valid = batch.valid
        states, actions = batch.states[:-1][valid], batch.actions[valid]
        chosen = advantages[valid]
        chosen = (chosen - chosen.mean()) / (chosen.std() + 1e-8)
        clock.append(time.perf_counter())
        self._fit = self._worker.submit(
            self.value.fit, states, targets[valid], s.value_epochs, s.value_minibatch, self.shuffler
        )
        algorithm = UPDATES[self.algo]
        arguments = {name: getattr(s, name) for name in algorithm.settings} | self._update
        if self.memory:
            arguments["memory"] = self.memory
        record = algorithm.update(self.policy, states, actions, chosen, **arguments)
        clock.append(time.perf_counter())
        if s.normalise_observations:
            self.observation_moments.update(batch.observations[valid.cpu().numpy()])
        episodes = list(zip(batch.episode_returns, batch.episode_lengths, strict=True))
        row = {
            **self._count(batch.size, episodes),
            **asdict(record),
            "explained_variance": explained_variance(values[valid], targets[valid]),
            "value_loss": (targets - values)[valid].square().mean().item(),
            **dict(zip(TIMINGS, np.diff(clock).tolist(), strict=True)),
        }
        row["accepted"] = int(row["accepted"])
        return row

    def _finish_fit(self) -> None:
        """Wait for the value function, which is fitted to one batch while the next is sampled.

        Nothing reads V before the next batch is complete, so the result is that of doing one after the other; the
        physics and the regression keep both cores busy.
        """
        if self._fit is not None:
            fit, self._fit = self._fit, None
            fit.result()

    @torch.no_grad()
    def _advantages(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return advantages and values, both (T, n), in units of the normalised return."""
        if self.task in ATARI_TASKS:  # the sign, as the published scores have it: lesson 13
            batch = replace(batch, rewards=batch.rewards.sign())
        rewards = batch.rewards.float()
        if not rewards.isfinite().all():
            raise FloatingPointError("the batch's rewards contain NaN or infinity; no update is made")
        if self.settings.normalise_returns:
            self._update_return_scale(batch)
            rewards = rewards / float(np.sqrt(self.return_moments.var + 1e-8))
        values = self.value(batch.states)
        advantages = gae(
            rewards,
            values[:-1],
            values[1:],
            batch.terminated,
            batch.truncated,
            self.settings.gamma,
            self.settings.lam,
        )
        return advantages, values[:-1]

    def _update_return_scale(self, batch: Batch) -> None:
        """Follow the discounted return of each environment and take it into `return_moments`."""
        rewards = batch.rewards.cpu().numpy()
        going_on = ~(batch.terminated | batch.truncated).cpu().numpy()
        returns = np.empty_like(rewards)
        for t, row in enumerate(rewards):
            self.discounted = returns[t] = self.settings.gamma * self.discounted + row
            self.discounted = self.discounted * going_on[t]
        self.return_moments.update(returns[batch.valid.cpu().numpy()])

    def state(self) -> dict:
        """Return all that the run's future depends on, as tensors and plain data; the weights are the live ones."""
        self._finish_fit()
        return {
            **super().state(),
            "value": self.value.state_dict(),
            "optimiser": self.value.optimiser.state_dict(),
            "memory": self.memory and self.memory.state_dict(),
            "return_moments": _moments_state(self.return_moments),
            "generator": self.generator.get_state(),
            "shuffler": self.shuffler.get_state(),
        }

    def load(self, state: dict) -> None:
        """Take over a state that `state()` gave, made for the same task and settings."""
        self._finish_fit()  # or it would go on writing into the weights
        super().load(state)
        self.value.load_state_dict(state["value"])
        self.value.optimiser.load_state_dict(state["optimiser"])
        if self.memory:
            self.memory.load_state_dict(state["memory"])
        _load_moments(self.return_moments, state["return_moments"])
        self.generator.set_state(state["generator"])
        self.shuffler.set_state(state["shuffler"])


def make_run(task: str, algo: str, seed: int, device: str, settings: Settings | None = None) -> Run:
    """Return the run of `algo`, one of ALGORITHMS."""
    kind = Vine if algo == "vine" else Search if algo in SEARCHES else Trainer
    return kind(task, algo, seed, device, settings)


def refuse_games(task: str, algo: str) -> None:
    """Raise ValueError for a game: its state cannot be saved, and a search over 44,000 weights would not end."""
    if task in ATARI_TASKS:
        raise ValueError(f"{task} is a game, which {algo} does not play; choose {', '.join(UPDATES)}")


def _moments_state(moments: RunningMoments) -> dict:
    return {
        "mean": torch.tensor(moments.mean),
        "var": torch.tensor(moments.var),
        "count": moments.count,
    }


def _load_moments(moments: RunningMoments, state: dict) -> None:
    moments.mean, moments.var, moments.count = state["mean"].numpy(), state["var"].numpy(), state["count"]


def choose_device(name: str) -> torch.device:
    """Return the torch device for "auto" (the CPU: for the small networks here it is the faster), "cpu" or "cuda".

    Raises: ValueError for another name, or for "cuda" where there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {name!r}; choose auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but PyTorch finds no GPU; choose auto or cpu")
    return torch.device("cuda" if name == "cuda" else "cpu")


class RunFolder:
    """A run on disk: config.json, metrics.csv, checkpoint.pt, final.pt. Nothing in it is ever half-written."""

    def __init__(self, path: Path):
        self.path = path

    def create(self, config: dict) -> None:
        """Start a new run here. Raises: ValueError when the folder holds something already."""
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            held = "a run: add --resume to go on with it" if (self.path / "config.json").exists() else "other files"
            raise ValueError(f"{self.path} already holds {held}, or choose another --out")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(
                f"cannot create the folder {self.path} ({error.strerror}); choose another --out"
            ) from error
        self._write("config.json", (json.dumps(config, indent=2) + "\n").encode())
        self.trim_metrics(0)

    def config(self) -> dict:
        """Return the run's config. Raises: ValueError when there is none to read."""
        file = self.path / "config.json"
        try:
            config = json.loads(file.read_text())
        except FileNotFoundError:
            raise ValueError(f"{self.path} holds no run (no config.json)") from None
        except ValueError as error:  # neither JSON nor text
            raise ValueError(f"{file} is damaged ({error}); nothing was changed") from None
        if not isinstance(config, dict) or not {"env", "algo", "seed", "settings"} <= set(config):
            raise ValueError(f"{file} is damaged (it describes no run); nothing was changed")
        return config

    def save(self, name: str, state: dict) -> None:
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self._write(name, buffer.getvalue())

    def load_into(self, trainer: Run, name: str) -> bool:
        """Give `trainer` what `save` wrote; False if it never did. Raises: ValueError for a damaged file."""
        file = self.path / name
        if not file.exists():
            return False
        try:
            trainer.load(torch.load(file, weights_only=True, map_location="cpu"))
        except Exception as error:  # each kind of damage raises a type of its own
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(
                f"{file} is damaged ({reason[:80]}); move it away to begin the run again. Nothing was changed"
            ) from None
        return True

    def steps_after(self, updates: int) -> int:
        """Return the steps made in the first `updates` updates, as metrics.csv has them; 0 before the first."""
        with (self.path / "metrics.csv").open(newline="") as file:
            return max((int(row["steps"]) for row in csv.DictReader(file) if int(row["update"]) <= updates), default=0)

    def trim_metrics(self, updates: int) -> None:
        """Keep the rows of the first `updates` updates: later ones are computed again."""
        header, file = (",".join(COLUMNS) + "\n").encode(), self.path / "metrics.csv"
        rows = file.read_bytes().splitlines(keepends=True)[1 : updates + 1] if updates else []
        self._write(file.name, b"".join([header, *rows]))

    def append(self, row: dict) -> None:
        try:
            with (self.path / "metrics.csv").open("a", newline="") as file:
                csv.DictWriter(file, COLUMNS, lineterminator="\n").writerow(row)
        except OSError as error:
            raise _refused(self.path / "metrics.csv", error) from error

    def _write(self, name: str, data: bytes) -> None:
        """Write to a temporary file, force it to disk, then rename: a reader sees the old file or the new one."""
        temporary = self.path / f".{name}.partial"
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path / name)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise _refused(self.path / name, error) from error


def _refused(file: Path, error: OSError) -> OSError:
    return OSError(f"cannot write {file} ({error.strerror}); mend that, then go on with --resume")


def train(
    task: str,
    algo: str,
    steps: int,
    seed: int,
    device: str,
    out: Path,
    resume: bool = False,
    on_update: Callable[[dict], None] = lambda row: None,
) -> dict:
    """Train, leave a RunFolder at `out`, and return the summary that the command line prints.

    Raises: ValueError for input that cannot be served, OSError when the disk refuses, FloatingPointError when a
    NaN or an infinity stops an update. What was on disk stays.
    """
    if steps < 1:
        raise ValueError(f"steps is {steps}; it must be at least 1")
    trainer = make_run(task, algo, seed, device)
    if not trainer.environments.time_limit:
        raise ValueError(f"{task} has no time limit, so an episode may never end; register it with max_episode_steps")
    folder = RunFolder(out)
    config = {
        "env": task,
        "algo": algo,
        "seed": seed,
        "device": str(trainer.device),
        "settings": as_data(trainer.settings),
    }
    if resume:
        found = folder.config()
        for key, value in config.items():
            if found.get(key) != value:
                raise ValueError(f"{out} holds a run with {key} {found.get(key)!r}, not {value!r}; nothing was changed")
        folder.load_into(trainer, "checkpoint.pt")
        if folder.steps_after(trainer.count - 1) >= steps:  # the last update of a run may go beyond what was asked
            raise ValueError(f"{out} holds {trainer.steps} steps, more than --steps {steps}; nothing was changed")
        folder.trim_metrics(trainer.count)
    else:
        folder.create({**config, "versions": _versions()})
    start, start_steps = time.perf_counter(), trainer.steps
    for row in trainer.updates(steps):
        folder.append(row)
        if trainer.at_checkpoint:
            folder.save("checkpoint.pt", trainer.state())
        on_update(row)
    seconds = time.perf_counter() - start
    folder.save("final.pt", trainer.state())
    returns = trainer.evaluate()
    return {
        "env": task,
        "algo": algo,
        "seed": seed,
        "steps": trainer.steps,
        "seconds": round(seconds, 2),
        "steps_per_second": round((trainer.steps - start_steps) / seconds) if seconds else 0,
        "return_mean": float(returns.mean()),
        "return_std": float(returns.std()),
    }


def restore(path: Path, device: str = "cpu") -> Run:
    """Return the trainer of the run in `path`, at its end, or at its last checkpoint if it has not ended.

    Raises: ValueError when there is no run, or none that can be read.
    """
    folder = RunFolder(path)
    config = folder.config()
    try:
        settings = Settings(**{**config["settings"], "hidden": tuple(config["settings"]["hidden"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path / 'config.json'} is damaged (settings: {error}); nothing was changed") from None
    trainer = make_run(config["env"], config["algo"], config["seed"], device, settings)
    found = [name for name in ("final.pt", "checkpoint.pt") if folder.load_into(trainer, name)]
    if not found:
        raise ValueError(f"{path} has no checkpoint yet; let its training run on")
    if len(found) == 2:  # a longer run may have been broken off after an earlier end: take the later of the two
        steps = trainer.steps
        folder.load_into(trainer, "final.pt")
        if trainer.steps < steps:
            folder.load_into(trainer, "checkpoint.pt")
    return trainer


def _versions() -> dict:
    packages = ("torch", "numpy", "gymnasium", "mujoco", "envpool", "trpobook")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except ModuleNotFoundError:
            found[package] = None
    return found
