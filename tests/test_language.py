"""The language of six words: listing agrees with writing word by word, and tuning reaches the best law."""

import copy

import numpy as np
import pytest
import torch

from trpobook.algorithms import tuning
from trpobook.finite import language
from trpobook.finite.divergences import kl_categorical


@pytest.fixture
def rng():
    return np.random.default_rng(14)


def random_table(rng):
    z = rng.normal(size=language.CHILD.shape)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def fresh_model(seed=0):
    return tuning.LanguageModel(torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def reference():
    model = fresh_model()
    tuning.fit(model, language.corpus(20_000, np.random.default_rng(0)), steps=150)
    return model


def test_every_sentence_is_listed_once_and_ends_where_it_must():
    assert len(set(language.SENTENCES)) == len(language.SENTENCES) == sum(5**n for n in range(5)) + 5**5
    for sentence in language.SENTENCES:
        assert language.END not in sentence[:-1]
        assert (sentence[-1] == language.END) or len(sentence) == language.LENGTH
        assert len(sentence) <= language.LENGTH


def test_the_law_is_the_product_of_the_words_probabilities(rng):
    table = random_table(rng)
    law = language.law(table)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    for x in rng.choice(len(law), 50):
        sentence = language.SENTENCES[x]
        product = 1.0
        for t, word in enumerate(sentence):
            product *= np.exp(table[language.PREFIXES.index(sentence[:t]), word])
        assert law[x] == pytest.approx(product, rel=1e-12)


def test_a_table_and_its_law_determine_each_other(rng):
    table = random_table(rng)
    np.testing.assert_allclose(language.table_of(language.law(table)), table, atol=1e-10)


def test_sentences_written_word_by_word_follow_the_law(rng):
    table = random_table(rng)
    drawn = language.draw(table, 200_000, rng)
    frequency = np.bincount(drawn, minlength=len(language.SENTENCES)) / len(drawn)
    law = language.law(table)
    deviation = (frequency - law) / np.sqrt(law * (1 - law) / len(drawn))
    assert np.abs(deviation[law > 1e-3]).max() < 4.5
    assert 0.9 < np.mean(deviation[law > 1e-4] ** 2) < 1.1


def test_scores_are_given_the_words():
    x = next(i for i in range(len(language.SENTENCES)) if language.words(i) == "the cat sat .")
    assert language.scores(lambda words: words == ["the", "cat", "sat", "."])[x] == 1
    assert language.scores(len)[x] == language.LENGTHS[x] == 4


@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0])
def test_no_law_is_better_than_the_optimal_one(rng, beta):
    p, reward = rng.dirichlet(np.ones(6)), rng.normal(size=6)
    best, value = language.optimal_law(p, reward, beta)
    others = np.concatenate([rng.dirichlet(np.ones(6), 2000), 0.99 * best + 0.01 * rng.dirichlet(np.ones(6), 2000)])
    assert best @ reward - beta * kl_categorical(best, p) == pytest.approx(value, abs=1e-12)
    assert np.all(others @ reward - beta * kl_categorical(others, p) < value)


@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0])
def test_no_law_is_better_than_the_one_for_the_other_direction(rng, beta):
    p, reward = rng.dirichlet(np.ones(6)), rng.normal(size=6)
    best, gap = language.optimal_law_other_direction(p, reward, beta)
    others = np.concatenate([rng.dirichlet(np.ones(6), 2000), 0.99 * best + 0.01 * rng.dirichlet(np.ones(6), 2000)])
    assert best.sum() == pytest.approx(1, abs=1e-12) and gap > 0
    value = best @ reward - beta * kl_categorical(p, best)
    assert np.all(others @ reward - beta * kl_categorical(p, others) < value)


def test_the_other_direction_is_found_where_the_gap_is_tiny():
    p = np.array([1 - 1e-14, 1e-14])
    law, gap = language.optimal_law_other_direction(p, np.array([0.0, 5.0]), 0.5)
    assert law.sum() == pytest.approx(1, abs=1e-9)
    assert law[1] == pytest.approx(0.9, abs=1e-3) and 0 < gap < 1e-13


def test_both_laws_ignore_a_constant_in_the_reward(rng):
    p, reward = rng.dirichlet(np.ones(5)), rng.normal(size=5)
    for law in (language.optimal_law, language.optimal_law_other_direction):
        np.testing.assert_allclose(law(p, reward + 7, 0.5)[0], law(p, reward, 0.5)[0], atol=1e-10)


def test_group_advantages_are_centred_scaled_and_zero_where_all_agree(rng):
    rewards = np.vstack([rng.normal(size=(5, 8)), np.full((1, 8), 0.1)])
    plain, divided = (language.group_advantages(rewards, divide=divide) for divide in (False, True))
    np.testing.assert_allclose(plain.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(divided[:5].std(axis=1), 1, atol=1e-12)
    assert np.all(divided[5] == 0)


def test_fitting_approaches_the_corpus(reference):
    before = [prefix[-1] if prefix else language.END for prefix in language.PREFIXES]
    truth = language.law(np.log(language.GRAMMAR[before]))
    assert kl_categorical(truth, language.law(reference.log_probs())) < 0.02
    assert kl_categorical(truth, language.law(fresh_model().log_probs())) > 2


REWARD = language.scores(lambda words: words.count("cat"))


@pytest.mark.parametrize("algorithm", [tuning.tune_ppo, tuning.tune_grpo])
def test_tuning_reaches_the_best_law_and_stops_there(reference, algorithm):
    p = language.law(reference.log_probs())
    best, value = language.optimal_law(p, REWARD, 0.5)
    rng = np.random.default_rng(1)
    run = list(algorithm(copy.deepcopy(reference), REWARD, 0.5, rng, updates=40))
    last = language.law(run[-1].table)
    assert kl_categorical(p, best) > 0.4
    assert kl_categorical(last, best) < 0.02
    assert last @ REWARD - 0.5 * kl_categorical(last, p) == pytest.approx(value, abs=0.01)


@pytest.mark.parametrize("algorithm", [tuning.tune_ppo, tuning.tune_grpo])
def test_the_record_is_what_listing_gives(reference, algorithm):
    before, model = reference.log_probs(), copy.deepcopy(reference)
    run = list(algorithm(model, REWARD, 0.5, np.random.default_rng(1), updates=2))
    first, second = (language.law(x.table) for x in run)
    assert run[1].reward == pytest.approx(second @ REWARD)
    assert run[1].kl_step == pytest.approx(kl_categorical(first, second), rel=1e-9)
    assert run[1].kl_reference == pytest.approx(kl_categorical(second, language.law(before)), rel=1e-9)
    np.testing.assert_array_equal(run[1].table, model.log_probs())


def test_k3_in_the_loss_leaves_the_frontier(reference):
    p, rng = language.law(reference.log_probs()), np.random.default_rng(1)
    run = list(tuning.tune_grpo(copy.deepcopy(reference), REWARD, 0.5, rng, updates=40, k3_in_loss=True))
    assert run[-1].kl_reference > 2 * kl_categorical(language.optimal_law(p, REWARD, 0.5)[0], p)


@pytest.mark.parametrize("switch", ["divide", "average", "k3_in_loss"])
def test_each_switch_of_grpo_changes_the_first_update(reference, switch):
    plain, switched = (
        next(tuning.tune_grpo(copy.deepcopy(reference), REWARD, 0.5, np.random.default_rng(1), updates=1, **options))
        for options in ({}, {switch: True})
    )
    assert np.abs(plain.table - switched.table).max() > 1e-4


def test_where_every_prefix_is_worth_what_the_critic_says_no_word_has_an_advantage(reference, monkeypatch):
    class Certain(tuning.LanguageModel):
        """A value function that says 3 everywhere."""

        def forward(self):
            return 0 * super().forward() + 3

    def noted(ratio, advantages, clip):
        seen.append(advantages)
        return ratio * advantages

    seen = []
    monkeypatch.setattr(tuning, "LanguageModel", Certain)
    monkeypatch.setattr(tuning, "clipped_surrogate", noted)
    for worth in (3.0, 5.0):
        reward = np.full(len(language.SENTENCES), worth)
        rng, model = np.random.default_rng(1), copy.deepcopy(reference)
        next(tuning.tune_ppo(model, reward, 0.0, rng, updates=1, batch=64, epochs=1))
    told = torch.from_numpy(language.PLACES[language.draw(reference.log_probs(), 64, np.random.default_rng(1))])
    assert [float(each[told].min()) for each in seen] == [float(each[told].max()) for each in seen] == [0, 2]


def test_without_a_reference_the_model_runs_into_the_rewards_hole(reference):
    run = list(tuning.tune_ppo(copy.deepcopy(reference), REWARD, 0.0, np.random.default_rng(1), updates=40))
    assert run[-1].reward > 2.5 and run[-1].kl_reference > 10
    assert max(x.kl_step for x in run) < 0.15
