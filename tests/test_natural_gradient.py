"""The natural-gradient step of fixed size: along F⁻¹g, of the length asked for, or not at all."""

import math

import pytest
import torch

from batches import make_batch, theta
from trpobook.algorithms import natural_gradient
from trpobook.algorithms.conjugate_gradient import conjugate_gradient
from trpobook.algorithms.fisher import explicit_fisher
from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.runs.trainer import Trainer

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("discrete", [False, True])
def test_the_step_solves_the_explicit_damped_system(discrete):
    policy, states, actions, advantages = make_batch(discrete)
    before = theta(policy)
    g = torch.zeros_like(before)
    for state, action, advantage in zip(states, actions, advantages, strict=True):
        policy.zero_grad()
        policy(state[None]).log_prob(action[None]).sum().backward()
        g += advantage / len(states) * torch.cat([p.grad.reshape(-1) for p in policy.parameters()])
    fisher = explicit_fisher(policy, states[::3]) + 0.2 * torch.eye(len(before))
    update = natural_gradient_update(
        policy,
        states,
        actions,
        advantages,
        step_size=0.3,
        damping=0.2,
        cg_iterations=200,
        cg_rtol=1e-12,
        fisher_stride=3,
    )
    assert torch.allclose(theta(policy) - before, 0.3 * torch.linalg.solve(fisher, g), atol=1e-9)
    assert update.cg_residual <= 1e-12 and 0 < update.cg_iterations <= 200
    assert update.gain_predicted == pytest.approx((g @ (theta(policy) - before)).item())
    assert update.kl_limit == math.inf and update.kl > 0


def test_the_trainer_runs_it_and_learns():
    torch.set_default_dtype(torch.float32)
    trainer = Trainer("InvertedPendulum-v5", "npg", seed=0)
    rows = list(trainer.updates(60_000))
    assert rows[-1]["kl_limit"] == math.inf and rows[-1]["return_mean"] > 4 * rows[0]["return_mean"]


def test_the_record_says_what_the_solver_said(monkeypatch):
    said = []

    def solve(product, b, **options):
        said.append(conjugate_gradient(product, b, **options))
        return said[0]

    monkeypatch.setattr(natural_gradient, "conjugate_gradient", solve)
    record = natural_gradient_update(*make_batch(), step_size=0.3)
    assert (record.cg_iterations, record.cg_residual) == said[0][1:] and 0 < record.cg_residual < 1
