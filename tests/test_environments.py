"""Both back-ends: one protocol, the same physics, ends of episodes told apart."""

import subprocess
import sys

import gymnasium
import numpy as np
import pytest

from trpobook.agents import environments
from trpobook.agents.environments import MUJOCO_TASKS, Environments, RunningMoments

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


@pytest.mark.parametrize("task", ["NoSuchTask-v1", "Hopper-v99", "nosuchmodule:Task-v0", "no/such:thing"])
def test_an_unknown_task_is_named(task):
    with pytest.raises(ValueError, match="unknown task"):
        Environments(task, 1, 0)


def test_mujoco_writes_neither_to_standard_error_nor_into_the_folder(tmp_path):
    code = "from trpobook.agents.environments import Environments; Environments('HalfCheetah-v5', 2, 0).reset()"
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "" and list(tmp_path.iterdir()) == []


def test_running_moments_are_those_of_all_rows():
    rng = np.random.default_rng(0)
    batches = [rng.normal(3, 2, (n, 4)) for n in (5, 1, 200)]
    moments = RunningMoments((4,))
    for batch in batches:
        moments.update(batch)
    rows = np.concatenate(batches)
    assert np.allclose(moments.mean, rows.mean(0), atol=1e-12)
    assert np.allclose(moments.var, rows.var(0), atol=1e-12)
    assert moments.normalise(rows).std(0) == pytest.approx(np.ones(4), rel=1e-4)
    assert moments.normalise(np.full((1, 4), 1e9)) == pytest.approx(10 * np.ones((1, 4)))


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
    with environments.without_mujoco_notes():
        theirs = gymnasium.make(task, disable_env_checker=True)
    first = ours.reset()[0]
    theirs.reset(seed=0)
    theirs.unwrapped.set_state(*state_of(task, first, theirs.unwrapped))
    assert np.abs(theirs.unwrapped._get_obs() - first).max() <= 1e-12
    rng = np.random.default_rng(0)
    for _ in range(20):
        action = rng.uniform(ours.action_space.low, ours.action_space.high)
        observations, rewards, terminated, truncated = ours.step(action[None])
        observation, reward, ended, cut, _ = theirs.step(action)
        assert np.abs(observation - observations[0]).max() <= 1e-8
        assert abs(reward - rewards[0]) <= 1e-6 * max(1, abs(reward))  # EnvPool's rewards are single precision
        assert (ended, cut) == (terminated[0], truncated[0])
        if ended:
            break
    ours.close()


@pytest.mark.parametrize("task", MUJOCO_TASKS)
def test_both_back_ends_have_the_same_spaces(task):
    with environments.without_mujoco_notes():
        theirs = gymnasium.make(task)
    made = Environments(task, 1, 0)
    assert made.observation_space.shape == theirs.observation_space.shape
    assert np.allclose(made.action_space.low, theirs.action_space.low)
    assert np.allclose(made.action_space.high, theirs.action_space.high)
    assert made.time_limit == theirs.spec.max_episode_steps
    made.close()
