"""Fisher matrices and natural steps, against scores, curvature, brute force and one another."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trpobook.agents.policies import CategoricalPolicy
from trpobook.algorithms.fisher import explicit_fisher
from trpobook.finite.divergences import kl_categorical
from trpobook.finite.geometry import compatible_weights, fisher_softmax, gauss_newton, natural_step
from trpobook.finite.mdp import random_mdp, random_policy, softmax


def test_fisher_of_a_softmax_is_the_covariance_of_its_scores():
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=3)
    for row, matrix in zip(p, fisher_softmax(p), strict=True):
        scores = np.eye(5) - row
        assert matrix == pytest.approx(sum(row[a] * np.outer(scores[a], scores[a]) for a in range(5)), abs=1e-15)


@pytest.mark.parametrize("old_first", [True, False])
def test_fisher_of_a_softmax_is_the_curvature_of_kl_in_either_direction(old_first):
    rng = np.random.default_rng(1)
    z, v, h = rng.normal(size=4), rng.normal(size=4), 1e-4
    v /= np.linalg.norm(v)
    pair = (lambda t: (z, z + t * v)) if old_first else (lambda t: (z + t * v, z))
    curvature = sum(kl_categorical(*map(softmax, pair(t))) for t in (h, -h)) / h**2
    assert curvature == pytest.approx(v @ fisher_softmax(softmax(z)) @ v, abs=1e-6)


def test_fisher_of_a_softmax_is_the_jacobian_of_the_softmax():
    z = np.random.default_rng(2).normal(size=4)
    jacobian = np.array([softmax(z + 1e-30j * unit).imag / 1e-30 for unit in np.eye(4)])
    assert fisher_softmax(softmax(z)) == pytest.approx(jacobian, abs=1e-15)


def test_gauss_newton_of_a_network_equals_its_twice_differentiated_kl():
    generator = torch.Generator().manual_seed(0)
    policy = CategoricalPolicy(3, 3, (4,), generator).double()
    with torch.no_grad():
        policy.logits.layers[-1].weight.mul_(100)
    states = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    outputs = policy.outputs(states)
    rows = [
        torch.cat([g.reshape(-1) for g in torch.autograd.grad(x, list(policy.parameters()), retain_graph=True)])
        for x in outputs.reshape(-1)
    ]
    jacobian = torch.stack(rows).reshape(7, 3, -1).numpy()
    fisher = gauss_newton(jacobian, outputs.softmax(-1).detach().numpy())
    assert fisher == pytest.approx(explicit_fisher(policy, states).numpy(), abs=1e-12)


def test_gauss_newton_refuses_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"jacobian has shape \(2, 3\)"):
        gauss_newton(np.ones((2, 3)), np.full((2, 3), 1 / 3))


@given(st.integers(0, 2**32 - 1), st.floats(1e-4, 1.0))
def test_no_step_within_the_budget_gains_more_than_the_natural_step(seed, delta):
    rng = np.random.default_rng(seed)
    root, g = rng.normal(size=(4, 4)), rng.normal(size=4)
    fisher = root @ root.T + 0.1 * np.eye(4)
    step = natural_step(g, fisher, delta)
    assert step @ fisher @ step / 2 == pytest.approx(delta, rel=1e-9)
    others = rng.normal(size=(500, 4))
    others *= np.sqrt(2 * delta / np.einsum("ni,ij,nj->n", others, fisher, others))[:, None]
    assert np.max(others @ g) <= g @ step + 1e-9


def test_natural_step_of_a_table_costs_its_budget_though_fisher_is_singular():
    rng = np.random.default_rng(3)
    mdp = random_mdp(rng)
    pi = random_policy(rng, mdp)
    step = natural_step(mdp.policy_gradient(pi).ravel(), mdp.fisher(pi), 0.02)
    assert step @ mdp.fisher(pi) @ step / 2 == pytest.approx(0.02, rel=1e-9)
    closed = mdp.natural_gradient(pi).ravel()
    assert step / np.linalg.norm(step) == pytest.approx(closed / np.linalg.norm(closed), abs=1e-9)


def test_natural_step_is_unmoved_by_the_scale_of_the_reward():
    rng = np.random.default_rng(4)
    p, g = rng.dirichlet(np.ones(5)), rng.normal(size=5)
    fisher, g = fisher_softmax(p), g - g.mean()
    assert natural_step(1e6 * g, fisher, 0.01) == pytest.approx(natural_step(g, fisher, 0.01), abs=1e-12)


@pytest.mark.parametrize("exponent", [-1000, -500, 300])
def test_natural_step_is_the_same_for_gradients_whose_square_is_no_float(exponent):
    rng = np.random.default_rng(6)
    p, g = rng.dirichlet(np.ones(5)), rng.normal(size=5)
    g -= g.mean()
    expected = natural_step(g, fisher_softmax(p), 0.01)
    assert np.array_equal(natural_step(g * 2.0**exponent, fisher_softmax(p), 0.01), expected)


def test_natural_step_of_no_gradient_is_no_step():
    assert natural_step(np.zeros(3), np.eye(3), 0.1).tolist() == [0, 0, 0]


def test_natural_step_refuses_what_has_no_answer():
    with pytest.raises(ValueError, match="delta is 0"):
        natural_step(np.ones(2), np.eye(2), 0)
    with pytest.raises(ValueError, match="fisher isn't symmetric"):
        natural_step(np.ones(2), np.array([[1.0, 0.5], [0.0, 1.0]]), 0.1)
    with pytest.raises(ValueError, match="fisher has a negative eigenvalue"):
        natural_step(np.ones(2), np.diag([1.0, -1.0]), 0.1)
    with pytest.raises(ValueError, match="gradient holds nan"):
        natural_step(np.array([1.0, np.nan]), np.eye(2), 0.1)
    with pytest.raises(ValueError, match="gradient has a part where fisher is 0"):
        natural_step(np.array([1.0, 1.0]), fisher_softmax(np.array([0.5, 0.5])), 0.1)


def test_compatible_weights_are_the_natural_gradient_over_z():
    rng = np.random.default_rng(5)
    mdp = random_mdp(rng)
    pi = random_policy(rng, mdp)
    rho = mdp.visitation(pi)
    scores = np.zeros((6, 3, 6, 3))
    scores[np.arange(6), :, np.arange(6), :] = np.eye(3) - pi[:, None, :]
    chance = (rho / rho.sum())[:, None] * pi
    w = compatible_weights(scores.reshape(18, 18), chance.ravel(), mdp.advantage(pi).ravel())
    assert rho.sum() * w.reshape(6, 3) == pytest.approx(mdp.natural_gradient(pi), abs=1e-9)


def test_regressions_on_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"advantage has shape \(1,\); it must be \(3,\)"):
        compatible_weights(np.ones((3, 2)), np.full(3, 1 / 3), np.ones(1))
    with pytest.raises(ValueError, match="chance must be finite"):
        compatible_weights(np.ones((2, 2)), np.array([1.0, -1.0]), np.ones(2))
    with pytest.raises(ValueError, match="p is no distribution"):
        fisher_softmax(np.array([0.5, 0.6]))
