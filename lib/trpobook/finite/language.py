"""A language of six words in which every sentence can be listed.

A language model is a policy. Its state is the prefix written so far, its action the next word; the world only appends
the word, and pays one reward for the finished sentence. A model is a table of log-probabilities, (prefixes, words);
with all sentences listed, every mean over sentences is a finite sum.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from trpobook.finite.checks import (
    require_axes,
    require_indices,
    require_numbers,
    require_positive,
    require_probabilities,
    require_shape,
    require_whole,
)

WORDS = ("the", "cat", "dog", "sat", "ran", ".")
END = WORDS.index(".")
LENGTH = 5  # a sentence ends with "." or with its fifth word

PREFIXES = [p for n in range(LENGTH) for p in itertools.product(range(END), repeat=n)]  # as numbers of words
_NUMBER = {prefix: i for i, prefix in enumerate(PREFIXES)}
SENTENCES = [(*p, w) for p in PREFIXES for w in range(len(WORDS)) if w == END or len(p) == LENGTH - 1]

_next = {s: i for i, s in enumerate(SENTENCES)}
CHILD = np.array([[_NUMBER.get((*p, w), -1) for w in range(len(WORDS))] for p in PREFIXES])  # -1: finished
FINISHED = np.array([[_next.get((*p, w), -1) for w in range(len(WORDS))] for p in PREFIXES])  # sentence, or -1
# For each sentence and place: the prefix before it and the word there; behind the end 0, 0 and no weight.
LENGTHS = np.array([len(s) for s in SENTENCES])
PLACES = np.arange(LENGTH) < LENGTHS[:, None]
AT = np.array([[_NUMBER[s[:t]] if t < len(s) else 0 for t in range(LENGTH)] for s in SENTENCES])
CHOSEN = np.array([[s[t] if t < len(s) else 0 for t in range(LENGTH)] for s in SENTENCES])


def words(sentence: int) -> str:
    """Return a sentence, given by its number, as text. Raises: ValueError when there is none of this number."""
    return " ".join(WORDS[w] for w in SENTENCES[int(require_indices("sentence", sentence, len(SENTENCES), ()))])


def scores(reward: Callable[[list[str]], float]) -> np.ndarray:
    """Return the reward of every sentence, a function of the list of its words, (sentences,).

    Raises: ValueError when a reward isn't finite.
    """
    return require_numbers("reward", [float(reward([WORDS[w] for w in sentence])) for sentence in SENTENCES])


def word_log_probs(table: Any) -> Any:
    """Return log π(word|prefix) at each place of each sentence, 0 behind the end, (sentences, places).

    Args: table: log-probabilities (prefixes, words), an array or a tensor.
    Raises: ValueError when it has another shape.
    Lesson 14.
    """
    require_shape("table", table, CHILD.shape)
    logs = table[AT, CHOSEN]
    logs[~PLACES] = 0
    return logs


def law(table: np.ndarray) -> np.ndarray:
    """Return the probability of every sentence, π(x) = Π π(x_t|x_<t), (sentences,).

    Raises: ValueError when table is no table of log-probabilities.
    Lesson 14.
    """
    probabilities: np.ndarray = np.exp(word_log_probs(_table(table)).sum(axis=1))
    return probabilities


def table_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the model, as a table of log-probabilities, whose sentences have the given probabilities, all positive.

    The inverse of `law`: a word's probability is the mass of the sentences that go on with it, over the prefix's.
    Raises: ValueError when probabilities is no distribution over the sentences, or one is below 1e-300.
    Lesson 14.
    """
    probabilities = require_probabilities("probabilities", probabilities, (len(SENTENCES),))
    require_numbers("probabilities", probabilities, least=1e-300)
    mass = np.zeros(CHILD.shape)
    np.add.at(mass, (AT[PLACES], CHOSEN[PLACES]), np.repeat(probabilities, LENGTHS))
    logs: np.ndarray = np.log(mass) - np.log(mass.sum(axis=1, keepdims=True))
    return logs


def draw(table: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the numbers of `count` sentences, written word by word, (count,).

    Raises: ValueError when table is no table of log-probabilities, or count below 1.
    """
    cumulated, count = np.exp(_table(table)).cumsum(axis=1), require_whole("count", count, 1)
    prefix, sentence = np.zeros(count, int), np.full(count, -1)
    for _ in range(LENGTH):
        going = sentence < 0
        at = prefix[going]
        word = np.minimum((cumulated[at] < rng.random(len(at))[:, None]).sum(axis=1), END)
        sentence[going], prefix[going] = FINISHED[at, word], CHILD[at, word]
    return sentence


def optimal_law(reference: np.ndarray, reward: np.ndarray, beta: float) -> tuple[np.ndarray, float]:
    """Return π* ∝ π_ref exp(R/β), which maximises E R − β KL(π‖π_ref), and that maximum, β log Z.

    Args:
        reference: probabilities (outcomes,).
        reward: (outcomes,).
        beta: price of a nat, in units of reward, above 0.
    Raises: ValueError when reference is no distribution, reward not finite or of another shape, or beta not above 0.
    Lesson 14.
    """
    reference, reward, beta = _problem(reference, reward, beta)
    best = reward[reference > 0].max()
    with np.errstate(divide="ignore", over="ignore"):  # where the reference is 0, or the reward far behind
        tilt = np.where(reference > 0, np.log(reference) + np.minimum(reward - best, 0) / beta, -np.inf)
    weights = np.exp(tilt)
    return weights / weights.sum(), float(best + beta * np.log(weights.sum()))


def optimal_law_other_direction(reference: np.ndarray, reward: np.ndarray, beta: float) -> tuple[np.ndarray, float]:
    """Return β π_ref/(ν − R), which maximises E R − β KL(π_ref‖π), and the gap ν − max R > 0.

    The gap makes the probabilities add up to 1; it is found by bisection of its logarithm, because it may be tiny.
    The same function is a trust-region step in one state, with KL(old‖new): `reference` is the old policy, `reward`
    the advantage, `beta` one over the step size.

    Args: as in `optimal_law`; every reference probability must be positive, and times beta at least 1e-300.
    Raises: ValueError as `optimal_law` does.
    Lesson 14.
    """
    reference, reward, beta = _problem(reference, reward, beta)
    require_numbers("reference", reference, least=1e-300 / min(beta, 1))
    behind = reward.max() - reward
    low, high = np.log(beta * reference[behind == 0].sum()), np.log(beta)  # the sum is ≥ 1 at low, ≤ 1 at high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.sum(beta * reference / (np.exp(middle) + behind)) > 1 else (low, middle)
    gap = np.exp((low + high) / 2)
    return beta * reference / (gap + behind), float(gap)


# What word follows what in the corpus: rows are the word before (the last: none), columns the word.
GRAMMAR = np.array(
    [
        # the  cat  dog  sat  ran   .
        [0.01, 0.27, 0.68, 0.015, 0.015, 0.01],  # the
        [0.01, 0.01, 0.01, 0.45, 0.45, 0.07],  # cat
        [0.01, 0.01, 0.01, 0.45, 0.45, 0.07],  # dog
        [0.04, 0.01, 0.01, 0.01, 0.01, 0.92],  # sat
        [0.06, 0.01, 0.01, 0.01, 0.01, 0.90],  # ran
        [0.83, 0.04, 0.09, 0.01, 0.01, 0.02],  # at the beginning
    ]
)


def corpus(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` sentences, by number, in which each word depends on the one before, as in GRAMMAR.

    Raises: ValueError when count is below 1.
    """
    before = [prefix[-1] if prefix else END for prefix in PREFIXES]
    return draw(np.log(GRAMMAR[before]), count, rng)


def group_advantages(rewards: np.ndarray, *, divide: bool) -> np.ndarray:
    """Return each answer's reward less its group's mean, divided by the group's standard deviation if asked.

    A group of equal rewards gets zeros.

    Args: rewards: (groups, answers).
    Raises: ValueError when rewards isn't finite, or has other axes.
    Lesson 14; Shao et al. 2024.
    """
    rewards = require_axes("rewards", require_numbers("rewards", rewards), "group answer")
    centred: np.ndarray = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    deviation = rewards.std(axis=1, keepdims=True)
    scaled: np.ndarray = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)
    return scaled


def _table(table: np.ndarray) -> np.ndarray:
    """Return the table after a check that its rows are log-probabilities."""
    table = require_numbers("table", table, CHILD.shape, least=-np.inf, most=1)
    require_probabilities("table's exponential", np.exp(table))
    return table


def _problem(reference: np.ndarray, reward: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Return the arguments of the optimal laws after their checks."""
    reference = require_axes("reference", require_probabilities("reference", reference), "outcome")
    return reference, require_numbers("reward", reward, reference.shape), require_positive("beta", beta)
