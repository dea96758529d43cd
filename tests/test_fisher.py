"""Fisher-vector products four ways, and against sums and differences that share none of their code; float64."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from trpobook.agents.heads import CategoricalHead
from trpobook.agents.linearise import linearise_by_autograd
from trpobook.agents.policies import BernoulliPolicy, CategoricalPolicy, GaussianPolicy, MultiCategoricalPolicy
from trpobook.algorithms.fisher import (
    explicit_fisher,
    fisher_vector_product,
    fisher_vector_product_by_double_backward,
)

pytestmark = pytest.mark.usefixtures("float64")


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


SIZES = (2, 3)


def stirred(policy, generator):
    """Give every weight, the all but zero last layer's too, something to add."""
    for p in policy.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=generator)
    return policy


@pytest.fixture(params=["gaussian", "categorical", "multi-categorical", "bernoulli"])
def policy(request, generator):
    hidden = (7, 6)
    if request.param == "gaussian":
        return stirred(GaussianPolicy(5, 3, hidden, -0.5, generator), generator)
    if request.param == "categorical":
        return stirred(CategoricalPolicy(5, 4, hidden, generator), generator)
    if request.param == "multi-categorical":
        return stirred(MultiCategoricalPolicy(5, SIZES, hidden, generator), generator)
    return stirred(BernoulliPolicy(5, 3, hidden, generator), generator)


@pytest.fixture
def states(generator):
    return torch.randn(20, 5, generator=generator)


def direction(policy, generator):
    v = torch.randn(sum(p.numel() for p in policy.parameters()), generator=generator)
    return v / v.norm()


def scores(policy, states, actions):
    """Return ∇log π(a|s), one row for each pair, by one backward pass each."""
    rows = []
    for s, a in zip(states, actions, strict=True):
        log_prob = policy(s[None]).log_prob(a[None]).sum()
        gradients = torch.autograd.grad(log_prob, list(policy.parameters()), allow_unused=True)
        rows.append(parameters_to_vector(gradients))
    return torch.stack(rows)


def test_the_sweeps_by_hand_by_autograd_and_double_backward_agree(policy, states, generator):
    v = direction(policy, generator)
    by_hand = fisher_vector_product(policy, states, damping=0.1)(v)
    twice_backward = fisher_vector_product_by_double_backward(policy, states, damping=0.1)(v)
    outputs, forward, backward = linearise_by_autograd(policy, states)
    by_autograd = backward(policy.metric(outputs, forward(v)) / len(states)) + 0.1 * v
    assert (by_hand - twice_backward).abs().max() <= 1e-10
    assert (by_hand - by_autograd).abs().max() <= 1e-10


def test_a_policy_without_sweeps_of_its_own_is_served_by_autograd(policy, states, generator, monkeypatch):
    v = direction(policy, generator)
    by_hand = fisher_vector_product(policy, states)(v)
    monkeypatch.setattr(type(policy), "linearise", None)
    assert (fisher_vector_product(policy, states)(v) - by_hand).abs().max() <= 1e-10


def summed_over_actions(policy, states, actions):
    """Return Σ_a π(a|s) ∇log π ∇log πᵀ, mean over the states, by one backward pass for each pair."""
    fisher = 0.0
    for action in actions:
        column = action.expand(len(states), *action.shape)
        rows = scores(policy, states, column)
        weights = policy(states).log_prob(column).exp().detach()
        fisher = fisher + (rows.T * weights) @ rows / len(states)
    return fisher


@pytest.mark.parametrize(
    "kind,outputs,actions",
    [
        (CategoricalPolicy, 4, torch.arange(4)),
        (MultiCategoricalPolicy, SIZES, torch.tensor(list(itertools.product(*map(range, SIZES))))),
        (BernoulliPolicy, 3, torch.tensor(list(itertools.product([0.0, 1.0], repeat=3)), dtype=torch.float64)),
    ],
    ids=["categorical", "multi-categorical", "bernoulli"],
)
def test_equals_the_sum_of_score_outer_products_of_a_discrete_policy(kind, outputs, actions, states, generator):
    policy = stirred(kind(5, outputs, (6,), generator), generator)
    fisher = summed_over_actions(policy, states, actions)
    v = direction(policy, generator)
    assert (fisher_vector_product(policy, states)(v) - fisher @ v).abs().max() <= 1e-10
    assert (explicit_fisher(policy, states) - fisher).abs().max() <= 1e-10
    if kind is not BernoulliPolicy:  # a logit more or less everywhere changes nothing, so F is singular
        assert torch.linalg.matrix_rank(fisher, rtol=1e-9) < len(fisher)


def test_equals_the_explicit_matrix_for_every_policy(policy, states, generator):
    v = direction(policy, generator)
    product = fisher_vector_product(policy, states)(v)
    assert (product - explicit_fisher(policy, states) @ v).abs().max() <= 1e-10 and product.norm() > 1e-3


def test_equals_the_integral_of_score_outer_products_of_a_gaussian_policy(states, generator):
    """Scores are quadratic in the action, their products quartic: three Gauss–Hermite nodes an axis are exact."""
    policy = GaussianPolicy(5, 2, (4,), -0.3, generator)
    states = states[:6]
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    fisher = 0.0
    for i, j in itertools.product(range(3), repeat=2):
        with torch.no_grad():
            actions = policy.mode(states) + policy.log_std.exp() * torch.tensor([nodes[i], nodes[j]])
        rows = scores(policy, states, actions)
        fisher = fisher + weights[i] * weights[j] / weights.sum() ** 2 * rows.T @ rows / len(states)
    v = direction(policy, generator)
    assert (fisher_vector_product(policy, states)(v) - fisher @ v).abs().max() <= 1e-10
    assert (explicit_fisher(policy, states) - fisher).abs().max() <= 1e-10


@pytest.mark.parametrize("old_first", [True, False])
def test_is_the_curvature_of_the_kl_in_either_direction(old_first, policy, states, generator):
    v, h = direction(policy, generator), 1e-4
    theta = parameters_to_vector(policy.parameters()).detach()
    with torch.no_grad():
        old = policy(states)

        def kl(step):
            vector_to_parameters(theta + step * v, policy.parameters())
            pair = (old, policy(states)) if old_first else (policy(states), old)
            return kl_divergence(*pair).mean().item()

        curvature = (kl(h) + kl(-h) - 2 * kl(0.0)) / h**2
        vector_to_parameters(theta, policy.parameters())
    assert (v @ fisher_vector_product(policy, states)(v)).item() == pytest.approx(curvature, abs=1e-6)


def test_is_linear_symmetric_and_positive(policy, states, generator):
    u, v = direction(policy, generator), direction(policy, generator)
    product = fisher_vector_product(policy, states)
    assert (product(2 * u - 3 * v) - 2 * product(u) + 3 * product(v)).abs().max() <= 1e-12
    assert (u @ product(v) - v @ product(u)).abs() <= 1e-12
    assert u @ product(u) > 0


def test_does_not_write_to_its_argument(policy, states, generator):
    v = direction(policy, generator)
    before = v.clone()
    fisher_vector_product(policy, states, damping=0.1)(v)
    assert torch.equal(v, before)


def test_damping_adds_a_multiple_of_the_direction(policy, states, generator):
    v = direction(policy, generator)
    plain, damped = (fisher_vector_product(policy, states, damping=x)(v) for x in (0.0, 0.3))
    assert (damped - plain - 0.3 * v).abs().max() <= 1e-12


def test_an_undetached_old_policy_gives_exactly_zero(policy, states, generator):
    v = direction(policy, generator)
    parameters = list(policy.parameters())
    kl = kl_divergence(policy(states), policy(states)).mean()
    gradient = parameters_to_vector(torch.autograd.grad(kl, parameters, create_graph=True))
    product = parameters_to_vector(torch.autograd.grad(gradient @ v, parameters))
    assert (product == 0).all()
    assert fisher_vector_product(policy, states)(v).norm() > 0.01


class SharedTrunk(CategoricalHead):
    """A policy and a value function on one hidden layer; the KL divergence doesn't know the value's head."""

    def __init__(self):
        super().__init__()
        self.trunk, self.value, self.logits = nn.Linear(5, 6), nn.Linear(6, 1), nn.Linear(6, 4)

    def outputs(self, states):
        return self.logits(torch.tanh(self.trunk(states)))


def test_weights_that_the_distribution_does_not_depend_on_have_zeros_in_f(states, generator):
    policy, values = SharedTrunk(), slice(36, 43)  # after the trunk's 5·6 + 6
    bare = CategoricalPolicy(5, 4, (6,), generator)
    bare.load_state_dict(
        {f"logits.layers.0.{k}": p for k, p in policy.trunk.state_dict().items()}
        | {f"logits.layers.1.{k}": p for k, p in policy.logits.state_dict().items()}
    )
    v = direction(policy, generator)
    expected = explicit_fisher(bare, states) @ torch.cat([v[:36], v[43:]])
    for product in (fisher_vector_product, fisher_vector_product_by_double_backward):
        result = product(policy, states)(v)
        assert (result[values] == 0).all()
        assert (torch.cat([result[:36], result[43:]]) - expected).abs().max() <= 1e-12


def test_parameters_that_stand_still_have_no_rows_in_f(policy, states, generator):
    whole = explicit_fisher(policy, states)
    moves = []
    for k, p in enumerate(policy.parameters()):
        p.requires_grad_(k % 2 == 1)
        moves += [k % 2 == 1] * p.numel()
    moves = torch.tensor(moves)
    v = torch.randn(int(moves.sum()), generator=generator)
    for product in (fisher_vector_product, fisher_vector_product_by_double_backward):
        assert (product(policy, states)(v) - whole[moves][:, moves] @ v).abs().max() <= 1e-10
    assert (explicit_fisher(policy, states) - whole[moves][:, moves]).abs().max() <= 1e-10


def test_the_metric_of_a_gaussian_is_1_over_variance_and_2(generator):
    policy = GaussianPolicy(5, 2, (4,), -0.3, generator)
    outputs = torch.tensor([[0.4, -1.0, -0.3, 0.2]])
    sigma = torch.tensor([-0.3, 0.2]).exp()
    tangent = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    expected = torch.cat([tangent[0, :2] / sigma**2, 2 * tangent[0, 2:]])
    assert (policy.metric(outputs, tangent)[0] - expected).abs().max() <= 1e-12


@pytest.mark.parametrize(
    "damping,rows,message", [(-0.1, 3, "damping is -0.1"), (math.nan, 3, "damping is nan"), (0.1, 0, "states is empty")]
)
def test_impossible_arguments_are_named(damping, rows, message, policy):
    with pytest.raises(ValueError, match=message):
        fisher_vector_product(policy, torch.zeros(rows, 5), damping=damping)
