"""The value function: what it learns, what it refuses, and that it may be copied, moved and made double."""

import copy

import pytest
import torch

from reads import Reads
from trpobook.agents.value_function import ValueFunction


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


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


def test_no_minibatch_waits_for_the_device(generator):
    states, counts = torch.randn(100, 2, generator=generator), []
    for minibatch in (100, 10):
        value = ValueFunction(2, (8,), 1e-2, generator)
        with Reads() as reads:
            value.fit(states, states[:, 0], 3, minibatch, generator, max_gradient_norm=0.1)
        counts.append(reads.count)
    assert 1 <= counts[0] == counts[1] < 5


def parameters_of(value):
    return torch.nn.utils.parameters_to_vector(value.parameters()).detach().clone()


def moved_to_cuda(value):
    if not torch.cuda.is_available():
        pytest.skip("no GPU")
    return value.to("cuda")


def with_weights_of(value):
    fresh = ValueFunction(3, (8,), 1e-2, torch.Generator().manual_seed(1))
    fresh.load_state_dict(value.state_dict())
    fresh.optimiser.load_state_dict(copy.deepcopy(value.optimiser.state_dict()))
    return fresh


CHANGES = {
    "copied": copy.deepcopy,
    "double": lambda value: value.double(),
    "double and back": lambda value: value.double().float(),
    "given other weights": with_weights_of,
    "given new tensors": lambda value: (value.load_state_dict(copy.deepcopy(value.state_dict()), assign=True), value)[
        1
    ],
    "on a gpu": moved_to_cuda,
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_done_to_it_a_fit_goes_on_as_if_it_had_not_been(change, generator):
    states, targets = torch.randn(60, 3, generator=generator), torch.randn(60, generator=generator)
    value = ValueFunction(3, (8,), 1e-2, generator)
    value.fit(states, targets, 2, 20, torch.Generator().manual_seed(1))  # Adam has averages now
    weights, averages = copy.deepcopy((value.state_dict(), value.optimiser.state_dict()))
    changed = CHANGES[change](value)
    where = next(changed.parameters())
    x, y = states.to(where), targets.to(where)
    before = changed(x).detach().clone()
    changed.fit(x, y, 2, 20, torch.Generator().manual_seed(2))
    after = changed(x).detach()
    assert (after - before).abs().max() > 1e-3
    assert after.dtype == where.dtype and after.device == where.device
    for average in changed.optimiser.state[changed.theta].values():
        assert average.device == where.device
    reference = ValueFunction(3, (8,), 1e-2, torch.Generator().manual_seed(0))
    reference.load_state_dict(weights)
    reference.optimiser.load_state_dict(averages)
    reference.fit(states, targets, 2, 20, torch.Generator().manual_seed(2))
    assert torch.allclose(after.cpu().float(), reference(states).detach(), atol=1e-5)


def test_a_copy_and_its_original_go_ways_of_their_own(generator):
    value = ValueFunction(3, (8,), 1e-2, generator)
    twin = copy.deepcopy(value)
    before = parameters_of(value)
    twin.fit(torch.randn(20, 3, generator=generator), torch.ones(20), 1, 10, generator)
    assert torch.equal(parameters_of(value), before) and not torch.equal(parameters_of(twin), before)


def test_a_long_gradient_is_shortened(generator):
    """With plain descent in Adam's place a step is as long as the gradient."""
    states, targets, lengths = torch.randn(50, 3, generator=generator), 100 * torch.ones(50), {}
    for limit in (float("inf"), 0.5):
        value = ValueFunction(3, (8,), 1.0, torch.Generator().manual_seed(0))
        value.optimiser = torch.optim.SGD([value.theta], lr=1e-3)
        before = parameters_of(value)
        value.fit(states, targets, 1, 50, torch.Generator().manual_seed(0), max_gradient_norm=limit)
        lengths[limit] = (parameters_of(value) - before) / 1e-3
    assert lengths[0.5].norm().item() == pytest.approx(0.5, rel=1e-3)
    assert lengths[float("inf")].norm() > 10
    assert torch.cosine_similarity(*lengths.values(), 0).item() == pytest.approx(1, abs=1e-4)


def test_a_short_gradient_is_left_as_it_is(generator):
    states, targets, ends = torch.randn(50, 3, generator=generator), torch.randn(50, generator=generator), []
    for limit in (float("inf"), 1e6):
        value = ValueFunction(3, (8,), 1e-2, torch.Generator().manual_seed(0))
        value.fit(states, targets, 3, 10, torch.Generator().manual_seed(0), max_gradient_norm=limit)
        ends.append(parameters_of(value))
    assert torch.equal(*ends)


def test_a_step_of_plain_descent_goes_down_the_mean_squared_error(generator):
    states, targets = torch.randn(50, 3, generator=generator).double(), torch.randn(50, generator=generator).double()
    value = ValueFunction(3, (8,), 1.0, generator).double()
    before = parameters_of(value)
    loss = torch.nn.functional.mse_loss(value(states), targets)
    slope = torch.cat([g.ravel() for g in torch.autograd.grad(loss, list(value.parameters()))])
    value.theta = torch.empty(0)
    value.optimiser = torch.optim.SGD([value.theta], lr=1e-3)
    value.fit(states, targets, 1, 50, generator)
    assert torch.allclose(parameters_of(value), before - 1e-3 * slope, atol=1e-12)
