"""The interactive of lesson 03, and how the lesson runs where MuJoCo is missing."""

import base64
import dataclasses
import itertools
import json

import nbclient
import nbformat
import numpy as np
import pytest

from trpobook.book import figures
from trpobook.finite.episodes import sample_episodes
from trpobook.finite.estimators import gae_moments
from trpobook.finite.mdp import gridworld, random_mdp, random_policy
from trpobook.widgets.lesson_03 import CELL, LAMBDAS, centred, compute_tradeoff, error_pattern, tradeoff, uniform


@pytest.mark.parametrize("lam,error", [(0.0, 0.3), (0.6, 0.05), (0.95, 0.5), (1.0, 0.2)])
def test_the_curves_for_every_error_are_those_of_a_direct_computation(lam, error):
    world = gridworld()
    pi = uniform(world)
    mean, variance = gae_moments(world, pi, world.value(pi) + error * error_pattern(), lam)
    weights = world.visitation(pi)[:, None] * pi
    t, i = compute_tradeoff(lam, error, 1.0), np.argmin(np.abs(LAMBDAS - lam))
    harmful = centred(mean, pi) - world.advantage(pi)
    assert t.bias[i] == pytest.approx(np.average(harmful**2, weights=weights), abs=1e-12)
    assert t.variance[i] == pytest.approx(np.average(variance, weights=weights) / 10, abs=1e-12)
    assert t.mean == pytest.approx(centred(mean, pi)[CELL])
    assert t.spread == pytest.approx(np.sqrt(np.maximum(variance[CELL], 0) / 10), abs=1e-12)


def test_lambda_1_has_no_harmful_bias_and_lambda_0_no_variance_where_moves_are_certain():
    t = compute_tradeoff(1.0, 0.5, 0.0)
    assert t.bias[-1] == pytest.approx(0, abs=1e-12) and t.variance[0] == pytest.approx(0, abs=1e-12)
    assert t.bias[0] > 0.01 and t.variance[-1] > 0.01
    assert t.mean == pytest.approx(t.advantage, abs=1e-12)


def test_more_data_or_a_worse_critic_call_for_a_larger_lambda():
    by_samples = [compute_tradeoff(0.9, 0.2, samples).best for samples in (0, 1, 2, 3)]
    by_error = [compute_tradeoff(0.9, error, 2).best for error in (0, 0.05, 0.2, 0.5)]
    for best in (by_samples, by_error):
        assert all(a < b for a, b in itertools.pairwise(best))


def test_the_sentence_names_the_least_sum():
    t = compute_tradeoff(0.5, 0.2, 2)
    total = t.bias + t.variance
    assert total[np.argmin(np.abs(LAMBDAS - t.best))] == total.min()
    assert f"at λ = {t.best:.2f}" in tradeoff.describe(t)


def test_the_sentence_writes_powers_of_ten_as_the_axis_does_and_rounding_as_0():
    assert "bias² 2.4·10⁻⁴, variance of the average 7.6·10⁻⁴." in tradeoff.describe(compute_tradeoff(0.95, 0.2, 2))
    assert "bias² 0, variance of the average 0." in tradeoff.describe(compute_tradeoff(0.0, 0.0, 2))


def test_the_sentence_counts_one_sample_and_more():
    assert ", 1 sample of each action:" in tradeoff.describe(compute_tradeoff(0.5, 0.2, 0))
    assert ", 2 samples of each action:" in tradeoff.describe(compute_tradeoff(0.5, 0.2, 0.3))


def gradients_of_one_sample(world, pi, values, lam, rng, count=40_000):
    """Return ∇log π(a|s)·Â in the logits, (count, S, A), s drawn by its visits, by playing on for 120 steps."""
    visits = world.visitation(pi)
    world = dataclasses.replace(world, start=visits / visits.sum())
    episodes = sample_episodes(world, pi, count, 120, rng)
    judged = values[episodes.states]
    deltas = episodes.rewards + world.gamma * judged[:, 1:] - judged[:, :-1]
    estimates = deltas @ (world.gamma * lam) ** np.arange(120)
    s, a, rows = episodes.states[:, 0], episodes.actions[:, 0], np.arange(count)
    found = np.zeros((count, *pi.shape))
    found[rows, s] = -pi[s] * estimates[:, None]
    found[rows, s, a] += estimates
    return found


@pytest.mark.parametrize("lam", [0.0, 0.9])
def test_a_value_function_that_is_too_high_everywhere_turns_no_gradient_but_costs_variance(lam):
    world = random_mdp(np.random.default_rng(0))
    pi = random_policy(np.random.default_rng(1), world)
    mean, variance, exact = {}, {}, {}
    for offset in (0.0, 10.0):
        values = world.value(pi) + offset
        found = gradients_of_one_sample(world, pi, values, lam, np.random.default_rng(2))
        mean[offset], variance[offset] = found.mean(axis=0), found.var(axis=0).sum()
        m, v = gae_moments(world, pi, values, lam)
        share = world.visitation(pi)[:, None] * pi * (1 - world.gamma)
        scores = 1 - 2 * pi + np.sum(pi**2, axis=1, keepdims=True)
        exact[offset] = np.sum(share * scores * (v + m**2)) - np.sum((share * centred(m, pi)) ** 2)
        assert variance[offset] == pytest.approx(exact[offset], rel=0.05)
    error = np.sqrt(variance[10.0] / 40_000)
    assert np.abs(mean[10.0] - mean[0.0]).max() < 4 * error
    assert exact[10.0] > (1.2 if lam == 0 else 10) * exact[0.0]


def test_stored_pictures_are_those_of_the_tagged_cells(tmp_path):
    png = base64.b64encode(b"picture").decode()
    shown = [{"output_type": "stream", "text": "words"}, {"output_type": "display_data", "data": {"image/png": png}}]
    tagged = {"cell_type": "code", "metadata": {"tags": ["stored:one.png"]}, "outputs": shown, "source": ""}
    plain = tagged | {"metadata": {}}
    (tmp_path / "lesson.ipynb").write_text(json.dumps({"cells": [plain, tagged]}))
    assert figures.stored_pictures(tmp_path) == {"one.png": b"picture"}
    assert all((figures.FOLDER / name).exists() for name in figures.stored_pictures())


WITHOUT_MUJOCO = """
import sys
from importlib.machinery import PathFinder


class Blind(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.split(".")[0] in ("mujoco", "envpool")
        return None if hidden else super().find_spec(name, path, target)


sys.meta_path = [Blind if finder is PathFinder else finder for finder in sys.meta_path]
"""


def test_without_mujoco_it_says_so_and_shows_the_stored_pictures(lessons_copy, tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_MUJOCO)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    notebook = nbformat.read(lessons_copy / "03_advantage_estimation.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(lessons_copy)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("MuJoCo is not installed here" in output.get("text", "") for output in outputs)
    shown = [output["data"]["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    for name in figures.stored_pictures(lessons_copy):
        if name.startswith("03_"):
            stored = base64.b64encode((figures.FOLDER / name).read_bytes()).decode()
            assert stored in [picture.replace("\n", "") for picture in shown]
