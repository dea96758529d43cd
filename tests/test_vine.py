"""The vine: a saved state is a whole one, common noise cancels, its surrogate needs no baseline, and it learns."""

import copy

import numpy as np
import pytest
import torch

from trpobook.agents.environments import RunningMoments
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.algorithms.vine import Simulator, climb, discounted_sums, follow, grow, self_normalised
from trpobook.finite.importance import self_normalised_mean
from trpobook.runs.settings import settings_for
from trpobook.runs.training import Vine, restore, train


def draw(simulator, rng):
    space = simulator.env.action_space
    return rng.uniform(-1, 1, space.shape) if space.shape else int(rng.integers(space.n))


@pytest.mark.parametrize("task", ["Hopper-v5", "Ant-v5", "CartPole-v1", "Acrobot-v1"])
def test_a_restored_state_goes_on_as_the_first_did_even_in_another_simulator(task):
    rng, one, other = np.random.default_rng(0), Simulator(task), Simulator(task)
    one.reset(0), other.reset(1)
    for _ in range(3):  # few enough for the pole to stand
        one.step(draw(one, rng)), other.step(draw(other, rng))
    saved, actions = one.save(), [draw(one, rng) for _ in range(5)]
    first = [one.step(action) for action in actions]
    for simulator in (other, one, other):
        simulator.restore(saved)
        assert simulator.age == 3
        for (seen, reward, *ends), action in zip(first, actions, strict=True):
            again, earned, *finished = simulator.step(action)
            assert np.array_equal(seen, again) and reward == earned and ends == finished


def test_the_time_limit_truncates():
    simulator = Simulator("Hopper-v5")
    simulator.reset(0)
    simulator.age = simulator.time_limit - 2
    assert not simulator.step(np.zeros(3))[3] and simulator.step(np.zeros(3))[3]


def make_points(task, policy_seed=0, n=3):
    simulators = [Simulator(task) for _ in range(n)]
    points = [(simulator.reset(i), simulator.save()) for i, simulator in enumerate(simulators)]
    generator = torch.Generator().manual_seed(policy_seed)
    dim = len(points[0][0])
    policy = (
        CategoricalPolicy(dim, 2, (8,), generator)
        if task == "CartPole-v1"
        else GaussianPolicy(dim, simulators[0].env.action_space.shape[0], (8,), 0.0, generator)
    )
    return policy, points


@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "CartPole-v1"])
def test_q_is_the_discounted_return_of_the_branch(task):
    """Replayed alone, with the noise that the branch had: K = 2 and noise of each branch its own."""
    policy, points = make_points(task)
    moments, generator = RunningMoments((4,)), torch.Generator().manual_seed(5)
    simulators = [Simulator(task) for _ in range(6)]
    for simulator in simulators:
        simulator.reset(0)
    taken = []
    real = policy.sample
    policy.sample = lambda states, generator: taken.append(real(states, generator)) or taken[-1]
    vine = grow(
        policy, moments, simulators, points, branches=2, horizon=30, gamma=0.9, generator=generator, common=False
    )
    assert vine.q.shape == (3, 2) and tuple(vine.actions.shape[:2]) == (3, 2)
    calls = 0
    for i, k in np.ndindex(3, 2):
        simulators[0].restore(points[i][1])
        q, ended, t = 0.0, False, 0
        while t < 30 and not ended:
            _, reward, terminated, truncated = simulators[0].step(taken[2 * t + k][i].numpy())
            q, ended, t = q + 0.9**t * reward, terminated or truncated, t + 1
        calls += t
        assert vine.q[i, k] == pytest.approx(q, abs=1e-9)
    assert vine.calls == calls


def test_common_noise_makes_equal_first_actions_end_alike():
    policy, points = make_points("InvertedPendulum-v5")
    simulators = [Simulator("InvertedPendulum-v5") for _ in range(12)]
    for simulator in simulators:
        simulator.reset(0)
    real, calls = policy.sample, 0

    def same_first_action(states, generator):
        nonlocal calls
        calls += 1
        return torch.zeros(len(states), 1) if calls <= 4 else real(states, generator)

    policy.sample = same_first_action
    spread = {}
    for common in (True, False):
        calls = 0
        vine = grow(
            policy,
            RunningMoments((4,)),
            simulators,
            points,
            branches=4,
            horizon=50,
            gamma=0.99,
            generator=torch.Generator().manual_seed(1),
            common=common,
        )
        spread[common] = np.ptp(vine.q, axis=1)
    assert (spread[True] == 0).all() and spread[False].max() > 0


def test_branches_followed_with_given_actions_are_those_that_grow():
    policy, points = make_points("CartPole-v1")
    simulators = [Simulator("CartPole-v1") for _ in range(9)]
    for simulator in simulators:
        simulator.reset(0)
    moments = RunningMoments((4,))
    vine = grow(
        policy,
        moments,
        simulators,
        points,
        branches=3,
        horizon=25,
        gamma=0.9,
        generator=torch.Generator().manual_seed(2),
    )
    generator = torch.Generator().manual_seed(2)
    for _ in range(3):  # the first actions, which are given here
        policy.sample(vine.states, generator)
    rewards, steps = follow(policy, moments, simulators, points, vine.actions, 25, generator)
    assert rewards.shape == (3, 3, 25) and steps.sum() == vine.calls
    assert np.array_equal((rewards != 0).sum(axis=2), steps)  # CartPole pays 1 a step
    assert np.array_equal(discounted_sums(rewards, 0.9)[..., -1], vine.q)
    np.testing.assert_allclose(discounted_sums(rewards, 0.9)[..., 2], 1 + 0.9 + 0.81)


def test_points_to_branch_from_are_passed_by_the_policy_and_hold_their_observation():
    policy, points = make_points("InvertedPendulum-v5")
    simulator = Simulator("InvertedPendulum-v5")
    simulator.reset(0)
    generator = torch.Generator().manual_seed(0)
    points = climb(policy, RunningMoments((4,)), simulator, 20, 5, generator)
    assert len(points) == 20 and len({tuple(seen) for seen, _ in points}) == 20
    for seen, saved in points:
        simulator.restore(saved)
        assert simulator.age % 5 == 2 and np.array_equal(simulator.env._get_obs(), seen)


def test_the_surrogate_is_the_self_normalised_mean_and_ignores_a_constant():
    generator = torch.Generator().manual_seed(0)
    ratio, q = torch.rand(5, 3, generator=generator).double(), torch.randn(5, 3, generator=generator).double()
    surrogate = self_normalised(3)
    value = surrogate(ratio.flatten(), q.flatten())
    by_rows = [self_normalised_mean(ratio[i].numpy(), q[i].numpy()) for i in range(5)]
    assert value.item() == pytest.approx(np.mean(by_rows), abs=1e-12)
    shifted = q + torch.arange(5.0)[:, None]
    assert surrogate(ratio.flatten(), shifted.flatten()).item() == pytest.approx(value.item() + 2, abs=1e-12)
    ratio = torch.ones(15, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(surrogate(ratio, q.flatten()), ratio)
    assert torch.allclose(slope, ((q - q.mean(1, keepdim=True)) / 15).flatten(), atol=1e-14)


SMALL = {"num_envs": 2, "batch_size": 64, "branch_states": 8, "branches": 3, "horizon": 20, "hidden": (8,)}


def test_a_run_that_is_broken_off_goes_on_bit_for_bit():
    settings = settings_for("CartPole-v1", "vine", checkpoint_steps=1000, **SMALL)
    whole, halfway = Vine("CartPole-v1", settings=settings), None
    for _ in whole.updates(4000):
        if whole.at_checkpoint and halfway is None:
            halfway = copy.deepcopy(whole.state())
    resumed = Vine("CartPole-v1", settings=settings)
    resumed.load(halfway)
    assert 0 < resumed.count < whole.count
    for _ in resumed.updates(4000):
        pass
    for one, other in zip(whole.policy.parameters(), resumed.policy.parameters(), strict=True):
        assert torch.equal(one, other)


def test_it_balances_the_cart_pole():
    run = Vine("CartPole-v1", seed=0)
    for _ in run.updates(60_000):
        pass
    assert run.evaluate(10).mean() > 200


def test_the_run_on_disk_counts_every_step(tmp_path, monkeypatch):
    monkeypatch.setattr("trpobook.runs.training.settings_for", lambda task, algo: settings_for(task, algo, **SMALL))
    train("InvertedPendulum-v5", "vine", 1500, 0, "cpu", tmp_path / "run")
    header, first, *_ = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert 64 + 24 <= int(row["steps"]) <= 64 + 24 * 20
    assert float(row["kl"]) <= 0.01 and row["value_loss"] == ""
    again = restore(tmp_path / "run")
    assert again.recent and len(again.evaluate(2)) == 2


def test_a_run_that_has_ended_resumes_to_the_same_end_however_far_its_last_update_went(tmp_path, monkeypatch):
    often = SMALL | {"checkpoint_steps": 1000}
    monkeypatch.setattr("trpobook.runs.training.settings_for", lambda task, algo: settings_for(task, algo, **often))
    first = train("InvertedPendulum-v5", "vine", 1000, 0, "cpu", tmp_path / "run")
    assert first["steps"] >= 1000 + often["batch_size"]
    metrics = (tmp_path / "run" / "metrics.csv").read_bytes()
    again = train("InvertedPendulum-v5", "vine", 1000, 0, "cpu", tmp_path / "run", resume=True)
    assert (again["steps"], again["return_mean"]) == (first["steps"], first["return_mean"])
    assert (tmp_path / "run" / "metrics.csv").read_bytes() == metrics
    with pytest.raises(ValueError, match="more than --steps 500; nothing was changed"):
        train("InvertedPendulum-v5", "vine", 500, 0, "cpu", tmp_path / "run", resume=True)


@pytest.mark.parametrize("wrong", [{"branches": 1}, {"branch_states": 1000}])
def test_settings_that_no_vine_can_have(wrong):
    with pytest.raises(ValueError, match="branch"):
        Vine("CartPole-v1", settings=settings_for("CartPole-v1", "vine", **wrong))
