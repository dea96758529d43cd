"""What steps many copies of a task together: EnvPool, or one of Gymnasium's vector environments."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any, Protocol

import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

# The worker and the states of AsyncVectorEnv have no public names.
from gymnasium.vector.async_vector_env import AsyncState, _async_worker

from trpobook.agents.faults import TaskError
from trpobook.agents.games import lost
from trpobook.agents.spaces import Space, seen
from trpobook.agents.tasks import Env, Vector, time_limit

Step = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class BackEnd(Protocol):
    """Copies of a task, stepped together: observations as the networks see them, actions as the task takes them."""

    observation_space: Space  # the task's own, as is the action space
    action_space: Space
    time_limit: int  # steps after which the task truncates an episode, 0 for never
    restarts: bool  # whether an episode may be cut short, and the next begun, in one copy alone

    def reset(self) -> np.ndarray:
        """Begin a new episode in every copy; return the observations. The first time they are those of the seed."""
        ...

    def send(self, actions: np.ndarray) -> None:
        """Let every copy take its action; the steps may go on while the caller does something else."""
        ...

    def receive(self) -> Step:
        """Return (observations, rewards, terminated, truncated, over), `over` where a whole game has ended."""
        ...

    def restart(self, i: int) -> np.ndarray:
        """Begin a new episode in copy i; return its first observation."""
        ...

    def close(self) -> None: ...


class Pool:
    """EnvPool, which steps its copies in threads of its own. It was given the seed when it was made.

    In a game the step ends an episode when a life is lost; games end at times of their own, and aren't cut.
    """

    def __init__(self, vector: Any, game: bool):
        self._vector, self._game, self.restarts = vector, game, not game
        self.observation_space, self.action_space = vector.observation_space, vector.action_space
        self.time_limit = int(vector.spec.config.max_episode_steps)

    def reset(self) -> np.ndarray:
        return seen(self.observation_space, self._vector.reset()[0])

    def send(self, actions: np.ndarray) -> None:
        self._vector.send(actions)

    def receive(self) -> Step:
        observations, rewards, terminated, truncated, info = self._vector.recv()
        whole = lost(info) if self._game else terminated
        return seen(self.observation_space, observations), rewards, terminated, truncated, whole | truncated

    def restart(self, i: int) -> np.ndarray:
        return seen(self.observation_space, self._vector.reset(np.array([i]))[0]).squeeze(0)

    def close(self) -> None:
        self._vector.close()


class Copies:
    """A Gymnasium vector environment; one that is the reader's own isn't closed.

    Raises: ValueError for one that can't be seeded again, or that resets in the step that ends an episode.
    """

    def __init__(self, vector: Vector, seed: int, own: bool):
        base, mode = vector.unwrapped, vector.metadata.get("autoreset_mode")
        if not own and mode is not AutoresetMode.NEXT_STEP:
            raise ValueError(f"{vector} has autoreset_mode {mode}; make it with AutoresetMode.NEXT_STEP")
        if any(kind.__module__.startswith("envpool.") for kind in type(base).__mro__):
            raise ValueError(
                f"{type(base).__name__} is EnvPool's, which can't be seeded again; give the id of its task"
            )
        self._vector, self._own = vector, own
        self._seed: int | None = seed
        self.observation_space, self.action_space = vector.single_observation_space, vector.single_action_space
        self.restarts = isinstance(base, (SyncVectorEnv, AsyncVectorEnv))
        self.time_limit = getattr(vector.spec, "max_episode_steps", None) or 0
        if isinstance(base, SyncVectorEnv):
            self.time_limit = time_limit(base.envs[0])
        elif isinstance(base, Processes):
            self.time_limit = base.get_attr("time_limit")[0]

    def reset(self) -> np.ndarray:
        seed, self._seed = self._seed, None
        return seen(self.observation_space, self._vector.reset(seed=seed)[0])

    def send(self, actions: np.ndarray) -> None:
        self._actions = actions

    def receive(self) -> Step:
        observations, rewards, terminated, truncated, _ = self._vector.step(self._actions)
        return seen(self.observation_space, observations), rewards, terminated, truncated, terminated | truncated

    def restart(self, i: int) -> np.ndarray:
        mask = np.arange(self._vector.num_envs) == i
        first: np.ndarray = seen(self.observation_space, self._vector.reset(options={"reset_mask": mask})[0])[i]
        return first

    def close(self) -> None:
        if self._own:
            self._vector.close()


class Processes(AsyncVectorEnv[Any, Any]):
    """Gymnasium's copies in a process each; when one fails, all end, and its own error is raised.

    Ctrl-C reaches the parent alone, which may close them at any moment.
    """

    def __init__(self, name: str, makers: Sequence[Callable[[], Env]]):
        self.name = name
        super().__init__(makers, worker=_worker)

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        with self._listening():
            return super().reset(**options)

    def step(self, actions: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        with self._listening():
            return super().step(actions)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, ConnectionError) as error:
            ended = wait([process.sentinel for process in self.processes], 5)
            dead = [process for process in self.processes if process.sentinel in ended]
            for process in dead:
                process.join(1)
            codes = ", ".join(str(process.exitcode) for process in dead)
            self.close(terminate=True)
            raise TaskError(f"{self.name}: processes ended unasked, exit code {codes}") from error

    def _raise_if_errors(self, successes: Iterable[bool]) -> None:
        if not all(successes):
            _, _, error, trace = self.error_queue.get()
            self.close(terminate=True)
            error.add_note(f"In its process:\n{trace}")
            raise error

    def close_extras(self, timeout: float | None = None, terminate: bool = False) -> None:
        busy, self._state = self._state is not AsyncState.DEFAULT, AsyncState.DEFAULT
        super().close_extras(timeout, terminate or busy)  # one that is busy can't be asked to end


def _worker(
    index: int, make: Callable[[], Env], pipe: Any, parent_pipe: Any, shared: Any, errors: Any, *others: Any
) -> None:
    """Do the work of a process as Gymnasium does it, deaf to Ctrl-C, and report an environment that can't be made."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the parent may have a handler of its own
    try:
        env = make()
    except Exception as error:
        pipe.recv()  # the first question, about the spaces
        errors.put((index, type(error), error, traceback.format_exc()))
        pipe.send((None, False))
        return
    with suppress(BrokenPipeError):  # the parent was killed, and nobody listens
        _async_worker(index, lambda: env, pipe, parent_pipe, shared, errors, *others)
