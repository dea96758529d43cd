"""Conjugate gradients on symmetric positive (semi-)definite systems, in float64."""

from itertools import pairwise

import pytest
import torch

from trpobook.algorithms.conjugate_gradient import conjugate_gradient


def spd(n, generator, eigenvalues=None):
    """Return a symmetric positive definite matrix, with the given eigenvalues or those of MMᵀ + I."""
    m = torch.randn(n, n, generator=generator, dtype=torch.float64)
    if eigenvalues is None:
        return m @ m.T + torch.eye(n, dtype=torch.float64)
    q, _ = torch.linalg.qr(m)
    return q @ torch.diag(eigenvalues) @ q.T


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def vector(n, generator):
    return torch.randn(n, generator=generator, dtype=torch.float64)


def test_solves_in_n_steps_what_a_direct_solver_solves(generator):
    matrix, b = spd(20, generator), vector(20, generator)
    x, iterations, residual = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=40, rtol=1e-13)
    assert torch.allclose(x, torch.linalg.solve(matrix, b), rtol=1e-8)
    first = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=20, rtol=0).x
    assert (first - torch.linalg.solve(matrix, b)).norm() <= 1e-3 * x.norm()
    assert residual <= 1e-13 and 20 <= iterations <= 40


def test_three_distinct_eigenvalues_take_three_iterations(generator):
    matrix = spd(30, generator, torch.tensor([1.0, 10.0, 100.0], dtype=torch.float64).repeat(10))
    b = vector(30, generator)
    x, iterations, _ = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=30, rtol=1e-10)
    assert iterations <= 3
    assert (matrix @ x - b).norm() <= 1e-9 * b.norm()


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_is_homogeneous_in_its_right_hand_side(scale, generator):
    diagonal = torch.tensor([1, 0.1, 0.01, 0.001], dtype=torch.float64)
    b = torch.ones(4, dtype=torch.float64)
    reference = conjugate_gradient(lambda v: diagonal * v, b, max_iterations=3, rtol=1e-6)
    scaled = conjugate_gradient(lambda v: diagonal * v, scale * b, max_iterations=3, rtol=1e-6)
    assert scaled.iterations == reference.iterations
    assert torch.allclose(scaled.x, scale * reference.x, rtol=1e-12, atol=0)


def test_every_iterate_is_an_ascent_direction_and_nearer_in_the_matrix_norm(generator):
    matrix, b = spd(15, generator), vector(15, generator)
    solution = torch.linalg.solve(matrix, b)
    errors = []
    for k in range(1, 15):
        x = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=k, rtol=0).x
        assert b @ x > 0
        errors.append(((x - solution) @ matrix @ (x - solution)).item())
    assert all(later < earlier for earlier, later in pairwise(errors))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_tolerance_is_relative_and_the_residual_is_true(scale, generator):
    matrix, b = spd(20, generator), vector(20, generator)
    unscaled = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=40, rtol=1e-2)
    x, iterations, residual = conjugate_gradient(lambda v: matrix @ v, scale * b, max_iterations=40, rtol=1e-2)
    assert residual <= 1e-2 and iterations == unscaled.iterations < 20
    assert (scale * b - matrix @ x).norm() / (scale * b).norm() == pytest.approx(residual, rel=1e-6)


def test_a_singular_system_with_b_in_the_range_is_solved(generator):
    factor = torch.randn(10, 4, generator=generator, dtype=torch.float64)
    matrix = factor @ factor.T
    b = matrix @ vector(10, generator)
    x = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=10, rtol=1e-12).x
    assert (matrix @ x - b).norm() <= 1e-9 * b.norm()


def test_stops_where_the_curvature_is_not_positive():
    diagonal = torch.tensor([1.0, 0.0], dtype=torch.float64)
    b = torch.tensor([0.0, 1.0], dtype=torch.float64)  # in the null space
    x, iterations, residual = conjugate_gradient(lambda v: diagonal * v, b, max_iterations=5)
    assert iterations == 0 and residual == 1 and torch.equal(x, torch.zeros(2, dtype=torch.float64))


def test_a_zero_right_hand_side_gives_zero():
    x, iterations, residual = conjugate_gradient(lambda v: v, torch.zeros(3))
    assert torch.equal(x, torch.zeros(3)) and iterations == 0 and residual == 0


def test_a_product_that_is_not_finite_is_an_error():
    with pytest.raises(FloatingPointError, match="curvature"):
        conjugate_gradient(lambda v: v * float("nan"), torch.ones(3))


@pytest.mark.parametrize("options", [{"max_iterations": 0}, {"rtol": -1.0}])
def test_impossible_options_are_named(options):
    with pytest.raises(ValueError, match="max_iterations >= 1 and rtol >= 0"):
        conjugate_gradient(lambda v: v, torch.ones(3), **options)
