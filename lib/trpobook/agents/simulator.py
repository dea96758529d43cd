"""One copy of a task whose state can be saved and restored, which EnvPool's cannot."""

from __future__ import annotations

import copy
import io
import math
import pickle
import random
import sys
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TimeLimit

from trpobook.agents.spaces import seen, seen_space, task_actions
from trpobook.agents.tasks import Task, as_task

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random, torch.Generator)
REMEDY = "keep all of it in plain attributes, and draw noise from self.np_random; or choose another algorithm"
PLAIN = frozenset((bool, bytes, dict, float, int, list, np.ndarray, str, tuple, type(None)))  # always copied


@dataclass(frozen=True)
class Saved:
    """A state that `Simulator.save` gave, for `restore` of any simulator of the task."""

    age: int
    attributes: bytes  # of every environment and wrapper
    others: list[Any]  # what they refer to beyond that and the simulator's own
    mujoco: list[Any]  # copies of the simulator's own MjData


class Simulator:
    """One copy of a task, as named, with all its wrappers, whose state can be saved and restored.

    The state is every attribute of every wrapper and environment, their random generators too. Only what stays as it
    is isn't copied: classes and functions, the spec, windows, and MuJoCo's models. Its MjData is copied into the
    simulator's own. Observations and actions are the policy's, as agents/spaces.py has them.

    Raises: ValueError for an unknown task, or one that does not come back to a saved state, which is tried at once;
    TaskError when the task's own code fails; FloatingPointError when the task hands out a NaN or an infinity.
    Lesson 11.
    """

    def __init__(self, task: str | Task):
        self.task = as_task(task)
        self._whole = self.task.make()
        self.env = self._whole.unwrapped
        self.spaces = self._whole.observation_space, self._whole.action_space  # the task's own
        self._as_it_is = seen_space(self.spaces[0]) is self.spaces[0]  # vectors of numbers are seen as they are
        self._age = 0
        # What is never copied, but has its like in every simulator of the task, in the same order.
        known: list[Any] = [self._whole]
        self._pickle(known)
        self._own = [x for x in known if _is_bound(x) or _is_foreign(x)]
        made = self.save()
        self._try()
        self.restore(made)

    @property
    def age(self) -> int:
        """Steps since the episode began; to set it turns the clock of the task's TimeLimit too."""
        return self._age

    @age.setter
    def age(self, age: int) -> None:
        for clock in self._own:
            if isinstance(clock, TimeLimit):
                vars(clock)["_elapsed_steps"] += age - self._age
        self._age = age

    def reset(self, seed: int | None = None) -> np.ndarray:
        """Begin a new episode; return its first observation. A seed makes this episode and those after it repeat."""
        self._age = 0
        observation, _ = self._whole.reset(seed=seed)
        return self._seen(observation)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool]:
        """Return (observation, reward, terminated, truncated) after one action of the policy's."""
        return self.take(task_actions(self.spaces[1], np.asarray(action)[None])[0])

    def take(self, action: Any) -> tuple[np.ndarray, float, bool, bool]:
        """Do what `step` does, with an action as the task takes it (`task_actions` turns many at once into such)."""
        observation, reward, terminated, truncated, _ = self._whole.step(action)
        self._age += 1
        reward = float(reward)
        if not math.isfinite(reward):
            raise FloatingPointError("the task's rewards contain NaN or infinity; no update is made")
        return self._seen(observation), reward, terminated, truncated

    def save(self) -> Saved:
        """Return a state that `restore` of any simulator of the task takes.

        Raises: ValueError when something in it can't be copied.
        """
        known = list(self._own)
        attributes = self._pickle(known).buffer.getvalue()
        others = known[len(self._own) :]
        for other in others:
            if _is_bound(other):
                raise self._refusal(f"{other!r} was made later than the task, and may refer to it")
        return Saved(self._age, attributes, _fresh(others), _fresh(self._mujoco()))

    def restore(self, saved: Saved) -> None:
        """Go back to a saved state, as often as wanted."""
        self._age = saved.age
        unpickler = _Unpickler(saved.attributes, [*self._own, *_fresh(saved.others)])
        for environment in self._own:
            if isinstance(environment, gymnasium.Env):
                names = unpickler.load()
                attributes = {name: unpickler.load() for name in names}
                vars(environment).clear()
                vars(environment).update(attributes)
        for own, kept in zip(self._mujoco(), saved.mujoco, strict=True):
            sys.modules["mujoco"].mj_copyData(own, own.model, kept)

    def reseed(self, generator: torch.Generator) -> None:
        """Give each random generator among the attributes a new seed: from here on the world's noise is another."""
        for own in self._pickle(list(self._own)).generators.values():
            seed = int(torch.randint(2**31, (), generator=generator))
            if isinstance(own, np.random.Generator):
                own.bit_generator.state = type(own.bit_generator)(seed).state
            elif isinstance(own, torch.Generator):
                own.manual_seed(seed)
            else:
                own.seed(seed)

    def close(self) -> None:
        """End the environment."""
        self._whole.close()

    def _seen(self, observation: Any) -> np.ndarray:
        # A copy, since some tasks go on writing into the array that they gave.
        space = self.spaces[0]
        result = np.array(observation, space.dtype) if self._as_it_is else np.array(seen(space, observation))
        if not np.isfinite(result).all():
            raise FloatingPointError("the task's observations contain NaN or infinity; no update is made")
        return result

    def _try(self) -> None:
        """Raise ValueError unless the steps from a restored state are those that followed it first."""
        space = copy.deepcopy(self.spaces[1])
        space.seed(0)
        actions = [space.sample() for _ in range(3)]
        self.reset(0)
        saved = self.save()
        first = self._trace(actions)
        self.reset(1)
        try:
            self.restore(saved)
        except Exception as error:  # whatever the attributes' own code raises
            raise self._refusal(f"it can't be copied: {error}") from error
        if self._trace(actions) != first:
            raise self._refusal("the same action led elsewhere the second time")

    def _trace(self, actions: list[Any]) -> list[tuple[Any, ...]]:
        """Return what each step brings, up to the end of the episode."""
        trace = []
        for action in actions:
            observation, *rest = self.take(action)
            trace.append((observation.tolist(), *rest))
            if any(rest[1:]):
                break
        return trace

    def _mujoco(self) -> list[Any]:
        return [x for x in self._own if _is_mujoco_data(x)]

    def _pickle(self, known: list[Any]) -> _Pickler:
        """Pickle the attributes of the environments in `known`, which grows by all that is met and not copied."""
        pickler = _Pickler(known)
        for environment in known:
            if isinstance(environment, gymnasium.Env):
                pickler.dump(list(vars(environment)))
                for name, value in vars(environment).items():
                    try:
                        pickler.dump(value)
                    except Exception as error:  # whatever the attribute's own code raises
                        what = f"{type(environment).__name__}.{name}"
                        raise self._refusal(f"{what} can't be copied: {error}") from error
        return pickler

    def _refusal(self, reason: str) -> ValueError:
        first, _, _ = reason.partition("\n")
        return ValueError(f"{self.task.name} can't go back to a state, as the vine must ({first}); {REMEDY}")


class _Pickler(pickle.Pickler):
    """Writes what stays as it is as its place in `known`, which grows; notes the random generators."""

    def __init__(self, known: list[Any]):
        self.buffer = io.BytesIO()
        super().__init__(self.buffer, pickle.HIGHEST_PROTOCOL)
        self.known, self.places = known, {id(x): place for place, x in enumerate(known)}
        self.generators: dict[int, Any] = {}

    def persistent_id(self, x: Any) -> int | None:
        if type(x) in PLAIN:  # nine of ten
            return None
        if isinstance(x, GENERATORS):
            self.generators[id(x)] = x
        if not _stays(x):
            return None
        if id(x) not in self.places:
            self.places[id(x)] = len(self.known)
            self.known.append(x)
        return self.places[id(x)]


class _Unpickler(pickle.Unpickler):
    def __init__(self, attributes: bytes, known: list[Any]):
        super().__init__(io.BytesIO(attributes))
        self.known = known

    def persistent_load(self, place: int) -> Any:
        return self.known[place]


def _stays(x: Any) -> bool:
    """Return whether the pickler only names x."""
    return isinstance(x, (gymnasium.Env, type, FunctionType, ModuleType, EnvSpec)) or _is_foreign(x)


def _is_bound(x: Any) -> bool:
    """Return whether x is, or may refer to, one environment and no other."""
    return isinstance(x, gymnasium.Env) or (isinstance(x, FunctionType) and x.__closure__ is not None)


def _is_foreign(x: Any) -> bool:
    """Return whether x is of MuJoCo, or a window."""
    module = type(x).__module__
    return module.partition(".")[0] in ("mujoco", "pygame") or module == "gymnasium.envs.mujoco.mujoco_rendering"


def _is_mujoco_data(x: Any) -> bool:
    return "mujoco" in sys.modules and isinstance(x, sys.modules["mujoco"].MjData)


def _fresh(things: list[Any]) -> list[Any]:
    """Return the things, MjData copied."""
    return [copy.copy(x) if _is_mujoco_data(x) else x for x in things]
