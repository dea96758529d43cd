"""The interactive of lesson 03, and how the lesson runs where MuJoCo is missing."""

import base64
import itertools
import json

import nbclient
import nbformat
import numpy as np
import pytest

from trpobook.book import figures
from trpobook.finite.estimators import gae_moments
from trpobook.finite.mdp import gridworld
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
