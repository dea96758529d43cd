"""What a `Batch` holds: transitions only where `valid`, the old episode's own last state at its end."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.agents.environments import Environments, RunningMoments
from trpobook.agents.rollouts import Sampler, evaluate


class Counter(gymnasium.Env):
    """The observation counts the steps of the episode, from 100·seed-like offsets; it ends after `length` of them."""

    observation_space = spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = spaces.Box(-1, 1, (1,), np.float32)

    def __init__(self, length=3, terminates=True):
        self.length, self.terminates, self.episode = length, terminates, 0

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.t = self.episode + 1, 0
        return np.array([self.episode, 0.0]), {}

    def step(self, action):
        self.t += 1
        ended = self.t == self.length
        observation = np.array([self.episode, float(self.t)])
        return observation, float(self.t), ended and self.terminates, ended and not self.terminates, {}


gymnasium.register("CounterTerminated-v0", Counter)
gymnasium.register("CounterTruncated-v0", Counter, kwargs={"terminates": False})


class Still:
    """A policy that draws one fixed action, outside the task's box."""

    def parameters(self):
        yield torch.zeros(1)

    def sample(self, states, generator):
        return torch.full((len(states), 1), 3.0)

    def mode(self, states):
        return torch.zeros(len(states), 1)


IDENTITY = RunningMoments((2,))


def collect(task, steps, envs=2):
    sampler = Sampler(Environments(task, envs, 0))
    return sampler, sampler.collect(Still(), IDENTITY, steps, torch.Generator())


@pytest.mark.parametrize("task,kind", [("CounterTerminated-v0", "terminated"), ("CounterTruncated-v0", "truncated")])
def test_rows_after_an_end_are_masked_and_the_end_is_told_apart(task, kind):
    _, batch = collect(task, 10)
    #                         1  2  end reset  1  2  end reset  1  2
    expected = [1, 1, 1, 0, 1, 1, 1, 0, 1, 1]
    assert batch.valid[:, 0].int().tolist() == expected
    ends = torch.zeros(10, dtype=torch.bool)
    ends[[2, 6]] = True
    assert torch.equal(getattr(batch, kind)[:, 0], ends)
    assert not getattr(batch, "truncated" if kind == "terminated" else "terminated").any()
    assert batch.size == 16


def test_the_state_after_the_last_row_of_an_episode_is_its_own_last_state():
    _, batch = collect("CounterTruncated-v0", 10)
    episode, t = batch.states[..., 0, :].round().T
    assert (episode[2], t[2]) == (1, 2) and (episode[3], t[3]) == (1, 3)  # the end of episode 1, not the start of 2
    assert (episode[4], t[4]) == (2, 0)
    assert batch.states.shape[0] == 11


def test_rewards_of_reset_rows_are_zero_and_returns_are_those_of_whole_episodes():
    _, batch = collect("CounterTerminated-v0", 10)
    assert batch.rewards[:, 0].tolist() == [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]
    assert batch.episode_returns == [6.0] * 4 and batch.episode_lengths == [3] * 4


def test_an_episode_goes_on_from_batch_to_batch():
    sampler, first = collect("CounterTerminated-v0", 2)
    second = sampler.collect(Still(), IDENTITY, 3, torch.Generator())
    assert first.episode_returns == []
    assert second.rewards[:, 0].tolist() == [3, 0, 1]
    assert second.valid[:, 0].tolist() == [True, False, True]
    assert second.episode_returns == [6.0, 6.0]
    assert torch.equal(first.states[-1], second.states[0])


def test_actions_are_kept_as_drawn_though_the_task_clips_them():
    _, batch = collect("CounterTerminated-v0", 2)
    assert (batch.actions == 3).all()


def test_episodes_cut_by_staggering_do_not_count_as_returns():
    gymnasium.register(
        "CounterLimited-v0", Counter, max_episode_steps=8, kwargs={"length": 1000}
    ) if "CounterLimited-v0" not in gymnasium.registry else None
    sampler = Sampler(Environments("CounterLimited-v0", 4, 0, stagger=True))
    batch = sampler.collect(Still(), IDENTITY, 9, torch.Generator())
    assert batch.truncated.any(0).all()
    assert batch.episode_lengths == [8]  # of the one environment that was not cut at 2, 4 or 6
    for i, cut in enumerate((None, 2, 4, 6)):
        if cut:
            assert batch.truncated[cut - 1, i] and not batch.valid[cut, i] and batch.valid[cut + 1, i]
            assert batch.states[cut, i, 1] == cut and batch.states[cut + 1, i, 1] == 0


def test_evaluation_takes_the_first_whole_episode_of_each_environment_and_true_rewards():
    returns = evaluate(Still(), IDENTITY, "CounterTruncated-v0", 5, 0)
    assert returns.tolist() == [6.0] * 5


def test_normalised_states_are_what_the_moments_say():
    moments = RunningMoments((2,))
    moments.update(np.array([[0.0, 0.0], [2.0, 4.0]]))
    sampler = Sampler(Environments("CounterTerminated-v0", 1, 0))
    batch = sampler.collect(Still(), moments, 2, torch.Generator())
    expected = (batch.observations - moments.mean) / np.sqrt(moments.var + 1e-8)
    assert np.allclose(batch.states[:-1].numpy(), expected, atol=1e-6)


class Uneven(Counter):
    """Episodes of a length that the seed decides."""

    def reset(self, seed=None, options=None):
        if seed is not None:
            self.length = 1 + seed % 4
        return super().reset(seed=seed)


gymnasium.register("Uneven-v0", Uneven)


def test_evaluation_counts_nothing_after_an_episodes_end():
    returns = evaluate(Still(), IDENTITY, "Uneven-v0", 4, 0)
    assert returns.tolist() == [1.0, 3.0, 6.0, 10.0]  # lengths 1 to 4; those that ended early went on being stepped
