"""What lesson 08 adds to the library: its interactives' numbers, and right answers other than the book's."""

import numpy as np
import pytest
import torch

from trpobook.algorithms.conjugate_gradient import conjugate_gradient
from trpobook.algorithms.fisher import explicit_fisher, fisher_vector_product
from trpobook.book.derivations import curvature_product, next_direction, score_product, search_along
from trpobook.exercises import diagnose
from trpobook.widgets import lesson_08 as interactives


@pytest.fixture
def system():
    rng = np.random.default_rng(0)
    m = rng.normal(size=(7, 7))
    return m @ m.T + np.eye(7), rng.normal(size=7)


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_the_pictures_conjugate_gradients_are_the_librarys(steps, system):
    matrix, g = system
    F = torch.from_numpy(matrix)
    x = conjugate_gradient(lambda v: F @ v, torch.from_numpy(g), max_iterations=steps, rtol=0).x
    assert np.allclose(interactives.descend(matrix, g, steps, conjugate=True)[-1], x, rtol=1e-9)


def test_steepest_descent_lowers_the_error_as_kantorovich_allows_and_no_better_than_conjugate_gradients(system):
    matrix, g = system
    steepest, conjugate = (
        interactives.relative_error(matrix, g, interactives.descend(matrix, g, 7, conjugate=c)) for c in (False, True)
    )
    condition = np.linalg.cond(matrix)
    assert (steepest[1:] <= (condition - 1) / (condition + 1) * steepest[:-1]).all()
    assert (conjugate[2:] < steepest[2:]).all()


def test_a_bowl_is_solved_in_two_steps_and_a_round_one_in_one():
    assert interactives.compute_bowl(50, 3).conjugate_error[2] <= 1e-12
    assert interactives.compute_bowl(1, 40).steepest_error[1] <= 1e-12


@pytest.mark.parametrize("condition,angle,end", [(1, 40, 1), (50, 0, 1), (50, 90, 1)])
def test_steepest_descent_arrives_at_once_in_a_round_bowl_and_along_its_axes(condition, angle, end):
    found = interactives.compute_bowl(condition, angle)
    assert found.steepest_error[end] <= 1e-12
    assert interactives.describe_bowl(found).endswith("and so is steepest descent.")


def test_at_condition_50_steepest_descent_is_slowest_at_1_degree_where_a_walk_leaves_96_per_cent():
    errors = {angle: interactives.compute_bowl(50, angle).steepest_error for angle in range(91)}
    assert max(errors, key=lambda angle: errors[angle][-1]) == 1
    assert np.allclose(errors[1][1:] / errors[1][:-1], 0.96, atol=0.005)
    assert interactives.compute_bowl(2, 12).steepest_error[5] < 0.001  # still quick


def test_a_sentence_calls_rounding_by_its_name():
    assert interactives.describe_bowl(interactives.compute_bowl(2, 12)).endswith("after 20 it has only rounding.")


@pytest.mark.parametrize("steps", range(6))
def test_the_error_polynomial_is_the_error_and_starts_at_1(steps):
    found = interactives.compute_polynomial(0.05, 0.4, 0.9, 0.2, steps)
    share = np.sqrt(np.mean(found.values**2))  # every eigenvector has the same share of the error
    assert share == pytest.approx(found.errors[steps], rel=1e-6)
    assert found.curve[0] == 1
    assert (found.errors <= found.bound + 1e-12).all()


def test_three_clusters_of_no_width_take_three_steps():
    found = interactives.compute_polynomial(0.1, 0.5, 1, 0, 3)
    assert found.errors[2] > 0.1 and found.errors[3] <= 1e-12
    assert np.abs(found.values).max() <= 1e-9
    assert interactives.compute_polynomial(0.5, 0.5, 1, 0, 2).errors[2] <= 1e-12  # two on one place


@pytest.mark.parametrize("log_damping", [-3, -1, 0.5])
def test_the_switchs_cosine_is_that_of_the_solved_system(log_damping):
    policy, states, g = interactives.small_policy()
    damped = explicit_fisher(policy, states) + 10.0**log_damping * torch.eye(len(g), dtype=g.dtype)
    s = torch.linalg.solve(damped, g)
    expected = (s @ g / s.norm() / g.norm()).item()
    assert interactives.compute_detached(True, log_damping).cosine == pytest.approx(expected, abs=1e-9)
    undetached = interactives.compute_detached(False, log_damping)
    assert undetached.cosine == pytest.approx(1) and (undetached.products == 0).all()
    assert undetached.walks == 1 and undetached.length == pytest.approx(10.0**-log_damping)
    assert f"{undetached.length:.4g} times" in interactives.describe_detached(undetached)


def test_the_switchs_curve_goes_through_what_conjugate_gradients_find():
    for detached in (True, False):
        for x in (-4, -2, 0.5):
            found = interactives.compute_detached(detached, x)
            curve = np.interp(x, interactives.LOG_DAMPING, found.curve)
            assert found.cosine == pytest.approx(curve, abs=1e-4)


def test_the_browser_gets_the_spectrum_of_f_and_the_gradients_share_in_each_eigenvector():
    policy, states, g = interactives.small_policy()
    F = explicit_fisher(policy, states)
    detached, undetached = interactives.spectra().values()
    eigenvalues, shares = np.array(detached["eigenvalues"]), np.array(detached["shares"])
    for power in range(4):
        expected = g @ torch.linalg.matrix_power(F, power) @ g / (g @ g)
        assert shares @ eigenvalues**power == pytest.approx(expected.item(), rel=1e-9)
    assert undetached["eigenvalues"] == [0] and undetached["shares"] == [pytest.approx(1)]


def test_walks_are_counted_as_long_as_rounding_does_not_decide_their_number():
    assert interactives.compute_detached(True, -3).walks == interactives.MOST_WALKS
    assert interactives.compute_detached(True, 0.5).walks == 8


def test_the_switchs_products_by_differentiating_twice_are_those_by_two_sweeps():
    policy, states, g = interactives.small_policy()
    v = np.random.default_rng(1).normal(size=(5, len(g)))
    v = torch.from_numpy(v / np.linalg.norm(v, axis=1, keepdims=True))
    product = fisher_vector_product(policy, states)
    expected = [product(row).norm().item() for row in v]
    assert interactives.compute_detached(True, -1).products == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    "number,function",
    [("8.1", search_along), ("8.2", next_direction), ("8.3", score_product), ("8.4", curvature_product)],
)
def test_the_librarys_version_of_each_exercise_is_right(number, function):
    assert diagnose(number, function).status == "correct"


def test_beta_by_the_change_of_the_residual_is_right_too():
    def next_direction(r_new, r, p):
        return r_new + r_new @ (r_new - r) / (r @ r) * p  # the residuals of CG are orthogonal

    assert diagnose("8.2", next_direction).status == "correct"


def test_the_curvature_of_the_other_kl_and_of_the_cross_entropy_are_right_too():
    def second_derivative(function):
        def product(log_probs, theta, v):
            theta = theta.clone().requires_grad_()
            new = log_probs(theta)
            (gradient,) = torch.autograd.grad(function(new.detach(), new), theta, create_graph=True)
            return torch.autograd.grad(gradient @ v, theta)[0]

        return product

    for function in (
        lambda old, new: (new.exp() * (new - old)).sum(-1).mean(),
        lambda old, new: -(old.exp() * new).sum(-1).mean(),
    ):
        assert diagnose("8.4", second_derivative(function)).status == "correct"
