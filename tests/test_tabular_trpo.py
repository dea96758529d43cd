"""TRPO where everything is exact."""

import numpy as np

from trpobook.finite.mdp import GOAL, gridworld, random_policy
from trpobook.finite.tabular_trpo import max_and_mean_kl


def test_what_a_policy_says_where_nothing_is_decided_counts_in_neither_kl():
    mdp = gridworld()
    old = random_policy(np.random.default_rng(0), mdp)
    new = old.copy()
    new[GOAL] = np.roll(old[GOAL], 1)
    assert max_and_mean_kl(mdp, old, new) == (0, 0)
    new[0] = np.roll(old[0], 1)
    largest, mean = max_and_mean_kl(mdp, old, new)
    assert largest > mean > 0
