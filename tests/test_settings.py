"""Settings: each algorithm its own, checked when they are made, read from text, written to disk and back."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpobook.agents.environments import MUJOCO_TASKS
from trpobook.agents.games import ATARI_TASKS
from trpobook.runs.settings import (
    ALGORITHMS,
    TASKS,
    as_data,
    field_of,
    settings_for,
    settings_from,
)
from trpobook.runs.settings_text import described, parsed
from trpobook.runs.values import takes, type_of

each_algorithm = pytest.mark.parametrize("algo", ALGORITHMS)
EACH = [(algo, each.name) for algo, kind in ALGORITHMS.items() for each in dataclasses.fields(kind)]


def test_a_trpo_run_is_asked_nothing_of_ppo():
    asked = {each.name for each in dataclasses.fields(ALGORITHMS["trpo"])}
    others = {"clip", "kl_target", "learning_rate", "epochs", "minibatch", "anneal_steps", "step_size", "spread"}
    assert not asked & (others | {"branches", "branch_states", "horizon", "max_gradient_norm"})
    assert {"delta", "damping", "cg_iterations", "fisher_stride"} <= asked


@each_algorithm
@pytest.mark.parametrize("task", ["", "Hopper-v5", "Qbert-v5"])
def test_settings_survive_json(algo, task):
    settings = settings_for(task, algo)
    assert settings_from(algo, json.loads(json.dumps(as_data(settings), allow_nan=False))) == settings


@each_algorithm
def test_every_task_of_the_table_has_settings(algo):
    assert set(TASKS) <= {*MUJOCO_TASKS, *ATARI_TASKS}
    for task in TASKS:
        settings_for(task, algo)


@pytest.mark.parametrize("algo,name", EACH)
def test_every_setting_says_what_it_means_and_reads_its_own_value_from_text(algo, name):
    settings, kind = settings_for("Hopper-v5", algo), type_of(field_of(algo, name))
    assert field_of(algo, name).metadata["meaning"]
    value = getattr(settings, name)
    text = ",".join(map(str, value)) if kind is tuple else str(value)
    assert settings_for("Hopper-v5", algo, **{**as_data(settings), name: parsed(algo, name, text)}) == settings
    line = next(line for line in described(algo, "Hopper-v5").splitlines() if line.startswith(f"{name} "))
    assert field_of(algo, name).metadata["meaning"] in line and takes(field_of(algo, name)) in line


@pytest.mark.parametrize(
    "changes,message",
    [
        ({"detla": 0.1}, "unknown setting 'detla' of trpo; did you mean 'delta'?"),
        ({"clip": 0.2}, "unknown setting 'clip' of trpo"),
        ({"batch_size": 100}, "batch_size 100 must be a multiple of num_envs 64"),
        ({"batch_size": 64}, "batch_size 64 must be at least twice num_envs, 128"),
        ({"delta": 0.0}, "delta is 0.0; it takes a number above 0"),
        ({"delta": float("nan")}, "delta is nan"),
        ({"delta": "0.1"}, "delta is '0.1'"),
        ({"gamma": 1.5}, "gamma is 1.5; it takes a number at least 0 and at most 1"),
        ({"cg_iterations": 2.5}, "cg_iterations is 2.5; it takes a whole number at least 1"),
        ({"cg_iterations": True}, "cg_iterations is True"),
        ({"hidden": 64}, "hidden is 64; it takes whole numbers such as 64,64"),
        ({"hidden": (64, 0)}, r"hidden is \(64, 0\)"),
        ({"normalise_returns": 1}, "normalise_returns is 1; it takes true or false"),
        ({"fisher_stride": 4}, "fisher_stride is 4 and num_envs 64: with a common factor, 4"),
    ],
)
def test_a_setting_out_of_place_is_named_with_what_it_takes(changes, message):
    with pytest.raises(ValueError, match=message):
        settings_for("Hopper-v5", **changes)


@pytest.mark.parametrize(
    "name,text,message",
    [
        ("delta", "much", "delta is 'much'; it takes a number above 0"),
        ("hidden", "64,wide", "hidden is '64,wide'; it takes whole numbers such as 64,64"),
        ("normalise_returns", "perhaps", "it takes true or false"),
        ("detla", "1", "did you mean 'delta'"),
    ],
)
def test_text_that_is_no_value_is_named(name, text, message):
    with pytest.raises(ValueError, match=message):
        parsed("trpo", name, text)


def test_an_unknown_algorithm_is_named():
    with pytest.raises(ValueError, match="unknown algorithm 'sarsa'; there are trpo"):
        settings_for("Hopper-v5", "sarsa")


@pytest.mark.parametrize("copies", [1, 3, 5, 10, 30, 100])
def test_batch_and_stride_follow_another_number_of_copies(copies):
    settings = settings_for("Hopper-v5", num_envs=copies)
    assert settings.batch_size % copies == 0 and 4096 <= settings.batch_size < 4096 + copies


def test_a_task_that_nobody_knows_is_explored_widely_and_tried_long():
    """With the 32 copies and the narrow Gaussian of the tasks in MuJoCo no run found MountainCarContinuous's flag."""
    for task in ("MountainCarContinuous-v0", "my_module:make_my_env"):
        settings = settings_for(task)
        assert (settings.num_envs, settings.log_std, settings.batch_size) == (4, 0.0, 2048)
    assert all(settings_for(task).num_envs >= 16 for task in MUJOCO_TASKS)
    assert settings_for("MountainCarContinuous-v0", num_envs=2, log_std=-1).log_std == -1
    for task in ("MountainCarContinuous-v0", ""):
        said = described("trpo", task)
        assert "If nothing is learned" in said and "log_std=0" in said and "num_envs=2" in said


def test_a_populations_batch_is_the_population():
    assert settings_for("Hopper-v5", "cem", num_envs=10).batch_size == 10


@given(st.text(max_size=12), st.sampled_from(EACH))
def test_no_text_at_all_breaks_the_reader_of_settings(text, each):
    algo, name = each
    try:
        value = parsed(algo, name, text)
        settings_for("Hopper-v5", algo, **{name: value})
    except ValueError as error:
        assert "\n" not in str(error).replace(text, "")


VALUES = st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.text(), st.lists(st.integers()))


@given(VALUES, st.sampled_from(EACH))
def test_any_value_is_a_setting_or_refused_by_a_line_that_names_it(value, each):
    algo, name = each
    try:
        settings = settings_for("Hopper-v5", algo, **{name: value})
    except ValueError as error:
        assert name in str(error)
    else:
        kept = getattr(settings, name)
        assert kept == (tuple(value) if isinstance(value, list) else value) and type(kept) is type_of(
            field_of(algo, name)
        )
