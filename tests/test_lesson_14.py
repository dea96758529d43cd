"""Lesson 14: the numbers behind its picture, and what its prose says of them."""

import copy
import math

import numpy as np
import pytest
import torch

from trpobook.algorithms import tuning
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


def test_of_sentences_as_likely_as_each_other_the_picture_shows_the_first_whatever_the_price():
    for log_beta in (-1.3, -1.25, -1.2):
        shown = lesson_14._likeliest(lesson_14.compute_frontier(log_beta, 1.0).best)[:4]
        told = ["cat cat cat cat cat", "the cat cat cat cat", "cat cat cat cat sat", "cat cat cat cat ran"]
        assert [language.words(number) for number in shown] == told


def test_the_lineage_links_only_works_that_are_drawn_and_runs_forward_in_time():
    for start, end in lesson_14.LINKS:
        assert lesson_14.WORKS[start][0] < lesson_14.WORKS[end][0]


@pytest.fixture(scope="module")
def world():
    """The model of section 14.1, its reward and wish, and the best policy at β = 0.5."""
    model = tuning.LanguageModel(torch.Generator().manual_seed(0))
    tuning.fit(model, language.corpus(20_000, np.random.default_rng(0)), steps=200)
    reference = language.law(model.log_probs())
    reward, wanted = language.scores(lesson_14.cats), language.scores(lesson_14.wish)
    return model, reward, wanted, language.optimal_law(reference, reward, 0.5)[0]


def tuned(world, algorithm, seed, *, updates=60, beta=0.5, paid=1.0, **switches):
    model, reward, _, _ = world
    rng = np.random.default_rng(seed)
    return list(algorithm(copy.deepcopy(model), paid * reward, beta, rng, updates=updates, **switches))


def lacks(world, update):
    return kl_categorical(language.law(update.table), world[3])


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [tuning.tune_ppo, tuning.tune_grpo])
def test_ppo_and_plain_grpo_come_within_a_hundredth_of_a_nat_of_the_best_policy_with_every_seed(world, algorithm):
    for seed in (1, 2, 3, 4, 5):
        run = tuned(world, algorithm, seed)
        assert lacks(world, run[-1]) < 0.01
        steps = np.array([x.kl_step for x in run])
        assert steps[0] > 0.013 and np.median(steps[20:]) < 0.2 * steps[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "switches, least, most, wish",
    [
        ({"divide": True}, 0.55, 0.82, 0.41),
        ({"average": True}, 0.6, 0.75, 0.42),
        ({"k3_in_loss": True}, 3.1, 4.1, 0.165),
        ({"divide": True, "average": True, "k3_in_loss": True}, 4.0, 4.7, 0.133),
    ],
    ids=["divided", "averaged", "k3", "published"],
)
def test_each_division_alone_stays_at_the_best_policy_and_k3_leaves_it_with_every_seed(
    world, switches, least, most, wish
):
    for seed in (1, 2, 3, 4, 5):
        last = tuned(world, tuning.tune_grpo, seed, **switches)[-1]
        assert least < last.kl_reference < most
        assert language.law(last.table) @ world[2] == pytest.approx(wish, abs=0.03)


@pytest.mark.slow
def test_without_the_price_every_seed_ends_with_five_cats_by_steps_below_a_tenth_of_a_nat(world):
    before = language.law(world[0].log_probs()) @ world[2]
    for seed in (1, 2, 3, 4, 5):
        run = tuned(world, tuning.tune_ppo, seed, beta=0.0)
        last = language.law(run[-1].table)
        assert max(x.kl_step for x in run) < 0.1
        assert run[-1].kl_reference == pytest.approx(35, abs=0.5)
        assert language.words(last.argmax()) == "cat cat cat cat cat"
        wish = [language.law(run[number].table) @ world[2] for number in (4, 9, 19)]
        assert wish[0] > 1.8 * before and wish[1] < 1.3 * before and wish[2] < 0.01


@pytest.mark.slow
def test_with_the_wrong_sign_and_no_reward_every_seed_flees_the_reference(world):
    for seed in (1, 2, 3):
        assert tuned(world, tuning.tune_ppo, seed, beta=-0.1, paid=0.0)[-1].kl_reference > 25
    assert tuned(world, tuning.tune_ppo, 1, beta=0.1, paid=0.0)[-1].kl_reference < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [tuning.tune_ppo, tuning.tune_grpo])
def test_steps_near_the_best_policy_die_only_if_the_learning_rate_does(world, algorithm, monkeypatch):
    class Falling(torch.optim.Adam):
        """Lets the rate fall to 0 from update 60 to 120, and notes the gradient's length."""

        lengths = []  # noqa: RUF012

        def step(self, *arguments, **named):
            update = len(self.lengths) // 4
            weights = self.param_groups[0]["params"][:4]  # the model's; a critic's come behind
            self.lengths.append(math.sqrt(sum(x.grad.square().sum().item() for x in weights)))
            self.param_groups[0]["lr"] = 0.001 * min(1.0, 2 - update / 60)
            return super().step(*arguments, **named)

    constant = tuned(world, algorithm, 1, updates=120)
    monkeypatch.setattr(torch.optim, "Adam", Falling)
    falling = tuned(world, algorithm, 1, updates=120)
    early, late = np.mean(Falling.lengths[:20]), np.mean(Falling.lengths[120:240])
    assert late < 0.3 * early  # the gradient fades
    middle, end = (np.mean([x.kl_step for x in run]) for run in (constant[30:60], constant[90:]))
    assert end > 1.3 * middle  # and the steps grow
    assert falling[-1].kl_step < 1e-6 and lacks(world, falling[-1]) < 0.001
    wandering = [lacks(world, x) for x in constant[60:]]
    assert min(wandering) > 0.0008 and 0.004 < max(wandering) < 0.01


def test_five_cats_lead_only_below_a_price_of_0_16_and_four_before():
    likeliest = {b: lesson_14.compute_frontier(np.log10(b), 1.0) for b in (0.5, 0.2, 0.165, 0.155)}
    told = {b: language.words(result.best.argmax()) for b, result in likeliest.items()}
    assert told[0.5] == "the cat sat ." and told[0.2] == "the cat cat cat cat"
    assert told[0.165] != "cat cat cat cat cat" and told[0.155] == "cat cat cat cat cat"


def test_with_a_quarter_of_flaw_the_end_lies_below_the_sliders_smallest_price():
    assert lesson_14.compute_frontier(-1.3, 0.25).here[2] > 0.99
    assert lesson_14.compute_frontier(-2.0, 0.25).here[2] < 0.01


@pytest.mark.parametrize("flaw", [0.0, 0.1, 0.2])
def test_up_to_a_fifth_of_flaw_the_wish_rises_all_along_the_frontier(flaw):
    assert np.all(np.diff(lesson_14.compute_frontier(0.0, flaw).along[:, 2]) > -1e-12)


def test_nothing_but_the_wish_costs_1_7_nats():
    assert -np.log(0.18) == pytest.approx(1.7, abs=0.02)
    assert lesson_14.compute_frontier(-1.3, 0.0).here[0] == pytest.approx(1.6, abs=0.1)
