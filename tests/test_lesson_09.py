"""Lesson 09: TRPO in tables against the library's other ways to the same numbers, and the recorded milestones."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trpobook.algorithms.line_search import line_search
from trpobook.finite.bounds import surrogate
from trpobook.finite.geometry import natural_step
from trpobook.finite.laboratory import PRESETS, Laboratory, Rule, cliff_slice, cliff_step
from trpobook.finite.mdp import gridworld, random_mdp, random_policy, softmax, two_step_cliff
from trpobook.finite.tabular_trpo import backtrack, full_step, max_and_mean_kl, penalty_for
from trpobook.widgets import lesson_09 as interactives

BOOK = Path(__file__).resolve().parents[1]
LAB = Laboratory()
SEEDS = range(30)


def random_problem(seed, size=4):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(size, size))
    return rng, root @ root.T + 0.1 * np.eye(size), rng.normal(size=size)


@pytest.mark.parametrize("seed", SEEDS)
def test_full_step_along_the_natural_gradient_is_the_natural_step(seed):
    _, fisher, g = random_problem(seed)
    step, promise = full_step(np.linalg.solve(fisher, g), g, lambda v: fisher @ v, 0.0, 0.02)
    assert step == pytest.approx(natural_step(g, fisher, 0.02), abs=1e-12)
    assert promise == pytest.approx(np.sqrt(0.04 * g @ np.linalg.solve(fisher, g)), abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("damping", [0.0, 0.1, 10.0])
def test_full_step_spends_delta_whatever_the_direction_and_the_damping(seed, damping):
    rng, fisher, g = random_problem(seed)
    s = rng.normal(size=4)
    step, promise = full_step(s, g, lambda v: fisher @ v + damping * v, damping, 0.3)
    assert step @ fisher @ step / 2 == pytest.approx(0.3, rel=1e-9)
    assert promise == pytest.approx(step @ g, abs=1e-12)
    assert np.linalg.matrix_rank([step, s]) == 1 and step @ s > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_backtracking_in_a_table_is_the_line_search_of_the_network(seed):
    """Against `line_search`, with the surrogate and the KL written state by state."""
    rng = np.random.default_rng(seed)
    mdp = (gridworld(), two_step_cliff(gamma=0.9), random_mdp(rng))[seed % 3]
    theta = np.log(random_policy(rng, mdp, 2.0))
    old = softmax(theta)
    noise = rng.normal(size=theta.shape)
    estimate = mdp.advantage(old) + mdp.live[:, None] * (noise - np.sum(old * noise, axis=1, keepdims=True))
    step = 10 ** rng.uniform(-1, 2) * (estimate + 0.5 * rng.normal(size=theta.shape))
    rho = mdp.visitation(old)

    def gain(logits):
        new = torch.log_softmax(logits, dim=1).exp().numpy()
        return sum(r * (p @ a) for r, p, a in zip(rho, new, estimate, strict=True))

    def kl(logits):
        new = torch.log_softmax(logits, dim=1).numpy()
        return sum(r * (p @ (np.log(p) - q)) for r, p, q in zip(rho, old, new, strict=True)) / sum(rho)

    promise = sum(r * p @ (a * x) for r, p, a, x in zip(rho, old, estimate, step, strict=True))
    searched = line_search(gain, kl, torch.from_numpy(theta), torch.from_numpy(step), delta=0.05, predicted=promise)
    assert backtrack(mdp, theta, step, estimate, 0.05) == pytest.approx(searched.theta.numpy(), abs=1e-12)


def test_backtracking_refuses_a_step_downhill_and_a_step_of_nothing():
    mdp, theta = gridworld(), np.zeros((25, 4))
    advantage = mdp.advantage(softmax(theta))
    assert backtrack(mdp, theta, -advantage, advantage, 1.0) is theta
    assert backtrack(mdp, theta, 0 * advantage, advantage, 1.0) is theta
    assert backtrack(mdp, theta, advantage, advantage, 1.0) is not theta


def test_backtracking_refuses_a_step_that_promises_a_loss_even_where_both_conditions_hold():
    mdp, theta = two_step_cliff(), np.array([[np.log(4.0), 0.0]] * 3)
    old = softmax(theta)
    advantage, rho = mdp.advantage(old), mdp.visitation(old)
    step = -60.0 * advantage
    promise = np.sum(rho[:, None] * old * advantage * step)
    far = softmax(theta + step)
    assert promise < 0 and rho @ np.sum(far * advantage, axis=1) >= 0.1 * promise
    assert max_and_mean_kl(mdp, old, far)[1] <= 50.0
    assert backtrack(mdp, theta, step, advantage, 50.0) is theta


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_penalised_step_costs_delta_and_no_other_step_is_better(scale):
    rng, fisher, g = random_problem(5)
    g = scale * g
    beta = penalty_for(0.02, g, fisher)
    best = np.linalg.solve(fisher, g) / beta
    assert best @ fisher @ best / 2 == pytest.approx(0.02, rel=1e-9)

    def penalised(step):
        return g @ step - beta * step @ fisher @ step / 2

    assert all(penalised(best + 0.1 * rng.normal(size=4)) < penalised(best) for _ in range(200))


def test_largest_and_mean_kl_are_those_of_the_laboratorys_rounds():
    rounds = LAB.run([(8, Rule("trust", kappa=0.1))])
    policies = [softmax(LAB.start()), *(softmax(r.theta) for r in rounds)]
    for old, new, round_ in zip(policies[:-1], policies[1:], rounds, strict=True):
        assert max_and_mean_kl(LAB.mdp, old, new) == pytest.approx((round_.max_kl, round_.mean_kl), rel=1e-9)


def test_a_state_that_is_never_visited_costs_nothing_on_average():
    mdp = gridworld()
    rightwards = np.tile([0.0, 1.0, 0.0, 0.0], (25, 1))
    other = rightwards.copy()
    other[0] = [1.0, 0.0, 0.0, 0.0]  # the walk along the bottom row never comes to cell 0
    largest, mean = max_and_mean_kl(mdp, rightwards, other)
    assert largest == np.inf and mean == 0


def test_the_lessons_milestones_are_those_of_the_record():
    cells = json.loads((BOOK / "notebooks/09_trpo.ipynb").read_text(encoding="utf-8"))["cells"]
    (source,) = ["".join(c["source"]) for c in cells if "".join(c["source"]).startswith("recorded = {")]
    milestones = ast.literal_eval(source.removeprefix("recorded = "))
    record = json.loads((BOOK / "tests/data/laboratory.json").read_text(encoding="utf-8"))
    assert set(milestones) == set(PRESETS) == set(record)
    for name, values in milestones.items():
        for n, value in values.items():
            assert value == pytest.approx(record[name]["true_return_percent"][n], abs=1e-4), (name, n)


def test_one_cell_at_the_wall_foretells_where_the_grid_rests_and_where_it_does_not():
    leaps = replace(PRESETS["no trust region: overshoot"][0][1], alpha=50.0)

    def at_the_wall(alpha):
        rounds = LAB.run([(400, replace(leaps, alpha=alpha))])
        return np.array([softmax(r.theta)[14, 1] for r in rounds[380:]])

    pi = softmax(LAB.run([(34, replace(leaps, alpha=250.0))])[-1].theta)
    error = (LAB.estimate(pi, leaps) - LAB.mdp.advantage(pi))[14]
    lost = 0.95 * 0.05 / (error[1] - error[0])
    assert at_the_wall(50.0) == pytest.approx((1 - lost) / 0.95, abs=1e-6)
    assert np.ptp(at_the_wall(70.0)) > 0.1


def test_on_both_lines_of_the_slice_the_surrogate_climbs_and_the_truth_turns_down():
    """The still picture's sentence, with its δ, and as far as the lines are drawn."""
    furthest = interactives.FURTHEST_KL
    p = np.linspace(interactives.CLIFF_START, cliff_step(furthest["cliff"]), 200)
    alphas = np.linspace(0, interactives.grid_numbers(furthest["grid"]).step, 200)
    for line in (cliff_slice(p), LAB.slice(LAB.start(), interactives.SHARED, alphas)):
        _, true, promised = line
        assert np.all(np.diff(promised) > 0)
        assert 0 < true.argmax() < 199 and true[-1] < true.max() - 0.1 * np.ptp(promised)
    for edge in (interactives.cliff_numbers(0.3), interactives.grid_numbers(0.3)):
        assert edge.true < edge.promised


def test_how_many_natural_steps_lower_the_return_depends_on_the_error_of_the_advantages():
    """None where the error is half as large as the advantages (rms), a good part where it is five times as large."""

    def lowered(size, seed):
        rng = np.random.default_rng(seed)
        mdp = random_mdp(rng)
        pi = random_policy(rng, mdp, 2.0)
        exact, error, d = mdp.advantage(pi), rng.normal(size=pi.shape), mdp.visitation(pi)
        error -= np.sum(pi * error, axis=1, keepdims=True)
        estimate = exact + size * error * np.sqrt(
            d @ np.sum(pi * exact**2, axis=1) / (d @ np.sum(pi * error**2, axis=1))
        )
        step = np.sqrt(0.04 * d.sum() / (d @ np.sum(pi * estimate**2, axis=1))) * estimate
        new = softmax(backtrack(mdp, np.log(pi), step, estimate, 0.02))
        assert not np.allclose(new, pi, atol=1e-9)
        return mdp.expected_return(new) < mdp.expected_return(pi) - 1e-12

    small, large = (sum(lowered(size, seed) for seed in range(200)) for size in (0.5, 5.0))
    assert small == 0 and 40 < large < 100


@pytest.mark.parametrize("seed", SEEDS)
def test_skewness_sets_the_first_error_of_both_models(seed):
    rng = np.random.default_rng(seed)
    mdp = random_mdp(rng)
    pi = random_policy(rng, mdp, 2.0)
    advantage, rho = mdp.advantage(pi), mdp.visitation(pi)
    second, third = (rho @ np.sum(pi * advantage**k, axis=1) / rho.sum() for k in (2, 3))
    errors = []
    for alpha in (4e-3, 2e-3):
        new = softmax(np.log(pi) + alpha * advantage)
        kl = max_and_mean_kl(mdp, pi, new)[1] / (alpha**2 * second / 2) - 1
        promise = surrogate(mdp, pi, new) / (rho.sum() * alpha * second) - 1
        errors.append(np.array([kl, promise]) / alpha)
    extrapolated = 2 * errors[1] - errors[0]  # what is left of second order cancels
    assert extrapolated == pytest.approx(np.array([1 / 3, 1 / 2]) * third / second, abs=1e-4)
