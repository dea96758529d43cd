"""Running moments against those of all rows at once; what passes unchanged; states that come back."""

import io

import numpy as np
import pytest
import torch
from gymnasium import spaces

from trpobook.agents.normalisers import RawPixels, RunningMoments, Unchanged, moments_for
from trpobook.agents.spaces import seen_space


def test_running_moments_are_those_of_all_rows():
    rng = np.random.default_rng(0)
    batches = [rng.normal(3, 2, (n, 4)) for n in (5, 1, 200)]
    moments = RunningMoments((4,))
    for batch in batches:
        moments.update(batch)
    rows = np.concatenate(batches)
    assert np.allclose(moments.mean, rows.mean(0), atol=1e-12)
    assert np.allclose(moments.var, rows.var(0), atol=1e-12)
    assert moments.normalise(rows).std(0) == pytest.approx(np.ones(4), rel=1e-4)
    assert moments.normalise(np.full((1, 4), 1e9)) == pytest.approx(10 * np.ones((1, 4)))


def test_no_rows_change_nothing_and_one_row_has_no_variance():
    moments = RunningMoments((2,))
    moments.update(np.zeros((0, 2)))
    assert moments.count == 0 and moments.normalise(np.array([[1.0, -2.0]])) == pytest.approx(np.array([[1, -2]]))
    moments.update(np.array([[1.0, -2.0]]))
    assert moments.var.tolist() == [0, 0] and moments.normalise(np.array([[1.0, -2.0]])).tolist() == [[0, 0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e300])
def test_values_without_a_finite_variance_are_refused_and_leave_the_moments_as_they_were(bad):
    moments = RunningMoments((2,))
    moments.update(np.array([[0.0, 1.0], [2.0, 5.0]]))
    with pytest.raises(FloatingPointError, match="not finite"):
        moments.update(np.array([[bad, 0.0], [-bad, 0.0]]))
    assert (moments.mean.tolist(), moments.var.tolist(), moments.count) == ([1, 3], [1, 4], 2)


@pytest.mark.parametrize(
    "space,kind",
    [
        (spaces.Box(-np.inf, np.inf, (11,), np.float64), RunningMoments),
        (spaces.Box(0, 255, (4, 42, 42), np.uint8), RawPixels),
        (spaces.Box(0, 255, (84, 84, 3), np.uint8), RawPixels),
        (spaces.Box(0, 1, (84, 84, 3), np.float32), RunningMoments),
        (spaces.Box(0, 1, (84, 84), np.uint8), Unchanged),  # a mask: divided by 255 it would be next to nothing
        (spaces.Box(0, 255, (128,), np.uint8), RunningMoments),  # the memory of an Atari console
        (spaces.Box(0, 1, (5,), np.float32), RunningMoments),
        (spaces.Discrete(16), Unchanged),
        (spaces.MultiDiscrete([3, 4]), Unchanged),
        (spaces.MultiBinary(7), Unchanged),
        (spaces.Dict(a=spaces.Discrete(2), b=spaces.MultiBinary(2)), Unchanged),
        (spaces.Dict(a=spaces.Discrete(2), b=spaces.Box(-1, 1)), RunningMoments),
        (spaces.Box(-3, 3, (4,), np.int64), RunningMoments),
    ],
)
def test_each_kind_of_space_has_its_normaliser(space, kind):
    box = seen_space(space)
    moments = moments_for(box)
    assert type(moments) is kind
    rows = np.stack([box.sample() for _ in range(3)])
    moments.update(rows)
    normalised = moments.normalise(rows)
    assert normalised.shape == rows.shape and normalised.dtype == (np.uint8 if kind is RawPixels else np.float32)
    assert kind is RunningMoments or np.array_equal(normalised, rows)


@pytest.mark.parametrize("make", [lambda: RunningMoments((3,)), RunningMoments, Unchanged, RawPixels])
def test_a_state_comes_back_from_a_file_that_holds_only_data(make):
    moments, file = make(), io.BytesIO()
    rows = np.random.default_rng(0).normal(size=(50, *np.shape(moments.mean)))
    moments.update(rows)
    torch.save(moments.state(), file)
    file.seek(0)
    again = make()
    again.load(torch.load(file, weights_only=True))
    for each in (moments, again):
        each.update(2 * rows)
    assert np.array_equal(again.normalise(rows), moments.normalise(rows))
    assert np.array_equal(again.mean, moments.mean) and np.array_equal(again.var, moments.var)
    assert again.count == moments.count and type(again.count) is int
