"""Sampled episodes against the exact MDP: frequencies, returns, ends.

Every comparison with chance in it uses Hoeffding's inequality: n independent numbers in an interval of width w miss
their mean by more than w·√(log(2/p)/(2n)) with probability at most p = 10⁻⁹, whatever the seed.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trpobook.finite.episodes import all_episodes, rewards_to_go, sample_episodes
from trpobook.finite.mdp import GOAL, TRAP, TabularMDP, gridworld, random_mdp, random_policy, two_step_cliff

FAILURE = 1e-9


def hoeffding(width, count, comparisons=1):
    """How far the mean of `count` numbers may be off, so that any of the comparisons fails with chance 10⁻⁹."""
    return width * np.sqrt(np.log(2 * comparisons / FAILURE) / (2 * count))


def worlds():
    rng = np.random.default_rng(0)
    for mdp in (gridworld(), random_mdp(rng), two_step_cliff(gamma=0.9)):
        yield mdp, random_policy(rng, mdp)


WORLDS = [pytest.param(mdp, pi, id=name) for (mdp, pi), name in zip(worlds(), ("grid", "random", "cliff"), strict=True)]


@pytest.mark.parametrize("mdp,pi", WORLDS)
def test_mean_discounted_return_is_the_exact_one_within_its_confidence_interval(mdp, pi):
    count, horizon = 20_000, 200
    episodes = sample_episodes(mdp, pi, count, horizon, np.random.default_rng(1))
    mean = rewards_to_go(episodes.rewards, mdp.gamma)[:, 0].mean()
    largest = np.abs(mdp.reward).max() / (1 - mdp.gamma)
    tail = mdp.gamma**horizon * largest
    assert abs(mean - mdp.expected_return(pi)) <= hoeffding(2 * largest, count) + tail


@pytest.mark.parametrize("mdp,pi", WORLDS)
def test_state_action_frequencies_at_each_step_are_the_exact_chances(mdp, pi):
    count, horizon = 50_000, 6
    episodes = sample_episodes(mdp, pi, count, horizon, np.random.default_rng(2))
    chance = mdp.start.copy()
    for t in range(horizon):
        seen = np.zeros(pi.shape)
        live = episodes.live[:, t]
        np.add.at(seen, (episodes.states[live, t], episodes.actions[live, t]), 1 / count)
        exact = (chance * mdp.live)[:, None] * pi
        assert np.abs(seen - exact).max() <= hoeffding(1, count, comparisons=pi.size * horizon)
        chance = np.einsum("sa,sat->t", exact, mdp.transition)


@pytest.mark.parametrize("mdp,pi", WORLDS)
def test_discounted_visits_are_the_exact_visitation(mdp, pi):
    count, horizon = 20_000, 200
    episodes = sample_episodes(mdp, pi, count, horizon, np.random.default_rng(3))
    visits, mass = np.zeros(len(mdp.start)), 1 / (1 - mdp.gamma)
    weights = mdp.gamma ** np.arange(horizon) * episodes.live / count
    np.add.at(visits, episodes.states[:, :-1], weights)
    slack = hoeffding(mass, count, comparisons=len(visits)) + mdp.gamma**horizon * mass
    assert np.abs(visits - mdp.visitation(pi)).max() <= slack


def test_transitions_are_drawn_as_the_table_says():
    rng = np.random.default_rng(4)
    mdp = random_mdp(rng, states=3, actions=2)
    episodes = sample_episodes(mdp, random_policy(rng, mdp), 200_000, 1, rng)
    for s, a in np.ndindex(3, 2):
        here = (episodes.states[:, 0] == s) & (episodes.actions[:, 0] == a)
        frequencies = np.bincount(episodes.states[here, 1], minlength=3) / here.sum()
        assert np.abs(frequencies - mdp.transition[s, a]).max() <= hoeffding(1, here.sum(), comparisons=18)
        assert np.all(episodes.rewards[here, 0] == mdp.reward[s, a])


def test_nothing_of_probability_zero_is_ever_drawn():
    mdp, pi = gridworld(), np.tile([0.0, 0.7, 0.0, 0.3], (25, 1))
    episodes = sample_episodes(mdp, pi, 2000, 50, np.random.default_rng(5))
    states, actions, live = episodes.states, episodes.actions, episodes.live
    assert set(np.unique(actions[live])) == {1, 3}
    assert np.all(mdp.transition[states[:, :-1][live], actions[live], states[:, 1:][live]] == 1)
    assert np.all(states[:, 0] == 20) and np.all(states // 5 == 4)  # left and right only: it never leaves the last row


def test_an_episode_ends_where_it_is_absorbed_and_stays_there():
    mdp = gridworld()
    episodes = sample_episodes(mdp, np.full((25, 4), 0.25), 500, 300, np.random.default_rng(6))
    ended = np.isin(episodes.states, [GOAL, TRAP])
    assert np.array_equal(episodes.live, ~ended[:, :-1])
    assert np.all(ended[:, 1:] >= ended[:, :-1]) and np.all(ended[:, -1])
    assert np.all(episodes.actions[~episodes.live] == 0) and np.all(episodes.rewards[~episodes.live] == 0)
    last = np.where(episodes.states[:, -1] == GOAL, 1, -1)
    assert np.array_equal(episodes.rewards.sum(axis=1), last)  # paid once, on entry
    after = episodes.states[:, 1:][~episodes.live]
    assert np.array_equal(after, episodes.states[:, :-1][~episodes.live])


def test_an_absorbing_state_holds_even_where_its_row_of_the_table_leads_out():
    transition = np.full((2, 1, 2), [0.0, 1.0])
    transition[1] = [1.0, 0.0]
    mdp = TabularMDP(transition, np.ones((2, 1)), np.array([1.0, 0.0]), 0.5, np.array([False, True]))
    episodes = sample_episodes(mdp, np.ones((2, 1)), 3, 4, np.random.default_rng(7))
    assert np.array_equal(episodes.states, np.tile([0, 1, 1, 1, 1], (3, 1)))
    assert np.array_equal(episodes.rewards, np.tile([1, 0, 0, 0], (3, 1)))


def test_episodes_repeat_with_their_generator_and_differ_from_each_other():
    mdp = random_mdp(np.random.default_rng(8))
    pi = random_policy(np.random.default_rng(9), mdp)
    first, again = (sample_episodes(mdp, pi, 50, 20, np.random.default_rng(10)) for _ in range(2))
    for name in ("states", "actions", "rewards", "live"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert len(np.unique(first.states, axis=0)) == 50


def chance_of(episodes, worlds_part, pi):
    steps = np.where(episodes.live, pi[episodes.states[:, :-1], episodes.actions], 1)
    return worlds_part * steps.prod(axis=1)


@pytest.mark.parametrize("name", ["random", "cliff"])
def test_all_episodes_have_the_mean_return_and_the_states_of_the_exact_mdp(name):
    rng = np.random.default_rng(12)
    mdp = random_mdp(rng, states=3, actions=2) if name == "random" else two_step_cliff(gamma=0.9)
    pi = random_policy(rng, mdp)
    episodes, worlds_part = all_episodes(mdp, 4)
    chance = chance_of(episodes, worlds_part, pi)
    assert chance.sum() == pytest.approx(1, abs=1e-12)
    here, value = mdp.start.copy(), 0.0
    for t in range(5):
        assert np.bincount(episodes.states[:, t], chance, len(here)) == pytest.approx(here, abs=1e-12)
        if t < 4:
            value += mdp.gamma**t * np.sum((here * mdp.live)[:, None] * pi * mdp.reward)
            move = np.where(mdp.absorbing[:, None], np.eye(len(here)), np.einsum("sa,sat->st", pi, mdp.transition))
            here = here @ move
    assert chance @ rewards_to_go(episodes.rewards, mdp.gamma)[:, 0] == pytest.approx(value, abs=1e-12)


def test_all_episodes_are_listed_once_and_none_is_impossible():
    mdp = two_step_cliff()
    episodes, worlds_part = all_episodes(mdp, 3)
    assert np.array_equal(episodes.states, [[0, 2, 2, 2], [0, 1, 2, 2], [0, 1, 2, 2]])
    assert np.array_equal(episodes.actions, [[0, 0, 0], [1, 0, 0], [1, 1, 0]])
    assert np.array_equal(episodes.rewards, [[0, 0, 0], [1, 0, 0], [1, -1.25, 0]])
    assert np.array_equal(episodes.live, [[1, 0, 0], [1, 1, 0], [1, 1, 0]]) and np.array_equal(worlds_part, np.ones(3))


def test_sampled_episodes_are_as_frequent_as_the_list_says():
    mdp = random_mdp(np.random.default_rng(13), states=2, actions=2)
    pi, count = random_policy(np.random.default_rng(14), mdp), 100_000
    episodes, worlds_part = all_episodes(mdp, 2)
    sampled = sample_episodes(mdp, pi, count, 2, np.random.default_rng(15))
    for states, actions, chance in zip(
        episodes.states, episodes.actions, chance_of(episodes, worlds_part, pi), strict=True
    ):
        same = np.all(sampled.states == states, axis=1) & np.all(sampled.actions == actions, axis=1)
        assert abs(same.mean() - chance) <= hoeffding(1, count, comparisons=len(worlds_part))


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.floats(0, 1))
def test_rewards_to_go_are_the_sums_they_stand_for(seed, steps, gamma):
    rewards = np.random.default_rng(seed).normal(size=(3, steps))
    sums = [[sum(gamma ** (k - t) * row[k] for k in range(t, steps)) for t in range(steps)] for row in rewards]
    assert rewards_to_go(rewards, gamma) == pytest.approx(np.array(sums), abs=1e-12)


@pytest.mark.parametrize("kind", [int, float])
def test_rewards_to_go_leave_their_argument_alone_and_add_up_whole_numbers_too(kind):
    rewards = np.array([1, 0, 2], kind)
    assert rewards_to_go(rewards, 0.5).tolist() == [1.5, 1.0, 2.0]
    assert rewards.tolist() == [1, 0, 2]


def test_a_policy_or_a_number_that_fits_nothing_is_refused_by_name():
    mdp, rng = gridworld(), np.random.default_rng(11)
    pi = np.full((25, 4), 0.25)
    for arguments, message in [
        ((pi[:, :3], 5, 5), "pi has shape"),
        ((np.full((25, 4), np.nan), 5, 5), "pi is no distribution"),
        ((pi - [0.5, -0.5, 0, 0], 5, 5), "pi is no distribution"),
        ((2 * pi, 5, 5), "pi is no distribution"),
        ((pi, 0, 5), "count is 0"),
        ((pi, 5, 0), "horizon is 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            sample_episodes(mdp, *arguments, rng)
    with pytest.raises(ValueError, match="horizon is 0"):
        all_episodes(mdp, 0)
    with pytest.raises(ValueError, match="gamma is 2"):
        rewards_to_go(np.ones(3), 2)
    with pytest.raises(ValueError, match="rewards holds nan"):
        rewards_to_go(np.array([1.0, np.nan]), 0.9)
