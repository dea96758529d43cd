"""The first updates of each tuning against the same by hand, with plain formulas and sentence by sentence."""

import copy

import numpy as np
import pytest
import torch

from trpobook.algorithms.tuning import LanguageModel, fit, tune_grpo, tune_ppo
from trpobook.finite.language import PREFIXES, SENTENCES, corpus, draw, scores

REWARD = scores(lambda words: words.count("cat") - 0.3 * len(words))


def fresh_model():
    return LanguageModel(torch.Generator().manual_seed(0))


def words_of(sentence):
    """Yield (number of the prefix, next word) for each word of a sentence."""
    words = SENTENCES[sentence]
    for t, word in enumerate(words):
        yield PREFIXES.index(words[:t]), word


def ascend(optimiser, gain, epochs):
    for _ in range(epochs):
        optimiser.zero_grad()
        (-gain()).backward()
        optimiser.step()


def clipped(ratio, advantage, clip):
    return torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)


def test_a_model_reads_one_unit_for_each_word_in_each_place_and_begins_with_the_weights_of_its_seed():
    model, generator = fresh_model(), torch.Generator().manual_seed(0)
    for prefix, features in zip(PREFIXES, model.features.view(len(PREFIXES), 4, 6).tolist(), strict=True):
        padded = (*prefix, *[5] * (4 - len(prefix)))  # the full stop where nothing stands yet
        assert features == np.eye(6)[list(padded)].tolist()
    for layer, shape, scale in ((model.first, (64, 24), 0.5), (model.last, (6, 64), 0.05)):
        assert torch.equal(layer.weight, scale * torch.randn(shape, generator=generator, dtype=torch.float64))
        assert torch.equal(layer.bias, torch.zeros(shape[0], dtype=torch.float64))


def test_fitting_takes_200_steps_and_returns_the_mean_surprise_of_each():
    sentences, model = corpus(50, np.random.default_rng(0)), fresh_model()
    table = model.log_probs()
    surprise = -np.mean([sum(table[at, word] for at, word in words_of(sentence)) for sentence in sentences])
    losses = fit(model, sentences)
    assert len(losses) == 200 and losses[0] == pytest.approx(surprise, abs=1e-12) and losses[-1] < losses[0]


@pytest.mark.parametrize(
    "options",
    [{}, {"divide": True}, {"average": True}, {"k3_in_loss": True}, {"average": True, "k3_in_loss": True}],
    ids=lambda options: "-".join(options) or "none",
)
def test_an_update_of_grpo_is_the_one_by_hand(options):
    beta, group, groups, clip, epochs, rate = 0.5, 4, 3, 0.02, 4, 0.01
    model = fresh_model()
    by_hand = copy.deepcopy(model)
    record = next(
        tune_grpo(
            model,
            REWARD,
            beta,
            np.random.default_rng(3),
            updates=1,
            group=group,
            groups=groups,
            clip=clip,
            epochs=epochs,
            learning_rate=rate,
            **options,
        )
    )
    old = by_hand.log_probs().copy()  # the reference, too: it is the first update
    ids = draw(old, group * groups, np.random.default_rng(3))
    earned = REWARD[ids].reshape(groups, group)
    advantages = earned - earned.mean(axis=1, keepdims=True)
    if options.get("divide"):
        advantages /= earned.std(axis=1, keepdims=True)
    advantages = advantages.ravel()

    def gain():
        table, total = by_hand.table(), 0.0
        for sentence, advantage in zip(ids, advantages, strict=True):
            words = list(words_of(sentence))
            for at, word in words:
                ratio = (table[at, word] - old[at, word]).exp()
                term = clipped(ratio, advantage, clip)
                if options.get("k3_in_loss"):
                    term = term - beta * (1 / ratio - 1 + ratio.log())
                total = total + term / (len(words) if options.get("average") else 1)
        return total / len(ids)

    ascend(torch.optim.Adam(by_hand.parameters(), lr=rate), gain, epochs)
    assert np.abs(record.table - by_hand.log_probs()).max() < 1e-9 < np.abs(record.table - old).max()


def test_two_updates_of_ppo_are_those_by_hand():
    beta, batch, clip, epochs, rate = 0.5, 12, 0.02, 4, 0.01
    model = fresh_model()
    by_hand, critic = copy.deepcopy(model), LanguageModel(torch.Generator().manual_seed(1), outputs=1)
    options = {"batch": batch, "clip": clip, "epochs": epochs, "learning_rate": rate}
    records = list(tune_ppo(model, REWARD, beta, np.random.default_rng(3), updates=2, **options))
    optimiser = torch.optim.Adam([*by_hand.parameters(), *critic.parameters()], lr=rate)
    rng, reference = np.random.default_rng(3), by_hand.log_probs().copy()
    for record in records:
        old, first = by_hand.log_probs().copy(), critic().detach()
        ids = draw(old, batch, rng)

        def gain(old=old, first=first, ids=ids):
            table, values, total = by_hand.table(), critic()[:, 0], 0.0
            for sentence in ids:
                rest = REWARD[sentence]
                for at, word in reversed(list(words_of(sentence))):
                    rest -= beta * (old - reference)[at, word]
                    ratio = (table[at, word] - old[at, word]).exp()
                    total = total + clipped(ratio, rest - first[at, 0], clip) - (values[at] - rest) ** 2
            return total / batch

        ascend(optimiser, gain, epochs)
        assert np.abs(record.table - by_hand.log_probs()).max() < 1e-9 < np.abs(record.table - old).max()


@pytest.mark.parametrize(
    "tune,defaults,others",
    [
        (
            tune_ppo,
            {"batch": 1024, "clip": 0.2, "epochs": 4, "learning_rate": 0.001},
            {"batch": 1023, "clip": 0.01, "epochs": 3, "learning_rate": 0.002},
        ),
        (
            tune_grpo,
            {"group": 16, "groups": 64, "clip": 0.2, "epochs": 4, "learning_rate": 0.001},
            {"group": 15, "groups": 63, "clip": 0.01, "epochs": 3, "learning_rate": 0.002},
        ),
    ],
)
def test_a_batch_is_1024_sentences_passed_over_four_times_unless_asked_otherwise(tune, defaults, others):
    def table(**options):
        return list(tune(fresh_model(), 10 * REWARD, 0.1, np.random.default_rng(1), updates=1, **options))[-1].table

    plain = table()
    assert np.array_equal(table(**defaults), plain)
    for name, value in others.items():
        assert not np.array_equal(table(**(defaults | {name: value})), plain), name


@pytest.mark.parametrize("tune", [tune_ppo, tune_grpo])
def test_the_clip_is_a_fifth_unless_asked_otherwise(tune):
    def table(**options):
        rng = np.random.default_rng(1)
        return next(tune(fresh_model(), REWARD, 0.1, rng, updates=1, learning_rate=0.05, **options)).table

    assert np.array_equal(table(), table(clip=0.2)) and not np.array_equal(table(), table(clip=0.21))
