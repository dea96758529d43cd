"""The vine: common noise cancels, its surrogate needs no baseline, it serves every task that can go back, it learns."""

import copy
import threading

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.agents.normalisers import RunningMoments, moments_for
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy, make_policy
from trpobook.agents.simulator import Simulator
from trpobook.agents.spaces import seen_space
from trpobook.agents.tasks import as_task
from trpobook.algorithms.trpo import trpo_update
from trpobook.algorithms.vine import climb, discounted_sums, follow, grow, self_normalised
from trpobook.finite.importance import self_normalised_mean
from trpobook.runs.front import load, train
from trpobook.runs.settings import settings_for
from trpobook.runs.vine_run import Trunk, VineRun


def make_points(task, policy_seed=0, n=3):
    simulators = [Simulator(task) for _ in range(n)]
    points = [(simulator.reset(i), simulator.save()) for i, simulator in enumerate(simulators)]
    generator = torch.Generator().manual_seed(policy_seed)
    dim = len(points[0][0])
    policy = (
        CategoricalPolicy(dim, 2, (8,), generator)
        if task == "CartPole-v1"
        else GaussianPolicy(dim, simulators[0].spaces[1].shape[0], (8,), 0.0, generator)
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


class Windy(gymnasium.Env):
    """The wind alone decides the reward."""

    observation_space, action_space = spaces.Box(-9, 9, (1,)), spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, dtype=np.float32), {}

    def step(self, action):
        return np.zeros(1, dtype=np.float32), self.np_random.normal(), False, False, {}


def test_branches_share_the_noise_of_the_world_only_where_noise_is_common():
    simulators = [Simulator(as_task(Windy)) for _ in range(4)]
    points = [(simulators[0].reset(i), simulators[0].save()) for i in range(2)]
    policy = CategoricalPolicy(1, 2, (), torch.Generator().manual_seed(0))
    actions, found = torch.zeros(2, 2, dtype=int), {}
    for common in (True, False):
        generator = torch.Generator().manual_seed(3)
        task = policy, RunningMoments((1,)), simulators, points, actions
        found[common], _ = follow(*task, 5, generator, common)
        again, _ = follow(*task, 5, torch.Generator().manual_seed(3), common)
        assert np.array_equal(again, found[common])
        other, _ = follow(*task, 5, torch.Generator().manual_seed(4), common)
        assert np.array_equal(other, found[common]) == common  # common noise is the saved world's own
    assert np.array_equal(found[True][:, 0], found[True][:, 1])
    assert (found[False][:, 0] != found[False][:, 1]).all()


def test_new_noise_of_the_world_leaves_the_policys_own_numbers_as_they_were():
    simulators = [Simulator(as_task(Windy)) for _ in range(4)]
    points = [(simulators[0].reset(i), simulators[0].save()) for i in range(2)]
    generator, actions = torch.Generator().manual_seed(3), torch.zeros(2, 2, dtype=int)
    policy = CategoricalPolicy(1, 2, (), torch.Generator().manual_seed(0))
    follow(policy, RunningMoments((1,)), simulators, points, actions, 6, generator, False)
    expected = torch.Generator().manual_seed(3)
    for _ in range(6 * 2):
        policy.sample(torch.zeros(2, 1), expected)
    assert torch.equal(generator.get_state(), expected.get_state())


class Repeats(gymnasium.Env):
    """Pays the sum of the action's numbers as the task takes them, and shows it."""

    def __init__(self, observation_space, action_space):
        self.observation_space, self.action_space = observation_space, action_space

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return self.observation_space.sample(), float(np.sum(action)), False, False, {}


FRAMES = spaces.Box(0, 255, (42, 42, 1), dtype=np.uint8)
ACTIONS = [
    spaces.Box(np.float32([0, -2]), np.float32([4, 2])),
    spaces.Discrete(3, start=5),
    spaces.MultiDiscrete([2, 4]),
    spaces.MultiBinary(3),
]


@pytest.mark.parametrize("action_space", ACTIONS)
@pytest.mark.parametrize("observation_space", [spaces.Dict({"a": spaces.Discrete(3), "b": spaces.Box(-1, 1)}), FRAMES])
def test_it_grows_with_every_kind_of_policy_and_observation(observation_space, action_space):
    task = as_task(Repeats, {"observation_space": observation_space, "action_space": action_space})
    view = seen_space(observation_space)
    generator, moments = torch.Generator().manual_seed(0), moments_for(view)
    policy = make_policy(view, action_space, hidden=(8,), log_std=0.0, generator=generator)
    trunk, simulators = Simulator(task), [Simulator(task) for _ in range(6)]
    trunk.reset(0)
    points = climb(policy, moments, trunk, 3, 2, generator)
    vine = grow(policy, moments, simulators, points, branches=2, horizon=1, gamma=0.5, generator=generator)
    earned = vine.actions.double().reshape(3, 2, -1)
    if isinstance(action_space, spaces.Box):
        earned = 2 + 2 * earned[..., 0].clamp(-1, 1) + 2 * earned[..., 1].clamp(-1, 1)
    else:
        earned = earned.sum(-1) + (5 if isinstance(action_space, spaces.Discrete) else 0)
    np.testing.assert_allclose(vine.q, earned, atol=1e-5)
    assert vine.states.shape == (3, *view.shape)
    longer = grow(policy, moments, simulators, points, branches=2, horizon=4, gamma=0.5, generator=generator)
    assert (
        longer.calls == 24
        and policy(vine.states.repeat_interleave(2, 0)).log_prob(vine.actions.flatten(0, 1)).isfinite().all()
    )


class Breaking(Windy):
    """Hands out what is no number from its eighth step on."""

    def __init__(self, observation, reward):
        self.last = np.float32([observation]), reward

    def reset(self, **options):
        self.steps = 0
        return super().reset(**options)

    def step(self, action):
        self.steps += 1
        observation, reward, *rest = super().step(action)
        return *(self.last if self.steps > 7 else (observation, reward)), *rest


@pytest.mark.parametrize(("what", "last"), [("observations", (np.nan, 0.0)), ("rewards", (0.0, np.inf))])
def test_nans_are_refused_on_the_trunk_and_on_the_branches(what, last):
    task = as_task(Breaking, dict(zip(("observation", "reward"), last, strict=True)))
    simulators, generator = [Simulator(task) for _ in range(4)], torch.Generator().manual_seed(0)
    policy, moments = CategoricalPolicy(1, 2, (), generator), RunningMoments((1,))
    trunk = Simulator(task)
    trunk.reset(0)
    points = climb(policy, moments, trunk, 2, 3, generator)
    with pytest.raises(FloatingPointError, match=f"the task's {what} contain NaN or infinity"):
        grow(policy, moments, simulators, points, branches=2, horizon=9, gamma=0.9, generator=generator)
    with pytest.raises(FloatingPointError, match=f"the task's {what} contain NaN or infinity"):
        climb(policy, moments, trunk, 9, 3, generator)


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


def test_advantages_are_measured_from_their_states_own_mean_and_have_unit_spread(monkeypatch):
    given = []

    def spy(policy, states, actions, advantages, **options):
        given.extend([advantages, options["surrogate"]])
        return trpo_update(policy, states, actions, advantages, **options)

    monkeypatch.setattr("trpobook.runs.vine_run.trpo_update", spy)
    next(VineRun("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", "vine", **SMALL)).updates(1))
    advantages, surrogate = given
    assert advantages.view(8, 3).sum(1).abs().max() < 1e-4
    assert advantages.std().item() == pytest.approx(1, rel=1e-4)
    ratios = torch.linspace(0.5, 2, 24)
    assert surrogate(ratios, advantages + 7).item() == pytest.approx(surrogate(ratios, advantages).item() + 7, rel=1e-4)


def test_a_run_that_is_broken_off_goes_on_bit_for_bit():
    settings = settings_for("CartPole-v1", "vine", checkpoint_steps=1000, **SMALL)
    whole, halfway = VineRun("CartPole-v1", settings=settings), None
    for _ in whole.updates(4000):
        if whole.at_checkpoint and halfway is None:
            halfway = copy.deepcopy(whole.state())
    resumed = VineRun("CartPole-v1", settings=settings)
    resumed.load(halfway)
    assert 0 < resumed.count < whole.count
    for _ in resumed.updates(4000):
        pass
    for one, other in zip(whole.policy.parameters(), resumed.policy.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.slow
def test_it_balances_the_cart_pole():
    run = VineRun("CartPole-v1", seed=0)
    for _ in run.updates(60_000):
        pass
    assert run.evaluate(10).mean() > 200


def test_the_run_on_disk_counts_every_step(tmp_path):
    train("InvertedPendulum-v5", "vine", 1500, 0, "cpu", tmp_path / "run", settings=SMALL)
    header, first, *_ = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    row = dict(zip(header.split(","), first.split(","), strict=True))
    assert 64 + 24 <= int(row["steps"]) <= 64 + 24 * 20
    assert float(row["kl"]) <= 0.01 and row["value_loss"] == ""
    assert len(load(tmp_path / "run").evaluate(2)) == 2


def test_a_run_that_has_ended_resumes_to_the_same_end_however_far_its_last_update_went(tmp_path):
    often = SMALL | {"checkpoint_steps": 1000}
    first = train("InvertedPendulum-v5", "vine", 1000, 0, "cpu", tmp_path / "run", settings=often)
    assert first["steps"] >= 1000 + often["batch_size"]
    metrics = (tmp_path / "run" / "metrics.csv").read_bytes()
    again = train("InvertedPendulum-v5", "vine", 1000, 0, "cpu", tmp_path / "run", resume=True)
    assert (again["steps"], again["return_mean"]) == (first["steps"], first["return_mean"])
    assert (tmp_path / "run" / "metrics.csv").read_bytes() == metrics
    with pytest.raises(ValueError, match="more than --steps 500; nothing was changed"):
        train("InvertedPendulum-v5", "vine", 500, 0, "cpu", tmp_path / "run", resume=True)


def test_a_task_that_cannot_go_back_is_refused_before_a_folder_is_made(tmp_path):
    class Locked(Windy):
        def __init__(self):
            self.lock = threading.Lock()

    with pytest.raises(ValueError, match=r"Locked\.lock can't be copied"):
        train(Locked, "vine", 100, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("wrong", [{"branches": 1}, {"branch_states": 1000}])
def test_settings_that_no_vine_can_have(wrong):
    with pytest.raises(ValueError, match="branch"):
        VineRun("CartPole-v1", settings=settings_for("CartPole-v1", "vine", **wrong))


def trunk(seed):
    """Climb in a cart-pole; return policy, generator and points."""
    policy = CategoricalPolicy(4, 2, (8,), torch.Generator().manual_seed(0))
    simulator, generator = Simulator("CartPole-v1"), torch.Generator().manual_seed(seed)
    simulator.reset(0)
    return policy, generator, climb(policy, RunningMoments((4,)), simulator, 10, 3, generator)


def test_each_simulator_of_the_trunk_begins_in_a_state_of_its_own():
    begun = VineRun("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", "vine", **SMALL)).stage
    assert not np.array_equal(*begun.observations)


def test_each_episode_on_the_trunk_has_its_own_return():
    """CartPole pays 1 a step."""
    trunk, ended = Trunk(as_task("CartPole-v1"), np.array([0, 2])), []
    while len(ended) < 6:
        ended += trunk.step(np.array([1, 0]))
    assert all(total == length < 15 for total, length in ended)


def test_the_trunk_is_drawn_from_the_given_generator_and_no_other():
    one, two, other = (np.array([seen for seen, _ in trunk(seed)[2]]) for seed in (1, 1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_the_steps_of_the_branches_are_whole_numbers():
    policy, generator, points = trunk(1)
    simulators = [Simulator("CartPole-v1") for _ in range(20)]
    for simulator in simulators:
        simulator.reset(0)
    actions = torch.zeros((10, 2), dtype=torch.int64)
    _, steps = follow(policy, RunningMoments((4,)), simulators, points, actions, 5, generator)
    assert steps.shape == (10, 2) and np.issubdtype(steps.dtype, np.integer) and steps.min() > 0
