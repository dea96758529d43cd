"""Many copies of a task stepped together, by EnvPool where it has the task, else by Gymnasium."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import SyncVectorEnv, VectorEnv

from trpobook.agents.backends import BackEnd, Copies, Pool, Processes
from trpobook.agents.faults import running
from trpobook.agents.games import ATARI, is_game
from trpobook.agents.spaces import Space, seen_space, task_actions
from trpobook.agents.tasks import Source, Task, as_task

try:
    import envpool
except ImportError:  # no wheel for this platform: Gymnasium serves every task, several times slower
    envpool = None  # type: ignore[assignment]

Moved = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
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


def cpu_count() -> int:
    """Return the number of processors this process may use: its share, where torchrun started several here."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    here = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return max(1, found // int(here)) if here.isdecimal() and int(here) else found


class Environments:
    """`num_envs` copies of a task, stepped together; the same seed gives the same episodes.

    The step after an episode's end is a reset: its action is ignored and its reward is 0, so it is no transition.
    The observation that comes with an end is the last one of the old episode. Observations come as the networks see
    them, and a policy's actions go as the policy drew them (spaces.py): what the task takes is made of them here.

    EnvPool 1.2.5 holds MuJoCo 3.6.0, and requirements.txt pins that version for Gymnasium too: from one state all
    eleven tasks then step alike, to 1e-8 in every observation (a test compares them). Under MuJoCo 4.0.0 the three
    tasks whose root floats free, Ant and both Humanoids, part by 1e-7 to 1e-5 in position within one step, and by
    more in the contact forces that they observe.

    In a game of ATARI_TASKS an episode is a life, since a life lost is what the agent should learn to avoid; rewards
    are the game's own. `game_over` says which copies' whole game the last step ended: a score is summed up to there.

    Args:
        task: an id, for instance "Hopper-v5", or a Task.
        num_envs: copies, ≥ 1; of a vector environment, as many as it has.
        seed: of the first reset, 0 ≤ seed < 2³¹. Later resets go on with the same random numbers.
        stagger: cut the first episode of copy i short, by truncation, after i/num_envs of the task's time limit.
            Copies that all survive would else reach the time limit together, batch upon batch would hold no
            beginning of an episode, and the policy would forget how to begin: it balanced the double pendulum
            after 200,000 steps, and had lost it again after 230,000. Games end at times of their own, and a task
            without a time limit gives no measure: no cuts.
        processes: 0, or num_envs: each copy in a process of its own, for tasks that Gymnasium steps.
    Attributes:
        observation_space, action_space: what the networks see, and the task's own; `spaces`: both the task's own.
        observations: the last ones.
        time_limit: steps after which the task truncates an episode, 0 for never.
        fresh: (num_envs,), which copies are in the first episode since they were made.
        journal: all that was done since then: the actions of each step, and None for each reset.
    Raises: ValueError for what can't be served, TaskError when the task's own code fails.
    """

    def __init__(self, task: Source | Task, num_envs: int, seed: int, stagger: bool = False, processes: int = 0):
        self.task, self.num_envs = as_task(task), num_envs
        self._back_end = _back_end(self.task, num_envs, seed, processes)
        self.spaces: tuple[Space, Space] = self._back_end.observation_space, self._back_end.action_space
        self.observation_space, self.action_space = seen_space(self.spaces[0]), self.spaces[1]
        self.time_limit = self._back_end.time_limit
        staggered = stagger and self._back_end.restarts
        self._cuts = np.arange(num_envs) * (self.time_limit if staggered else 0) // num_envs
        self.fresh = np.ones(num_envs, dtype=bool)
        self.journal: list[np.ndarray | None] = []

    def reset(self) -> np.ndarray:
        """Begin a new episode in every copy; return the first observations, (num_envs, …)."""
        self.journal.append(None)
        self._count = 0
        self.cut = np.zeros(self.num_envs, dtype=bool)  # the copies whose episode the last step cut short
        self.game_over = np.zeros(self.num_envs, dtype=bool)  # those in which it ended the whole game, not one life
        with running(self.task.name, "reset"):
            self.observations = self._back_end.reset()
        return self.observations

    def step(self, actions: np.ndarray) -> Moved:
        """Return (observations, rewards, terminated, truncated) after one of the policy's actions in each copy."""
        self.send(actions)
        return self.receive()

    def send(self, actions: np.ndarray) -> None:
        """Let each copy take one of the policy's actions; EnvPool's go on in threads of their own until `receive`."""
        actions = np.array(actions)  # a copy: the journal's
        self.journal.append(actions)
        with running(self.task.name, "step"):
            self._back_end.send(task_actions(self.action_space, actions))

    def receive(self) -> Moved:
        """Return what came of the actions that were sent: (observations, rewards, terminated, truncated)."""
        with running(self.task.name, "step"):
            observations, rewards, terminated, truncated, over = self._back_end.receive()
            if self._count <= self._cuts[-1]:
                observations, rewards = observations.copy(), rewards.copy()
                terminated, truncated = terminated.copy(), truncated.copy()
                for i in np.flatnonzero((self._cuts == self._count) & (self._cuts > 0)):
                    observations[i] = self._back_end.restart(int(i))
                    rewards[i], terminated[i], truncated[i], over[i] = 0, False, False, False
                self._count += 1
                self.cut = (self._cuts == self._count) & ~terminated & ~truncated
                truncated |= self.cut
        self.game_over = over | self.cut
        self.fresh &= ~(terminated | truncated)
        self.observations = observations
        return observations, rewards, terminated, truncated

    def replay(self, journal: Sequence[Any]) -> None:
        """Do again what a journal of other copies holds, on copies just made, which then stand where those stood.

        The task, the number of copies and the seed must be those of the journal.
        Raises: ValueError when more than a reset was done here already.
        """
        done = len(self.journal)
        if done > 1 or (done and journal[0] is not None):
            raise ValueError(f"{done} steps or resets were made here; a journal is replayed on copies just made")
        for actions in journal[done:]:
            if actions is None:
                self.reset()
            else:
                self.step(np.asarray(actions))

    def close(self) -> None:
        self._back_end.close()


def _back_end(task: Task, num_envs: int, seed: int, processes: int) -> BackEnd:
    """Return what steps the copies of a task: EnvPool, unless the task is the reader's own or changed by them."""
    game, name = is_game(task.source), task.name
    if num_envs < 1 or (task.copies and num_envs != task.copies):
        raise ValueError(f"num_envs is {num_envs}; it must be {task.copies or 'at least 1'}")
    if processes not in (0, num_envs):
        raise ValueError(f"processes is {processes}; it must be 0, or num_envs, {num_envs}: each copy has its own")
    if game and envpool is None:
        raise ValueError(f"{name} is a game, and games need EnvPool, which is not installed here")
    if game and task.wrappers:
        raise ValueError(f"{name} is a game, which EnvPool steps: it takes no wrappers")
    changed = task.kwargs or task.wrappers or task.missing
    pooled = game or (envpool is not None and task.source in MUJOCO_TASKS and not changed)
    if processes and (pooled or task.copies):
        raise ValueError(f"processes is {processes}, but {name} has its own way of stepping copies; leave it out")
    if pooled:
        return Pool(_pool(name, num_envs, seed, ATARI | task.kwargs if game else {}), game)
    if isinstance(task.source, VectorEnv):
        return Copies(task.source, seed, own=False)
    makers = [task.maker()] * num_envs
    return Copies(Processes(name, makers) if processes else SyncVectorEnv(makers), seed, own=True)


def _pool(name: str, num_envs: int, seed: int, options: dict[str, Any]) -> Any:
    """Return EnvPool's copies of a task. Raises: ValueError for options that it doesn't take."""
    threads = min(num_envs, cpu_count())
    try:
        return envpool.make_gymnasium(name, num_envs=num_envs, num_threads=threads, seed=seed, **options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} can't be made with {options}: {str(error).splitlines()[0]}") from error
