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
    _, plain = cliff.go_on(state, 0, "fixed step", 1.0, updates=1)
    _, trust = cliff.go_on(state, 0, "trpo", 0.01, updates=1)
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
    wanted = [(arm, size) for arm, way in cliff.ARMS.items() for size in way.sizes]
    assert [run["arm"] for run in record["runs"]] == [arm for arm, _ in wanted]
    assert [run["size"] for run in record["runs"]] == pytest.approx([size for _, size in wanted], rel=1e-5)
    for run in record["runs"]:
        assert np.shape(run["returns"]) == (len(cliff.SEEDS), cliff.AFTER)
        assert np.shape(run["first_kl"]) == (len(cliff.SEEDS),)


def test_within_a_trust_region_the_first_step_keeps_to_it():
    family = lesson_00.families()["trpo"]
    assert np.all(family.first_kl <= family.sizes[:, None] * (1 + 1e-6))


def test_the_sliders_pick_the_nearest_stored_sizes_of_the_rule_that_is_chosen():
    for rule, arm in lesson_00.RULES.items():
        choice = lesson_00.choose(1.6, rule, -2.2)
        assert choice.plain.size == pytest.approx(10**1.5, rel=1e-5)
        assert choice.other.size == choice.other.nats == pytest.approx(0.01, rel=1e-5)
        family = lesson_00.families()[arm]
        assert np.array_equal(choice.other_alive, family.survivors)
        assert choice.other.alive == family.survivors[2] and choice.other.median == np.median(family.returns[2, :, -1])


def test_each_arm_differs_from_the_one_before_by_one_thing(fork):
    """On one batch: by its length, by its direction, by the check of its step."""
    state = fork[0]
    one, same, turned, checked = (
        cliff.go_on(state, 0, arm, size, updates=1) for arm, size in zip(cliff.ARMS, (1.0, 0.3, 0.3, 0.3), strict=True)
    )
    start = weights(state)
    steps = [weights(end) - start for end, _ in (one, same, turned, checked)]
    cosine = torch.cosine_similarity
    assert cosine(steps[0], steps[1], dim=0) > 0.9999 and cosine(steps[1], steps[2], dim=0) < 0.95
    assert cosine(steps[2], steps[3], dim=0) > 0.9999 and steps[3].norm() <= steps[2].norm() * 1.0001
    assert all(0.1 < log[0]["kl"] < 0.9 for _, log in (same, turned))
    assert checked[1][0]["kl"] <= 0.3


def weights(state):
    tensors = [value for value in state["agent"]["policy"].values() if isinstance(value, torch.Tensor)]
    return torch.cat([tensor.flatten() for tensor in tensors])


def test_the_map_holds_every_lesson_once_and_each_builds_on_earlier_ones():
    assert sorted(lesson_00.MAP) == list(range(15))
    assert all(other < lesson for lesson, (_, _, needs) in lesson_00.MAP.items() for other in needs)
    assert sorted(lesson for lessons in lesson_00.PARTS.values() for lesson in lessons) == list(range(15))
    places = [place for place, _, _ in lesson_00.MAP.values()]
    assert len(set(places)) == 15


def test_no_written_lesson_is_missing_from_the_map():
    numbers = {int(path.name[:2]) for path in (BOOK / "notebooks").glob("*.ipynb")}
    assert numbers <= set(lesson_00.MAP)
