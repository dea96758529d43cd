"""Search without gradients: the best of a population leads, each member plays its own weights, and it resumes."""

import copy
import json
import math

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from trpobook.agents.environments import Environments
from trpobook.agents.normalisers import RunningMoments, moments_for
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy, make_policy
from trpobook.agents.tasks import as_task
from trpobook.algorithms.search import CrossEntropy, Population
from trpobook.runs.front import train
from trpobook.runs.search_run import SEARCHES, SearchRun
from trpobook.runs.settings import settings_for

TARGET = np.array([1.0, -2.0, 0.5, 0.0])


def closeness(candidates):
    return -np.sum((candidates - TARGET) ** 2, axis=1)


@pytest.mark.parametrize("method", SEARCHES.values())
def test_finds_the_top_of_a_hill(method):
    searcher = method(np.zeros(4), 0.5, 20, 0)
    for _ in range(150):
        searcher.tell(closeness(searcher.ask()))
    assert np.abs(searcher.mean - TARGET).max() < 0.05


@pytest.mark.parametrize("method", SEARCHES.values())
def test_goes_the_other_way_when_the_returns_are_turned(method):
    searcher = method(np.zeros(4), 0.5, 20, 0)
    for _ in range(20):
        searcher.tell(-closeness(searcher.ask()))
    assert closeness(searcher.mean[None])[0] < 2 * closeness(np.zeros((1, 4)))[0]


def test_cross_entropy_fits_the_best_fifth_and_its_extra_noise_fades():
    searcher = CrossEntropy(np.zeros(3), 0.5, 20, 0)
    candidates = searcher.ask().copy()
    returns = np.arange(20.0)[::-1]  # the first are the best
    searcher.tell(returns)
    assert searcher.mean == pytest.approx(candidates[:4].mean(axis=0))
    assert searcher.std**2 == pytest.approx(candidates[:4].var(axis=0) + 0.25 * 0.99)


@pytest.mark.parametrize("method", SEARCHES.values())
def test_the_seed_alone_decides_the_population(method):
    one, two, other = (method(np.zeros(4), 0.5, 8, seed).ask() for seed in (0, 0, 1))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "CartPole-v1"])
def test_each_member_plays_its_own_weights(task):
    """Against one plain policy a member, stepped alone in the same environments."""
    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    make = GaussianPolicy if task == "InvertedPendulum-v5" else CategoricalPolicy
    shape = (4, 1, (), 0.0) if make is GaussianPolicy else (4, 2, ())
    population, moments = Population(make(*shape, generator)), RunningMoments((4,))
    thetas = rng.normal(size=(5, len(population.weights())))
    environments = Environments(task, 5, 7)
    returns, lengths, observations = population.play(thetas, environments, moments)
    environments.close()
    alone = []
    for member, theta in enumerate(thetas):
        population.set_weights(theta)
        environments = Environments(task, 5, 7)
        states, total, ended = environments.reset(), 0.0, False
        while not ended:
            with torch.no_grad():
                actions = population.policy.mode(torch.from_numpy(moments.normalise(states)))
            states, rewards, terminated, truncated = environments.step(actions.numpy())
            total, ended = total + rewards[member], terminated[member] or truncated[member]
        environments.close()
        alone.append(total)
    assert returns == pytest.approx(alone)
    assert len(set(alone)) > 1 and lengths.sum() == len(observations)


def test_weights_go_in_and_come_out_and_the_noise_is_none_of_them():
    population = Population(GaussianPolicy(3, 2, (5,), -0.5, torch.Generator().manual_seed(0)))
    theta = np.arange(3 * 5 + 5 + 5 * 2 + 2.0)
    population.set_weights(theta)
    assert np.array_equal(population.weights(), theta)
    assert population.policy.log_std.tolist() == [-0.5, -0.5]


class Hears(gymnasium.Env):
    """Pays for an action that says what was shown: yes or no, one of three in one of four places, or numbers."""

    observation_space = spaces.MultiBinary(4)

    def __init__(self, action_space):
        self.action_space = action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps, self.shown = 0, self.np_random.integers(2, size=4)
        return self.shown, {}

    def step(self, action):
        assert self.action_space.contains(action)
        first = self.shown[: np.size(action)] * (1 if self.action_space.shape else 3)
        reward = -float(np.abs(np.ravel(action) - first).sum())
        self.steps, self.shown = self.steps + 1, self.np_random.integers(2, size=4)
        return self.shown, reward, False, self.steps > 9, {}


class Own(nn.Module):
    """A policy of the reader's: no head of the library's, a noise with a name of its own, a layer that stays."""

    def __init__(self):
        super().__init__()
        self.fixed, self.last = nn.Linear(4, 6).requires_grad_(False), nn.Linear(6, 2)
        self.noise = nn.ParameterDict({"log_std": torch.zeros(2)})

    def mode(self, states):
        return self.last(torch.relu(self.fixed(states)))


ACTIONS = [spaces.Box(-1, 1, (2,)), spaces.Discrete(4), spaces.MultiDiscrete([2, 3]), spaces.MultiBinary(3), Own]


@pytest.mark.parametrize("action_space", ACTIONS)
def test_every_kind_of_policy_gets_better(action_space):
    torch.manual_seed(0)
    own = action_space is Own
    space = ACTIONS[0] if own else action_space
    environments = Environments(as_task(Hears, {"action_space": space}), 20, 0)
    view, generator = environments.observation_space, torch.Generator().manual_seed(0)
    policy = Own() if own else make_policy(view, space, hidden=(), log_std=0.0, generator=generator)
    population, moments = Population(policy), moments_for(view)
    searcher = CrossEntropy(population.weights(), 0.3, 20, 0)

    def mean_return():
        returns, lengths, _ = population.play(np.tile(searcher.mean, (20, 1)), environments, moments)
        assert (lengths == 10).all()
        return returns.mean()

    before = mean_return()
    for _ in range(15):
        searcher.tell(population.play(searcher.ask(), environments, moments)[0])
    after = mean_return()
    environments.close()
    assert after > 0.7 * before
    left_out = ("log_std", "fixed.weight", "fixed.bias", "noise.log_std")
    assert len(searcher.mean) == sum(p.numel() for name, p in policy.named_parameters() if name not in left_out)


def test_every_generation_begins_in_states_of_its_own():
    environments = Environments("CartPole-v1", 3, 0)
    population = Population(CategoricalPolicy(4, 2, (), torch.Generator().manual_seed(0)))
    thetas = np.zeros((3, len(population.weights())))
    firsts = [population.play(thetas, environments, RunningMoments((4,)))[2][:3] for _ in range(3)]
    environments.close()
    assert len({row.tobytes() for first in firsts for row in first}) == 9


class Ends(gymnasium.Env):
    """Ends after 2 steps in its first episode, 4 in the next, paying 1 a step; then or in the second all is broken."""

    observation_space, action_space = spaces.Box(-9, 9, (1,)), spaces.Discrete(2)
    copies = 0

    def __init__(self, broken, value, episode):
        Ends.copies += 1
        self.length, self.episode = 2 * Ends.copies, 0
        self.broken, self.value, self.last = broken, value, episode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.episode, self.steps = self.episode + 1, 0
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        self.steps += 1
        bad = self.episode == self.last
        observation = np.float32([self.value if bad and self.broken == "observations" else 0])
        reward = self.value if bad and self.broken == "rewards" else 1.0
        return observation, reward, self.steps == self.length, False, {}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("broken", ["observations", "rewards"])
def test_only_what_belongs_to_an_episode_that_counts_must_be_numbers(broken, value):
    population = Population(CategoricalPolicy(1, 2, (), torch.Generator().manual_seed(0)))
    for episode in (1, 2):
        Ends.copies = 0
        task = as_task(Ends, {"broken": broken, "value": value, "episode": episode})
        environments, thetas = Environments(task, 2, 0), np.zeros((2, len(population.weights())))
        if episode == 1:
            with pytest.raises(FloatingPointError, match=f"the task's {broken} contain NaN or infinity"):
                population.play(thetas, environments, RunningMoments((1,)))
        else:
            returns, lengths, _ = population.play(thetas, environments, RunningMoments((1,)))
            assert returns.tolist() == lengths.tolist() == [2, 4]
        environments.close()


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("method", SEARCHES.values())
def test_returns_that_are_no_numbers_are_refused_and_change_nothing(method, wrong):
    one, other = method(np.zeros(4), 0.5, 20, 0), method(np.zeros(4), 0.5, 20, 0)
    returns = closeness(one.ask())
    assert np.array_equal(returns, closeness(other.ask()))
    with pytest.raises(FloatingPointError, match="the task's rewards sum to NaN or infinity"):
        one.tell(np.where(np.arange(20) == 7, wrong, returns))
    one.tell(returns), other.tell(returns)
    assert np.array_equal(one.mean, other.mean) and np.array_equal(one.ask(), other.ask())


def test_frames_are_refused_before_a_folder_is_made(tmp_path):
    class Frames(Hears):
        observation_space = spaces.Box(0, 255, (42, 42), dtype=np.uint8)

        def __init__(self):
            self.action_space = spaces.Discrete(2)

    with pytest.raises(ValueError, match="frames"):
        train(Frames, "cem", 100, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_normaliser_takes_in_each_step_once():
    run = SearchRun("InvertedPendulum-v5", settings={"num_envs": 8})
    steps = [row["steps"] for row in run.updates(300)]
    assert run.observation_moments.count == steps[-1] >= 300


@pytest.mark.parametrize("algo", SEARCHES)
def test_a_run_that_is_broken_off_goes_on_bit_for_bit(algo):
    settings = settings_for("InvertedPendulum-v5", algo, num_envs=8, batch_size=8, checkpoint_steps=200)
    whole, halfway = SearchRun("InvertedPendulum-v5", algo, settings=settings), None
    for _ in whole.updates(1500):
        if whole.at_checkpoint and halfway is None:
            halfway = copy.deepcopy(whole.state())
    resumed = SearchRun("InvertedPendulum-v5", algo, settings=settings)
    resumed.load(halfway)
    assert 0 < resumed.count < whole.count
    for _ in resumed.updates(1500):
        pass
    assert resumed.returns == whole.returns
    assert np.array_equal(resumed.population.weights(), whole.population.weights())


@pytest.mark.slow
@pytest.mark.parametrize("algo", SEARCHES)
def test_balances_the_pendulum(algo):
    run = SearchRun("InvertedPendulum-v5", algo, seed=0)
    for _ in run.updates(60_000):
        pass
    assert run.evaluate(10).mean() >= 900


def test_the_run_on_disk_has_the_documented_columns(tmp_path):
    summary = train("InvertedPendulum-v5", "cem", 2000, 0, "cpu", tmp_path / "run")
    assert summary["algo"] == "cem" and math.isfinite(summary["return_mean"])
    header, first, *_ = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert row["episodes"] == "40" and row["kl"] == "" and float(row["step_norm"]) > 0
    assert json.loads((tmp_path / "run" / "config.json").read_text())["settings"]["hidden"] == []


def test_a_gpu_is_refused_in_words():
    with pytest.raises(ValueError, match="choose auto or cpu"):
        SearchRun("InvertedPendulum-v5", "cem", device="cuda")


def test_the_cross_entropy_population_is_mean_plus_deviation_times_numpys_normal_numbers():
    start = np.array([1.0, 2.0, 3.0])
    candidates = CrossEntropy(start, 0.5, 20, 7).ask()
    assert np.array_equal(candidates, start + 0.5 * np.random.default_rng(7).standard_normal((20, 3)))


def test_two_lead_where_a_fifth_of_the_population_is_less():
    searcher = CrossEntropy(np.zeros(3), 0.5, 8, 0)
    candidates = searcher.ask().copy()
    searcher.tell(np.arange(8.0))
    assert searcher.mean == pytest.approx(candidates[6:].mean(axis=0))


@pytest.mark.parametrize("method", SEARCHES.values())
def test_a_search_prints_nothing_and_writes_no_files(method, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    searcher = method(np.zeros(4), 0.5, 20, 0)
    for _ in range(3):
        searcher.tell(-np.sum(searcher.ask() ** 2, axis=1))
    assert capsys.readouterr() == ("", "") and list(tmp_path.iterdir()) == []


def test_lengths_are_whole_numbers():
    population = Population(CategoricalPolicy(4, 2, (), torch.Generator().manual_seed(0)))
    environments = Environments("CartPole-v1", 2, 0)
    thetas = np.zeros((2, len(population.weights())))
    _, lengths, _ = population.play(thetas, environments, RunningMoments((4,)))
    environments.close()
    assert np.issubdtype(lengths.dtype, np.integer) and lengths.min() > 0
