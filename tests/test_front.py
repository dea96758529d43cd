"""The front door: a task, a setting, a policy of the reader's own; agents that act, play and travel."""

import importlib.metadata
import itertools
import json
import signal
import sys

import gymnasium
import numpy as np
import pytest
import torch
from torch import nn

import trpobook
from small_runs import SET, SMALL, TASK, contents, metrics, rows_of
from trpobook.__main__ import main
from trpobook.agents import storage
from trpobook.agents.faults import TaskError
from trpobook.agents.heads import CategoricalHead, GaussianHead
from trpobook.agents.value_function import ValueFunction
from trpobook.algorithms.trpo import trpo_update
from trpobook.runs.columns import COLUMNS
from trpobook.runs.folder import RunFolder
from trpobook.runs.front import ALGORITHMS
from trpobook.runs.interrupts import Interrupted
from trpobook.runs.settings import as_data, settings_for
from trpobook.runs.trainer import Trainer
from trpobook.runs.updates import UPDATES


def train(*arguments, **options):
    return trpobook.train(*arguments, **{"settings": SMALL, "seed": 1, "steps": 1000} | options)


class Push(gymnasium.Env):
    """A cart on a line is pushed; it is paid for being near 0, more with wind."""

    observation_space = gymnasium.spaces.Box(-10, 10, (1,))
    action_space = gymnasium.spaces.Box(-1, 1, (1,))

    def __init__(self, wind=0.0, fail=False):
        self.wind, self.fail = wind, fail

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.place, self.age = self.np_random.uniform(-1, 1, 1), 0
        return self.place.astype(np.float32), {}

    def step(self, action):
        if self.fail:
            raise KeyError("wheel")
        self.place = np.clip(self.place + 0.3 * action + self.wind, -10, 10)
        self.age += 1
        return self.place.astype(np.float32), -abs(float(self.place[0])), False, self.age == 20, {}


class Doubled(gymnasium.RewardWrapper):
    def reward(self, reward):
        return 2 * reward


class Loop(Push):
    """Its episodes never end."""

    def step(self, action):
        return (*super().step(action)[:3], False, {})


class Shared(GaussianHead):
    """One trunk for policy and value, of which the policy's update must leave the value's part alone."""

    def __init__(self):
        super().__init__()
        self.trunk, self.mean, self.value = nn.Linear(1, 8), nn.Linear(8, 1), nn.Linear(8, 1)
        self.log_std = nn.Parameter(torch.zeros(1))

    def outputs(self, states):
        mean = self.mean(torch.tanh(self.trunk(states)))
        return torch.cat([mean, self.log_std.expand_as(mean)], -1)


class Poles(CategoricalHead):
    def __init__(self):
        super().__init__()
        self.logits = nn.Linear(4, 2)

    def outputs(self, states):
        return self.logits(states)


gymnasium.register("PushForFront-v0", Push)


@pytest.mark.slow
def test_the_run_on_disk_is_complete_and_evaluates_to_the_same_returns(tmp_path):
    summary = train(TASK, steps=3000, out=tmp_path / "run")
    assert sorted(contents(tmp_path / "run")) == ["checkpoint.pt", "config.json", "final.pt", "metrics.csv"]
    returns = trpobook.load(tmp_path / "run").evaluate()
    assert summary["return_mean"] == returns.mean() and summary["return_std"] == returns.std()
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"] == as_data(settings_for(TASK, **SMALL))
    assert config["versions"]["torch"] == importlib.metadata.version("torch")
    rows = metrics(tmp_path / "run")
    assert rows[-1][1] == str(summary["steps"])


@pytest.mark.slow
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_run_of_any_algorithm_ends_alike_whether_it_was_broken_off_or_not(algo, tmp_path):
    changes = {"vine": {"branch_states": 4, "horizon": 10, "batch_size": 64, "num_envs": 2}, "cem": {"num_envs": 6}}
    changes["cma-es"] = changes["cem"]
    common = {"hidden": SMALL["hidden"], "checkpoint_steps": 700}
    settings = changes.get(algo, SMALL) | common
    for name, stages in {"long": [2600], "grown": [900, 1700, 2600]}.items():
        for k, steps in enumerate(stages):
            train(TASK, algo, settings=settings, steps=steps, out=tmp_path / name, resume=k > 0)
    assert metrics(tmp_path / "long") == metrics(tmp_path / "grown")
    first, second = (trpobook.load(tmp_path / name) for name in ("long", "grown"))
    assert all(torch.equal(p, q) for p, q in zip(first.policy.parameters(), second.policy.parameters(), strict=True))


def test_resuming_where_there_is_no_run_begins_one(tmp_path):
    train(TASK, out=tmp_path / "run", resume=True)
    assert trpobook.load(tmp_path / "run").about["steps"] >= 1000


def test_resuming_an_ended_run_changes_nothing_and_says_what_it_reached(tmp_path):
    first = train(TASK, out=tmp_path / "run")
    before = contents(tmp_path / "run")
    again = train(TASK, out=tmp_path / "run", resume=True)
    assert again["return_mean"] == first["return_mean"] and again["steps"] == first["steps"]
    after = contents(tmp_path / "run")
    assert after["metrics.csv"] == before["metrics.csv"] and after["config.json"] == before["config.json"]


def test_settings_are_those_the_run_was_begun_with(tmp_path):
    train(TASK, out=tmp_path / "run", settings=SMALL | {"delta": 0.02})
    train(TASK, out=tmp_path / "run", settings=None, steps=2000, resume=True)
    log = RunFolder(tmp_path / "run", tuple(COLUMNS)).metrics.read_text().splitlines()
    place = list(COLUMNS).index("kl_limit")
    assert {line.split(",")[place] for line in log[1:]} == {"0.02"}


@pytest.mark.parametrize("source", ["PushForFront-v0", Push, "vector"])
def test_a_task_of_ones_own_comes_as_an_id_a_factory_or_a_vector_environment(source, tmp_path):
    settings = SMALL
    if source == "vector":
        source = gymnasium.vector.SyncVectorEnv([Push] * 4)
    summary = train(source, settings=settings, out=tmp_path / "run", steps=3000)
    assert summary["steps"] >= 3000 and summary["return_mean"] < 0


def test_keyword_arguments_and_wrappers_reach_the_task(tmp_path):
    plain, windy, doubled = (
        train(Push, out=tmp_path / str(k), **options)["return_mean"]
        for k, options in enumerate([{}, {"env_kwargs": {"wind": 3.0}}, {"wrappers": [Doubled]}])
    )
    assert windy < 5 * plain and doubled == pytest.approx(2 * plain, rel=0.5)
    with pytest.raises(ValueError, match="env_kwargs"):
        train(Push, out=tmp_path / "1", resume=True)  # they are part of the run


def test_a_step_in_several_processes_is_the_step_in_one(tmp_path):
    settings = SMALL | {"num_envs": 2}
    in_one = rows_of(Trainer(Push, settings=settings), 1000)
    in_two = rows_of(Trainer(Push, settings=settings, processes=2), 1000)
    assert in_one == in_two


@pytest.mark.slow
def test_an_episode_longer_than_the_interval_makes_it_grow_and_one_line_says_so(caplog, tmp_path):
    train(Loop, out=tmp_path / "run", steps=3500, seed=1)
    lines = [record.getMessage() for record in caplog.records if record.name == "trpobook"]
    assert len(lines) == 2 and "2000 steps" in lines[0] and "4000 steps" in lines[1]


@pytest.mark.slow
def test_a_run_whose_interval_has_grown_resumes_bit_for_bit(tmp_path):
    for name, stages in {"long": [3500], "grown": [1300, 2400, 3500]}.items():
        for k, steps in enumerate(stages):
            train(Loop, out=tmp_path / name, steps=steps, resume=k > 0)
    assert metrics(tmp_path / "long") == metrics(tmp_path / "grown")


def test_an_error_in_the_tasks_own_code_says_where_it_was_raised(tmp_path):
    with pytest.raises(TaskError, match=r"Push raised KeyError: 'wheel' in step \(test_front.py, line \d+\)"):
        train(Push, env_kwargs={"fail": True}, out=tmp_path / "run")


FAILING = """
import gymnasium

class Broken(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)
    def reset(self, seed=None, options=None):
        return self.observation_space.sample(), {}
    def step(self, action):
        return [][1]

gymnasium.register("Broken-v0", Broken)
"""


@pytest.mark.parametrize("debug", [False, True])
def test_debug_shows_the_readers_own_traceback_and_without_it_one_line_says_where(debug, tmp_path, monkeypatch, capsys):
    (tmp_path / "my_broken_task.py").write_text(FAILING)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["train", "--env", "my_broken_task:Broken-v0", "--out", str(tmp_path / "run"), *SET]
    if debug:
        with pytest.raises(TaskError) as caught:
            main([*arguments, "--debug"])
        assert isinstance(caught.value.__cause__, IndexError)
    else:
        assert main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "raised IndexError" in line and "(my_broken_task.py, line 10)" in line
    sys.modules.pop("my_broken_task")
    gymnasium.registry.pop("Broken-v0")


@pytest.mark.parametrize("algo", UPDATES)
def test_a_policy_of_ones_own_is_trained_and_what_its_outputs_dont_use_stays_as_it_was(algo, tmp_path):
    policy = Shared()
    before = {name: p.detach().clone() for name, p in policy.named_parameters()}
    train(Push, algo, policy=policy, out=tmp_path / "run")
    moved = {name: not torch.equal(p, before[name]) for name, p in policy.named_parameters()}
    assert moved == {name: not name.startswith("value") for name in moved}
    with pytest.raises(ValueError, match="Shared, one of your own: give policy="):
        trpobook.load(tmp_path / "run")
    again = trpobook.load(tmp_path / "run", policy=Shared())
    assert all(torch.equal(p, q) for p, q in zip(again.policy.parameters(), policy.parameters(), strict=True))


def test_a_policy_that_does_not_fit_the_task_is_refused_before_a_folder_is_made(tmp_path):
    with pytest.raises(ValueError, match=r"Poles: outputs\(states\) raised"):
        train(Push, policy=Poles(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def listening():
    """Ctrl-C as in a terminal: what runs in the background may have been told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_saves_the_update_that_is_next_and_no_row_is_lost(tmp_path, listening):
    def stop(row):
        if row["update"] == 2:
            signal.raise_signal(signal.SIGINT)

    rare = SMALL | {"checkpoint_steps": 1_000_000}
    with pytest.raises(Interrupted, match="all saved; go on with --resume"):
        train(TASK, out=tmp_path / "run", steps=100_000, on_update=stop, settings=rare)
    rows = len(metrics(tmp_path / "run")) - 1  # below the names
    assert storage.load(tmp_path / "run" / "checkpoint.pt")["count"] == rows == 3


def test_the_speed_of_a_run_that_goes_on_counts_its_own_steps(tmp_path):
    first = train(TASK, out=tmp_path / "run", steps=6000)
    told = train(TASK, out=tmp_path / "run", steps=8000, resume=True)
    made = told["steps_per_second"] * told["seconds"]
    assert made == pytest.approx(told["steps"] - first["steps"], rel=0.2)


def test_an_agent_acts_as_in_its_evaluation(tmp_path):
    train("CartPole-v1", out=tmp_path / "run")
    agent = trpobook.load(tmp_path / "run")
    environment, returns = gymnasium.make("CartPole-v1"), []
    observation, _ = environment.reset(seed=0)
    rows = agent.moments.normalise(observation[None])
    assert agent.act(observation) == agent.policy.mode(torch.from_numpy(rows))[0]
    assert environment.action_space.contains(agent.act(observation))
    assert {int(agent.act(observation, deterministic=False)) for _ in range(100)} == {0, 1}
    for seed in range(3):
        observation, _ = environment.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            observation, reward, terminated, truncated, _ = environment.step(agent.act(observation))
            total, over = total + reward, terminated or truncated
        returns.append(total)
    assert np.mean(returns) == pytest.approx(agent.evaluate(20).mean(), rel=0.8)


def test_an_agent_saved_alone_is_the_agent_without_what_training_needs(tmp_path):
    train(TASK, out=tmp_path / "run", seed=3)
    agent = trpobook.load(tmp_path / "run")
    agent.save(tmp_path / "agent.pt")
    again = trpobook.load(tmp_path / "agent.pt")
    assert again.about == agent.about and again.evaluate(5).tolist() == agent.evaluate(5).tolist()
    assert (tmp_path / "agent.pt").stat().st_size < (tmp_path / "run" / "final.pt").stat().st_size / 1.5


def test_an_agent_of_a_task_of_ones_own_acts_without_it_and_asks_for_it_to_be_evaluated(tmp_path):
    train(lambda: Push(), out=tmp_path / "run")
    agent = trpobook.load(tmp_path / "run")
    assert agent.act(np.array([0.5], np.float32)).shape == (1,)
    with pytest.raises(ValueError, match="give env="):
        agent.evaluate(3)
    assert trpobook.load(tmp_path / "run", env=Push).evaluate(3).shape == (3,)


def test_evaluation_in_mid_run_fills_its_columns_and_changes_nothing_else(tmp_path):
    for name, every in (("with", 700), ("without", 0)):
        train(TASK, out=tmp_path / name, steps=2000, evaluate_every=every)
    found, plain = metrics(tmp_path / "with"), metrics(tmp_path / "without")
    columns = [list(COLUMNS).index(name) for name in ("evaluation_mean", "evaluation_std")]
    steps = [0, *(int(row[1]) for row in found[1:])]
    evaluated = [bool(row[columns[0]] and row[columns[1]]) for row in found[1:]]
    assert evaluated == [after // 700 > before // 700 for before, after in itertools.pairwise(steps)]
    assert 1 < sum(evaluated) < len(evaluated)
    for a, b in zip(found[1:], plain[1:], strict=True):
        assert [x for k, x in enumerate(a) if k not in columns] == [x for k, x in enumerate(b) if k not in columns]


def test_a_run_that_goes_on_is_evaluated_after_the_same_updates(tmp_path):
    train(TASK, out=tmp_path / "whole", steps=1500, evaluate_every=700)
    for steps in (1000, 1500):
        train(TASK, out=tmp_path / "parts", steps=steps, evaluate_every=700, resume=True)
    assert metrics(tmp_path / "parts") == metrics(tmp_path / "whole")


def test_without_tensorboard_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match="python -m pip install tensorboard"):
        train(TASK, out=tmp_path / "run", tensorboard=tmp_path / "board")


def test_with_tensorboard_every_number_of_a_row_is_written(tmp_path, monkeypatch):
    written = []

    class SummaryWriter:
        def __init__(self, folder, purge_step):
            written.append((folder, purge_step))

        def __enter__(self):
            return self

        def __exit__(self, *error):
            written.append("closed")

        def add_scalar(self, name, value, step):
            written.append((name, value, step))

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", type(sys)("tensorboard"))
    sys.modules["torch.utils.tensorboard"].SummaryWriter = SummaryWriter
    train(TASK, out=tmp_path / "run", steps=300, tensorboard=tmp_path / "board")
    assert written[0] == (str(tmp_path / "board"), 1) and written[-1] == "closed"
    assert {name for name, *_ in written[1:-1]} >= {"return_mean", "kl", "steps"}


def test_the_learning_rate_falls_to_zero_in_the_steps_that_are_set():
    settings = SMALL | {"anneal_steps": 1000}
    trainer = Trainer(TASK, "ppo", settings=settings)
    rows = rows_of(trainer, 1500)
    steps = np.array([row["step_norm"] for row in rows])
    assert steps[-1] == 0 and steps[0] > 0 and trainer.memory.optimiser.param_groups[0]["lr"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("algo", UPDATES)
def test_an_entropy_bonus_keeps_the_policy_wider(algo):
    ends = [
        rows_of(Trainer("CartPole-v1", algo, settings=SMALL | {"entropy_bonus": bonus}), 3000)[-1]["entropy"]
        for bonus in (0.0, 10.0)
    ]
    assert ends[1] > ends[0]


def test_training_leaves_the_readers_threads_alone(tmp_path):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    train(TASK, out=tmp_path / "run", steps=300)
    trpobook.load(tmp_path / "run").evaluate(2)
    assert torch.get_num_threads() == 2
    updates = Trainer(TASK, settings=SMALL).updates(10**6)
    next(updates)
    assert torch.get_num_threads() == 2  # between two updates, too
    torch.set_num_threads(before)


def threads_during(monkeypatch, **options):
    """Return on how many threads the update, and the fit beside it, of a run are made."""
    found = []

    def spy(*arguments, **options):
        found.append(torch.get_num_threads())
        return trpo_update(*arguments, **options)

    def spy_on_fit(value, *arguments):
        found.append(torch.get_num_threads())
        return fit(value, *arguments)

    fit = ValueFunction.fit
    with monkeypatch.context() as patched:
        patched.setattr(ValueFunction, "fit", spy_on_fit)
        patched.setitem(UPDATES, "trpo", UPDATES["trpo"]._replace(update=spy))
        list(Trainer(TASK, **options).updates(1))
    return sorted(found)


def test_update_and_fit_compute_on_one_thread_or_on_as_many_as_asked(monkeypatch):
    assert threads_during(monkeypatch, settings=SMALL) == [1, 1]
    assert threads_during(monkeypatch, settings=SMALL, threads=3) == [3, 3]


def test_the_number_of_threads_is_recorded_and_kept_on_resuming(tmp_path):
    train(TASK, out=tmp_path / "run", steps=300, threads=2)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["threads"] == 2
    train(TASK, out=tmp_path / "run", steps=600, resume=True)
    train(TASK, out=tmp_path / "whole", steps=600, threads=2)
    assert metrics(tmp_path / "run") == metrics(tmp_path / "whole")
    with pytest.raises(ValueError, match="holds a run with threads 2, not 1"):
        train(TASK, out=tmp_path / "run", steps=900, resume=True, threads=1)
    with pytest.raises(ValueError, match="threads is -1; it must lie between 1 and 1024"):
        train(TASK, out=tmp_path / "other", threads=-1)
