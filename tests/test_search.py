"""Search without gradients: the best of a population leads, each member plays its own weights, and it resumes."""

import copy
import json
import math

import numpy as np
import pytest
import torch

from trpobook.agents.environments import Environments, RunningMoments
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.algorithms.search import CrossEntropy, Population
from trpobook.runs.settings import settings_for
from trpobook.runs.training import SEARCHES, Search, train

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


@pytest.mark.parametrize("algo", SEARCHES)
def test_a_run_that_is_broken_off_goes_on_bit_for_bit(algo):
    settings = settings_for("InvertedPendulum-v5", algo, num_envs=8, batch_size=8, checkpoint_steps=200)
    whole, halfway = Search("InvertedPendulum-v5", algo, settings=settings), None
    for _ in whole.updates(1500):
        if whole.at_checkpoint and halfway is None:
            halfway = copy.deepcopy(whole.state())
    resumed = Search("InvertedPendulum-v5", algo, settings=settings)
    resumed.load(halfway)
    assert 0 < resumed.count < whole.count
    for _ in resumed.updates(1500):
        pass
    assert resumed.returns == whole.returns
    assert np.array_equal(resumed.population.weights(), whole.population.weights())


@pytest.mark.parametrize("algo", SEARCHES)
def test_balances_the_pendulum(algo):
    run = Search("InvertedPendulum-v5", algo, seed=0)
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
        Search("InvertedPendulum-v5", "cem", device="cuda")
