"""The recorded training runs: complete, made with the settings that stand in the library, and within their bounds."""

import json
from collections import Counter

import pytest

from trpobook.book import results
from trpobook.book.results import (
    AGENTS,
    BATCH_SEEDS,
    BATCH_STEPS,
    DATA,
    EVERY,
    PLAN,
    RECORD,
    SWEEP_PLAN,
    SWEEPS,
    TASKS,
    Planned,
    Swept,
    batch_lines,
    evaluations,
    log_of,
    sweep_lines,
    table,
)
from trpobook.runs.front import load
from trpobook.runs.settings import as_data, settings_for

# Settings that came after the runs, which were made as these values say.
CAME_LATER = {"entropy_bonus": 0.0, "value_gradient_norm": 0.0, "anneal_steps": 0, "max_gradient_norm": 0.5}
MADE = [run for run in PLAN if (DATA / f"{run.name}.json").exists()]
each_run = pytest.mark.parametrize("run", MADE, ids=lambda run: run.name)


def record(run):
    return json.loads((DATA / f"{run.name}.json").read_text())


def test_the_runs_that_the_lessons_read_are_there():
    found = Counter((run.algo, run.seed < 3) for run in MADE)
    wanted = {"trpo": 16, "ppo": 6, "ppo-kl": 6, "npg": 9, "reinforce": 6, "cem": 6, "vine": 3, "cma-es": 3}
    assert {algo: found[algo, True] for algo in wanted} == wanted
    settings = [run for run in SWEEP_PLAN if run.sweep == "settings"]
    assert len(sweep_lines("settings")) == len(settings) == 26


def test_no_run_is_kept_that_nothing_makes():
    for kind in ("csv", "json"):
        assert sorted(file.stem for file in DATA.glob(f"*.{kind}")) == sorted(run.name for run in MADE)


@each_run
def test_each_run_was_made_with_the_settings_of_its_task(run):
    made = record(run)
    algo, changes = run.made_by
    assert (made["env"], made["seed"], made["algo"], made["steps"]) == (run.task, run.seed, algo, run.steps)
    today = as_data(settings_for(run.task, algo, **changes))
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
    if record(run).get("evaluate_every"):
        places = {row["steps"] // EVERY for row in log if row["evaluation_mean"] == row["evaluation_mean"]}
        assert len(places) >= run.steps / max(EVERY, log[0]["steps"]) - 1  # the copies' first batch is the usual one


@pytest.mark.parametrize("sweep", results.SWEPT)
def test_each_line_of_a_sweep_is_of_its_plan_and_in_its_order(sweep):
    found = [tuple(line[name] for name in Swept._fields[1:]) for line in sweep_lines(sweep)]
    planned = [tuple(map(str, run[1:])) for run in SWEEP_PLAN if run.sweep == sweep]
    assert found == [run for run in planned if run in set(found)]
    assert {file.stem for file in SWEEPS.glob("*.csv")} <= set(results.SWEPT)


def test_a_line_of_a_sweep_is_kept_in_its_place_and_a_run_is_made_once(monkeypatch, tmp_path):
    monkeypatch.setattr(results, "SWEEPS", tmp_path)
    plan = [run for run in SWEEP_PLAN if run.sweep == "tenfold"][:3]
    outcome = dict.fromkeys(results.OUTCOMES, "1")
    for run in (plan[2], plan[0]):
        results.keep_swept(run, outcome)
    assert [line["value"] for line in sweep_lines("tenfold")] == [str(plan[0].value), str(plan[2].value)]
    assert results.missing(["tenfold"])[0] == plan[1]
    assert not {plan[0], plan[2]} & set(results.missing([]))


@pytest.mark.slow
def test_a_swept_setting_is_trained_with_and_the_outcome_says_how_its_updates_went():
    common = {"sweep": "settings", "algo": "trpo", "task": "InvertedPendulum-v5", "seed": 0, "steps": 4000}
    for setting, value, most in (("delta", 0.002, 0.002), ("shrink", 0.5, 0.01), ("library", 0, 0.01)):
        outcome = results.make_swept(Swept(**common, setting=setting, value=value))
        assert set(outcome) == set(results.OUTCOMES)
        assert most / 5 < float(outcome["median_kl"]) <= most and float(outcome["accepted"]) > 0


@pytest.mark.parametrize("run", SWEEP_PLAN, ids=lambda run: run.name)
def test_what_a_swept_run_changes_are_settings_of_its_algorithm(run):
    settings = settings_for(run.task, run.algo, **results.changes_of(run))
    for name, value in zip(run.setting.split("+"), str(run.value).split("/"), strict=True):
        if name not in ("library", "shrink"):
            assert str(getattr(settings, name)) == value


@pytest.mark.slow
def test_a_planned_run_is_made_with_evaluations_on_the_way_and_kept_whole(monkeypatch, tmp_path):
    for name in ("DATA", "RUNS", "AGENTS"):
        monkeypatch.setattr(results, name, tmp_path / name)
    monkeypatch.setattr(results, "EVERY", 2000)
    run = Planned("InvertedPendulum-v5", "trpo", 0, 4000)
    assert not results.is_made(run)
    results.make_run(run)
    assert results.is_made(run) and load(results.AGENTS / "InvertedPendulum-v5.pt")
    log = results.logs(run.task, data=results.DATA)[0]
    assert sum(row["evaluation_mean"] > 0 for row in log) == 2
    (results.DATA / f"{run.name}.json").write_text(json.dumps({"evaluate_every": 0}))
    assert not results.is_made(run)


def test_a_variant_is_another_algorithms_run_under_a_name_of_its_own():
    assert Planned("Hopper-v5", "ppo-annealed", 3).made_by == ("ppo", {"anneal_steps": 1_000_000})
    assert Planned("Hopper-v5", "ppo-annealed", 3).name == "Hopper-v5-ppo-annealed-3"
    assert len(evaluations("Hopper-v5", "ppo")) == len([run for run in MADE if run[:2] == ("Hopper-v5", "ppo")])


def test_the_runs_with_larger_batches_are_whole_and_say_how_they_were_made():
    made = json.loads(RECORD.read_text())
    assert set(made) == {f"{rows}-{seed}" for rows in BATCH_STEPS for seed in BATCH_SEEDS}
    for name, run in made.items():
        rows, seed = map(int, name.split("-"))
        lines = [line for line in batch_lines() if (line["rows"], line["seed"]) == (str(rows), str(seed))]
        steps = [int(line["steps"]) for line in lines]
        assert steps == sorted(steps) and steps[-1] >= BATCH_STEPS[rows] and run["versions"]["torch"]
        places = {n // EVERY for n in steps}  # one batch may pass more than one
        assert len(places) == len(steps) >= 0.7 * BATCH_STEPS[rows] / max(EVERY, rows)
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
