"""The recorded training runs: complete, made with the settings that stand in the library, and within their bounds."""

import csv
import json

import pytest

from trpobook.results import DATA, SEEDS, STEPS, TASKS, table
from trpobook.settings import as_data, settings_for

RUNS = [(task, seed) for task in TASKS for seed in SEEDS]


def record(task, seed):
    return json.loads((DATA / f"{task}-trpo-{seed}.json").read_text())


def rows(task, seed):
    with (DATA / f"{task}-trpo-{seed}.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("task,seed", RUNS)
def test_each_run_was_made_with_the_settings_of_its_task(task, seed):
    run = record(task, seed)
    assert (run["env"], run["seed"], run["algo"], run["steps"]) == (task, seed, "trpo", STEPS)
    today = as_data(settings_for(task))
    assert today | run["settings"] == today
    others = {"clip", "kl_target", "learning_rate", "epochs", "minibatch", "spread"}
    others |= {"branch_states", "branches", "horizon"}  # no part of TRPO on one path
    assert set(today) - set(run["settings"]) <= others
    assert len(run["evaluation_returns"]) == 20 and run["versions"]["torch"]


@pytest.mark.parametrize("task,seed", RUNS)
def test_each_run_is_whole_and_stayed_in_its_trust_region(task, seed):
    log = rows(task, seed)
    assert [int(row["update"]) for row in log] == list(range(1, len(log) + 1))
    assert STEPS <= int(log[-1]["steps"]) < STEPS + settings_for(task).batch_size
    assert all(float(row["kl"]) <= float(row["kl_limit"]) == settings_for(task).delta for row in log)


def test_the_table_in_the_readme_is_that_of_the_runs():
    assert table() in (DATA.parents[1] / "README.md").read_text()
