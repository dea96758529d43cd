"""That agents learn, by margins that a broken update does not reach.

With the sign of the advantages turned, or with random ones, the pendulum stays below 30 of 1000.
"""

import pytest
import torch

from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import UPDATES, Trainer

pytestmark = pytest.mark.slow

SMALL_BATCHES = {"num_envs": 32, "batch_size": 2048}  # more updates in fewer steps


def trained(task, steps, **changes):
    trainer = Trainer(task, seed=1, settings=settings_for(task, **changes))
    for _ in trainer.updates(steps):
        pass
    return trainer


def test_the_pendulum_is_balanced_after_60_000_steps():
    assert trained("InvertedPendulum-v5", 60_000).evaluate(10).mean() >= 900


def test_a_discrete_policy_balances_the_cart_pole_after_40_000_steps():
    assert trained("CartPole-v1", 40_000, num_envs=8).evaluate(10).mean() >= 400


def test_hopper_leaves_the_ground_after_80_000_steps():
    assert trained("Hopper-v5", 80_000, **SMALL_BATCHES).evaluate(10).mean() >= 250


@pytest.mark.parametrize("breakage", ["sign", "noise"])
def test_a_broken_update_reaches_none_of_these_margins(breakage, monkeypatch):
    real, generator = UPDATES["trpo"], torch.Generator().manual_seed(0)

    def broken(policy, states, actions, advantages, **options):
        wrong = -advantages if breakage == "sign" else torch.randn(advantages.shape, generator=generator)
        return real.update(policy, states, actions, wrong, **options)

    monkeypatch.setitem(UPDATES, "trpo", real._replace(update=broken))
    assert trained("InvertedPendulum-v5", 60_000).evaluate(10).mean() < 300
    assert trained("CartPole-v1", 20_000, num_envs=8).evaluate(10).mean() < 200
    assert trained("Hopper-v5", 40_000, **SMALL_BATCHES).evaluate(10).mean() < 200
