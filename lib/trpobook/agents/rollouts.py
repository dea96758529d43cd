"""A policy acts in many environments at once; what happened comes back as a `Batch`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trpobook.agents.environments import ATARI_TASKS, Environments, RunningMoments


@dataclass
class Batch:
    """T steps of n environments. Time runs along the first axis.

    Rows where `valid` is False are the steps on which an environment was reset: not transitions, and to be left
    out of every average. `states` has one row more than the rest: states[t + 1] is what followed row t, and where an
    episode ended with row t it is that episode's own last state, from which a truncated episode bootstraps.
    """

    states: Tensor  # (T + 1, n, state_dim), normalised; or frames of bytes, (T + 1, n, channels, height, width)
    actions: Tensor  # (T, n, …), as drawn, before the task clipped them
    rewards: Tensor  # (T, n), true ones
    terminated: Tensor  # (T, n)
    truncated: Tensor  # (T, n)
    valid: Tensor  # (T, n)
    observations: np.ndarray  # (T, n, …), before normalisation
    episode_returns: list[float]  # of the whole episodes, or games, that ended here, undiscounted, true rewards
    episode_lengths: list[int]

    @property
    def size(self) -> int:
        """Transitions in the batch."""
        return int(self.valid.sum())


class Sampler:
    """Steps `environments` with a policy and remembers, from batch to batch, where each of them stands."""

    def __init__(self, environments: Environments):
        self.environments = environments
        self.observations = environments.reset()
        self.ended = np.zeros(environments.num_envs, dtype=bool)
        self.returns = np.zeros(environments.num_envs)
        self.lengths = np.zeros(environments.num_envs, dtype=int)

    @torch.no_grad()
    def collect(self, policy, moments: RunningMoments, steps: int, generator: torch.Generator) -> Batch:
        """Return `steps` steps of every environment, actions drawn from the policy.

        `moments` normalises the observations and is only read: it must not change until the policy has been
        updated on this batch, or the ratio of new to old policy would not start at exactly 1.
        """
        device = next(policy.parameters()).device
        n, space = self.environments.num_envs, self.environments.observation_space
        pixels = space.dtype == np.uint8
        states = torch.empty((steps + 1, n, *space.shape), dtype=torch.uint8 if pixels else None)
        observations = np.empty((steps, n, *space.shape), dtype=np.uint8 if pixels else np.float64)
        actions, rewards = [], np.empty((steps, n))
        terminated, truncated, valid = (np.empty((steps, n), dtype=bool) for _ in range(3))
        episode_returns, episode_lengths = [], []
        for t in range(steps):
            if not np.isfinite(self.observations).all():
                raise FloatingPointError("the task's observations contain NaN or infinity; no update is made")
            observations[t] = self.observations
            states[t] = torch.from_numpy(moments.normalise(self.observations))
            actions.append(policy.sample(states[t].to(device), generator))
            self.observations, rewards[t], terminated[t], truncated[t] = self.environments.step(
                actions[t].cpu().numpy()
            )
            valid[t] = ~self.ended
            self.returns += rewards[t]
            self.lengths += valid[t]
            self.ended = terminated[t] | truncated[t]
            over = self.environments.game_over
            if over.any():
                whole = over & ~self.environments.cut
                episode_returns += self.returns[whole].tolist()
                episode_lengths += self.lengths[whole].tolist()
                self.returns[over] = self.lengths[over] = 0
        states[steps] = torch.from_numpy(moments.normalise(self.observations))

        def tensor(array: np.ndarray) -> Tensor:
            return torch.from_numpy(array).to(device)

        return Batch(
            states=states.to(device),
            actions=torch.stack(actions),
            rewards=tensor(rewards),
            terminated=tensor(terminated),
            truncated=tensor(truncated),
            valid=tensor(valid),
            observations=observations,
            episode_returns=episode_returns,
            episode_lengths=episode_lengths,
        )


@torch.no_grad()
def evaluate(policy, moments: RunningMoments, task: str, episodes: int, seed: int) -> np.ndarray:
    """Return the undiscounted true returns of `episodes` whole episodes, (episodes,).

    The policy takes its most likely action, the normaliser stands still, and of each of `episodes` environments
    the first episode counts: taking the first `episodes` to end would favour short ones. In a game of ATARI_TASKS
    an episode is the whole game, and actions are drawn: one policy of most likely actions runs in circles, another
    waits for ever to serve.
    """
    environments = Environments(task, episodes, seed)
    device = next(policy.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    observations = environments.reset()
    returns, running = np.zeros(episodes), np.ones(episodes, dtype=bool)
    while running.any():
        states = torch.from_numpy(moments.normalise(observations)).to(device)
        actions = policy.sample(states, generator) if task in ATARI_TASKS else policy.mode(states)
        observations, rewards, _, _ = environments.step(actions.cpu().numpy())
        returns += rewards * running
        running &= ~environments.game_over
    environments.close()
    return returns
