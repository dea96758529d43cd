"""What the reader asks to be trained on."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv, VectorEnv
from gymnasium.wrappers import TimeLimit

from trpobook.agents.faults import TaskError, place_of, running
from trpobook.agents.spaces import fits

Env = gymnasium.Env[Any, Any]
Vector = VectorEnv[Any, Any, Any]
Source = str | Callable[..., Env] | Vector


@dataclass(frozen=True)
class Task:
    """What is trained on: an id, a function that makes an environment, or a Gymnasium vector environment.

    A function may be given by its name, "module:function", like an id that a module registers, "module:Name-v0".

    Args:
        source: which of them.
        kwargs: keyword arguments for the environment's constructor, or for the function.
        wrappers: functions from an environment to one, applied in this order.
        missing: what of the reader's own a file could not keep, and must be given again: env, wrappers or env_kwargs.
    """

    source: Source
    kwargs: dict[str, Any] = field(default_factory=dict)
    wrappers: tuple[Callable[[Env], Env], ...] = ()
    missing: str = ""

    @property
    def name(self) -> str:
        """The id; of a function "module:function"; of a vector environment the id or the class of what it holds."""
        source = self.source
        if isinstance(source, str):
            return source
        if isinstance(source, VectorEnv):
            base = source.unwrapped
            inner = base.envs[0] if isinstance(base, SyncVectorEnv) else base
            return str(getattr(source.spec or inner.spec, "id", type(inner.unwrapped).__name__))
        while isinstance(source, partial):
            source = source.func
        return f"{source.__module__}:{getattr(source, '__qualname__', type(source).__qualname__)}"

    @property
    def copies(self) -> int:
        """The number of copies in a vector environment; 0 for what is made here, in any number."""
        return self.source.num_envs if isinstance(self.source, VectorEnv) else 0

    def make(self, **options: Any) -> Env:
        """Return one environment; `options` go to its constructor, on top of `kwargs`."""
        return self.maker(**options)()

    def maker(self, **options: Any) -> Callable[[], Env]:
        """Return a function that makes one environment, in another process too.

        Raises: ValueError for an unknown id or what can't be made, TaskError when a module or a constructor fails.
        """
        if self.missing:
            raise ValueError(f"{self.name} was trained with {self.missing} of your own: give {self.missing}=… again")
        if isinstance(self.source, VectorEnv):
            raise ValueError(f"{self.name} is a vector environment, from which no other copy can be made; give an id")
        make = self.source
        if isinstance(make, str):
            make = _found(make)
        return partial(_make, self.name, partial(make, **{**self.kwargs, **options}), self.wrappers)

    def data(self) -> dict[str, Any]:
        """Return the task as plain data for a file: `as_task(**data)` is the task again, or what is known of it."""
        kwargs, missing = self.kwargs, self.missing
        try:
            json.dumps(kwargs)
        except (TypeError, ValueError):
            kwargs, missing = {}, "env_kwargs"
        if not isinstance(self.source, str) and not _can_be_imported(self.source, self.name):
            missing = "env"
        elif self.wrappers:
            missing = "wrappers"
        return {"source": self.name, "env_kwargs": kwargs, "missing": missing}


def as_task(
    source: Source | Task,
    env_kwargs: dict[str, Any] | None = None,
    wrappers: Sequence[Callable[[Env], Env]] = (),
    missing: str = "",
) -> Task:
    """Return the task that is asked for; a Task passes through.

    Raises: ValueError for what is none of the three kinds of source, or can't be combined.
    """
    if isinstance(source, (Task, VectorEnv)) and (env_kwargs or wrappers):
        raise ValueError(f"env_kwargs and wrappers can't be added to {source}, which has its own")
    if isinstance(source, Task):
        return source
    if isinstance(source, gymnasium.Env) and not isinstance(source, VectorEnv):
        raise ValueError(f"{source} is one environment, and many are needed: give its id, or a function that makes it")
    if not callable(source) and not isinstance(source, (str, VectorEnv)):
        raise ValueError(
            f"the task is {source!r}; give an id, a function that makes one environment, or a vector of them"
        )
    if not isinstance(env_kwargs or {}, dict):
        raise ValueError(f"env_kwargs is {env_kwargs!r}; it must be a dict of keyword arguments")
    if not isinstance(wrappers, Sequence) or not all(map(callable, wrappers)):
        raise ValueError(f"wrappers is {wrappers!r}; it must be a list of functions from an environment to one")
    return Task(source, env_kwargs or {}, tuple(wrappers), missing)


def time_limit(env: Env) -> int:
    """Return the steps after which a TimeLimit among the wrappers of `env` truncates an episode; 0 without one."""
    limits = []
    while isinstance(env, gymnasium.Wrapper):
        if isinstance(env, TimeLimit):
            limits.append(int(env._max_episode_steps))
        env = env.env
    return min(limits, default=0)


class Checked(gymnasium.Wrapper[Any, Any, Any, Any]):
    """An environment whose failures are TaskErrors, as is a result that Gymnasium's interface doesn't know.

    Its infos are empty: nothing here reads them, and a vector environment can't stack every kind.
    """

    def __init__(self, env: Env, name: str):
        super().__init__(env)
        self.name, self.time_limit = name, time_limit(env)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        with running(self.name, "reset"):
            result = self.env.reset(seed=seed, options=options)
            self._check(result, "reset", ("observation", "info"))
            return result[0], {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        with running(self.name, "step"):
            boxed = isinstance(self.action_space, spaces.Box)
            result = self.env.step(np.asarray(action) if boxed else action)  # of a scalar Box an array too
            self._check(result, "step", ("observation", "reward", "terminated", "truncated", "info"))
            observation, reward, terminated, truncated, _ = result
            return observation, float(np.asarray(reward).item()), bool(terminated), bool(truncated), {}

    def _check(self, result: Any, call: str, values: tuple[str, ...]) -> None:
        if not isinstance(result, tuple) or len(result) != len(values):
            found = f"{len(result)} values" if isinstance(result, tuple) else f"one {type(result).__name__}"
            raise TaskError(f"{self.name} returned {found} from {call}; it must return {', '.join(values)}")
        space, observation = self.observation_space, result[0]
        if not fits(space, observation):
            form = f"of shape {np.shape(observation)}" if space.shape else f"{observation!r:.60}"
            raise TaskError(f"{self.name} returned an observation {form} from {call}, where its space is {space}")


def _make(name: str, make: Callable[[], Env], wrappers: Sequence[Callable[[Env], Env]]) -> Env:
    """Return an environment, wrapped."""
    try:
        with running(name, "make"):
            env = make()
            for wrapper in wrappers:
                env = wrapper(env)
    except TaskError as error:
        if isinstance(error.__cause__, (gymnasium.error.Error, ImportError)) and not place_of(error.__cause__):
            raise ValueError(f"{name} can't be made here: {error.__cause__}") from error
        raise
    if not isinstance(env, gymnasium.Env):
        raise TaskError(f"{name} made an object of type {type(env).__name__}, which is no gymnasium.Env")
    return Checked(env, name)


def _found(name: str) -> Callable[..., Env]:
    """Return what makes the environment of an id, or the function that a name "module:function" stands for."""
    module, colon, key = name.rpartition(":")
    if colon:
        _import(module, name)
        function: Callable[..., Env] | None = getattr(sys.modules[module], key, None)
        if callable(function):
            return function
    if versions := [other for other in gymnasium.registry if other.rpartition("-v")[0] == key]:
        raise ValueError(f"unknown task {name!r}: say which version, {' or '.join(versions)}")
    try:
        return partial(gymnasium.make, gymnasium.spec(key), disable_env_checker=True)  # Checked looks at more
    except gymnasium.error.Error as error:
        raise ValueError(f"unknown task {name!r}: {error}") from error


def _can_be_imported(source: object, name: str) -> bool:
    """Return whether another program finds `source` under its name, "module:function"."""
    module, _, function = name.rpartition(":")
    return module != "__main__" and getattr(sys.modules.get(module), function, None) is source


def _import(module: str, name: str) -> None:
    """Import the module that an id names. Raises: ValueError when there is none, TaskError when it fails."""
    if not all(part.isidentifier() for part in module.split(".")):
        raise ValueError(f"unknown task {name!r}: {module!r} is no module's full name")
    try:
        with running(name, "import"):
            importlib.import_module(module)
    except TaskError as error:
        absent = error.__cause__.name if isinstance(error.__cause__, ModuleNotFoundError) else None
        if absent and f"{module}.".startswith(f"{absent}."):
            raise ValueError(f"unknown task {name!r}: there is no module {absent}") from error
        raise
