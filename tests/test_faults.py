"""Faults that the command line meets: one line on standard error, exit code 2, nothing on disk lost."""

import json
import os
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
import torch

from trpobook.__main__ import main
from trpobook.runs import training
from trpobook.runs.settings import settings_for
from trpobook.runs.training import Trainer, train

TASK = "InvertedPendulum-v5"
SMALL = {"num_envs": 4, "batch_size": 256, "checkpoint_steps": 500, "hidden": (8,), "value_epochs": 1}


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
def small(monkeypatch):
    monkeypatch.setattr(training, "settings_for", lambda task, algo: settings_for(task, algo, **SMALL))


@pytest.fixture
def run(tmp_path, small):
    """A small finished run, with a checkpoint."""
    train(TASK, "trpo", 1200, 1, "cpu", tmp_path / "run")
    return tmp_path / "run"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


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
        (["--env", "MovedToAnotherPackage-v0"], "unknown task 'MovedToAnotherPackage-v0': moved"),
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
    for action in (lambda: train(TASK, "trpo", 2000, 1, "cpu", run, resume=True), lambda: training.restore(run)):
        with pytest.raises(ValueError, match=r"config\.json is damaged .*nothing was changed"):
            action()
    assert contents(run) == before


@pytest.mark.parametrize("damage", ["a list", "no policy", "another shape"])
def test_a_checkpoint_that_does_not_fit_the_run_is_named_and_nothing_is_changed(damage, run):
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    if damage == "a list":
        state = [1, 2, 3]
    elif damage == "no policy":
        del state["policy"]
    else:
        state["policy"]["mean.layers.0.weight"] = torch.zeros(3, 3)
    torch.save(state, run / "checkpoint.pt")
    (run / "final.pt").unlink()
    before = contents(run)
    for action in (lambda: train(TASK, "trpo", 2000, 1, "cpu", run, resume=True), lambda: training.restore(run)):
        with pytest.raises(ValueError, match=r"checkpoint\.pt is damaged"):
            action()
    assert contents(run) == before


def test_resuming_with_fewer_steps_than_were_made_is_refused_and_keeps_the_longer_run(run):
    before = contents(run)
    with pytest.raises(ValueError, match=r"more than --steps 300; nothing was changed"):
        train(TASK, "trpo", 300, 1, "cpu", run, resume=True)
    assert contents(run) == before


def test_resuming_under_other_settings_is_refused(run):
    config = json.loads((run / "config.json").read_text())
    config["settings"]["delta"] = 0.5
    (run / "config.json").write_text(json.dumps(config))
    before = contents(run)
    with pytest.raises(ValueError, match="settings"):
        train(TASK, "trpo", 2000, 1, "cpu", run, resume=True)
    assert contents(run) == before


def test_a_metrics_row_cut_in_half_by_a_crash_is_written_whole_again(run):
    rows = (run / "metrics.csv").read_bytes()
    (run / "metrics.csv").write_bytes(rows[:-7])
    (run / ".checkpoint.pt.partial").write_bytes(b"half a checkpoint")
    train(TASK, "trpo", 1200, 1, "cpu", run, resume=True)
    again = (run / "metrics.csv").read_bytes()
    timings = len(training.TIMINGS)
    assert [line.split(b",")[:-timings] for line in again.splitlines()] == [
        line.split(b",")[:-timings] for line in rows.splitlines()
    ]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_a_full_disk_is_named_when_a_row_is_appended(run):
    before = contents(run)
    (run / "metrics.csv").unlink()
    (run / "metrics.csv").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot write .*metrics\.csv \(No space left on device\); mend that"):
        training.RunFolder(run).append(dict.fromkeys(training.COLUMNS, 0))
    assert all((run / name).read_bytes() == before[name] for name in ("config.json", "checkpoint.pt", "final.pt"))


@pytest.mark.parametrize("task", ["NaNObservations-v0", "InfiniteObservations-v0"])
def test_observations_that_are_not_finite_stop_the_run_and_keep_the_policy(task, small):
    trainer = Trainer(task, settings=settings_for(task, **SMALL))
    updates = trainer.updates(5000)
    before = None
    with pytest.raises(FloatingPointError, match="observations contain NaN or infinity"):
        for _ in updates:
            before = [p.detach().clone() for p in trainer.policy.parameters()]
    assert before and all(torch.equal(p, q) for p, q in zip(before, trainer.policy.parameters(), strict=True))
    assert np.isfinite(trainer.observation_moments.mean).all()


def test_the_later_of_final_and_checkpoint_is_restored(run):
    train(TASK, "trpo", 3000, 1, "cpu", run, resume=True)
    later = (run / "final.pt").read_bytes()
    assert training.restore(run).steps >= 3000
    (run / "final.pt").unlink()
    checkpoint = training.restore(run).steps
    (run / "final.pt").write_bytes(later)
    (run / "final.pt").rename(run / "kept.pt")
    state = torch.load(run / "kept.pt", weights_only=True)
    torch.save({**state, "steps": checkpoint - 1}, run / "final.pt")  # the end of an earlier, shorter run
    assert training.restore(run).steps == checkpoint
