"""The recorded training runs: complete, made with the settings that stand in the library, and within their bounds."""

import json

import pytest

from trpobook.book.results import (
    AGENTS,
    BATCH_EVERY,
    BATCH_STEPS,
    DATA,
    PLAN,
    RECORD,
    SEEDS,
    SWEEP_PLAN,
    TASKS,
    batch_lines,
    log_of,
    sweep_lines,
    table,
)
from trpobook.runs.front import load
from trpobook.runs.settings import as_data, settings_for

# Settings that came after the runs, which were made as these values say.
CAME_LATER = {"entropy_bonus": 0.0, "value_gradient_norm": 0.0, "anneal_steps": 0, "max_gradient_norm": 0.5}
each_run = pytest.mark.parametrize("run", PLAN, ids=lambda run: run.name)


def record(run):
    return json.loads((DATA / f"{run.name}.json").read_text())


def test_no_run_is_kept_that_nothing_makes():
    assert sorted(file.stem for file in DATA.glob("*.csv")) == sorted(run.name for run in PLAN)


@each_run
def test_each_run_was_made_with_the_settings_of_its_task(run):
    made = record(run)
    assert (made["env"], made["seed"], made["algo"], made["steps"]) == (run.task, run.seed, run.algo, run.steps)
    today = as_data(settings_for(run.task, run.algo))
    assert today | made["settings"] == today
    later = {name: today[name] for name in set(today) - set(made["settings"])}
    assert later.items() <= CAME_LATER.items()
    assert len(made["evaluation_returns"]) == 20 and made["versions"]["torch"]


@each_run
def test_each_run_is_whole_and_trpo_stayed_in_its_trust_region(run):
    log = log_of(*run[:3])
    assert [row["update"] for row in log] == list(range(1, len(log) + 1))
    assert log[-1]["steps"] >= run.steps > log[-2]["steps"]
    if run.algo == "trpo":
        assert all(row["kl"] <= row["kl_limit"] == settings_for(run.task).delta for row in log)


def test_the_sweep_is_whole():
    found = [[row[name] for name in ("algo", "task", "setting", "value", "seed")] for row in sweep_lines()]
    assert found == [list(map(str, plan)) for plan in SWEEP_PLAN]


def test_the_runs_with_larger_batches_are_whole_and_say_how_they_were_made():
    made = json.loads(RECORD.read_text())
    assert set(made) == {f"{rows}-{seed}" for rows in BATCH_STEPS for seed in SEEDS}
    for name, run in made.items():
        rows, seed = map(int, name.split("-"))
        lines = [line for line in batch_lines() if (line["rows"], line["seed"]) == (str(rows), str(seed))]
        steps = [int(line["steps"]) for line in lines]
        assert steps == sorted(steps) and steps[-1] >= BATCH_STEPS[rows] and run["versions"]["torch"]
        places = {n // BATCH_EVERY for n in steps}  # one batch may pass more than one
        assert len(places) == len(steps) >= 0.7 * BATCH_STEPS[rows] / max(BATCH_EVERY, rows)
        changed = {
            "batch_size": rows,
            "num_envs": rows // 64,
            "value_minibatch": rows // 8,
            "checkpoint_steps": 400_000,
        }
        today = as_data(settings_for("Hopper-v5", **changed))
        assert (run["env"], run["algo"], run["seed"]) == ("Hopper-v5", "trpo", seed) and run["settings"] == today


@pytest.mark.parametrize("task", TASKS)
def test_each_agent_that_is_kept_plays_as_it_did(task):
    agent = load(AGENTS / f"{task}.pt")
    (run,) = [run for run in PLAN if (run.task, run.algo, run.seed) == (task, "trpo", 0)]
    assert (agent.task.name, agent.about["steps"]) == (task, log_of(task)[-1]["steps"])
    recorded = sum(record(run)["evaluation_returns"]) / 20
    assert agent.evaluate().mean() == pytest.approx(recorded, rel=0.05)


def test_the_table_in_the_readme_is_that_of_the_runs():
    assert table() in (DATA.parents[1] / "README.md").read_text()
