"""Bootstrap intervals against resamples written out one by one, and against what is known of them."""

import itertools

import numpy as np
import pytest

from trpobook.book.intervals import MOST_VALUES, bootstrap_interval, interquartile_mean

rng = np.random.default_rng(10)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_equals_the_quantiles_of_all_resamples_written_out(n, level):
    values = rng.normal(size=n)
    means = [np.mean(resample) for resample in itertools.product(values, repeat=n)]
    tails = [(1 - level) / 2, (1 + level) / 2]
    assert bootstrap_interval(values, level) == pytest.approx(np.quantile(means, tails, method="inverted_cdf"))


def test_over_ten_values_it_agrees_with_resamples_drawn_at_random():
    values = rng.exponential(size=10)
    drawn = values[rng.integers(10, size=(200_000, 10))].mean(axis=1)
    assert bootstrap_interval(values) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.01)


def test_over_three_values_95_percent_is_the_whole_range():
    assert bootstrap_interval([3.0, 1.0, 8.0]) == (1.0, 8.0)
    assert bootstrap_interval([3.0, 1.0, 8.0], 0.9) != (1.0, 8.0)


def test_shifts_and_scales_with_the_values():
    values = rng.normal(size=5)
    low, high = bootstrap_interval(values)
    assert bootstrap_interval(3 * values + 7) == pytest.approx((3 * low + 7, 3 * high + 7))
    assert bootstrap_interval(-values) == pytest.approx((-high, -low))


@pytest.mark.parametrize(
    "values,level,said",
    [
        ([], 0.95, "values is empty"),
        (np.zeros((2, 2)), 0.95, "values has shape"),
        (np.zeros(MOST_VALUES + 1), 0.95, "values has shape"),
        ([1.0, np.nan], 0.95, "values holds nan"),
        ([1.0, np.inf], 0.95, "values holds inf"),
        ([1.0], 1.0, "level is 1"),
        ([1.0], np.nan, "level is nan"),
    ],
)
def test_what_has_no_interval_is_refused(values, level, said):
    with pytest.raises(ValueError, match=said):
        bootstrap_interval(values, level)


@pytest.mark.parametrize("n", range(1, 13))
def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end(n):
    values = rng.normal(size=n)
    middle = np.repeat(np.sort(values), 4)[n : 3 * n]  # each value four times: then quarters are whole numbers of them
    assert interquartile_mean(values) == pytest.approx(middle.mean())
    assert interquartile_mean(rng.permutation(values)) == pytest.approx(middle.mean())


def test_one_failed_run_of_ten_hardly_moves_the_interquartile_mean():
    values = np.full(10, 100.0)
    values[3] = -1e6
    assert interquartile_mean(values) == 100


@pytest.mark.parametrize("values,said", [([], "values is empty"), ([[1.0]], "has shape"), ([1.0, np.nan], "holds nan")])
def test_what_has_no_interquartile_mean_is_refused(values, said):
    with pytest.raises(ValueError, match=said):
        interquartile_mean(values)
