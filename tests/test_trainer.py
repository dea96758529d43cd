"""The trainer along gradients: which random numbers are whose, and a state that comes from another kind of device."""

import copy
import inspect
from dataclasses import fields

import pytest
import torch

from small_runs import SMALL, TASK, rows_of
from trpobook.agents import storage
from trpobook.agents.advantages import standardised
from trpobook.algorithms.ppo import ascend
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer
from trpobook.runs.updates import UPDATES

GPU_STATE = torch.zeros(16, dtype=torch.uint8)  # a CUDA generator's state has 16 bytes, the CPU's 5,056


def trainer(algo="trpo", seed=1):
    return Trainer(TASK, algo, seed=seed, settings=settings_for(TASK, algo, **SMALL))


def from_gpu(state):
    """Return the state as it would be, had the run been on a GPU."""
    return {**state, "processes": [{**part, "generator": GPU_STATE} for part in state["processes"]]}


def test_a_state_from_a_gpu_is_loaded_on_a_cpu_and_goes_on_by_the_seed_alone(tmp_path):
    run = trainer()
    list(run.updates(600))
    storage.save(tmp_path / "state.pt", from_gpu(run.state()))
    rows = []
    for lived in (0, 300):  # whatever the trainer did before
        again = trainer()
        list(again.updates(lived))
        again.load(storage.load(tmp_path / "state.pt"))
        assert again.count == run.count and again.steps == run.steps
        assert all(torch.equal(p, q) for p, q in zip(again.policy.parameters(), run.policy.parameters(), strict=True))
        rows.append(rows_of(again, 1500))
    assert rows[0] == rows[1] and rows[0]
    assert rows[0] != rows_of(run, 1500)  # the numbers drawn are others


def test_each_state_from_a_gpu_goes_on_with_numbers_of_its_own():
    drawn = []
    for seed, steps in ((1, 300), (1, 900), (2, 300)):
        run = trainer(seed=seed)
        list(run.updates(steps))
        state = copy.deepcopy(run.state())
        run.load(from_gpu(state))
        drawn.append(torch.randn(3, generator=run.generator).tolist())
    assert len({tuple(numbers) for numbers in drawn}) == 3


@pytest.mark.parametrize("algo", ["ppo", "ppo-kl"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_policys_minibatches_and_the_value_functions_come_in_different_orders(algo, seed):
    run = trainer(algo, seed)
    policys, values = (torch.randperm(256, generator=g) for g in (run.memory.shuffler, run.shuffler))
    assert (policys == values).sum() < 10  # one place in 256 agrees by chance


def test_advantages_get_mean_0_and_spread_1_and_one_alone_is_0():
    advantages = standardised(torch.tensor([1.0, 4.0, -2.0, 3.0]))
    assert advantages.mean().abs() < 1e-6 and advantages.std() == pytest.approx(1)
    assert standardised(torch.tensor([3.0])).tolist() == [0.0]
    assert standardised(torch.full((4,), 7.0)).tolist() == [0.0] * 4


@pytest.mark.parametrize("algo", ["trpo", "ppo"])
def test_two_trainers_that_load_one_live_state_go_on_alike(algo):
    run = trainer(algo)
    list(run.updates(600))
    state, rows = run.state(), []
    for _ in range(2):
        again = trainer(algo)
        again.load(state)
        rows.append(rows_of(again, 1500))
    assert rows[0] == rows[1] and rows[0]


def test_the_mean_return_is_that_of_the_last_twenty_episodes_whatever_the_batch():
    run = trainer()
    run._count(10, [(1.0, 3)] * 15)
    row = run._count(10, [(2.0, 5)] * 15)
    assert row["return_mean"] == pytest.approx((5 * 1 + 15 * 2) / 20) and row["episodes"] == 15


def test_an_interval_grows_while_a_copy_is_in_its_first_episode(caplog):
    run = trainer()
    run.stage.fresh[0], number = True, run.number
    run.steps = run.due
    run._pass_checkpoint()
    assert run.number == number and run.interval == 2 * SMALL["checkpoint_steps"]
    assert "has lasted longer than the interval" in caplog.text
    run.stage.fresh[:] = False
    run._pass_checkpoint()
    assert run.number > number and run.interval == 2 * SMALL["checkpoint_steps"]


@pytest.mark.parametrize("algo", UPDATES)
def test_an_update_is_given_each_setting_that_it_takes(algo, monkeypatch):
    given = {}

    def spy(*batch, **options):
        given.update(options)
        return update(*batch, **options)

    update, chosen = UPDATES[algo].update, settings_for(TASK, algo, **SMALL)
    monkeypatch.setitem(UPDATES, algo, UPDATES[algo]._replace(update=spy))
    next(Trainer(TASK, algo, settings=chosen).updates(1))
    takes = set(inspect.signature(update).parameters)
    takes |= set(inspect.signature(ascend).parameters) if "passes" in takes else set()
    names = takes & {each.name for each in fields(chosen)} - {"learning_rate"}  # Adam has it, unless it falls
    assert names and all(given[name] == getattr(chosen, name) for name in names)
