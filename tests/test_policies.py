"""Policies: their distributions, their start, and which spaces they serve."""

import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.agents.policies import MLP, CategoricalPolicy, GaussianPolicy, make_policy
from trpobook.agents.value_function import ValueFunction


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def box(*shape):
    return spaces.Box(-1, 1, shape)


def make(observation, action, generator):
    return make_policy(observation, action, hidden=(8,), log_std=-0.5, generator=generator)


def test_the_policy_follows_the_action_space(generator):
    assert isinstance(make(box(3), box(2), generator), GaussianPolicy)
    assert isinstance(make(box(3), spaces.Discrete(4), generator), CategoricalPolicy)


@pytest.mark.parametrize(
    "observation,action", [(box(3), spaces.MultiBinary(2)), (box(3), box(2, 2)), (box(2, 2), box(1))]
)
def test_a_space_that_no_policy_serves_is_named(observation, action, generator):
    with pytest.raises(ValueError, match=r"space .*: (no|a) policy"):
        make(observation, action, generator)


def test_weights_start_orthogonal_and_biases_at_zero(generator):
    network = MLP((20, 12, 12, 3), 0.01, generator)
    for layer, gain in zip(network.layers, (2**0.5, 2**0.5, 0.01), strict=True):
        rows = layer.weight / gain
        assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-5)
        assert (layer.bias == 0).all()


def test_the_same_generator_gives_the_same_weights():
    first, second = (MLP((4, 8, 2), 1.0, torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), second.parameters(), strict=True))


def test_linearise_gives_the_outputs_and_the_two_sweeps_of_one_jacobian(generator):
    network = MLP((4, 6, 5, 2), 1.0, generator).double()
    inputs = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    outputs, jvp, vjp = network.linearise(inputs)
    assert torch.allclose(outputs, network(inputs).detach(), rtol=0, atol=1e-14)
    parameters = dict(network.named_parameters())
    jacobian = torch.func.jacrev(lambda p: torch.func.functional_call(network, p, (inputs,)))(parameters)
    matrix = torch.cat([block.reshape(14, -1) for block in jacobian.values()], dim=1)
    v = torch.randn(matrix.shape[1], generator=generator, dtype=torch.float64)
    u = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    assert (jvp(v).flatten() - matrix @ v).abs().max() <= 1e-12
    assert (vjp(u) - u.flatten() @ matrix).abs().max() <= 1e-12


def test_gaussian_samples_have_the_mean_and_spread_of_the_distribution(generator):
    policy = make(box(3), box(2), generator)
    states = torch.randn(1, 3, generator=generator).repeat(20_000, 1)
    with torch.no_grad():
        actions = policy.sample(states, generator)
        sigma = policy.log_std.exp()
        assert ((actions.mean(0) - policy.mode(states)[0]).abs() <= 3 * sigma / 20_000**0.5).all()
        assert torch.allclose(actions.std(0), sigma, rtol=0.03)


def test_categorical_samples_come_up_with_their_probabilities(generator):
    policy = make(box(3), spaces.Discrete(3), generator)
    for p in policy.parameters():
        p.data += torch.randn(p.shape, generator=generator)
    states = torch.randn(1, 3, generator=generator).repeat(20_000, 1)
    with torch.no_grad():
        counts = np.bincount(policy.sample(states, generator), minlength=3) / 20_000
        p = policy(states[:1]).probs[0].numpy()
    assert (np.abs(counts - p) <= 3 * np.sqrt(p * (1 - p) / 20_000) + 1e-9).all()
    assert policy.mode(states[:1]).item() == p.argmax()


def test_log_probability_is_that_of_the_gaussian_density(generator):
    policy = make(box(3), box(2), generator)
    states, actions = torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)
    with torch.no_grad():
        z = (actions - policy.mode(states)) / policy.log_std.exp()
        by_hand = (-0.5 * z**2 - policy.log_std - 0.5 * np.log(2 * np.pi)).sum(-1)
        assert torch.allclose(policy(states).log_prob(actions), by_hand, atol=1e-5)


def test_the_value_function_learns_a_smooth_target(generator):
    value = ValueFunction(2, (32,), 1e-2, generator)
    states = torch.randn(500, 2, generator=generator)
    targets = states[:, 0] * states[:, 1]
    value.fit(states, targets, 60, 100, generator)
    with torch.no_grad():
        assert (value(states) - targets).square().mean() < 0.1 * targets.var()


def test_the_value_function_is_the_least_squares_one_where_that_is_known(generator):
    value = ValueFunction(2, (), 3e-2, generator)  # no hidden layer: linear regression
    states = torch.randn(400, 2, generator=generator)
    targets = states @ torch.tensor([2.0, -1.0]) + 0.5 + 0.1 * torch.randn(400, generator=generator)
    value.fit(states, targets, 200, 400, generator)
    design = torch.cat([states, torch.ones(400, 1)], dim=1)
    solution = torch.linalg.lstsq(design, targets).solution
    assert (value.theta - solution).abs().max() <= 1e-2


def test_targets_that_are_not_finite_leave_the_value_function_as_it_was(generator):
    value = ValueFunction(2, (8,), 1e-2, generator)
    before = value.theta.clone()
    targets = torch.zeros(50)
    targets[7] = float("nan")
    with pytest.raises(FloatingPointError, match="value function"):
        value.fit(torch.zeros(50, 2), targets, 1, 10, generator)
    assert torch.equal(value.theta, before)
    value.fit(torch.randn(50, 2, generator=generator), torch.ones(50), 1, 10, generator)
    assert value.theta.isfinite().all()  # the optimiser has forgotten the NaN too
