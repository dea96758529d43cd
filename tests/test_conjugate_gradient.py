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


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_right_hand_side_that_is_not_finite_is_an_error(bad):
    with pytest.raises(FloatingPointError, match="entry of b"):
        conjugate_gradient(lambda v: v, torch.tensor([1.0, bad]))


@pytest.mark.parametrize(
    "options", [{"max_iterations": 0}, {"max_iterations": 2.5}, {"rtol": -1.0}, {"rtol": float("nan")}]
)
def test_impossible_options_are_named(options):
    (name, value), *_ = options.items()
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        conjugate_gradient(lambda v: v, torch.ones(3), **options)


@pytest.mark.parametrize("b", [torch.ones(2, 2), torch.ones(0), torch.ones(3, dtype=torch.int64)])
def test_what_is_no_vector_of_floats_is_refused(b):
    with pytest.raises(ValueError, match="b has shape"):
        conjugate_gradient(lambda v: v, b)


def test_a_product_of_another_shape_is_refused_and_not_broadcast():
    with pytest.raises(ValueError, match="matvec returns has shape"):
        conjugate_gradient(lambda v: v[:1], torch.ones(3))


def textbook(matrix, b, max_iterations, rtol):
    """CG with none of the guards, in the library's order of operations."""
    x, r, p = torch.zeros_like(b), b.clone(), b.clone()
    rr = rr_start = (r @ r).item()
    for k in range(max_iterations):
        if rr <= rtol**2 * rr_start:
            return x, k
        Fp = matrix @ p
        step = rr / (p @ Fp).item()
        x += step * p
        r -= step * Fp
        rr, rr_before = (r @ r).item(), rr
        p = r + (rr / rr_before) * p
    return x, max_iterations


@pytest.mark.parametrize("dtype,condition", [(torch.float64, 1e2), (torch.float64, 1e8), (torch.float32, 1e5)])
def test_the_guards_change_no_bit_of_a_well_posed_solution(dtype, condition, generator):
    for _ in range(50):
        n = int(torch.randint(12, 60, (1,), generator=generator))
        eigenvalues = condition ** -torch.rand(n, generator=generator, dtype=torch.float64)
        matrix, b = spd(n, generator, eigenvalues).to(dtype), vector(n, generator).to(dtype)
        for iterations, rtol in ((10, 0.0), (10, 1e-2), (3 * n, 1e-6)):
            x, taken = textbook(matrix, b, iterations, rtol)
            solution = conjugate_gradient(lambda v, m=matrix: m @ v, b, max_iterations=iterations, rtol=rtol)
            assert torch.equal(solution.x, x) and solution.iterations == taken


@pytest.mark.parametrize("dtype,exponents", [(torch.float32, (-120, -60, 60, 100)), (torch.float64, (-900, 800))])
def test_scales_with_its_right_hand_side_where_its_square_is_no_float(dtype, exponents, generator):
    matrix, b = spd(20, generator).to(dtype), vector(20, generator).to(dtype)
    x = conjugate_gradient(lambda v: matrix @ v, b).x
    for exponent in exponents:
        assert torch.equal(conjugate_gradient(lambda v: matrix @ v, b * 2.0**exponent).x, x * 2.0**exponent)


def test_the_smallest_floats_have_a_solution(generator):
    b = torch.tensor([1e-45, 1e-42, 0.0])
    assert torch.equal(conjugate_gradient(lambda v: v, b).x, b)


@pytest.mark.parametrize("dtype,most", [(torch.float64, 1e12), (torch.float32, 1e8)])
@pytest.mark.parametrize("max_iterations", [10, 100])
@pytest.mark.parametrize("inside", [True, False])
def test_a_singular_system_without_a_solution_has_no_huge_answer(dtype, most, max_iterations, inside, generator):
    """b has a part in the null space, or lies wholly in it: along it φ falls for ever."""
    for _ in range(100):
        n = int(torch.randint(3, 40, (1,), generator=generator))
        factor = torch.randn(n, max(1, n // 2), generator=generator, dtype=torch.float64)
        b = vector(n, generator)
        if inside:
            b -= factor @ torch.linalg.lstsq(factor, b).solution
        matrix, b = (factor @ factor.T).to(dtype), b.to(dtype)
        x, _, residual = conjugate_gradient(lambda v, m=matrix: m @ v, b, max_iterations=max_iterations)
        assert x.norm() * torch.linalg.matrix_norm(matrix, 2) <= most * b.norm()
        assert b @ x >= 0 and residual <= 1e4


@pytest.mark.parametrize("dtype,exponents", [(torch.float32, (-50, 40)), (torch.float64, (-400, -60, 60, 400))])
@pytest.mark.parametrize("singular", [False, True])
def test_falls_as_the_matrix_grows_whatever_its_unit(dtype, exponents, singular, generator):
    """Nothing that the solver compares has a unit of its own: x(F·2ᵏ) = x(F)·2⁻ᵏ, bit for bit."""
    factor = torch.randn(20, 8 if singular else 20, generator=generator, dtype=torch.float64)
    matrix, b = (factor @ factor.T).to(dtype), vector(20, generator).to(dtype)
    x, iterations, residual = conjugate_gradient(lambda v: matrix @ v, b, max_iterations=30)
    assert iterations > 5
    for exponent in exponents:
        scaled = conjugate_gradient(lambda v, k=exponent: matrix @ v * 2.0**k, b, max_iterations=30)
        assert torch.equal(scaled.x, x * 2.0**-exponent)
        assert (scaled.iterations, scaled.residual) == (iterations, residual)


def test_ten_products_are_made_unless_more_or_fewer_are_asked_for(generator):
    matrix, b, products = spd(30, generator), vector(30, generator), []

    def matvec(v):
        products.append(v)
        return matrix @ v

    assert conjugate_gradient(matvec, b).iterations == len(products) == 10
    products.clear()
    assert conjugate_gradient(matvec, b, max_iterations=3).iterations == len(products) == 3


@pytest.mark.parametrize("infinity", [float("inf"), float("-inf")])
def test_an_infinite_product_is_an_error_and_no_end(infinity):
    with pytest.raises(FloatingPointError, match=f"curvature pᵀFp is {infinity}"):
        conjugate_gradient(lambda v: v * infinity, torch.ones(3))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_right_hand_side_found_to_lie_in_the_null_space_gives_no_step_at_all(dtype, generator):
    late = 0
    for _ in range(50):
        factor = torch.randn(12, 4, generator=generator, dtype=torch.float64)
        b, products = vector(12, generator), []
        b -= factor @ torch.linalg.lstsq(factor, b).solution
        matrix, b = (factor @ factor.T).to(dtype), b.to(dtype)
        solution = conjugate_gradient(lambda v, m=matrix, seen=products: (seen.append(v), m @ v)[1], b)
        assert torch.equal(solution.x, torch.zeros_like(b)) and solution.x.dtype == dtype
        assert (solution.iterations, solution.residual) == (0, 1.0)
        late += len(products) > 1
    assert late > 10  # the first product, rounding errors alone, looked like any other


def test_a_residual_that_grows_five_hundredfold_on_the_way_is_no_end_however_long_b_is():
    diagonal, b = torch.full((400,), 1e-6, dtype=torch.float64), torch.ones(400, dtype=torch.float64)
    diagonal[0], b[0] = 1.0, 0.02
    first, second = (conjugate_gradient(lambda v: diagonal * v, b, max_iterations=k, rtol=1e-6) for k in (1, 2))
    assert 400 < first.residual < 600 and first.iterations == 1
    assert second.residual < 1e-6 and second.iterations == 2
    assert torch.allclose(second.x, b / diagonal, rtol=1e-6)
