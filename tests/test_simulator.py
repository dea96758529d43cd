"""A saved state is a whole one: of any task, behind all its wrappers, whatever its attributes; or it is refused."""

import random
import threading

import gymnasium
import mujoco
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.envs.mujoco.hopper_v5 import HopperEnv

from trpobook.agents.environments import MUJOCO_TASKS
from trpobook.agents.faults import TaskError
from trpobook.agents.simulator import Simulator
from trpobook.agents.tasks import as_task


class Walk(gymnasium.Env):
    """A point on a line, pushed by the action and by noise; its own truncation after 9 steps."""

    observation_space, action_space = spaces.Box(-np.inf, np.inf, (2,)), spaces.Box(-1, 1, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.path = [self.np_random.normal()]
        return self.seen(), {}

    def seen(self):
        return np.array([self.path[-1], len(self.path)], dtype=np.float32)

    def step(self, action):
        self.path.append(self.path[-1] + float(action[0]) + self.np_random.normal())
        return self.seen(), self.path[-1], False, len(self.path) > 9, {}


def simulate(task, **kwargs):
    return Simulator(as_task(task, kwargs))


def drawn(simulator, rng, count):
    """Return random actions of a policy."""
    space = simulator.spaces[1]
    if isinstance(space, spaces.Box):
        return list(rng.uniform(-1, 1, (count, int(np.prod(space.shape)))).astype(np.float32))
    return list(rng.integers(space.n, size=count))


def trace(simulator, actions):
    """Return all that the actions bring, to the end of the episode."""
    found = []
    for action in actions:
        observation, *rest = simulator.step(action)
        found.append((observation.tolist(), *rest))
        if rest[1] or rest[2]:
            break
    return found


def assert_comes_back(make, before=3, after=5):
    """Save in one simulator; go on from there in it, in another, and in the first again after a new episode."""
    rng, one, other = np.random.default_rng(0), make(), make()
    one.reset(0), other.reset(1)
    trace(one, drawn(one, rng, before)), trace(other, drawn(other, rng, before - 1))
    age, saved, actions = one.age, one.save(), drawn(one, rng, after)
    first = trace(one, actions)
    one.reset(3)
    for simulator in (other, one, other):
        simulator.restore(saved)
        assert simulator.age == age
        assert trace(simulator, actions) == first
    return first


@pytest.mark.parametrize("task", [*MUJOCO_TASKS, "CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1"])
def test_a_restored_state_goes_on_as_the_first_did_even_in_another_simulator(task):
    assert len(assert_comes_back(lambda: Simulator(task))) > 1


def test_so_does_a_world_with_noise_and_lists_of_its_own():
    assert_comes_back(lambda: simulate(Walk))


class WithData(Walk):
    """Has an attribute that MuJoCo's tasks have, too."""

    def reset(self, *, seed=None, options=None):
        self.data = {"steps": 0, "nested": [[0.0]]}
        return super().reset(seed=seed)

    def step(self, action):
        self.data["steps"] += 1
        self.data["nested"][0].append(float(action[0]))
        observation, _, *rest = super().step(action)
        return observation, self.data["steps"] + sum(self.data["nested"][0]), *rest


def test_an_attribute_named_data_is_restored_like_any_other():
    assert_comes_back(lambda: simulate(WithData))


class Rare(Walk):
    """Attributes that come and go, two names for one list, and functions that see the environment."""

    def __init__(self):
        self.log = self.same = []
        self.height = lambda: self.path[-1] + len(self.log)

    def step(self, action):
        self.same.append(1)
        if hasattr(self, "once"):
            del self.once
        else:
            self.once = 100.0
        observation, _, *rest = super().step(action)
        return observation, self.height() + len(self.log) + getattr(self, "once", 0.0), *rest


def test_attributes_come_and_go_share_what_they_shared_and_functions_see_their_own_environment():
    assert_comes_back(lambda: simulate(Rare))


class Sampling(Walk):
    """Draws its noise from its own observation space, from the first reset on."""

    def __init__(self):
        self.observation_space = spaces.Box(-1, 1, (2,))

    def reset(self, *, seed=None, options=None):
        self.observation_space.seed(seed)
        return super().reset(seed=seed)

    def step(self, action):
        super().step(action)
        return self.observation_space.sample(), 0.0, False, False, {}


def test_a_space_that_is_drawn_from_is_restored_like_any_other_generator():
    assert_comes_back(lambda: simulate(Sampling))


class Doubled(gymnasium.Wrapper):
    """Pays twice at every other step, and turns the sign of the reward."""

    def __init__(self, env):
        super().__init__(env)
        self.steps = 0

    def step(self, action):
        self.steps += 1
        observation, reward, *rest = self.env.step(action)
        return observation, -reward * (1 + self.steps % 2), *rest


def test_wrappers_are_part_of_the_task_and_of_its_state():
    wrapped = as_task("CartPole-v1", wrappers=(Doubled,))
    assert [reward for _, reward, *_ in assert_comes_back(lambda: Simulator(wrapped))][:2] == [-1, -2]


def test_registered_wrappers_keyword_arguments_and_clocks_are_too():
    wrapper = gymnasium.envs.registration.WrapperSpec("Doubled", f"{__name__}:Doubled", {})
    gymnasium.register("Turned-v0", Walk, max_episode_steps=4, additional_wrappers=(wrapper,))
    try:
        simulator = Simulator("Turned-v0")
        simulator.reset(0)
        plain = simulate(Walk)
        plain.reset(0)
        action = np.zeros(1, dtype=np.float32)
        (_, reward, *_), (_, expected, *_) = simulator.step(action), plain.step(action)
        assert reward == -2 * expected
        assert_comes_back(lambda: Simulator("Turned-v0"), before=2)
    finally:
        del gymnasium.registry["Turned-v0"]
    slow = Simulator(as_task("Hopper-v5", {"frame_skip": 8}))
    assert slow.env.frame_skip == 8


def test_a_task_ends_by_its_own_truncation_or_by_its_time_limit_whose_clock_is_restored():
    simulator = simulate(Walk)
    simulator.reset(0)
    ends = [simulator.step(np.zeros(1))[3] for _ in range(9)]
    assert ends == 8 * [False] + [True] and simulator.age == 9
    hopper = Simulator("Hopper-v5")
    hopper.reset(0)
    hopper.age = 998
    saved = hopper.save()
    for _ in range(2):
        hopper.restore(saved)
        assert [hopper.step(np.zeros(3))[3] for _ in range(2)] == [False, True]
    hopper.restore(saved)
    hopper.age = 0  # turned back
    assert not any(hopper.step(np.zeros(3))[3] for _ in range(3))


class Inside(gymnasium.Env):
    """Holds another environment, which is no wrapper's."""

    def __init__(self):
        self.inner = gymnasium.make("Hopper-v5").unwrapped
        self.observation_space, self.action_space = self.inner.observation_space, self.inner.action_space

    def reset(self, *, seed=None, options=None):
        return self.inner.reset(seed=seed)

    def step(self, action):
        return self.inner.step(action)


class TwoWorlds(HopperEnv):
    """Has a second MjData from the start, and a third one in a list, made at each reset."""

    def __init__(self):
        super().__init__()
        self.second = mujoco.MjData(self.model)

    def reset(self, *, seed=None, options=None):
        self.others = [mujoco.MjData(self.model)]
        return super().reset(seed=seed)

    def step(self, action):
        observation, _, *rest = super().step(action)
        for data in (self.second, *self.others):
            data.ctrl[:] = action
            mujoco.mj_step(self.model, data)
        return observation, self.second.qpos[1] + self.others[0].qvel[2], *rest


@pytest.mark.parametrize("task", [Inside, TwoWorlds])
def test_environments_and_mujoco_data_are_restored_wherever_they_are(task):
    assert_comes_back(lambda: simulate(task))


def test_mujoco_data_stays_the_environments_own_object():
    simulator = Simulator("Hopper-v5")
    data = simulator.env.data
    simulator.reset(0)
    simulator.restore(simulator.save())
    assert simulator.env.data is data and simulator.env.mujoco_renderer.data is data


class Heavier(HopperEnv):
    """Changes its MuJoCo model at each reset, which no saved state holds."""

    def reset_model(self):
        self.model.body_mass[1] = self.np_random.uniform(1, 9)
        return super().reset_model()


class Locked(Walk):
    def __init__(self):
        self.lock = threading.Lock()


class Reading(Walk):
    def reset(self, **options):
        self.file = open(__file__)  # noqa: SIM115
        return super().reset(**options)


class Generating(Walk):
    def reset(self, **options):
        self.numbers = iter(x for x in range(9))
        return super().reset(**options)


class Trouble(Exception):
    def __init__(self, what, where):
        super().__init__(f"{what}\nin {where}")


class Troubled(Walk):
    """Keeps what can be written, but not read again."""

    def reset(self, **options):
        self.trouble = Trouble("rain", "Spain")
        return super().reset(**options)


class Late(Walk):
    def reset(self, **options):
        self.height = lambda: self.path[-1]
        return super().reset(**options)


class Elsewhere(Walk):
    """Keeps its state in the class."""

    steps = 0

    def step(self, action):
        Elsewhere.steps += 1
        return super().step(action)[0], Elsewhere.steps, False, False, {}


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (Locked, "Locked.lock can't be copied: cannot pickle '_thread.lock'"),
        (Reading, "Reading.file can't be copied"),
        (Generating, "Generating.numbers can't be copied"),
        (Troubled, "it can't be copied: Trouble.__init__() missing"),
        (Late, "(<function Late.reset.<locals>.<lambda>"),
        (Elsewhere, "led elsewhere"),
        (Heavier, "led elsewhere"),
    ],
)
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_task_that_does_not_come_back_to_a_state_is_refused_before_anything_is_done(task, reason):
    with pytest.raises(ValueError, match=f"(?s){task.__name__} can't go back to a state.*choose another") as refused:
        simulate(task)
    assert reason in str(refused.value) and "\n" not in str(refused.value)


def test_what_is_no_task_of_ones_own_is_refused():
    with pytest.raises(ValueError, match="unknown task 'Nowhere-v0'"):
        Simulator("Nowhere-v0")
    with pytest.raises(ValueError, match="no other copy can be made"):
        Simulator(as_task(gymnasium.make_vec("CartPole-v1", num_envs=2)))


def test_the_seed_alone_decides_the_episodes_whatever_was_done_before():
    rng, one, other = np.random.default_rng(0), simulate(Walk), simulate(Walk)
    other.reset(5), trace(other, drawn(other, rng, 4))
    actions = drawn(one, rng, 9)
    found = []
    for simulator in (one, other):
        simulator.reset(7)
        found.append([trace(simulator, actions), simulator.reset().tolist(), trace(simulator, actions)])
    assert found[0] == found[1] and found[0][0] != found[0][2]


class Served(gymnasium.Env):
    """Sees numbers of two kinds, chooses from 3; a box of its own bounds when it is continuous."""

    observation_space = spaces.Dict({"place": spaces.Discrete(3), "speed": spaces.Box(-1, 1, (2,))})

    def __init__(self, continuous):
        low, high = np.array([0.0, -4.0], dtype=np.float32), np.array([10.0, 4.0], dtype=np.float32)
        self.action_space = spaces.Box(low, high) if continuous else spaces.Discrete(3, start=5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.taken = []
        return {"place": 2, "speed": np.zeros(2, dtype=np.float32)}, {}

    def step(self, action):
        self.taken.append(action)
        return {"place": 1, "speed": np.ones(2, dtype=np.float32)}, float(np.sum(action)), False, False, {}


def test_observations_and_actions_are_those_of_the_policy():
    simulator = simulate(Served, continuous=False)
    assert simulator.reset(0).tolist() == [0, 0, 1, 0, 0]
    observation, reward, *_ = simulator.step(np.int64(2))
    assert observation.tolist() == [0, 1, 0, 1, 1] and reward == 7
    simulator = simulate(Served, continuous=True)
    simulator.reset(0)
    simulator.step(np.float32([-1, 0.5])), simulator.step(np.float32([9, -9]))
    assert np.array(simulator.env.taken).tolist() == [[0, 2], [10, -4]]


def test_an_observation_is_not_written_into_later():
    class Writing(Walk):
        def seen(self):
            self.buffer = getattr(self, "buffer", np.zeros(2, dtype=np.float32))
            self.buffer[:] = super().seen()
            return self.buffer

    simulator = simulate(Writing)
    first = simulator.reset(0)
    kept = first.copy()
    simulator.step(np.ones(1))
    assert np.array_equal(first, kept)


class Failing(Walk):
    def __init__(self, how, after=5):
        self.how, self.after = how, after

    def step(self, action):
        observation, reward, *rest = super().step(action)
        if len(self.path) > self.after:
            if self.how == "raises":
                {}["x"]
            observation[0] = np.nan if self.how == "observations" else 0
            reward = np.inf if self.how == "rewards" else 0
        return observation, reward, *rest


@pytest.mark.parametrize("how", ["observations", "rewards"])
def test_nans_and_infinities_are_refused(how):
    simulator = simulate(Failing, how=how)
    simulator.reset(0)
    with pytest.raises(FloatingPointError, match=f"the task's {how} contain NaN or infinity"):
        trace(simulator, drawn(simulator, np.random.default_rng(0), 9))


def test_the_readers_own_errors_say_where_they_were_raised():
    simulator = simulate(Failing, how="raises")
    simulator.reset(0)
    with pytest.raises(TaskError, match=r"raised KeyError: 'x' in step \(test_simulator.py, line \d+\)"):
        trace(simulator, drawn(simulator, np.random.default_rng(0), 9))
    with pytest.raises(TaskError, match="KeyError"):
        simulate(Failing, how="raises", after=1)


class Chance(Walk):
    """Draws from every kind of generator, in a list of its own too."""

    def reset(self, *, seed=None, options=None):
        self.kinds = [random.Random(1), np.random.RandomState(2)]
        self.torches = {"own": torch.Generator().manual_seed(3)}
        return super().reset(seed=seed)

    def step(self, action):
        super().step(action)
        numbers = [self.np_random.random(), self.kinds[0].random(), self.kinds[1].rand()]
        numbers.append(torch.rand((), generator=self.torches["own"]).item())
        return np.array(numbers[:2], dtype=np.float32), float(numbers[2] + numbers[3]), False, False, {}


def test_generators_come_back_with_the_state_and_are_reseeded_on_demand():
    assert_comes_back(lambda: simulate(Chance))
    simulator, found = simulate(Chance), []
    simulator.reset(0)
    saved = simulator.save()
    for seed in (None, 0, 1, 0):
        simulator.restore(saved)
        if seed is not None:
            simulator.reseed(torch.Generator().manual_seed(seed))
        observation, reward, *_ = simulator.step(np.zeros(1))
        found.append([*observation.tolist(), reward])
    plain, one, other, again = np.array(found)
    assert (plain != one).all() and (one != other).all() and (one == again).all()
