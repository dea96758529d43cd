"""The loop: reproducible to the bit, resumable to the bit, frozen where it must be."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch

from small_runs import SMALL, TASK, rows_as_they_come, rows_of
from trpobook.agents.environments import envpool
from trpobook.agents.rollouts import Batch
from trpobook.runs.columns import COLUMNS, EVALUATION
from trpobook.runs.plan import choose_device
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer
from trpobook.runs.updates import UPDATES

needs_envpool = pytest.mark.skipif(envpool is None, reason="EnvPool has no wheel for this platform")


def weights(trainer):
    return [p.detach().clone() for p in (*trainer.policy.parameters(), *trainer.value.parameters())]


def same(first, second):
    return all(torch.equal(p, q) for p, q in zip(first, second, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("num_envs", [1, 4])
@pytest.mark.parametrize("task", ["InvertedPendulum-v5", "CartPole-v1"])
def test_the_same_seed_gives_the_same_run_bit_for_bit(task, num_envs):
    settings = settings_for(task, **(SMALL | {"num_envs": num_envs}))
    first, again, other = (Trainer(task, seed=seed, settings=settings) for seed in (1, 1, 2))
    rows = rows_of(first, 2000)
    assert rows == rows_of(again, 2000)
    assert same(weights(first), weights(again))
    assert rows != rows_of(other, 2000)


@pytest.mark.parametrize(
    "task", ["InvertedPendulum-v5", pytest.param("Breakout-v5", marks=[needs_envpool, pytest.mark.slow])]
)
def test_a_run_resumed_after_any_update_is_the_unbroken_run_bit_for_bit(task):
    settings = settings_for(task, **SMALL)
    unbroken = Trainer(task, seed=1, settings=settings)
    states, rows = [], []
    for row in rows_as_they_come(unbroken, 3500):
        rows.append(row)
        states.append(copy.deepcopy(unbroken.state()))  # it refers to the live weights
    assert (
        sum(len(state["processes"][0]["journal"]["actions"]) == 0 for state in states) == 3
    )  # checkpoints: the stage is new, and reset
    for state in states[3::4]:
        resumed = Trainer(task, seed=1, settings=settings)
        resumed.load(state)
        assert rows_of(resumed, 3500) == rows[state["count"] :]
        resumed.state()  # waits for the last fit
        assert same(weights(resumed), weights(unbroken))


def test_every_row_has_every_documented_column():
    (row,) = list(Trainer(TASK, settings=SMALL).updates(1))
    assert list(row) == [name for name in COLUMNS if name not in EVALUATION] and all(COLUMNS.values())


def test_the_normaliser_stands_still_from_collection_through_update(monkeypatch):
    seen = []

    def spy(policy, states, actions, advantages, **options):
        seen.append((trainer.observation_moments.mean.copy(), trainer.observation_moments.count))
        return real.update(policy, states, actions, advantages, **options)

    real = UPDATES["trpo"]
    monkeypatch.setitem(UPDATES, "trpo", real._replace(update=spy))
    trainer = Trainer("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", **SMALL))
    before = []
    for _ in trainer.updates(800):
        before.append((trainer.observation_moments.mean.copy(), trainer.observation_moments.count))
    assert seen[0][1] == 0
    assert all(np.array_equal(a[0], b[0]) and a[1] == b[1] for a, b in zip(seen[1:], before, strict=False))
    assert before[1][1] > before[0][1] > 0


def test_only_transitions_reach_the_update(monkeypatch):
    rows = []

    def spy(policy, states, actions, advantages, **options):
        rows.append((len(states), advantages.mean().item(), advantages.std().item()))
        return real.update(policy, states, actions, advantages, **options)

    real = UPDATES["trpo"]
    monkeypatch.setitem(UPDATES, "trpo", real._replace(update=spy))
    trainer = Trainer("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", **SMALL))
    steps = [row["steps"] for row in trainer.updates(600)]
    assert [n for n, *_ in rows] == np.diff([0, *steps]).tolist()
    assert rows[0][0] < SMALL["batch_size"]  # a new policy's pendulum falls within a batch, and is reset
    assert all(abs(mean) < 1e-5 and abs(std - 1) < 1e-3 for _, mean, std in rows)


def test_rewards_are_scaled_for_learning_and_true_in_the_record():
    settings = settings_for("InvertedDoublePendulum-v5", **SMALL)
    trainer = Trainer("InvertedDoublePendulum-v5", settings=settings)
    (row, *_) = list(trainer.updates(1))
    assert row["return_mean"] > 8 * (row["episode_length"] - 1)  # about 9 a step is paid while it stands
    assert trainer.return_moments.var > 10 and row["value_loss"] < 20


@pytest.mark.slow
def test_the_package_imports_and_trains_where_envpool_is_not_installed():
    code = """
import sys
sys.modules["envpool"] = None
from trpobook.runs.trainer import Trainer
from trpobook.runs.settings import settings_for
rows = list(Trainer("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", batch_size=256)).updates(500))
print(rows[-1]["steps"])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0 and run.stderr == "" and int(run.stdout) >= 500


@pytest.mark.parametrize("name,message", [("tpu", "device is 'tpu'"), ("cuda", "finds no GPU")])
def test_an_impossible_device_is_named(name, message, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=message):
        choose_device(name)
    assert choose_device("auto").type == "cpu"


class Ladder(torch.nn.Module):
    """V(s) is the state's first number."""

    def forward(self, states):
        return states[..., 0]


def made_by_hand():
    """One environment, six rows: an episode that is truncated, a reset, one that terminates, a reset, one more row.

    The observation counts up by 10; the value of a state is that number.
    """
    numbers = torch.arange(10.0, 80.0, 10.0)
    truncated, terminated, valid = (torch.zeros(6, 1, dtype=torch.bool) for _ in range(3))
    truncated[1], terminated[3], valid[[0, 1, 3, 5]] = True, True, True
    rewards = torch.tensor([1.0, 2.0, 0.0, 4.0, 0.0, 6.0])[:, None].double()
    return Batch(
        states=numbers[:, None, None].expand(7, 1, 4),
        actions=torch.zeros(6, 1, 1),
        rewards=rewards,
        terminated=terminated,
        truncated=truncated,
        valid=valid,
        observations=np.zeros((6, 1, 4)),
        episode_returns=[],
        episode_lengths=[],
    )


def test_an_episode_cut_short_bootstraps_from_its_own_last_state_and_one_that_ended_from_nothing():
    settings = settings_for(
        "InvertedPendulum-v5", num_envs=1, batch_size=6, gamma=0.5, lam=0.5, normalise_returns=False
    )
    trainer = Trainer("InvertedPendulum-v5", settings=settings)
    trainer.value = Ladder()
    advantages, values = trainer._advantages(made_by_hand())
    assert values[:, 0].tolist() == [10, 20, 30, 40, 50, 60]
    last_of_truncated = 2 + 0.5 * 30 - 20  # 30 is the value of the episode's own last state, 40 that of the next start
    first = 1 + 0.5 * 20 - 10 + 0.25 * last_of_truncated
    terminated = 4 - 40
    last_of_batch = 6 + 0.5 * 70 - 60
    valid = made_by_hand().valid
    assert advantages[valid].tolist() == [first, last_of_truncated, terminated, last_of_batch]


def test_returns_are_scaled_by_discounted_sums_that_start_anew_with_each_episode():
    settings = settings_for("InvertedPendulum-v5", num_envs=1, batch_size=6, gamma=0.5)
    trainer = Trainer("InvertedPendulum-v5", settings=settings)
    trainer._update_return_scale(made_by_hand())
    returns = np.array([1, 2 + 0.5 * 1, 4, 6])  # of the transitions alone
    assert trainer.return_moments.count == 4
    assert trainer.return_moments.mean == pytest.approx(returns.mean(), abs=1e-12)
    assert trainer.return_moments.var == pytest.approx(returns.var(), abs=1e-12)


def test_only_transitions_reach_the_normaliser():
    trainer = Trainer("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", **SMALL))
    rows = list(trainer.updates(600))
    assert trainer.observation_moments.count == rows[-1]["steps"] < len(rows) * SMALL["batch_size"]


@pytest.mark.parametrize("num_envs", [1, 4])
def test_nothing_of_the_future_is_left_out_of_a_checkpoint(num_envs, tmp_path):
    """Through the file, into a trainer that has already lived another life."""
    task = "InvertedPendulum-v5"
    settings = settings_for(task, **(SMALL | {"num_envs": num_envs}))
    unbroken = Trainer(task, seed=1, settings=settings)
    rows = []
    for row in rows_as_they_come(unbroken, 2500):
        rows.append(row)
        if len(rows) == 6:
            torch.save(unbroken.state(), tmp_path / "state.pt")
    other = Trainer(task, seed=1, settings=settings)
    list(other.updates(600))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    other.load(state)
    assert rows_of(other, 2500) == rows[state["count"] :]


def test_after_a_checkpoint_episodes_begin_in_other_states():
    run = Trainer("InvertedPendulum-v5", settings=settings_for("InvertedPendulum-v5", **SMALL))
    first = run.stage.observations.copy()
    assert any(run.at_checkpoint for _ in run.updates(1500))
    assert not np.isclose(run.stage.observations, first).any()
