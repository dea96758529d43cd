"""What a reader may ask to be trained on, and what is said when their own code fails."""

import io
import sys
from functools import partial

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import TimeAwareObservation, TimeLimit

from trpobook.agents.environments import Environments
from trpobook.agents.faults import TaskError, running
from trpobook.agents.tasks import Task, as_task, time_limit


class Failing(gymnasium.Env):
    """It fails as it is told to."""

    observation_space = spaces.Box(-1, 1, (3,), np.float64)
    action_space = spaces.Discrete(2)

    def __init__(self, how="", wind=0):
        self.how, self.wind = how, wind
        if how == "constructor":
            raise KeyError("gravity")

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        if self.how == "reset":
            raise ValueError("no start\nsecond line")
        if self.how == "old reset":
            return np.zeros(3)
        return np.zeros(4 if self.how == "shape" else 3), {}

    def step(self, action):
        if self.how == "step":
            return self._deeper({})
        if self.how == "numpy":
            np.zeros(3) @ np.zeros(4)
        if self.how == "stop":
            raise StopIteration
        if self.how == "old step":
            return np.zeros(3), 1.0, False, {}
        return np.zeros(3), None if self.how == "no reward" else 1.0, False, False, {"of": [self.how]}

    def _deeper(self, table):
        return table["x"]


def line_of(text):
    """Return the number of the first line of this file that holds `text`."""
    with open(__file__) as file:
        return next(i for i, line in enumerate(file, 1) if text in line)


def make_my_env(wind=0, limit=None):
    env = Failing(wind=wind)
    return TimeLimit(env, limit) if limit else env


gymnasium.register("Failing-v0", Failing, max_episode_steps=10)

HERE = "test_tasks.py, line"
FAILURES = {
    "reset": f"ValueError: no start in reset ({HERE} {line_of('raise ValueError')})",
    "step": f"KeyError: 'x' in step ({HERE} {line_of('return table')})",
    "stop": f"StopIteration in step ({HERE} {line_of('raise StopIteration')})",
    "numpy": f"in step ({HERE} {line_of('np.zeros(3) @')})",
    "old reset": "returned one ndarray from reset; it must return observation, info",
    "old step": "returned 4 values from step; it must return observation, reward, terminated, truncated, info",
    "shape": "returned an observation of shape (4,) from reset, where its space is Box",
    "no reward": "TypeError: float() argument must be a string or a real number, not 'NoneType' in step",
}


def run(task, processes=0):
    """Make two copies and step them once."""
    copies = Environments(task, 2, 0, processes=processes)
    copies.reset()
    copies.step(np.zeros(2, dtype=int))
    copies.close()


@pytest.mark.parametrize("how,processes", [*((how, 0) for how in FAILURES), ("step", 2), ("stop", 2), ("shape", 2)])
def test_what_a_task_does_wrong_is_said_with_its_name_and_the_place_in_the_readers_file(how, processes):
    with pytest.raises(TaskError) as caught:
        run(as_task(Failing, {"how": how}), processes)
    assert str(caught.value).startswith("test_tasks:Failing r") and FAILURES[how] in str(caught.value)
    assert "\n" not in str(caught.value)
    if how == "step":  # the reader's own traceback is kept
        notes = "".join(getattr(caught.value, "__notes__", ()))
        assert "in _deeper" in notes if processes else isinstance(caught.value.__cause__, KeyError)


def test_a_vector_environment_that_fails_is_told_as_well():
    vector = SyncVectorEnv([partial(Failing, how="step")] * 2)
    with pytest.raises(TaskError) as caught:
        run(vector)
    assert str(caught.value) == f"Failing raised {FAILURES['step']}"


def test_the_four_values_of_old_are_named_behind_a_time_limit_too():
    with pytest.raises(TaskError, match=r"Failing-v0 raised ValueError: not enough values.*expected 5, got 4.*in step"):
        run(as_task("Failing-v0", {"how": "old step"}))


def test_a_constructor_that_fails_is_traced_through_gymnasium():
    place = f"{HERE} {line_of('raise KeyError')}"
    for source, name in (("Failing-v0", "Failing-v0"), (Failing, "test_tasks:Failing")):
        with pytest.raises(TaskError) as caught:
            as_task(source, {"how": "constructor"}).make()
        assert str(caught.value) == f"{name} raised KeyError: 'gravity' in make ({place})"
    with pytest.raises(TaskError, match=r"CartPole-v1 raised TypeError: .*unexpected keyword argument 'wnd' in make"):
        as_task("CartPole-v1", {"wnd": 3}).make()


def test_what_is_no_environment_is_named():
    with pytest.raises(TaskError, match="made an object of type int, which is no"):
        Task(lambda: 3).make()
    with pytest.raises(TaskError, match="made an object of type NoneType"):
        Task("CartPole-v1", wrappers=(lambda env: None,)).make()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A function that writes a module the test may import."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text, name="my_tasks"):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return name

    return write


def test_an_id_may_name_a_module_that_registers_it_even_one_beside_the_reader(module):
    text = "import gymnasium\ngymnasium.register('Beside-v0', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    env = Task(f"{module(text)}:Beside-v0").make()
    assert env.observation_space.shape == (4,)
    del gymnasium.registry["Beside-v0"]


@pytest.mark.parametrize(
    "text,words",
    [
        ("x = 1\ndef f(:\n", "raised SyntaxError: invalid syntax in import (my_tasks.py, line 2)"),
        (
            "import math\n\nmath.no\n",
            "raised AttributeError: module 'math' has no attribute 'no' in import (my_tasks.py",
        ),
        (
            "import no_such_package\n",
            "raised ModuleNotFoundError: No module named 'no_such_package' in import (my_tasks",
        ),
    ],
)
def test_a_module_that_fails_is_the_readers_affair(text, words, module):
    with pytest.raises(TaskError) as caught:
        Task(f"{module(text)}:X-v0").make()
    assert str(caught.value).startswith(f"my_tasks:X-v0 {words}")


@pytest.mark.parametrize(
    "name,words",
    [
        ("NoSuchTask-v1", "doesn't exist"),
        ("Hopper-v99", "v5"),
        ("CartPole", "say which version, CartPole-v0 or CartPole-v1"),
        ("", "Malformed"),
        ("nosuchmodule:Task-v0", "there is no module nosuchmodule"),
        ("json.nosuch:Task-v0", "there is no module json.nosuch"),
        ("json:Task-v0", "doesn't exist"),
        (".foo:X-v0", "'.foo' is no module's full name"),
        ("..:X", "'..' is no module's full name"),
        ("no/such:thing", "'no/such' is no module's full name"),
        ("a:b:c", "'a:b' is no module's full name"),
        ("\0:X", "is no module's full name"),
    ],
)
def test_an_unknown_task_is_named_in_one_line(name, words):
    for attempt in (
        lambda: Task(name).make(),
        lambda: Environments(name, 1, 0),
        lambda: Environments(name, 2, 0, processes=2),
    ):
        with pytest.raises(ValueError) as caught:
            attempt()
        assert str(caught.value).startswith(f"unknown task {name!r}: ") and words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_task_whose_package_is_missing_says_which():
    with pytest.raises(ValueError, match=r"Hopper-v2 can't be made here: .*gymnasium-robotics"):
        Task("Hopper-v2").make()


def test_names_tell_tasks_apart():
    assert as_task("Hopper-v5").name == "Hopper-v5"
    assert as_task(make_my_env).name == "test_tasks:make_my_env"
    assert as_task(partial(make_my_env, wind=3)).name == "test_tasks:make_my_env"
    assert as_task(Failing).name == "test_tasks:Failing"
    assert as_task(SyncVectorEnv([make_my_env])).name == "Failing"
    assert as_task(gymnasium.make_vec("CartPole-v1", 3)).name == "CartPole-v1"
    assert [as_task(source).copies for source in ("Hopper-v5", SyncVectorEnv([make_my_env] * 3))] == [0, 3]


def test_keyword_arguments_options_and_wrappers_reach_the_environment():
    task = as_task(make_my_env, {"wind": 3}, [TimeAwareObservation, lambda env: TimeLimit(env, 7)])
    env = task.make(limit=20)
    assert env.unwrapped.wind == 3 and env.observation_space.shape == (4,)
    assert time_limit(env) == 7
    assert as_task(task) is task


def test_a_time_limit_is_found_wherever_it_was_put_on():
    assert time_limit(gymnasium.make("CartPole-v1")) == 500
    assert time_limit(TimeAwareObservation(make_my_env(limit=20))) == 20
    assert time_limit(gymnasium.make("Blackjack-v1")) == time_limit(make_my_env()) == 0


@pytest.mark.parametrize(
    "arguments,words",
    [
        ((3,), "the task is 3; give an id, a function"),
        ((gymnasium.make("CartPole-v1"),), "is one environment, and many are needed"),
        (("CartPole-v1", [1]), r"env_kwargs is \[1\]"),
        (("CartPole-v1", None, TimeAwareObservation), "wrappers is <class"),
        (("CartPole-v1", None, [3]), r"wrappers is \[3\]"),
        ((SyncVectorEnv([make_my_env]), {"wind": 3}), "can't be added to SyncVectorEnv"),
        ((Task("CartPole-v1"), None, [TimeAwareObservation]), "can't be added to"),
    ],
)
def test_what_is_no_task_is_refused_with_the_remedy(arguments, words):
    with pytest.raises(ValueError, match=words):
        as_task(*arguments)


def through_a_file(task):
    file = io.BytesIO()
    torch.save(task.data(), file)
    file.seek(0)
    return as_task(**torch.load(file, weights_only=True))


def test_a_task_comes_back_from_a_file_or_says_what_must_be_given_again():
    plain = as_task("Pendulum-v1", {"g": 9.0})
    assert through_a_file(plain) == plain
    assert isinstance(through_a_file(as_task(make_my_env)).make().unwrapped, Failing)  # found by its name
    for task, missing in (
        (as_task(lambda: Failing()), "env"),
        (as_task(SyncVectorEnv([make_my_env])), "env"),
        (as_task("Hopper-v5", None, [TimeAwareObservation]), "wrappers"),
        (as_task("Pendulum-v1", {"g": make_my_env}), "env_kwargs"),
    ):
        back = through_a_file(through_a_file(task))
        assert back.name == task.name and back.missing == missing
        with pytest.raises(ValueError, match=f"trained with {missing} of your own: give {missing}=… again"):
            Environments(back, 1, 0)  # and not another task of that name


def test_a_vector_environment_is_not_made_again():
    with pytest.raises(ValueError, match="Failing is a vector environment"):
        as_task(SyncVectorEnv([make_my_env])).make()


def test_an_error_that_is_told_already_passes_as_it_is():
    with pytest.raises(TaskError, match=r"^once$"), running("outer", "step"), running("inner", "step"):
        raise TaskError("once")
    with pytest.raises(KeyboardInterrupt), running("outer", "step"):
        raise KeyboardInterrupt
