"""Lesson 00: both ways start from one policy and one batch; the stored runs are whole; the map is right."""

import copy
import json

import numpy as np
import pytest
import torch

from conftest import BOOK
from trpobook.book import cliff
from trpobook.runs.settings import as_data, settings_for
from trpobook.widgets import lesson_00


@pytest.fixture(scope="module")
def fork():
    """A policy after two updates, what it was before anything went on from it, and the first update of each way."""
    state, _ = cliff.decent_policy(0, updates=2)
    before = copy.deepcopy(state)
    _, plain = cliff.go_on(state, 0, "reinforce", 1, step_size=1.0)
    _, trust = cliff.go_on(state, 0, "trpo", 1, delta=0.01)
    return state, before, plain[0], trust[0]


def test_both_ways_take_their_first_step_from_the_same_batch_along_the_same_gradient(fork):
    _, _, plain, trust = fork
    for name in ("update", "steps", "return_mean", "episodes", "explained_variance", "value_loss"):
        assert plain[name] == trust[name], name
    assert plain["gradient_norm"] == pytest.approx(trust["gradient_norm"], rel=1e-5)
    assert plain["kl_limit"] == np.inf and trust["kl"] <= trust["kl_limit"] == pytest.approx(0.01)


def test_going_on_leaves_the_state_as_it_was(fork):
    state, before, _, _ = fork
    flat, expected = (torch.utils._pytree.tree_leaves(tree) for tree in (state, before))
    pairs = list(zip(flat, expected, strict=True))
    assert any(isinstance(a, torch.Tensor) for a, _ in pairs)
    assert all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def test_a_run_survives_with_half_of_what_it_began_with():
    returns = np.array([[100.0, 5.0, 50.0], [100.0, 400.0, 49.0]])
    assert cliff.survived(returns).tolist() == [True, False]


def test_the_stored_runs_are_all_there_and_made_with_the_settings_of_today():
    record = json.loads(cliff.DATA.read_text())
    assert tuple(record["seeds"]) == cliff.SEEDS and record["updates_before"] == cliff.BEFORE
    today = as_data(settings_for(cliff.TASK, **cliff.SETTINGS))
    made = {
        name: value for name, value in record["settings"].items() if name in today and name != "log_std"
    }  # no Gaussian
    assert made == {name: today[name] for name in made} and set(cliff.SETTINGS) <= set(made)
    wanted = [("reinforce", size) for size in cliff.ALPHAS] + [("trpo", size) for size in cliff.DELTAS]
    assert [run["algo"] for run in record["runs"]] == [algo for algo, _ in wanted]
    assert [run["size"] for run in record["runs"]] == pytest.approx([size for _, size in wanted], rel=1e-5)
    for run in record["runs"]:
        assert np.shape(run["returns"]) == (len(cliff.SEEDS), cliff.AFTER)
        assert np.shape(run["first_kl"]) == (len(cliff.SEEDS),)


def test_within_a_trust_region_the_first_step_keeps_to_it():
    family = lesson_00.families()["trpo"]
    assert np.all(family.first_kl <= family.sizes[:, None] * (1 + 1e-6))


def test_the_slider_picks_the_nearest_stored_size():
    alphas, deltas = (family.sizes for family in lesson_00.families().values())
    choice = lesson_00.choose(1.6, -2.2)
    assert alphas[choice.alpha] == pytest.approx(10**1.5, rel=1e-5)
    assert deltas[choice.delta] == pytest.approx(0.01, rel=1e-5)


def test_the_map_holds_every_lesson_once_and_each_builds_on_earlier_ones():
    assert sorted(lesson_00.MAP) == list(range(15))
    assert all(other < lesson for lesson, (_, _, needs) in lesson_00.MAP.items() for other in needs)
    assert sorted(lesson for lessons in lesson_00.PARTS.values() for lesson in lessons) == list(range(15))
    places = [place for place, _, _ in lesson_00.MAP.values()]
    assert len(set(places)) == 15


def test_no_written_lesson_is_missing_from_the_map():
    numbers = {int(path.name[:2]) for path in (BOOK / "notebooks").glob("*.ipynb")}
    assert numbers <= set(lesson_00.MAP)
