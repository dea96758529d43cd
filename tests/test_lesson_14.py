"""Lesson 14: the numbers behind its picture, and what its prose says of them."""

import numpy as np
import pytest

from trpobook.finite import language
from trpobook.finite.divergences import kl_categorical
from trpobook.widgets import lesson_14


def test_the_frontier_is_that_of_the_corpus_own_law():
    result = lesson_14.compute_frontier(-0.3, 1.0)
    exponent = np.log(result.reference) + language.scores(lesson_14.cats) / 10**-0.3
    best = np.exp(exponent) / np.exp(exponent).sum()
    np.testing.assert_allclose(result.best, best, atol=1e-12)
    kl, reward, wish = result.here
    assert kl == pytest.approx(kl_categorical(best, result.reference))
    assert reward == pytest.approx(best @ language.scores(lesson_14.cats) / 5)
    assert wish == pytest.approx(best @ language.scores(lesson_14.wish))


def test_reward_rises_along_the_frontier_and_the_wish_rises_and_falls():
    kl, reward, wish = lesson_14.compute_frontier(0.0, 1.0).along.T
    assert np.all(np.diff(kl) > 0) and np.all(np.diff(reward) > 0)
    top = wish.argmax()
    assert wish[0] == pytest.approx(0.20, abs=0.01) and wish[top] == pytest.approx(0.41, abs=0.01)
    assert kl[top] == pytest.approx(0.8, abs=0.1) and wish[-1] < 1e-6


@pytest.mark.parametrize("flaw, wish_at_the_end", [(0.0, 1), (0.1, 1), (0.2, 1), (0.5, 0), (1.0, 0)])
def test_a_flaw_of_a_fifth_is_the_last_that_leaves_the_wish_best(flaw, wish_at_the_end):
    wish = lesson_14.compute_frontier(0.0, flaw).along[:, 2]
    assert wish[-1] == pytest.approx(wish_at_the_end, abs=0.01)
    if flaw == 0.5:
        assert wish.max() == pytest.approx(0.92, abs=0.01)


def test_the_lineage_links_only_works_that_are_drawn_and_runs_forward_in_time():
    for start, end in lesson_14.LINKS:
        assert lesson_14.WORKS[start][0] < lesson_14.WORKS[end][0]
