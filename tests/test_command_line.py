"""The command line as others call it: its contract, its one-line errors, and what a killed run leaves behind."""

import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time

import gymnasium
import numpy as np
import pytest
import torch

from poisoned import Poisoned
from small_runs import SET, TASK, contents, finish, metrics, start
from trpobook.__main__ import main
from trpobook.agents import storage
from trpobook.runs.columns import COLUMNS, TIMINGS

pytestmark = pytest.mark.slow


def train(out, *options, steps=2500, env=TASK):
    return main(["train", "--env", env, "--steps", str(steps), "--seed", "1", "--out", str(out), *SET, *options])


def same_tensors(first, second):
    """Assert that two runs ended with the same numbers, in every part of the state."""

    def compare(a, b):
        if isinstance(a, dict):
            assert list(a) == list(b)
            for key in a:
                compare(a[key], b[key])
        elif isinstance(a, list | tuple):
            assert len(a) == len(b)
            for pair in zip(a, b, strict=True):
                compare(*pair)
        elif isinstance(a, torch.Tensor):
            assert torch.equal(a, b)
        else:
            assert a == b or (a != a and b != b)

    compare(*(storage.load(folder / "final.pt") for folder in (first, second)))


def one_line(capsys):
    """Return the error: all of standard error, which must be one line."""
    text = capsys.readouterr().err
    assert text.count("\n") == 1 and text.endswith("\n") and "Traceback" not in text, text
    return text


def test_training_prints_one_json_object_last(tmp_path, capsys):
    assert train(tmp_path / "run") == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(summary) == [
        "env",
        "algo",
        "seed",
        "steps",
        "seconds",
        "steps_per_second",
        "return_mean",
        "return_std",
    ]
    assert summary["env"] == TASK and summary["algo"] == "trpo" and summary["seed"] == 1
    assert summary["steps"] >= 2500 and summary["steps_per_second"] > 0


@pytest.mark.parametrize("algo", ["cem", "cma-es"])
def test_a_search_whose_rows_have_no_kl_trains_and_resumes(algo, tmp_path, capsys):
    command = ["train", "--env", TASK, "--algo", algo, "--out", str(tmp_path / "run"), "--set", "num_envs=6"]
    for options in (["--steps", "200"], ["--steps", "600", "--resume"]):
        assert main([*command, *options]) == 0
        assert json.loads(capsys.readouterr().out)["steps"] >= int(options[1])
    assert metrics(tmp_path / "run")[-1][list(COLUMNS).index("kl")] == ""


def test_evaluation_prints_one_json_object(tmp_path, capsys):
    train(tmp_path / "run")
    trained = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert main(["evaluate", str(tmp_path / "run"), "--episodes", "20"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    evaluated = json.loads(line)
    assert evaluated["return_mean"] == trained["return_mean"] and evaluated["episodes"] == 20


def test_a_run_killed_and_resumed_is_the_run_that_never_stopped(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert finish(start(whole, steps=6000))[0] == 0
    process = start(killed, steps=6000)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (
        (killed / "checkpoint.pt").exists() and len((killed / "metrics.csv").read_bytes().splitlines()) > 8
    ):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert finish(process)[0] == -signal.SIGKILL
    reported = metrics(killed)
    assert not (killed / "final.pt").exists()
    code, errors = finish(start(killed, "--resume", steps=6000))
    assert code == 0, errors
    assert metrics(killed) == metrics(whole)
    assert metrics(killed)[: len(reported) - 1] == reported[:-1]  # the last row may have been cut in half
    same_tensors(whole, killed)


def test_a_run_killed_before_its_first_checkpoint_resumes_from_the_beginning(tmp_path, capsys):
    train(tmp_path / "whole", steps=600)
    train(tmp_path / "again", steps=600)
    (tmp_path / "again" / "final.pt").unlink()
    assert not (tmp_path / "again" / "checkpoint.pt").exists()
    assert train(tmp_path / "again", "--resume", steps=600) == 0
    assert metrics(tmp_path / "again") == metrics(tmp_path / "whole")
    same_tensors(tmp_path / "whole", tmp_path / "again")


def wait_for_rows(folder, process, count):
    """Wait until the log in `folder` has `count` rows."""
    while not (folder / "metrics.csv").exists() or len((folder / "metrics.csv").read_bytes().splitlines()) <= count:
        assert process.poll() is None
        time.sleep(0.005)


def unignored():
    """A shell's background job ignores Ctrl-C, one under nohup the end of its terminal, and children inherit that."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_saves_at_the_next_update_and_nothing_that_was_reported_is_lost(number, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    process = start(stopped, steps=10**7, preexec_fn=unignored)
    wait_for_rows(stopped, process, 6)
    process.send_signal(number)
    code, errors = finish(process)
    assert code == 128 + number
    assert re.fullmatch(
        r"trpobook train: stopped after \d+ steps, all saved; go on with --resume", errors.splitlines()[-1]
    )
    assert "Traceback" not in errors
    reported = metrics(stopped)
    assert storage.load(stopped / "checkpoint.pt")["count"] == len(reported) - 1
    steps = int(reported[-1][1]) + 1500
    for folder, options in ((stopped, ["--resume"]), (whole, [])):
        assert finish(start(folder, *options, steps=steps))[0] == 0
    assert metrics(stopped) == metrics(whole)
    same_tensors(whole, stopped)


def test_a_second_signal_stops_at_once_with_one_line(tmp_path):
    slow = ["--set", "batch_size=400000", "--set", "checkpoint_steps=10000000"]
    process = start(tmp_path / "run", *slow, steps=10**7, preexec_fn=unignored)
    while not (tmp_path / "run" / "metrics.csv").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None  # the first waits for the end of the update
    process.send_signal(signal.SIGINT)
    code, errors = finish(process)
    assert code == 130
    assert errors.splitlines()[-1].startswith("trpobook train: stopped at once") and "Traceback" not in errors


@pytest.mark.parametrize(
    "options,message",
    [
        (["--env", "NoSuchTask-v0"], "unknown task 'NoSuchTask-v0'"),
        (["--env", TASK, "--algo", "sarsa"], "unknown algorithm 'sarsa'"),
        (["--env", TASK, "--steps", "-5"], "steps is -5"),
        (["--env", TASK, "--steps", "many"], "invalid int value: 'many'"),
        (["--env", TASK, "--seed", "-1"], "seed is -1"),
        (["--env", TASK, "--device", "abacus"], "device is 'abacus'"),
        (["--env", TASK, "--set", "detla=0.1"], "unknown setting 'detla' of trpo; did you mean 'delta'?"),
        (["--env", TASK, "--set", "delta"], "--set is 'delta'; it takes NAME=VALUE"),
        (["--env", TASK, "--set", "delta=much"], "delta is 'much'; it takes a number above 0"),
        (["--env", TASK, "--algo", "ppo", "--set", "delta=0.1"], "unknown setting 'delta' of ppo"),
        (["--env", TASK, "--algo", "vine", "--processes", "2"], "processes is 2, but the vine"),
        (["--env", "OddObservations-v0"], "observation space Text"),
        (["--env", "OddActions-v0"], "action space Text"),
        (["--steps", "5"], "--env"),
        (["--env", TASK, "--speed", "9"], "unrecognized arguments: --speed 9"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_code_2(options, message, tmp_path, capsys):
    try:
        code = main(["train", "--out", str(tmp_path / "run"), *options])
    except SystemExit as stopped:
        code = stopped.code
    assert code == 2 and message in one_line(capsys)
    assert not (tmp_path / "run").exists()


WORDS = gymnasium.spaces.Text(5)


class OddActions(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = WORDS

    def reset(self, seed=None, options=None):
        return np.zeros(2, np.float32), {}


class OddObservations(OddActions):
    observation_space = WORDS
    action_space = gymnasium.spaces.Discrete(2)


class Poison(Poisoned):
    """Its rewards turn to NaN after 1,200 steps of all copies together, also of those made anew at a checkpoint."""

    def step(self, action):
        Poison.steps += 1
        return np.zeros(2, np.float32), np.nan if Poison.steps > 1200 else 1.0, False, False, {}


gymnasium.register("OddActions-v0", OddActions, disable_env_checker=True)
gymnasium.register("OddObservations-v0", OddObservations, disable_env_checker=True)
gymnasium.register("Poison-v0", Poison, disable_env_checker=True, max_episode_steps=10**6)


def test_nan_rewards_stop_the_run_and_keep_what_was_saved(tmp_path, capsys):
    assert train(tmp_path / "run", env="Poison-v0", steps=5000) == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[-1] == "trpobook train: the task's rewards contain NaN or infinity; no update is made"
    rows = metrics(tmp_path / "run")
    assert len(rows) == 1 + 4  # the header, and the batches of 256 rows before the 1,200th
    assert torch.load(tmp_path / "run" / "checkpoint.pt", weights_only=True)["count"] == 4


def test_a_folder_in_use_is_left_alone(tmp_path, capsys):
    train(tmp_path / "run", steps=300)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("years of work")
    capsys.readouterr()
    for name, message in (("run", "add --resume"), ("foreign", "other files")):
        before = contents(tmp_path / name)
        assert train(tmp_path / name) == 2
        assert message in one_line(capsys)
        assert contents(tmp_path / name) == before


def test_resuming_another_run_is_refused(tmp_path, capsys):
    train(tmp_path / "run", steps=300)
    capsys.readouterr()
    before = contents(tmp_path / "run")
    assert main(["train", "--env", TASK, "--seed", "2", "--out", str(tmp_path / "run"), "--resume"]) == 2
    assert "seed 1, not 2" in one_line(capsys)
    assert contents(tmp_path / "run") == before


@pytest.mark.parametrize("name,keep", [("checkpoint.pt", 0.5), ("checkpoint.pt", 0.0), ("config.json", 0.5)])
def test_a_truncated_file_is_named_and_nothing_is_changed(name, keep, tmp_path, capsys):
    train(tmp_path / "run", steps=1500)
    (tmp_path / "run" / "final.pt").unlink()
    file = tmp_path / "run" / name
    file.write_bytes(file.read_bytes()[: int(keep * file.stat().st_size)])
    before = contents(tmp_path / "run")
    for command in (["evaluate", str(tmp_path / "run")], None):
        capsys.readouterr()
        code = main(command) if command else train(tmp_path / "run", "--resume")
        assert code == 2 and f"{name} is damaged" in one_line(capsys)
        assert contents(tmp_path / "run") == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert train(tmp_path / "file" / "run") == 2
    assert "cannot create the folder" in one_line(capsys)
    assert train(tmp_path / "file") == 2
    assert "already holds" in one_line(capsys)


def test_a_run_whose_standard_error_is_closed_is_trained_all_the_same(tmp_path):
    arguments = ["train", "--env", TASK, "--steps", "600", "--out", str(tmp_path / "run"), *SET]
    command = shlex.join([sys.executable, "-m", "trpobook", *arguments])
    run = subprocess.run(["sh", "-c", f"{command} 2>&-"], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0 and json.loads(run.stdout)["env"] == TASK
    wrong = subprocess.run(["sh", "-c", f"{command} --steps -1 2>&-"], stdout=subprocess.PIPE, text=True)
    assert (wrong.returncode, wrong.stdout) == (2, "")


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path):
    """A limit on the size of files stands for the full disk: a checkpoint exceeds it, the rows of metrics do not."""
    out = tmp_path / "run"
    assert finish(start(out, steps=1100))[0] == 0
    before = contents(out)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before["metrics.csv"]) + 4000, resource.RLIM_INFINITY))

    arguments = ["train", "--env", TASK, "--steps", "4000", "--seed", "1", "--out", str(out), "--resume", *SET]
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    run = subprocess.run(
        [sys.executable, "-m", "trpobook", *arguments],
        preexec_fn=limit,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert run.stderr.splitlines()[-1].startswith("trpobook train: cannot write") and "--resume" in run.stderr
    assert "Traceback" not in run.stderr
    assert (out / "checkpoint.pt").read_bytes() == before["checkpoint.pt"]
    assert (out / "final.pt").read_bytes() == before["final.pt"]
    assert not list(out.glob(".*.partial"))
    assert finish(start(out, "--resume", steps=2500))[0] == 0
    assert finish(start(tmp_path / "whole", steps=2500))[0] == 0
    assert metrics(out) == metrics(tmp_path / "whole")
    same_tensors(out, tmp_path / "whole")


def test_metrics_have_the_documented_columns(tmp_path):
    train(tmp_path / "run", steps=300)
    assert metrics(tmp_path / "run")[0] == list(COLUMNS)[: -len(TIMINGS)]


@pytest.mark.parametrize("command", [["evaluate", "DIR"], ["record", "DIR"]])
def test_a_folder_without_a_run_is_named(command, tmp_path, capsys):
    assert main([str(tmp_path) if part == "DIR" else part for part in command]) == 2
    assert "holds no run" in one_line(capsys)


def test_recording_writes_a_clip(tmp_path, capsys):
    train(tmp_path / "run", steps=300)
    clip = tmp_path / "clip.mp4"
    if main(["record", str(tmp_path / "run"), "--out", str(clip)]) == 2:
        reason = one_line(capsys)
        assert "cannot render" in reason and os.environ.get("CI") != "true", reason
        pytest.skip(reason)
    assert clip.stat().st_size > 1000 and clip.read_bytes()[4:8] == b"ftyp"


def test_recording_into_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    train(tmp_path / "run", steps=300)
    capsys.readouterr()
    assert main(["record", str(tmp_path / "run"), "--out", str(tmp_path / "no" / "clip.mp4")]) == 2
    assert "create it first" in one_line(capsys)


def test_what_is_no_clip_and_what_is_no_interpreter_are_refused_before_anything_is_done(tmp_path, capsys):
    assert main(["record", str(tmp_path), "--out", str(tmp_path / "clip.gif")]) == 2
    assert "a clip is an .mp4 file" in one_line(capsys)
    assert main(["bench", "--tianshou", str(tmp_path / "nowhere")]) == 2
    assert "there is no such program; give a Python interpreter" in one_line(capsys)
    assert main(["bench", "--device", "gpu"]) == 2
    assert "choose auto, cpu or cuda" in one_line(capsys)
    assert list(tmp_path.iterdir()) == []
