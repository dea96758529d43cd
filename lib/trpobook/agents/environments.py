"""Many copies of a task stepped together: EnvPool where it has the task, else Gymnasium; and running normalisers."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium import spaces

try:
    import envpool
except ImportError:  # no wheel for this platform: Gymnasium serves every task, several times slower
    envpool = None

MUJOCO_TASKS = (
    "Ant-v5",
    "HalfCheetah-v5",
    "Hopper-v5",
    "Humanoid-v5",
    "HumanoidStandup-v5",
    "InvertedDoublePendulum-v5",
    "InvertedPendulum-v5",
    "Pusher-v5",
    "Reacher-v5",
    "Swimmer-v5",
    "Walker2d-v5",
)
# The seven games of Schulman et al. 2015; EnvPool brings the games along.
ATARI_TASKS = (
    "BeamRider-v5",
    "Breakout-v5",
    "Enduro-v5",
    "Pong-v5",
    "Qbert-v5",
    "Seaquest-v5",
    "SpaceInvaders-v5",
)
# What an agent sees of a game: four grey frames of 42 by 42 pixels, four frames of the console apart, as bytes. The
# game begins with up to 30 idle steps and, where it waits for the button, with a shot; after 5 minutes it is over.
ATARI = {
    "stack_num": 4,
    "frame_skip": 4,
    "img_height": 42,
    "img_width": 42,
    "gray_scale": True,
    "noop_max": 30,
    "use_fire_reset": True,
    "episodic_life": True,
    "max_episode_steps": 4500,
}


def cpu_count() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Environments:
    """`num_envs` copies of a task, stepped together; the same seed gives the same episodes.

    The step after an episode's end is a reset: its action is ignored and its reward is 0, so it is no transition.
    The observation that comes with an end is the last one of the old episode. Actions outside the task's box are
    clipped to it, as the simulator's motors would do: the policy's log-probability stays that of the action drawn.

    EnvPool 1.2.5 holds MuJoCo 3.6.0, and requirements.txt pins that version for Gymnasium too: from one state all
    eleven tasks then step alike, to 1e-8 in every observation (a test compares them). Under MuJoCo 4.0.0 the three
    tasks whose root floats free, Ant and both Humanoids, part by 1e-7 to 1e-5 in position within one step, and by
    more in the contact forces that they observe.

    In a game of ATARI_TASKS an episode is a life, since a life lost is what the agent should learn to avoid; rewards
    are the game's own. `game_over` says which copies' whole game the last step ended: a score is summed up to there.

    Args:
        task: an EnvPool or Gymnasium id, for instance "Hopper-v5".
        num_envs: copies, ≥ 1.
        seed: of the first reset, 0 ≤ seed < 2³¹.
        stagger: cut the first episode of copy i short, by truncation, after i/num_envs of the task's time limit.
            Copies that all survive would else reach the time limit together, batch upon batch would hold no
            beginning of an episode, and the policy would forget how to begin: it balanced the double pendulum
            after 200,000 steps, and had lost it again after 230,000. Games end at times of their own: no cuts.
    Raises: ValueError for an unknown task, or a game where EnvPool is not installed.
    """

    def __init__(self, task: str, num_envs: int, seed: int, stagger: bool = False):
        self.task, self.num_envs = task, num_envs
        with without_mujoco_notes():
            if envpool is None and task in ATARI_TASKS:
                raise ValueError(f"{task} is a game, and games need EnvPool, which is not installed here")
            if envpool is not None and task in MUJOCO_TASKS + ATARI_TASKS:
                threads = min(num_envs, cpu_count())
                options = ATARI if task in ATARI_TASKS else {}
                self._vector = envpool.make_gymnasium(
                    task, num_envs=num_envs, num_threads=threads, seed=seed, **options
                )
                self.observation_space = self._vector.observation_space
                self.action_space = self._vector.action_space
                self._reset = {}  # EnvPool is seeded once, above
            else:
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # Gymnasium's advice to take a later version of the task
                        self._vector = gymnasium.make_vec(task, num_envs=num_envs, vectorization_mode="sync")
                except (gymnasium.error.Error, ImportError) as error:
                    raise ValueError(f"unknown task {task!r}: {error}") from error
                self.observation_space = self._vector.single_observation_space
                self.action_space = self._vector.single_action_space
                self._reset = {"seed": seed}
        spec = self._vector.spec
        limit = spec.config.max_episode_steps if hasattr(spec, "config") else spec.max_episode_steps
        self.time_limit = limit or 0  # steps after which the task truncates an episode, 0 for never
        stagger &= task not in ATARI_TASKS
        self._cuts = np.arange(num_envs) * (self.time_limit if stagger else 0) // num_envs
        self._count = 0
        self.cut = np.zeros(num_envs, dtype=bool)  # the copies whose episode the last step cut short
        self.game_over = np.zeros(num_envs, dtype=bool)  # those in which it ended the whole game, not one life of it

    def reset(self) -> np.ndarray:
        """Return the first observations, (num_envs, …)."""
        return self._vector.reset(**self._reset)[0]

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (observations, rewards, terminated, truncated) after one action in each copy."""
        if isinstance(self.action_space, spaces.Box):
            actions = np.clip(actions, self.action_space.low, self.action_space.high)
        actions = actions.astype(self.action_space.dtype, copy=False)
        observations, rewards, terminated, truncated, info = self._vector.step(actions)
        if self._count <= self._cuts[-1]:
            observations, rewards = observations.copy(), rewards.copy()
            terminated, truncated = terminated.copy(), truncated.copy()
            for i in np.flatnonzero((self._cuts == self._count) & (self._cuts > 0)):
                observations[i] = self._restart(i)
                rewards[i], terminated[i], truncated[i] = 0, False, False
            self._count += 1
            self.cut = (self._cuts == self._count) & ~terminated & ~truncated
            truncated |= self.cut
        lost = info["terminated"] == 1 if self.task in ATARI_TASKS else terminated
        self.game_over = lost | truncated
        return observations, rewards, terminated, truncated

    def _restart(self, i: int) -> np.ndarray:
        """Begin a new episode in copy i alone; return its first observation."""
        if isinstance(self._vector, gymnasium.vector.SyncVectorEnv):
            mask = np.arange(self.num_envs) == i
            return self._vector.reset(options={"reset_mask": mask})[0][i]
        return self._vector.reset(np.array([i]))[0][0]

    def close(self) -> None:
        self._vector.close()


class RunningMoments:
    """Mean and variance of all rows seen so far, merged batch by batch (Chan, Golub & LeVeque 1979)."""

    def __init__(self, shape: tuple[int, ...] = ()):
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), 0

    def update(self, rows: np.ndarray) -> None:
        """Take in `rows`, (n, *shape)."""
        count = len(rows)
        if count == 0:
            return
        total = self.count + count
        shift = rows.mean(axis=0) - self.mean
        squares = self.var * self.count + rows.var(axis=0) * count + shift**2 * (self.count * count / total)
        self.mean = self.mean + shift * (count / total)
        self.var, self.count = squares / total, total

    def normalise(self, rows: np.ndarray, limit: float = 10.0) -> np.ndarray:
        """Return (rows − mean)/std, clipped to ±limit, in float32."""
        return np.clip((rows - self.mean) / np.sqrt(self.var + 1e-8), -limit, limit).astype(np.float32)


class RawPixels(RunningMoments):
    """Stands where `RunningMoments` does for pixels, whose range is known: frames pass as bytes, as they are.

    The network divides them by 255. As bytes they take a quarter of the memory of single precision.
    """

    def update(self, rows: np.ndarray) -> None:
        """Take in nothing."""

    def normalise(self, rows: np.ndarray) -> np.ndarray:
        """Return `rows`."""
        return rows


def moments_for(space: spaces.Box) -> RunningMoments:
    """Return a new normaliser for the observations of `space`."""
    return RawPixels() if space.dtype == np.uint8 else RunningMoments(space.shape)


@contextmanager
def without_mujoco_notes():
    """Keep MuJoCo's note on `settotalmass` off stderr and its MUJOCO_LOG.TXT out of the reader's folder.

    The tasks' own model files cause the note; the reader can do nothing about it. All else that is written to
    stderr meanwhile is passed on.
    """
    sys.stderr.flush()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as caught:
        here, stderr = Path.cwd(), os.dup(2)
        os.dup2(caught.fileno(), 2)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)
            os.dup2(stderr, 2)
            os.close(stderr)
            caught.seek(0)
            rest = [line for line in caught.read().decode(errors="replace").splitlines() if "settotalmass" not in line]
            with suppress(ValueError):  # a closed stderr can take no message
                sys.stderr.write("".join(line + "\n" for line in rest if line.strip()))
