"""What a `Batch` holds: transitions only where `valid`, the old episode's own last state at its end."""

from functools import partial

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv

from trpobook.agents import rollouts
from trpobook.agents.environments import Environments
from trpobook.agents.normalisers import RunningMoments, moments_for
from trpobook.agents.policies import GaussianPolicy, make_policy
from trpobook.agents.rollouts import Sampler, evaluate
from trpobook.agents.tasks import Task, as_task


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


def test_observations_that_are_kept_while_the_physics_goes_on_are_those_that_were_acted_on():
    environments, generator = Environments("Hopper-v5", 8, 0), torch.Generator().manual_seed(0)
    policy = GaussianPolicy(11, 3, (8,), 0.0, generator)
    moments = RunningMoments((11,))
    moments.update(np.random.default_rng(0).normal(size=(50, 11)))
    batch = Sampler(environments).collect(policy, moments, 40, generator)
    assert np.array_equal(moments.normalise(batch.observations), batch.states[:-1].numpy())
    assert len(np.unique(batch.observations[:, :, 0])) > 200  # and they aren't all one


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


class Broken(Counter):
    """It gives one bad number, as the reward or in the observation that step `when` of an episode leads to."""

    def __init__(self, what="rewards", when=2, number=np.nan):
        super().__init__()
        self.what, self.when, self.number = what, when, number

    def reset(self, seed=None, options=None):
        observation, info = super().reset(seed=seed)
        return (observation + self.number if self.what == "observations" and self.when == 0 else observation), info

    def step(self, action):
        observation, reward, *ends = super().step(action)
        if self.t == self.when:
            reward, observation = (
                (self.number, observation) if self.what == "rewards" else (reward, observation + self.number)
            )
        return observation, reward, *ends


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("what,when", [("rewards", 1), ("rewards", 3), ("observations", 0), ("observations", 3)])
def test_a_number_that_is_none_stops_a_batch_and_an_evaluation(what, when, number):
    task = as_task(Broken, {"what": what, "when": when, "number": number})
    words = f"the task's {what} contain NaN or infinity"
    with pytest.raises(FloatingPointError, match=f"{words}; no update is made"):
        Sampler(Environments(task, 2, 0)).collect(Still(), IDENTITY, 3, torch.Generator())
    with pytest.raises(FloatingPointError, match=words):
        evaluate(Still(), IDENTITY, task, 3, 0)


class Paying(SyncVectorEnv):
    """A reader's vector environment that pays for resets."""

    pay = 7.0

    def step(self, actions):
        ended = self._autoreset_envs.copy()
        observations, rewards, *others = super().step(actions)
        return observations, rewards + self.pay * ended, *others


def test_a_reset_earns_nothing_whatever_it_is_paid():
    sampler = Sampler(Environments(Paying([Counter] * 2), 2, 0))
    batch = sampler.collect(Still(), IDENTITY, 10, torch.Generator())
    assert batch.rewards[:, 0].tolist() == [1, 2, 3, 0, 1, 2, 3, 0, 1, 2]
    assert batch.episode_returns == [6.0] * 4 and sampler.returns.tolist() == [3.0, 3.0]


def test_a_bad_reward_of_a_reset_stops_a_batch_too(monkeypatch):
    monkeypatch.setattr(Paying, "pay", np.nan)
    sampler = Sampler(Environments(Paying([Counter] * 2), 2, 0))
    with pytest.raises(FloatingPointError, match="rewards"):
        sampler.collect(Still(), IDENTITY, 10, torch.Generator())


@pytest.mark.parametrize("task", ["Hopper-v5", "CartPole-v1"])
def test_a_sampler_restored_beside_a_replayed_journal_goes_on_bit_for_bit(task):
    environments = Environments(task, 4, 3, stagger=True)
    policy = make_policy(
        environments.observation_space,
        environments.action_space,
        hidden=(8,),
        log_std=-0.5,
        generator=torch.Generator().manual_seed(0),
    )
    moments, generator = moments_for(environments.observation_space), torch.Generator().manual_seed(1)
    sampler = Sampler(environments)
    moments.update(
        sampler.collect(policy, moments, 37, generator).observations.reshape(-1, *sampler.observations[0].shape)
    )
    state, noise, journal = sampler.state(), generator.get_state(), list(environments.journal)
    expected = sampler.collect(policy, moments, 50, generator)
    again = Sampler(Environments(task, 4, 3, stagger=True))
    again.environments.replay([step if step is None else torch.from_numpy(step) for step in journal])
    again.load(state)
    batch = again.collect(policy, moments, 50, generator.set_state(noise))
    assert expected.episode_returns and batch.episode_returns == expected.episode_returns
    assert batch.episode_lengths == expected.episode_lengths
    for name in ("states", "actions", "rewards", "terminated", "truncated", "valid"):
        assert torch.equal(getattr(batch, name), getattr(expected, name))
    assert again.returns.tolist() == sampler.returns.tolist() and again.lengths.tolist() == sampler.lengths.tolist()


class Numbered(Counter):
    """An episode's return is the number of resets before it, over all copies that were made in this process."""

    made = 0

    def __init__(self):
        super().__init__()
        Numbered.made += 1
        self.number = 0

    def reset(self, seed=None, options=None):
        self.number += 1
        return super().reset(seed=seed)

    def step(self, action):
        observation, _, *ends = super().step(action)
        return observation, float(self.number) / self.length, *ends


def test_many_episodes_are_played_in_rounds_of_a_few_copies(monkeypatch):
    monkeypatch.setattr(rollouts, "COPIES", 4)
    monkeypatch.setattr(Numbered, "made", 0)
    returns = evaluate(Still(), IDENTITY, Task(Numbered), 11, 0)
    assert Numbered.made == 4 and returns.shape == (11,)
    # Of each round and copy the first episode; the next resets are an autoreset, where there was time for it, and ours.
    assert (
        returns[:4] == pytest.approx(np.ones(4)) and (returns[4:] > 1.5).all() and len(set(returns[8:].round(6))) == 1
    )


def test_rounds_hold_as_many_copies_as_a_vector_environment():
    vector = SyncVectorEnv([partial(gymnasium.make, "CartPole-v1")] * 3)
    policy = make_policy(
        vector.single_observation_space, vector.single_action_space, hidden=(), log_std=0.0, generator=torch.Generator()
    )
    moments = RunningMoments((4,))
    first = evaluate(policy, moments, "CartPole-v1", 3, 5)
    assert evaluate(policy, moments, vector, 3, 5).tolist() == first.tolist()
    more = evaluate(policy, moments, vector, 8, 5)
    assert more[:3].tolist() == first.tolist() and more.shape == (8,) and len(set(more.tolist())) > 2
    assert evaluate(policy, moments, vector, 2, 5).tolist() == first[:2].tolist()
    assert not vector.closed


class Endless(Counter):
    """Every step earns 1, and none is the last."""

    def __init__(self):
        super().__init__(length=-1)

    def step(self, action):
        observation, _, *ends = super().step(action)
        return observation, 1.0, *ends


def test_an_episode_without_a_time_limit_is_cut_and_one_with_it_is_not():
    assert evaluate(Still(), IDENTITY, Task(Endless), 2, 0, max_steps=30).tolist() == [30.0, 30.0]
    limited = as_task(Endless, wrappers=[lambda env: gymnasium.wrappers.TimeLimit(env, 40)])
    assert evaluate(Still(), IDENTITY, limited, 2, 0, max_steps=30).tolist() == [40.0, 40.0]
    assert rollouts.LONGEST == 10_000


def test_an_evaluation_of_no_episode_is_refused():
    with pytest.raises(ValueError, match="episodes is 0; it must be at least 1"):
        evaluate(Still(), IDENTITY, "CounterTruncated-v0", 0, 0)


def test_frames_of_the_readers_own_stay_bytes():
    class Film(Counter):
        observation_space = spaces.Box(0, 255, (40, 36, 3), np.uint8)

        def reset(self, seed=None, options=None):
            super().reset(seed=seed)
            return self.np_random.integers(0, 256, (40, 36, 3), dtype=np.uint8), {}

        def step(self, action):
            _, *others = super().step(action)
            return self.np_random.integers(0, 256, (40, 36, 3), dtype=np.uint8), *others

    made = Environments(Task(Film), 2, 0)
    batch = Sampler(made).collect(Still(), moments_for(made.observation_space), 5, torch.Generator())
    assert batch.states.dtype == torch.uint8 and batch.states.shape == (6, 2, 3, 40, 36)
    assert np.array_equal(batch.states[:-1].numpy(), batch.observations) and batch.observations.dtype == np.uint8


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_policy_on_a_gpu_has_its_batch_there():
    made = Environments("Hopper-v5", 2, 0)
    spaces_of = made.observation_space, made.action_space
    policy = make_policy(*spaces_of, hidden=(8,), log_std=0.0, generator=torch.Generator()).to("cuda")
    batch = Sampler(made).collect(policy, moments_for(spaces_of[0]), 5, torch.Generator("cuda"))
    assert batch.states.is_cuda and batch.actions.is_cuda
    for name in ("rewards", "terminated", "truncated", "valid"):
        assert not getattr(batch, name).is_cuda
    assert evaluate(policy, moments_for(spaces_of[0]), "Hopper-v5", 2, 0).shape == (2,)
