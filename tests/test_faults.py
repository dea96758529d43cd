"""Faults that the command line meets: one line on standard error, exit code 2, nothing on disk lost."""

import json
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
import torch

from small_runs import TASK, contents, metrics
from trpobook.__main__ import main
from trpobook.runs.front import load
from trpobook.runs.front import train as train_with
from trpobook.runs.trainer import Trainer

SMALL = {"num_envs": 4, "batch_size": 256, "checkpoint_steps": 500, "hidden": (8,), "value_epochs": 1}


def train(*arguments, **options):
    return train_with(*arguments, **{"settings": SMALL} | options)


class NaNObservations(gymnasium.Env):
    """Its observations turn to NaN after 100 steps."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    steps, poison = 0, np.nan

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        value = self.poison if self.steps > 100 else 0.0
        return np.full(2, value, np.float32), 1.0, False, self.steps % 50 == 0, {}


class InfiniteObservations(NaNObservations):
    poison = np.inf


gymnasium.register("NaNObservations-v0", NaNObservations, disable_env_checker=True, max_episode_steps=10**6)
gymnasium.register("InfiniteObservations-v0", InfiniteObservations, disable_env_checker=True, max_episode_steps=10**6)


def moved(**options):
    raise ImportError("moved")  # as Gymnasium does for Hopper-v3


gymnasium.register("MovedToAnotherPackage-v0", moved)


@pytest.fixture
def run(tmp_path):
    """A small finished run, with a checkpoint."""
    train(TASK, "trpo", 1200, 1, "cpu", tmp_path / "run")
    return tmp_path / "run"


def test_bad_input_is_one_line_without_a_progress_bar_and_nothing_is_made(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "trpobook", "train", "--env", "NoSuchTask-v0", "--out", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2 and run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("trpobook train: unknown task 'NoSuchTask-v0'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments,message",
    [
        (
            ["--env", "MovedToAnotherPackage-v0"],
            "MovedToAnotherPackage-v0 raised ImportError: moved in make (test_faults.py",
        ),
        (["--env", TASK, "--seed", str(10**30)], f"seed is {10**30}"),
    ],
)
def test_input_that_only_a_library_would_refuse_is_named_too(arguments, message, tmp_path, capsys):
    assert main(["train", *arguments, "--out", str(tmp_path / "run")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["[]", "null", "{}", '{"env": "Hopper-v5"}', "\udcff"])
def test_a_config_that_describes_no_run_is_named_and_nothing_is_changed(text, run, capsys):
    (run / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    before = contents(run)
    for action in (lambda: train(TASK, "trpo", 2000, 1, "cpu", run, resume=True), lambda: load(run)):
        with pytest.raises(ValueError, match=r"config\.json is damaged .*nothing was changed"):
            action()
    assert contents(run) == before


@pytest.mark.parametrize("damage", ["a list", "no policy", "another shape"])
def test_a_checkpoint_that_does_not_fit_the_run_is_named_and_nothing_is_changed(damage, run):
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    if damage == "a list":
        state = [1, 2, 3]
    elif damage == "no policy":
        del state["agent"]["policy"]
    else:
        state["agent"]["policy"]["mean.layers.0.weight"] = torch.zeros(3, 3)
    torch.save(state, run / "checkpoint.pt")
    (run / "final.pt").unlink()
    before = contents(run)
    for action in (lambda: train(TASK, "trpo", 2000, 1, "cpu", run, resume=True), lambda: load(run)):
        with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged"):
            action()
    assert contents(run) == before


def test_a_folder_with_the_checkpoint_of_another_task_of_the_same_shape_is_refused(run, tmp_path):
    train("HalfCheetah-v5", "trpo", 600, 1, "cpu", tmp_path / "cheetah")
    train("Walker2d-v5", "trpo", 600, 1, "cpu", tmp_path / "walker")
    (tmp_path / "cheetah" / "final.pt").write_bytes((tmp_path / "walker" / "final.pt").read_bytes())
    with pytest.raises(ValueError, match=r"final\.pt is of another run"):
        load(tmp_path / "cheetah")


def test_resuming_with_fewer_steps_than_were_made_is_refused_and_keeps_the_longer_run(run):
    before = contents(run)
    with pytest.raises(ValueError, match=r"more than --steps 300; nothing was changed"):
        train(TASK, "trpo", 300, 1, "cpu", run, resume=True)
    assert contents(run) == before


def test_resuming_a_longer_run_to_fewer_steps_is_refused_though_they_are_beyond_the_last_checkpoint(tmp_path):
    run = tmp_path / "run"
    often = SMALL | {"checkpoint_steps": 4000}
    train(TASK, "trpo", 7500, 1, "cpu", run, settings=often)
    before = contents(run)
    with pytest.raises(ValueError, match=r"more than --steps 5000; nothing was changed"):
        train(TASK, "trpo", 5000, 1, "cpu", run, settings=often, resume=True)
    assert contents(run) == before


def test_resuming_under_other_settings_is_refused(run):
    before = contents(run)
    with pytest.raises(ValueError, match=r"holds a run with delta 0\.01, not 0\.5; nothing was changed"):
        train(TASK, "trpo", 2000, 1, "cpu", run, resume=True, settings={"delta": 0.5})
    assert contents(run) == before


def test_a_config_that_was_edited_no_longer_fits_its_states(run):
    config = json.loads((run / "config.json").read_text())
    config["settings"]["delta"] = 0.5
    (run / "config.json").write_text(json.dumps(config))
    before = contents(run)
    with pytest.raises(ValueError, match="is of another run"):
        train(TASK, "trpo", 2000, 1, "cpu", run, resume=True, settings={})
    assert contents(run) == before


def test_a_metrics_row_cut_in_half_by_a_crash_is_written_whole_again(tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for run in (whole, torn):
        train(TASK, "trpo", 1200, 1, "cpu", run)
    (torn / "final.pt").unlink()  # it counts the row
    rows = (torn / "metrics.csv").read_bytes()
    (torn / "metrics.csv").write_bytes(rows[:-7])
    (torn / ".checkpoint.pt.partial").write_bytes(b"half a checkpoint")
    train(TASK, "trpo", 1200, 1, "cpu", torn, resume=True)
    assert metrics(torn) == metrics(whole)


@pytest.mark.parametrize("task", ["NaNObservations-v0", "InfiniteObservations-v0"])
def test_observations_that_are_not_finite_stop_the_run_and_keep_the_policy(task):
    trainer = Trainer(task, settings=SMALL)
    updates = trainer.updates(5000)
    before = None
    with pytest.raises(FloatingPointError, match="observations contain NaN or infinity"):
        for _ in updates:
            before = [p.detach().clone() for p in trainer.policy.parameters()]
    assert before and all(torch.equal(p, q) for p, q in zip(before, trainer.policy.parameters(), strict=True))
    assert np.isfinite(trainer.observation_moments.mean).all()


def test_the_later_of_final_and_checkpoint_is_loaded(run):
    before = load(run).about["steps"]
    longer = SMALL | {"checkpoint_steps": 500}
    train(TASK, "trpo", 3300, 1, "cpu", run, settings=longer, resume=True)
    last = load(run).about["steps"]
    (run / "final.pt").unlink()
    checkpoint = load(run).about["steps"]
    assert before < checkpoint < last
