"""One plain policy-gradient step: along the gradient of the surrogate, of the length asked for, or not at all."""

import math

import pytest
import torch
from torch.nn.utils import vector_to_parameters

from batches import make_batch, theta
from trpobook.algorithms.reinforce import reinforce_update
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

pytestmark = pytest.mark.usefixtures("float64")


@pytest.mark.parametrize("discrete", [False, True])
def test_the_step_is_alpha_times_the_gradient_by_finite_differences(discrete):
    policy, states, actions, advantages = make_batch(discrete)
    before = theta(policy)

    def mean_weighted_log_prob(vector):
        with torch.no_grad():
            vector_to_parameters(vector, policy.parameters())
            return (policy(states).log_prob(actions) * advantages).mean().item()

    rows = torch.randperm(len(before), generator=torch.Generator().manual_seed(1))[:20]
    h = 1e-5
    slopes = []
    for k in rows:
        shift = torch.zeros_like(before)
        shift[k] = h
        slopes.append((mean_weighted_log_prob(before + shift) - mean_weighted_log_prob(before - shift)) / (2 * h))
    vector_to_parameters(before, policy.parameters())
    reinforce_update(policy, states, actions, advantages, step_size=0.3)
    assert torch.allclose((theta(policy) - before)[rows], 0.3 * torch.tensor(slopes), atol=1e-9)


@pytest.mark.parametrize("discrete", [False, True])
def test_the_record_says_what_the_step_did(discrete):
    policy, states, actions, advantages = make_batch(discrete)
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
    before = theta(policy)
    update = reinforce_update(policy, states, actions, advantages, step_size=0.5)
    with torch.no_grad():
        new = policy(states)
        ratios = (new.log_prob(actions) - log_prob_old).exp()
    assert update.kl == pytest.approx(torch.distributions.kl_divergence(old, new).mean().item(), abs=1e-14)
    assert update.gain == pytest.approx((ratios * advantages - advantages).mean().item(), abs=1e-12)
    assert update.ratio_max == pytest.approx(ratios.max().item()) and update.kl_limit == math.inf
    assert update.step_norm == pytest.approx(0.5 * update.gradient_norm)
    assert update.gain_predicted == pytest.approx(0.5 * update.gradient_norm**2)
    assert update.step_norm == pytest.approx((theta(policy) - before).norm().item())


def test_a_step_that_leaves_an_action_no_probability_is_made():
    policy, states, actions, advantages = make_batch(discrete=True)
    before = theta(policy)
    update = reinforce_update(policy, states, actions, advantages, step_size=1e6)
    assert update.kl == math.inf
    assert update.step_norm == pytest.approx((theta(policy) - before).norm().item())
    assert math.isfinite(update.entropy) and math.isfinite(update.gain)


def test_the_trainer_runs_it_and_learns():
    torch.set_default_dtype(torch.float32)
    settings = settings_for("CartPole-v1", "reinforce", num_envs=8, step_size=1.0)
    trainer = Trainer("CartPole-v1", "reinforce", settings=settings)
    rows = list(trainer.updates(40_000))
    assert rows[-1]["kl_limit"] == math.inf and rows[-1]["return_mean"] > 3 * rows[0]["return_mean"]
