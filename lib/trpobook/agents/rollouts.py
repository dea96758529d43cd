"""A policy acts in many environments at once; what happened comes back as a `Batch`."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trpobook.agents.environments import Environments
from trpobook.agents.games import is_game
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import Policy
from trpobook.agents.tasks import Source, Task, as_task

COPIES = 64  # that an evaluation plays at once, at most
LONGEST = 10_000  # steps of an evaluation's episode, where the task has no time limit


@dataclass
class Batch:
    """T steps of n environments. Time runs along the first axis.

    Rows where `valid` is False are the steps on which an environment was reset: not transitions, and to be left
    out of every average. `states` has one row more than the rest: states[t + 1] is what followed row t, and where an
    episode ended with row t it is that episode's own last state, from which a truncated episode bootstraps.

    States and actions are on the policy's device, where they were made; the rest comes from the task and is on the CPU.
    """

    states: Tensor  # (T + 1, n, state_dim), normalised; or frames of bytes, (T + 1, n, channels, height, width)
    actions: Tensor  # (T, n, …), as the policy drew them, before they were mapped onto the task's
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
    def collect(self, policy: Policy, moments: RunningMoments, steps: int, generator: torch.Generator) -> Batch:
        """Return `steps` steps of every environment, actions drawn from the policy.

        `moments` normalises the observations and is only read: it must not change until the policy has been
        updated on this batch, or the ratio of new to old policy would not start at exactly 1.
        Raises: FloatingPointError when the task hands out a NaN or an infinity.
        """
        device = next(policy.parameters()).device
        n, space = self.environments.num_envs, self.environments.observation_space
        _refuse_infinities("observations", self.observations)
        now = torch.from_numpy(moments.normalise(self.observations))
        kept = torch.uint8 if now.dtype == torch.uint8 else None
        states = torch.empty((steps + 1, n, *space.shape), dtype=kept, device=device)
        observations = np.empty((steps, n, *space.shape), dtype=np.uint8 if space.dtype == np.uint8 else np.float64)
        actions, rewards = [], np.empty((steps, n))
        terminated, truncated, valid = (np.empty((steps, n), dtype=bool) for _ in range(3))
        episode_returns: list[float] = []
        episode_lengths: list[int] = []

        def note(t: int) -> None:
            """Take in what came of step t."""
            _refuse_infinities("rewards", rewards[t])
            valid[t] = ~self.ended
            rewards[t, self.ended] = 0  # a reset earns nothing
            self.returns += rewards[t]
            self.lengths += valid[t]
            self.ended = terminated[t] | truncated[t]
            over = self.environments.game_over
            if over.any():
                whole = over & ~self.environments.cut
                episode_returns.extend(self.returns[whole].tolist())
                episode_lengths.extend(self.lengths[whole].tolist())
                self.returns[over] = self.lengths[over] = 0

        for t in range(steps):
            states[t] = now
            actions.append(policy.sample(states[t], generator))
            self.environments.send(actions[t].cpu().numpy())
            observations[t] = self.observations  # this, and the notes, while the physics works
            if t:
                note(t - 1)
            self.observations, rewards[t], terminated[t], truncated[t] = self.environments.receive()
            _refuse_infinities("observations", self.observations)
            now = torch.from_numpy(moments.normalise(self.observations))
        note(steps - 1)
        states[steps] = now

        return Batch(
            states=states,
            actions=torch.stack(actions),
            rewards=torch.from_numpy(rewards),
            terminated=torch.from_numpy(terminated),
            truncated=torch.from_numpy(truncated),
            valid=torch.from_numpy(valid),
            observations=observations,
            episode_returns=episode_returns,
            episode_lengths=episode_lengths,
        )

    def state(self) -> dict[str, Tensor]:
        """Return what it remembers of the episodes under way, for `load`; observations are the environments' affair."""
        kept = {"ended": self.ended, "returns": self.returns, "lengths": self.lengths}
        return {name: torch.tensor(array) for name, array in kept.items()}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` gave, where the environments stand as they stood then (`Environments.replay`)."""
        self.observations = self.environments.observations
        kept = (state[name].numpy().copy() for name in ("ended", "returns", "lengths"))
        self.ended, self.returns, self.lengths = kept


@torch.no_grad()
def evaluate(
    policy: Policy,
    moments: RunningMoments,
    task: Source | Task,
    episodes: int,
    seed: int,
    *,
    max_steps: int = LONGEST,
) -> np.ndarray:
    """Return the undiscounted true returns of `episodes` whole episodes, (episodes,).

    The policy takes its most likely action, the normaliser stands still, and of each environment the first episode
    counts: taking the first `episodes` to end would favour short ones. COPIES are played at once, or as many as a
    vector environment has; further episodes are played in further rounds, each begun by a reset. In a game of
    ATARI_TASKS an episode is the whole game, and actions are drawn: one policy of most likely actions runs in
    circles, another waits for ever to serve.

    Args:
        max_steps: after so many an episode is cut, where the task has no time limit of its own.
    Raises: FloatingPointError when the task hands out a NaN or an infinity, ValueError for less than one episode.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; it must be at least 1")
    task = as_task(task)
    copies, drawn = task.copies or min(episodes, COPIES), is_game(task.source)
    device = next(policy.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    rounds = []
    with closing(Environments(task, copies, seed)) as environments:
        for done in range(0, episodes, copies):
            observations = environments.reset()
            _refuse_infinities("observations", observations, "no return is given")
            environments.journal.clear()  # it could grow without end, and nobody replays an evaluation
            returns, running, steps = np.zeros(copies), np.arange(copies) < episodes - done, 0
            while running.any() and (environments.time_limit or steps < max_steps):
                states = torch.from_numpy(moments.normalise(observations)).to(device)
                actions = policy.sample(states, generator) if drawn else policy.mode(states)
                observations, rewards, _, _ = environments.step(actions.cpu().numpy())
                _refuse_infinities("observations", observations, "no return is given")
                _refuse_infinities("rewards", rewards, "no return is given")
                returns[running] += rewards[running]
                running &= ~environments.game_over
                steps += 1
            rounds.append(returns[: episodes - done])
    return np.concatenate(rounds)


def _refuse_infinities(what: str, values: np.ndarray, consequence: str = "no update is made") -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise FloatingPointError(f"the task's {what} contain NaN or infinity; {consequence}")
