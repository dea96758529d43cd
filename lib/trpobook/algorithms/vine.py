"""The vine: go back to states that were visited, try several actions in each, and compare what comes of them."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from trpobook.agents.environments import RunningMoments, without_mujoco_notes


class Simulator:
    """One copy of a task whose state can be saved and restored, which EnvPool's cannot.

    MuJoCo's state is copied whole, derived quantities too; of a task written in Python all attributes are.

    Raises: ValueError for an unknown task, or one without a time limit.
    """

    def __init__(self, task: str):
        try:
            with without_mujoco_notes():
                env = gymnasium.make(task)
        except (gymnasium.error.Error, ImportError) as error:
            raise ValueError(f"unknown task {task!r}: {error}") from error
        self.env, self.time_limit = env.unwrapped, env.spec.max_episode_steps
        if not self.time_limit:
            raise ValueError(f"{task} has no time limit, so an episode may never end")
        self._box = self.env.action_space if isinstance(self.env.action_space, spaces.Box) else None

    def reset(self, seed: int | None = None) -> np.ndarray:
        """Begin a new episode; return its first observation. A seed makes this episode and those after it repeat."""
        self.age = 0
        return self.env.reset(seed=seed)[0]

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool]:
        """Return (observation, reward, terminated, truncated)."""
        if self._box is not None:
            action = np.clip(action, self._box.low, self._box.high)
        observation, reward, terminated, *_ = self.env.step(action)
        self.age += 1
        return observation, reward, terminated, self.age >= self.time_limit

    def save(self):
        """Return a state that `restore` of any simulator of the task takes."""
        mujoco_data = getattr(self.env, "data", None)
        kept = copy.deepcopy(vars(self.env)) if mujoco_data is None else copy.copy(mujoco_data)
        return self.age, kept

    def restore(self, saved) -> None:
        """Go back to a saved state, as often as wanted."""
        self.age, kept = saved
        if isinstance(kept, dict):
            vars(self.env).update(copy.deepcopy(kept))
        else:
            import mujoco

            mujoco.mj_copyData(self.env.data, self.env.model, kept)


@torch.no_grad()
def climb(policy, moments: RunningMoments, simulator: Simulator, count: int, every: int, generator) -> list:
    """Follow the policy in one simulator, from episode to episode; return `count` points to branch from.

    A point is (observation, saved state), taken at every `every`-th step of an episode. Lesson 11.
    """
    points, observation = [], simulator.reset()
    while True:
        if simulator.age % every == every // 2:
            points.append((observation, simulator.save()))
            if len(points) == count:
                return points
        state = torch.from_numpy(moments.normalise(observation[None]))
        observation, _, *ends = simulator.step(policy.sample(state, generator)[0].numpy())
        if any(ends):
            observation = simulator.reset()


@dataclass
class Branches:
    """What N states with K branches each taught, under the policy that chose the actions."""

    states: Tensor  # (N, state_dim), normalised
    actions: Tensor  # (N, K, …)
    q: np.ndarray  # (N, K), discounted return of each branch, cut after `horizon` steps
    calls: int  # steps of the simulators


@torch.no_grad()
def grow(
    policy,
    moments: RunningMoments,
    simulators: list[Simulator],
    points: list[tuple[np.ndarray, object]],
    *,
    branches: int,
    horizon: int,
    gamma: float,
    generator: torch.Generator,
    common: bool = True,
) -> Branches:
    """Draw K actions at each of N points, follow the policy after each, and return what the branches earned.

    With common random numbers the branches of a state draw the same noise in the same order after their first
    action: what is chance then hits all of them alike, and cancels in the differences between their Q.

    Args:
        simulators: N·K of them; their own states are lost.
        points: N observations with the saved states they belong to.
        branches: K ≥ 2.
        horizon: steps of a branch at most.
        common: whether the branches share their noise.
    Raises: FloatingPointError when the task hands out a NaN or an infinity.
    Lesson 11; Schulman et al. 2015, section 5.2.
    """
    observations = np.array([observation for observation, _ in points])
    states = torch.from_numpy(moments.normalise(observations))
    actions = torch.stack([policy.sample(states, generator) for _ in range(branches)], dim=1)
    rewards, steps = follow(policy, moments, simulators, points, actions, horizon, generator, common)
    return Branches(states, actions, discounted_sums(rewards, gamma)[..., -1], int(steps.sum()))


@torch.no_grad()
def follow(
    policy,
    moments: RunningMoments,
    simulators: list[Simulator],
    points: list[tuple[np.ndarray, object]],
    actions: Tensor,
    horizon: int,
    generator: torch.Generator,
    common: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rewards (N, K, horizon), 0 after an end, and the steps (N, K), of branches with given first actions.

    Args:
        actions: (N, K, …), each branch's first; the policy chooses the others.
        simulators, points, horizon, common: as in `grow`.
    Raises: FloatingPointError when the task hands out a NaN or an infinity.
    Lesson 11.
    """
    n, branches = actions.shape[:2]
    for i, simulator in enumerate(simulators):
        simulator.restore(points[i // branches][1])
    rewards, steps = np.zeros((n, branches, horizon)), np.zeros((n, branches), dtype=int)
    running = np.ones((n, branches), dtype=bool)
    observations = np.repeat([observation for observation, _ in points], branches, axis=0)
    chosen = actions
    for t in range(horizon):
        taken = chosen.reshape(n * branches, *chosen.shape[2:]).numpy()
        for i in np.flatnonzero(running):
            observations[i], reward, terminated, truncated = simulators[i].step(taken[i])
            rewards[*divmod(i, branches), t] = reward
            running.flat[i] = not (terminated or truncated)
            steps.flat[i] += 1
        if not running.any():
            break
        now = torch.from_numpy(moments.normalise(observations)).reshape(n, branches, -1)
        chosen, noise = [], generator.get_state()
        for k in range(branches):
            if common:
                generator.set_state(noise)
            chosen.append(policy.sample(now[:, k], generator))
        chosen = torch.stack(chosen, dim=1)
    if not np.isfinite(rewards).all():
        raise FloatingPointError("the task's rewards contain NaN or infinity; no update is made")
    return rewards, steps


def discounted_sums(rewards: np.ndarray, gamma: float) -> np.ndarray:
    """Return Σ_{t<h} γᵗ r_t for every horizon h = 1, 2, … along the last axis, in the shape of `rewards`. Lesson 11."""
    return np.cumsum(rewards * gamma ** np.arange(rewards.shape[-1]), axis=-1)


def self_normalised(branches: int):
    """Return the vine's surrogate, a function of ratios and Q, both (N·K,), state by state: mean of Σ_k r Q / Σ_k r.

    It does not change when a constant is added to the Q of a state: no baseline is needed.
    Lesson 11; Schulman et al. 2015, equation 16.
    """

    def surrogate(ratio: Tensor, q: Tensor) -> Tensor:
        ratio, q = ratio.view(-1, branches), q.view(-1, branches)
        return ((ratio * q).sum(1) / ratio.sum(1)).mean()

    return surrogate
