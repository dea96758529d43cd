"""Several processes that train together: the same updates as one, the same run twice, and what ends it."""

import itertools
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import updates_at_once
from small_runs import SET, TASK, metrics
from trpobook.__main__ import main
from trpobook.agents.averaging import ALONE
from trpobook.agents.environments import cpu_count
from trpobook.runs.ranks import joined
from updates_at_once import PARTS

TESTS = Path(__file__).parent


def processes(size, *command, options=lambda rank: (), wait=lambda rank: 0, first=(), port=0):
    """Start `command` once for each of `size` processes, as torchrun would, and the first one by another program."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = port or free.getsockname()[1]
    places = {"WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = []
    for rank in range(size):
        time.sleep(wait(rank))
        own = {name: str(value) for name, value in {**places, "RANK": rank, "LOCAL_RANK": rank}.items()}
        environment = {**os.environ, "PYTHONPATH": str(TESTS.parent / "lib"), **own}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": TESTS}
        line = [*(() if rank else first), sys.executable, *command, *options(rank)]
        started.append(subprocess.Popen(line, env=environment, **pipes))
    return started


def ends(started, seconds=120):
    """Wait for processes; return (exit code, standard output, standard error) of each."""
    found = []
    for process in started:
        with process:
            said, errors = process.communicate(timeout=seconds)
        found.append((process.returncode, said, errors))
    return found


@pytest.fixture(scope="module", params=[2, 3])
def together(request, tmp_path_factory):
    """What K processes came to, each of them: a list of what `everything` returns."""
    size, folder = request.param, tmp_path_factory.mktemp("parts")
    found = ends(processes(size, "updates_at_once.py", str(folder)))
    assert [code for code, _, _ in found] == [0] * size, "\n".join(errors for _, _, errors in found)
    return [torch.load(folder / f"{size}-{rank}.pt", weights_only=False) for rank in range(size)]


@pytest.fixture
def alone(float64):
    return updates_at_once.everything()


def joint_minibatches(monkeypatch, size, rows):
    """Let one process go through its minibatches in the order in which `size` processes go through their parts."""
    shuffled, parts = torch.randperm, PARTS[size]
    begins = [0, *itertools.accumulate(parts)]
    dice = [torch.Generator().manual_seed(rank) for rank in range(size)]
    fewest = min(math.ceil(n / math.ceil(rows / size)) for n in parts)
    pieces = []

    def randperm(n, generator):
        """Shuffle each part by its own process's dice, and note which rows meet in a minibatch."""
        orders = [begin + shuffled(n, generator=d) for begin, n, d in zip(begins, parts, dice, strict=False)]
        split = [order.tensor_split(fewest) for order in orders[:-1]] + [orders[-1].split(math.ceil(rows / size))]
        pieces[:] = [torch.cat(some) for some in zip(*split, strict=True)]  # the last part is the smallest
        return torch.cat(pieces)

    monkeypatch.setattr(torch, "randperm", randperm)
    for module in ("algorithms.ppo", "agents.value_function"):
        monkeypatch.setattr(
            f"trpobook.{module}.splitter", lambda *_: lambda tensor: tensor.split([len(piece) for piece in pieces])
        )


def test_processes_that_share_a_batch_make_the_update_of_one_that_has_it_all(together, alone):
    for name, (theta, record) in alone["updates"].items():
        for found, said in (each["updates"][name] for each in together):
            assert torch.allclose(found, theta, rtol=0, atol=1e-10), name
            assert said == pytest.approx(record, rel=1e-8, abs=1e-10), name
            assert torch.equal(found, together[0]["updates"][name][0]), name


def test_the_largest_number_is_that_of_whichever_process_has_it(together):
    assert [each["most"] for each in together] == [10] * len(together)


def test_each_of_these_updates_moves_the_policy(alone):
    assert all(record["accepted"] and record["step_norm"] > 1e-3 for _, record in alone["updates"].values())


def test_processes_share_a_fit_and_moments(together, alone):
    for each in together:
        assert torch.allclose(each["fits"][0], alone["fits"][0], rtol=0, atol=1e-10)
        assert np.allclose(each["moments"][0], alone["moments"][0], rtol=0, atol=1e-12)
        assert each["moments"][1] == alone["moments"][1] == 2 * updates_at_once.ROWS


def test_a_minibatch_is_that_of_all_processes_and_each_has_as_many(together, float64, monkeypatch):
    size, first = len(together), together[0]
    for name, (theta, _) in first["minibatches"].items():
        with monkeypatch.context() as patched:
            joint_minibatches(patched, size, 32)
            expected, _ = updates_at_once.updated(name, "gaussian", ALONE, 32)
        assert torch.allclose(theta, expected, rtol=0, atol=1e-10)
    with monkeypatch.context() as patched:
        joint_minibatches(patched, size, 32)
        assert torch.allclose(first["fits"][1], updates_at_once.fitted(ALONE, 32), rtol=0, atol=1e-10)


def test_parts_that_are_not_weighed_by_their_rows_would_be_noticed(float64):
    """The mean of the parts' means is another gradient."""
    policy, states, actions, advantages = updates_at_once.make_batch(rows=updates_at_once.ROWS)
    score = policy(states).log_prob(actions) * advantages
    unweighed = torch.stack([part.mean() for part in torch.split(score, PARTS[2])]).mean()
    assert abs(unweighed - score.mean()) > 1e-3


# Whole runs

STEPS = 2500


def train(size, out, *more, steps=STEPS, env=TASK, algo="trpo", **popen):
    line = ["-m", "trpobook", "train", "--env", env, "--algo", algo, "--steps", str(steps), "--seed", "1"]
    return processes(size, *line, "--out", str(out), *SET, *more, **popen)


def trained(size, out, *more, **popen):
    """Train to the end; return the rows of the log and the last state."""
    found = ends(train(size, out, *more, **popen))
    assert [code for code, _, _ in found] == [0] * size, found
    assert [bool(said) for _, said, _ in found] == [True] + [False] * (size - 1)
    return metrics(out), torch.load(out / "final.pt", weights_only=True)


def same(one, other):
    """Return whether two states are equal to the last bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


@pytest.mark.slow
@pytest.mark.parametrize("algo", ["trpo", "ppo"])
def test_a_run_of_two_processes_is_the_same_twice_and_goes_on_as_if_unbroken(algo, tmp_path):
    small = ("--set", "minibatch=64") if algo.startswith("ppo") else ()
    rows, state = trained(2, tmp_path / "one", *small, algo=algo)
    again, broken = trained(2, tmp_path / "two", *small, algo=algo, steps=STEPS // 2)
    assert rows[: len(again)] == again
    again, broken = trained(2, tmp_path / "two", *small, "--resume", algo=algo)
    assert rows == again and same(state, broken)


@pytest.mark.slow
@pytest.mark.parametrize("algo", ["cem", "cma-es"])
def test_a_population_that_two_processes_play_is_drawn_alike_by_both(algo, tmp_path):
    line = ["-m", "trpobook", "train", "--env", TASK, "--algo", algo, "--steps", "3000", "--seed", "1"]
    for name in "ab":
        found = ends(processes(2, *line, "--out", str(tmp_path / name), "--set", "num_envs=8"))
        assert [code for code, _, _ in found] == [0, 0], found
    assert metrics(tmp_path / "a") == metrics(tmp_path / "b")
    state = torch.load(tmp_path / "a" / "final.pt", weights_only=True)
    assert {len(returns) for returns in state["returns"]} == {8}


@pytest.mark.slow
def test_a_run_goes_on_with_more_processes_and_with_one(tmp_path):
    trained(2, tmp_path / "run", steps=900)
    rows, state = trained(1, tmp_path / "run", "--resume", steps=1700)
    assert len(state["processes"]) == 1
    more, state = trained(4, tmp_path / "run", "--resume")
    assert len(state["processes"]) == 4 and more[: len(rows)] == rows and state["steps"] >= STEPS


@pytest.mark.slow
def test_copies_that_do_not_share_out_are_refused(tmp_path):
    for code, _, errors in ends(train(3, tmp_path / "run")):
        (line,) = errors.splitlines()
        assert code == 2 and "num_envs is 4, which 3 processes can't share out evenly" in line
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options,message",
    [
        (lambda rank: ("--set", f"delta=0.0{rank + 1}"), "process 1 was given settings"),
        (lambda rank: ("--steps", str(2000 + rank)), "process 1 was given steps 2001, process 0 2000"),
        (lambda rank: ("--algo", ("trpo", "ppo")[rank]), "process 1 was given"),
        (lambda rank: ("--algo", "vine"), "vine trains in one process, not in 2"),
        (lambda rank: ("--device", "cuda"), "PyTorch finds no GPU"),
    ],
)
def test_unequal_arguments_and_what_several_processes_cannot_do_are_refused(options, message, tmp_path):
    if "cuda" in options(0) and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    line = ["-m", "trpobook", "train", "--env", TASK, "--out", str(tmp_path / "run")]
    for rank, (code, said, errors) in enumerate(ends(processes(2, *line, options=options))):
        (line,) = errors.splitlines()
        assert code == 2 and said == "" and f"process {rank}: " in line and message in line
    assert not (tmp_path / "run").exists()


# What ends a run

LONG = 5000


def wait_for_rows(out, count, process):
    """Wait until the log in `out` has `count` rows, or the process has ended."""
    while process.poll() is None:
        if (out / "metrics.csv").exists() and len(metrics(out)) > count:
            return
        time.sleep(0.01)


def all_end(started, seconds=30):
    """Assert that all processes end in time, each with one line and exit code 2; return the lines."""
    before = time.monotonic()
    found = ends(started)
    assert time.monotonic() - before < seconds
    lines = []
    for code, said, errors in found:
        assert code == 2 and said == "", errors
        lines += [errors.replace("\r", "\n").rstrip("\n").rpartition("\n")[2]]  # after the bar
        assert lines[-1].startswith("trpobook train, process")
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_when_one_process_is_killed_the_others_end_and_resume_goes_on_as_if_unbroken(victim, tmp_path):
    rows, state = trained(2, tmp_path / "whole", steps=LONG)
    started = train(2, tmp_path / "run", steps=LONG)
    wait_for_rows(tmp_path / "run", 8, started[0])
    started[victim].send_signal(signal.SIGKILL)
    for line in all_end([process for process in started if process is not started[victim]]):
        assert "another process of the run has ended" in line
    assert ends([started[victim]])[0][0] == -signal.SIGKILL
    again, broken = trained(2, tmp_path / "run", "--resume", steps=LONG)
    assert rows == again and same(state, broken)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_nan_in_one_process_ends_all(rank, tmp_path, monkeypatch):
    monkeypatch.setenv("POISONED", str(rank))
    lines = all_end(train(2, tmp_path / "run", env="poisoned:Poisoned", steps=LONG))
    assert "the task's observations contain NaN or infinity; no update is made" in lines[rank]
    assert "another process of the run has ended" in lines[1 - rank]
    monkeypatch.setenv("POISONED", "")
    state = trained(2, tmp_path / "run", "--resume", env="poisoned:Poisoned")[1]
    assert state["steps"] >= STEPS


@pytest.mark.slow
def test_a_full_disk_ends_all_and_loses_nothing(tmp_path):
    trained(2, tmp_path / "run")
    before = (tmp_path / "run" / "metrics.csv").read_bytes()
    blocks = len(before) // 1024 + 4
    limited = ("bash", "-c", f'trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@"')
    started = train(2, tmp_path / "run", "--resume", steps=LONG, first=limited)
    lines = all_end(started)
    assert "File too large" in lines[0] and "another process of the run has ended" in lines[1]
    assert (tmp_path / "run" / "metrics.csv").read_bytes().startswith(before)
    state = trained(2, tmp_path / "run", "--resume", steps=2 * STEPS)[1]
    assert state["steps"] >= 2 * STEPS


@pytest.mark.slow
def test_a_process_that_comes_late_is_waited_for_and_one_that_never_comes_is_not(tmp_path):
    trained(2, tmp_path / "run", wait=lambda rank: 4 * rank)
    before = time.monotonic()
    started = train(2, tmp_path / "alone")
    started[1].kill()
    (line,) = all_end(started[:1], seconds=45)
    assert "did not meet at 127.0.0.1" in line and 20 < time.monotonic() - before < 35
    ends(started[1:])
    assert not (tmp_path / "alone").exists()


@pytest.mark.slow
def test_a_port_that_another_program_holds_is_named_and_nobody_waits_for_ever(tmp_path):
    """It accepts, and never answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(5)
        first, second = all_end(train(2, tmp_path / "run", port=taken.getsockname()[1]), seconds=35)
    assert "is taken by another program; choose another MASTER_PORT" in first and "did not meet" in second


@pytest.mark.parametrize(
    "places,message",
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is two; it must be a whole number"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE is 0"),
        ({"WORLD_SIZE": "2"}, "RANK is missing"),
        ({"WORLD_SIZE": "2", "RANK": "-1"}, "RANK is -1"),
        ({"WORLD_SIZE": "2", "RANK": "2", "MASTER_PORT": "1"}, "RANK is 2; it must be below WORLD_SIZE, 2"),
        ({"WORLD_SIZE": "2", "RANK": "0", "MASTER_PORT": "http"}, "MASTER_PORT is http"),
    ],
)
def test_a_place_among_processes_that_there_is_not_is_named(places, message, monkeypatch, capsys, tmp_path):
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    assert main(["train", "--env", TASK, "--out", str(tmp_path / "run")]) == 2
    assert message in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("places", [{"WORLD_SIZE": "1"}, {"RANK": "3"}, {"WORLD_SIZE": "1", "RANK": "0"}])
def test_one_process_is_alone_whatever_else_is_set(places, monkeypatch):
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    with joined(torch.device("cpu")) as averaging:
        assert averaging is ALONE


def test_who_is_alone_says_what_came_of_it_whatever_else_is_set(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("RANK", "3")
    assert main(["train", "--env", TASK, "--steps", "300", "--out", str(tmp_path / "run"), *SET]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] >= 300


@pytest.mark.parametrize("here,found", [("1", 8), ("2", 4), ("3", 2), ("100", 1), ("0", 8), ("two", 8)])
def test_processes_on_one_machine_share_its_processors(here, found, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8), raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", here)
    assert cpu_count() == found


@pytest.mark.slow
def test_a_task_that_differs_from_process_to_process_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("WIDER", "1")
    for line in all_end(train(2, tmp_path / "run", env="poisoned:Poisoned")):
        assert "process 1 was given observation space 'Box(-1.0, 1.0, (3,)" in line


@pytest.mark.slow
def test_torchrun_starts_a_run_and_ends_it(tmp_path):
    line = ["--nproc-per-node", "2", "--standalone", "-m", "trpobook", "train", "--env", TASK, "--out", "run"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", *line, *SET, "--steps", str(STEPS)]
    done = subprocess.run(torchrun, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.count("\n") == 1, done.stderr
    assert len(torch.load(tmp_path / "run" / "final.pt", weights_only=True)["processes"]) == 2


@pytest.fixture
def two_hosts():
    """Two network namespaces with a cable between them: two machines, as far as processes can see of each other."""
    if not shutil.which("ip") or os.geteuid():
        pytest.skip("network namespaces need root and iproute2")
    names = [f"trpobook-{os.getpid()}-{i}" for i in (1, 2)]
    cable = [f"tb{os.getpid()}{i}" for i in "ab"]
    try:
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
        subprocess.run(["ip", "link", "add", cable[0], "type", "veth", "peer", "name", cable[1]], check=True)
        for i, (name, end) in enumerate(zip(names, cable, strict=True), 1):
            inside = ["ip", "-n", name]
            subprocess.run(["ip", "link", "set", end, "netns", name, "name", "cable"], check=True)
            subprocess.run([*inside, "address", "add", f"10.77.0.{i}/24", "dev", "cable"], check=True)
            for device in ("cable", "lo"):
                subprocess.run([*inside, "link", "set", device, "up"], check=True)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.mark.slow
def test_two_hosts_train_together(two_hosts, tmp_path):
    """Only the first of them has the folder."""
    started = []
    for rank, host in enumerate(two_hosts):
        (tmp_path / str(rank)).mkdir()
        where = ["--nnodes", "2", "--node-rank", str(rank), "--master-addr", "10.77.0.1", "--master-port", "29500"]
        line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "1", *where, "-m", "trpobook"]
        line += ["train", "--env", TASK, "--steps", str(STEPS), "--seed", "1", "--out", "run", *SET]
        environment = {**os.environ, "GLOO_SOCKET_IFNAME": "cable"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = ["ip", "netns", "exec", host, *line]
        started.append(subprocess.Popen(command, cwd=tmp_path / str(rank), env=environment, **pipes))
    assert [code for code, _, _ in ends(started)] == [0, 0]
    rows, _ = trained(2, tmp_path / "here")
    assert metrics(tmp_path / "0" / "run") == rows and not (tmp_path / "1" / "run").exists()
