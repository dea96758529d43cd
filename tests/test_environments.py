"""Every back end: one protocol, the same physics, ends of episodes told apart, and copies that can be repeated."""

import os
import signal
import subprocess
import sys
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TimeAwareObservation, TimeLimit

from trpobook.agents import environments
from trpobook.agents.environments import MUJOCO_TASKS, Environments
from trpobook.agents.faults import TaskError
from trpobook.agents.tasks import Task, as_task

envpool = pytest.importorskip("envpool", reason="EnvPool has no wheel for this platform")


@pytest.fixture(params=["envpool", "gymnasium"])
def back_end(request, monkeypatch):
    if request.param == "gymnasium":
        monkeypatch.setattr(environments, "envpool", None)
    return request.param


def roll(made, steps, seed=0):
    """Return [observations, rewards, terminated, truncated] of `steps` steps of random actions."""
    rng = np.random.default_rng(seed)
    rows = [(made.reset(), *np.zeros((3, made.num_envs)))]
    shape = (made.num_envs, *made.action_space.shape)
    rows += [tuple(np.copy(part) for part in made.step(rng.uniform(-1, 1, shape))) for _ in range(steps)]
    made.close()
    return [np.stack(part) for part in zip(*rows, strict=True)]


def test_the_same_seed_gives_the_same_episodes(back_end):
    first, again, other = (roll(Environments("Hopper-v5", 3, seed), 60) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_the_step_after_an_end_is_a_reset_without_reward(back_end):
    observations, rewards, terminated, truncated = roll(Environments("Hopper-v5", 4, 1), 80)
    t, i = np.argwhere(terminated[:-1])[0]
    assert not truncated[t, i]
    assert observations[t, i, 0] < 0.75 or abs(observations[t, i, 1]) > 0.15  # the fallen hopper: its own last state
    assert rewards[t + 1, i] == 0 and not terminated[t + 1, i]
    assert observations[t + 1, i, 0] == pytest.approx(1.25, abs=0.01)  # the next one, upright


def test_the_time_limit_truncates_and_does_not_terminate(back_end):
    *_, terminated, truncated = roll(Environments("Reacher-v5", 2, 1), 50)
    assert truncated[50].all() and not truncated[:50].any() and not terminated.any()


def test_actions_outside_the_box_are_clipped_to_it(back_end):
    results = []
    for factor in (1.0, 7.0):
        made = Environments("HalfCheetah-v5", 2, 1)
        made.reset()
        results.append(made.step(factor * np.ones((2, 6))))
        made.close()
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


def test_staggered_first_episodes_are_cut_one_after_the_other(back_end):
    made = Environments("Reacher-v5", 5, 1, stagger=True)
    observations = [made.reset()]
    cut_at, truncated_at = {}, {i: [] for i in range(5)}
    for step in range(1, 120):
        seen, rewards, _, truncated = made.step(np.zeros((5, 2)))
        observations.append(seen.copy())
        for i in np.flatnonzero(made.cut):
            assert truncated[i]
            cut_at[int(i)] = step
        for i in np.flatnonzero(truncated):
            truncated_at[int(i)].append(step)
        for i, cut in cut_at.items():
            if step == cut + 1:  # the reset: no reward, another target to reach
                assert rewards[i] == 0 and not truncated[i]
                assert not np.allclose(observations[step][i, 4:6], observations[step - 1][i, 4:6])
    made.close()
    assert cut_at == {1: 10, 2: 20, 3: 30, 4: 40}
    assert all(ends[1] - ends[0] == 51 for i, ends in truncated_at.items() if i)


def test_mujoco_writes_neither_to_standard_error_nor_into_the_folder(tmp_path):
    code = "from trpobook.agents.environments import Environments; Environments('HalfCheetah-v5', 2, 0).reset()"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "" and list(tmp_path.iterdir()) == []


class Echo(gymnasium.Env):
    """The observation is the action taken, in a space of the reader's choice; an episode lasts as long as they say."""

    def __init__(self, action_space, observation_space=None, length=1000):
        self.action_space, self.observation_space = action_space, observation_space or action_space
        self.length = length

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.t = 0
        self.observation_space.seed(int(self.np_random.integers(2**31)))
        self.given = self.observation_space.sample()
        return self.given, {"anything": [object()]}

    def step(self, action):
        assert self.action_space.contains(action)
        self.t += 1
        if self.observation_space is self.action_space:
            self.given = action
        return self.given, 1.0, self.t >= self.length, False, {"of": {"any": object()}, "shape": np.zeros(self.t)}


BOX = spaces.Box(np.array([-2000, 30, -0.01, -np.inf]), np.array([2000, 1017, 0.01, np.inf]), dtype=np.float64)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_task_gets_actions_in_its_own_bounds(processes):
    made = Environments(as_task(Echo, {"action_space": BOX}), 2, 0, processes=processes)
    made.reset()
    taken, *_ = made.step(np.array([[-1, 0, 1, 5], [0.5, 2, 0, -5]], dtype=np.float32))
    made.close()
    assert np.allclose(taken, [[-2000, 523.5, 0.01, 5], [1000, 1017, 0, -5]])


@pytest.mark.parametrize(
    "space,actions,seen",
    [
        (spaces.Discrete(3, start=-1), [0, 2], [[1, 0, 0], [0, 0, 1]]),
        (spaces.MultiDiscrete([2, 3], start=[5, 6]), [[1, 2], [0, 0]], [[0, 1, 0, 0, 1], [1, 0, 1, 0, 0]]),
        (spaces.MultiBinary(3), [[1, 0, 1], [0, 0, 1]], [[1, 0, 1], [0, 0, 1]]),
        (spaces.Box(-2, 2, (2, 2), np.float64), [[1, 0, 0.5, 1], [0, 0, 0, -1]], [[2, 0, 1, 2], [0, 0, 0, -2]]),
        (spaces.Box(0, 10, (), np.float64), [[-1], [0.5]], [[0], [7.5]]),
        (spaces.Box(0, 10, (1,), np.int64), [[-1], [0.5]], [[0], [8]]),
    ],
)
@pytest.mark.parametrize("processes", [0, 2])
def test_every_kind_of_action_arrives_and_every_kind_of_observation_is_seen_flat(space, actions, seen, processes):
    made = Environments(as_task(Echo, {"action_space": space}), 2, 0, processes=processes)
    assert made.observation_space.shape == made.reset().shape[1:] == (len(seen[0]),)
    assert made.step(np.array(actions))[0].tolist() == seen
    assert made.action_space == made.spaces[1] == space
    made.close()


@pytest.mark.parametrize("processes", [0, 3])
@pytest.mark.parametrize(
    "space",
    [
        spaces.Dict(goal=spaces.Discrete(4), here=spaces.Tuple([spaces.Box(-1, 1, (2,)), spaces.MultiBinary(2)])),
        spaces.Box(0, 255, (40, 36, 3), np.uint8),
        spaces.Box(0, 255, (128,), np.uint8),
    ],
)
def test_parts_frames_and_bytes_are_seen_as_one_copy_alone_shows_them(space, processes):
    task = as_task(Echo, {"action_space": spaces.Discrete(2), "observation_space": space, "length": 2})
    made, alone = Environments(task, 3, 5, processes=processes), task.make()
    first = made.reset()
    assert made.observation_space.contains(first[2]) and first.dtype == made.observation_space.dtype
    for i in range(3):
        observation, _ = alone.reset(seed=5 + i)
        assert np.array_equal(first[i].ravel().sum(), gymnasium.spaces.flatten(space, observation).sum())
    made.step(np.zeros(3, dtype=int))
    _, _, terminated, _ = made.step(np.zeros(3, dtype=int))
    observations, rewards, _, _ = made.step(np.zeros(3, dtype=int))
    made.close()
    assert terminated.all() and (rewards == 0).all()
    assert all(made.observation_space.contains(row) for row in observations)
    assert not np.array_equal(observations, first)  # another episode


def test_later_resets_go_on_with_the_random_numbers_of_the_first(back_end):
    starts = []
    for _ in range(2):
        made = Environments("Hopper-v5", 3, 4)
        starts.append([made.reset().copy() for _ in range(3)])
        made.close()
    assert np.array_equal(*starts)
    assert len({start.tobytes() for start in starts[0]}) == 3


def random_actions(made, rng):
    """Return actions for any task here, each step's in the same array: the journal must hold copies of its own."""
    discrete = isinstance(made.action_space, spaces.Discrete)
    kept = np.zeros(made.num_envs, dtype=int) if discrete else np.zeros((made.num_envs, *made.action_space.shape))
    while True:
        kept[:] = rng.integers(made.action_space.n, size=kept.shape) if discrete else rng.normal(size=kept.shape)
        yield kept


VECTOR = SyncVectorEnv([partial(gymnasium.make, "Acrobot-v1")] * 3)


@pytest.mark.parametrize(
    "task,options",
    [
        ("Hopper-v5", {"stagger": True}),
        ("Breakout-v5", {}),
        ("CartPole-v1", {"stagger": True}),
        ("Blackjack-v1", {"processes": 3}),
        (as_task("Reacher-v5", {"reward_dist_weight": 2}), {"stagger": True, "processes": 3}),
        (VECTOR, {"stagger": True}),
    ],
)
def test_a_journal_brings_new_copies_to_where_the_old_ones_stood(task, options):
    first, rng = Environments(task, 3, 7, **options), np.random.default_rng(0)
    actions = random_actions(first, rng)
    first.reset()
    for t in range(60):
        first.step(next(actions))
        if t == 40:
            first.reset()
    journal, stood = list(first.journal), (first.observations.copy(), first.fresh.copy(), first.cut, first.game_over)
    coming = [next(actions).copy() for _ in range(40)]
    expected = [[np.copy(part) for part in (*first.step(a), first.cut, first.game_over)] for a in coming]
    first.close()
    for begun in (False, True):  # a sampler made before has reset them already
        again = Environments(task, 3, 7, **options)
        if begun:
            again.reset()
        again.replay(journal)
        for ours, theirs in zip((again.observations, again.fresh, again.cut, again.game_over), stood, strict=True):
            assert np.array_equal(ours, theirs)
        for a, row in zip(coming, expected, strict=True):
            assert all(map(np.array_equal, (*again.step(a), again.cut, again.game_over), row))
        assert len(again.journal) == len(journal) + 40
        again.close()


def test_a_journal_is_light_and_replayed_on_new_copies_only():
    made = Environments("HalfCheetah-v5", 4, 0)
    made.reset()
    actions = np.ones((4, 6), dtype=np.float32)
    for _ in range(25):
        made.step(actions)
    assert made.journal[0] is None and all(a.base is None and a.nbytes == actions.nbytes for a in made.journal[1:])
    with pytest.raises(ValueError, match="26 steps or resets were made here"):
        made.replay(made.journal)
    made.close()


def test_a_copy_is_fresh_until_its_first_episode_ends_or_is_cut():
    made = Environments("Reacher-v5", 5, 1, stagger=True)
    made.reset()
    for step in range(1, 52):
        made.step(np.zeros((5, 2)))
        assert made.fresh.tolist() == [step < 50, step < 10, step < 20, step < 30, step < 40]
    made.close()


def test_where_there_is_no_time_limit_nothing_is_cut():
    made = Environments("Blackjack-v1", 4, 1, stagger=True)
    made.reset()
    assert made.time_limit == 0
    for _ in range(5):
        made.step(np.zeros(4, dtype=int))
        assert not made.cut.any()
    made.close()


@pytest.mark.parametrize("processes", [0, 4])
def test_a_time_limit_put_on_by_the_readers_function_is_found_and_staggers(processes):
    def make():
        return TimeAwareObservation(TimeLimit(Echo(spaces.Discrete(2)), 8))

    made = Environments(Task(make), 4, 1, stagger=True, processes=processes)
    made.reset()
    assert made.time_limit == 8
    ends = [np.flatnonzero(made.step(np.zeros(4, dtype=int))[3]).tolist() for _ in range(8)]
    made.close()
    assert ends == [[], [1], [], [2], [], [3], [], [0]]


def stepped(made, steps=30):
    actions = random_actions(made, np.random.default_rng(3))
    rows = [(made.reset(), *np.zeros((3, made.num_envs)))] + [made.step(next(actions)) for _ in range(steps)]
    made.close()
    return [np.stack(part) for part in zip(*rows, strict=True)]


def test_processes_give_what_one_process_gives():
    ours, theirs = (stepped(Environments("CartPole-v1", 3, 2, processes=n)) for n in (0, 3))
    assert all(map(np.array_equal, ours, theirs)) and ours[2].any()


def pids(made):
    return [process.pid for process in made._back_end._vector.processes]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_are_deaf_to_ctrl_c_and_gone_after_close():
    made = Environments("CartPole-v1", 2, 2, processes=2)
    made.reset()
    workers = pids(made)
    assert len({os.getpid(), *workers}) == 3
    for pid in workers:
        os.kill(pid, signal.SIGINT)
    made.step(np.zeros(2, dtype=int))
    made._back_end._vector.step_async(np.zeros(2, dtype=int))  # as Ctrl-C leaves them
    made.close()
    assert not any(map(is_alive, workers))


def test_a_process_that_dies_is_named_and_takes_the_others_along():
    made = Environments("CartPole-v1", 3, 2, processes=3)
    made.reset()
    workers = pids(made)
    os.kill(workers[1], signal.SIGKILL)
    with pytest.raises(TaskError, match="CartPole-v1: processes ended unasked, exit code -9"):
        for _ in range(3):
            made.step(np.zeros(3, dtype=int))
    assert not any(map(is_alive, workers))
    made.close()


def test_processes_end_with_a_parent_that_is_killed():
    code = (
        "import os, signal; from trpobook.agents.environments import Environments\n"
        "made = Environments('CartPole-v1', 2, 0, processes=2); made.reset()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    # The processes hold the other ends of these pipes: `run` returns when the last of them has ended.
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout, run.stderr) == (-signal.SIGKILL, "", "")


def test_a_task_of_which_there_can_be_one_is_told_apart_in_processes(tmp_path):
    class Alone(Echo):
        def __init__(self):
            super().__init__(spaces.Discrete(2))
            self.lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_EXCL)

        def close(self):
            (tmp_path / "lock").unlink()

    with pytest.raises(TaskError, match=r"Alone raised FileExistsError: .* in make \(test_environments.py"):
        Environments(Task(Alone), 2, 0, processes=2)


def test_the_readers_vector_environment_is_seeded_again_and_stays_open():
    ours = stepped(Environments("Acrobot-v1", 3, 11))
    for _ in range(2):
        theirs = stepped(Environments(VECTOR, 3, 11))
        assert all(map(np.array_equal, ours, theirs))
    assert Environments(VECTOR, 3, 0).time_limit == 500 and not VECTOR.closed


def test_what_a_vector_environment_must_be_is_said():
    same_step = SyncVectorEnv([partial(gymnasium.make, "CartPole-v1")], autoreset_mode=AutoresetMode.SAME_STEP)
    with pytest.raises(ValueError, match=r"autoreset_mode AutoresetMode.SAME_STEP; make it with AutoresetMode.NEXT"):
        Environments(same_step, 1, 0)
    with pytest.raises(ValueError, match="num_envs is 2; it must be 3"):
        Environments(VECTOR, 2, 0)
    pool = envpool.make_gymnasium("CartPole-v1", num_envs=2)
    with pytest.raises(ValueError, match="is EnvPool's, which can't be seeded again; give the id"):
        Environments(pool, 2, 0)
    with pytest.raises(ValueError, match="processes is 3, but Acrobot-v1 has its own way"):
        Environments(VECTOR, 3, 0, processes=3)


def test_the_options_of_a_game_go_to_envpool():
    task = as_task("Pong-v5", {"img_height": 84, "img_width": 84, "stack_num": 2})
    made = Environments(task, 2, 0)
    assert made.reset().shape == (2, 2, 84, 84) and made.observation_space.dtype == np.uint8
    made.close()
    with pytest.raises(
        ValueError, match=r"Pong-v5 can't be made with .*'wrong': 1.*unexpected keyword argument 'wrong'"
    ):
        Environments(as_task("Pong-v5", {"wrong": 1}), 2, 0)
    with pytest.raises(ValueError, match="Pong-v5 is a game, which EnvPool steps: it takes no wrappers"):
        Environments(as_task("Pong-v5", wrappers=[TimeAwareObservation]), 2, 0)


def test_a_mujoco_task_that_is_changed_is_gymnasiums():
    plain, wrapped = (
        Environments("Hopper-v5", 1, 0),
        Environments(as_task("Hopper-v5", None, [TimeAwareObservation]), 1, 0),
    )
    heavier = Environments(as_task("Hopper-v5", {"ctrl_cost_weight": 10.0}), 1, 0)
    assert wrapped.observation_space.shape == (12,)
    rewards = []
    for made in (plain, heavier):
        made.reset()
        rewards.append(made.step(np.ones((1, 3)))[1][0])
        made.close()
    assert rewards[1] < rewards[0] - 20
    wrapped.close()


@pytest.mark.parametrize(
    "arguments,words",
    [
        ({"num_envs": 0}, "num_envs is 0; it must be at least 1"),
        ({"processes": 3}, "processes is 3; it must be 0, or num_envs, 2"),
        ({"processes": 2, "task": "Hopper-v5"}, "processes is 2, but Hopper-v5 has its own way"),
    ],
)
def test_what_cannot_be_made_is_refused_with_the_remedy(arguments, words):
    with pytest.raises(ValueError, match=words):
        Environments(**{"task": "CartPole-v1", "num_envs": 2, "seed": 0} | arguments)


def test_making_a_task_touches_nothing_that_is_the_whole_processs(tmp_path, monkeypatch):
    """The working folder and the standard streams are the reader's: a constructor may open a file beside it."""

    class Level(Echo):
        def __init__(self):
            with open("level.txt") as file:
                super().__init__(spaces.Discrete(int(file.read())))

    (tmp_path / "level.txt").write_text("7")
    monkeypatch.chdir(tmp_path)
    touched = []
    for name in ("chdir", "dup2"):
        monkeypatch.setattr(os, name, lambda *arguments: touched.append(arguments))
    for task in (Task(Level), "Hopper-v5", "Breakout-v5"):
        made = Environments(task, 2, 0)
        made.reset()
        made.close()
    assert touched == []


# EnvPool and Gymnasium from one state. EnvPool's first observation holds the positions and velocities that it drew, but
# for the horizontal position, on which nothing depends; Gymnasium's simulator is put there.


def state_of(task, observation, simulator):
    """Return (qpos, qvel) of the simulator's state that the task's first observation describes."""
    o, nq, nv = observation, simulator.model.nq, simulator.model.nv
    if task == "InvertedPendulum-v5":
        return o[:2], o[2:]
    if task == "InvertedDoublePendulum-v5":  # sines and cosines of the angles
        return np.r_[o[0], np.arctan2(o[1:3], o[3:5])], o[5:8]
    if task == "Reacher-v5":  # cosines and sines; the target stands still
        return np.r_[np.arctan2(o[2:4], o[:2]), o[4:6]], np.r_[o[6:8], 0, 0]
    if task == "Pusher-v5":  # the object's position in space, from its slides at 0
        qpos, qvel = np.r_[o[:7], np.zeros(4)], np.r_[o[7:14], np.zeros(4)]
        simulator.set_state(qpos, qvel)
        qpos[7:9] = (o[17:20] - simulator.get_body_com("object"))[1::-1]
        simulator.set_state(qpos, qvel)
        if not np.allclose(simulator.get_body_com("object"), o[17:20], atol=1e-9):
            qpos[7:9] = qpos[8:6:-1]
        return qpos, qvel
    hidden = 1 if task in ("Hopper-v5", "Walker2d-v5", "HalfCheetah-v5") else 2
    return np.r_[np.zeros(hidden), o[: nq - hidden]], o[nq - hidden : nq - hidden + nv]


@pytest.mark.parametrize("task", MUJOCO_TASKS)
def test_both_back_ends_step_alike_from_the_same_state(task):
    ours = Environments(task, 1, 3)
    theirs = gymnasium.make(task, disable_env_checker=True)
    first = ours.reset()[0]
    theirs.reset(seed=0)
    theirs.unwrapped.set_state(*state_of(task, first, theirs.unwrapped))
    assert np.abs(theirs.unwrapped._get_obs() - first).max() <= 1e-12
    rng = np.random.default_rng(0)
    for _ in range(20):
        low, high = ours.action_space.low, ours.action_space.high
        action = rng.uniform(low, high)
        observations, rewards, terminated, truncated = ours.step((2 * (action - low) / (high - low) - 1)[None])
        observation, reward, ended, cut, _ = theirs.step(action)
        assert np.abs(observation - observations[0]).max() <= 1e-8
        assert abs(reward - rewards[0]) <= 1e-6 * max(1, abs(reward))  # EnvPool's rewards are single precision
        assert (ended, cut) == (terminated[0], truncated[0])
        if ended:
            break
    ours.close()


@pytest.mark.parametrize("task", MUJOCO_TASKS)
def test_both_back_ends_have_the_same_spaces(task):
    theirs = gymnasium.make(task)
    made = Environments(task, 1, 0)
    assert made.observation_space.shape == theirs.observation_space.shape
    assert np.allclose(made.action_space.low, theirs.action_space.low)
    assert np.allclose(made.action_space.high, theirs.action_space.high)
    assert made.time_limit == theirs.spec.max_episode_steps
    made.close()
