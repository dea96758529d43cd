"""A language of six words in which every sentence can be listed: a small model of it, tuned by PPO and by GRPO.

A language model is a policy. Its state is the prefix written so far, its action the next word; the world only appends
the word, and pays one reward for the finished sentence. A model is a table of log-probabilities, (prefixes, words);
with all sentences listed, every mean over sentences is a finite sum.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from trpobook.algorithms.ppo import clipped_surrogate

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
    """Return a sentence, given by its number, as text."""
    return " ".join(WORDS[w] for w in SENTENCES[sentence])


def scores(reward: Callable[[list[str]], float]) -> np.ndarray:
    """Return the reward of every sentence, a function of the list of its words, (sentences,)."""
    return np.array([float(reward([WORDS[w] for w in sentence])) for sentence in SENTENCES])


def word_log_probs(table):
    """Return log π(word|prefix) at each place of each sentence, 0 behind the end, (sentences, places).

    Args: table: log-probabilities (prefixes, words), an array or a tensor.
    Lesson 14.
    """
    if isinstance(table, Tensor):
        return table[AT, CHOSEN] * torch.from_numpy(PLACES)
    return table[AT, CHOSEN] * PLACES


def law(table: np.ndarray) -> np.ndarray:
    """Return the probability of every sentence, π(x) = Π π(x_t|x_<t), (sentences,). Lesson 14."""
    return np.exp(word_log_probs(table).sum(axis=1))


def table_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the model, as a table of log-probabilities, whose sentences have the given probabilities, all positive.

    The inverse of `law`: a word's probability is the mass of the sentences that go on with it, over the prefix's.
    Lesson 14.
    """
    mass = np.zeros(CHILD.shape)
    np.add.at(mass, (AT[PLACES], CHOSEN[PLACES]), np.repeat(probabilities, LENGTHS))
    return np.log(mass) - np.log(mass.sum(axis=1, keepdims=True))


def draw(table: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the numbers of `count` sentences, written word by word, (count,)."""
    cumulated = np.exp(table).cumsum(axis=1)
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
    Lesson 14.
    """
    tilt = np.log(reference) + reward / beta
    top = tilt.max()
    log_z = top + np.log(np.sum(np.exp(tilt - top)))
    return np.exp(tilt - log_z), float(beta * log_z)


def optimal_law_other_direction(reference: np.ndarray, reward: np.ndarray, beta: float) -> tuple[np.ndarray, float]:
    """Return β π_ref/(ν − R), which maximises E R − β KL(π_ref‖π), and the gap ν − max R > 0.

    The gap makes the probabilities add up to 1; it is found by bisection of its logarithm, because it may be tiny.
    The same function is a trust-region step in one state, with KL(old‖new): `reference` is the old policy, `reward`
    the advantage, `beta` one over the step size.

    Args: as in `optimal_law`; every reference probability must be positive.
    Lesson 14.
    """
    behind = reward.max() - reward
    low, high = np.log(beta * reference[behind == 0].sum()), np.log(beta)  # the sum is ≥ 1 at low, ≤ 1 at high
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.sum(beta * reference / (np.exp(middle) + behind)) > 1 else (low, middle)
    gap = np.exp((low + high) / 2)
    return beta * reference / (gap + behind), float(gap)


class LanguageModel(nn.Module):
    """A network that reads a prefix, one unit for each word in each place, and gives the next word's probabilities."""

    def __init__(self, generator: torch.Generator, *, outputs: int = len(WORDS), hidden: int = 64):
        """Draw the first weights from `generator`; float64."""
        super().__init__()
        features = torch.zeros(len(PREFIXES), LENGTH - 1, END + 1, dtype=torch.float64)
        for i, prefix in enumerate(PREFIXES):
            for t in range(LENGTH - 1):
                features[i, t, prefix[t] if t < len(prefix) else END] = 1.0
        self.register_buffer("features", features.flatten(1))
        self.first = nn.Linear(self.features.shape[1], hidden, dtype=torch.float64)
        self.last = nn.Linear(hidden, outputs, dtype=torch.float64)
        with torch.no_grad():
            for layer, scale in ((self.first, 0.5), (self.last, 0.05)):
                layer.weight.copy_(scale * torch.randn(layer.weight.shape, generator=generator, dtype=torch.float64))
                layer.bias.zero_()

    def forward(self) -> Tensor:
        """Return the outputs after every prefix, (prefixes, outputs)."""
        return self.last(torch.tanh(self.first(self.features)))

    def table(self) -> Tensor:
        """Return the log-probabilities of the next word after every prefix, (prefixes, words)."""
        return self().log_softmax(dim=1)

    def log_probs(self) -> np.ndarray:
        """Return the same as an array, without a gradient."""
        with torch.no_grad():
            return self.table().numpy()


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
    """Return `count` sentences, by number, in which each word depends on the one before, as in GRAMMAR."""
    before = [prefix[-1] if prefix else END for prefix in PREFIXES]
    return draw(np.log(GRAMMAR[before]), count, rng)


def fit(model: LanguageModel, sentences: np.ndarray, *, steps: int = 200, learning_rate: float = 0.02) -> list[float]:
    """Fit the model to sentences by maximum likelihood, in place; return −mean log π(x) after each step, nats.

    Adam on all sentences at once. Lesson 14; Bengio et al. 2003.
    """
    counts = torch.from_numpy(np.bincount(sentences, minlength=len(SENTENCES)) / len(sentences))
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=learning_rate), []
    for _ in range(steps):
        loss = -(counts * word_log_probs(model.table()).sum(dim=1)).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


class Tuned(NamedTuple):
    """One update of a tuning run; all exact, by listing every sentence. KLs of whole sentences, nats."""

    reward: float  # E R under the new model
    kl_step: float  # KL(old‖new)
    kl_reference: float  # KL(new‖π_ref)
    table: np.ndarray  # the new model, log-probabilities (prefixes, words)


def tune_ppo(
    model: LanguageModel,
    reward: np.ndarray,
    beta: float,
    rng: np.random.Generator,
    *,
    updates: int,
    batch: int = 1024,
    clip: float = 0.2,
    epochs: int = 4,
    learning_rate: float = 0.001,
) -> Iterator[Tuned]:
    """Tune the model in place by PPO, as language models are: E R − β KL(π‖π_ref), and yield each update's record.

    The reference is the model as it comes. The price of the KL is paid word by word as a reward, −β log(π/π_ref); the
    sentence's R comes with its last word. A second network learns the value of each prefix; γ = λ = 1, so that an
    advantage is the rest of what was paid less the value. Then some epochs of Adam on the clipped surrogate.

    Args:
        reward: of every sentence, (sentences,).
        beta: price of a nat of KL to the reference.
        updates, batch: how many, and sentences for each.
        clip, epochs, learning_rate: of PPO, lesson 12.
    Lesson 14; Ziegler et al. 2019, Schulman et al. 2017.
    """
    reference = model.log_probs()
    critic = LanguageModel(torch.Generator().manual_seed(1), outputs=1)
    optimiser = torch.optim.Adam([*model.parameters(), *critic.parameters()], lr=learning_rate)
    for _ in range(updates):
        old = model.log_probs()
        ids = draw(old, batch, rng)
        at, chosen, places = AT[ids], CHOSEN[ids], torch.from_numpy(PLACES[ids])
        paid = -beta * (old - reference)[at, chosen] * PLACES[ids]
        paid[np.arange(batch), LENGTHS[ids] - 1] += reward[ids]
        rest = torch.from_numpy(paid[:, ::-1].cumsum(axis=1)[:, ::-1].copy())
        with torch.no_grad():
            advantages = rest - critic()[at, 0]
        log_old = torch.from_numpy(old[at, chosen])
        for _ in range(epochs):
            ratio = (model.table()[at, chosen] - log_old).exp()
            gain = clipped_surrogate(ratio, advantages, clip)[places].sum() / batch
            misfit = (critic()[at, 0] - rest)[places].square().sum() / batch
            _ascend(optimiser, gain - misfit)
        yield _record(model, old, reference, reward)


def tune_grpo(
    model: LanguageModel,
    reward: np.ndarray,
    beta: float,
    rng: np.random.Generator,
    *,
    updates: int,
    divide: bool = False,
    average: bool = False,
    k3_in_loss: bool = False,
    group: int = 16,
    groups: int = 64,
    clip: float = 0.2,
    epochs: int = 4,
    learning_rate: float = 0.001,
) -> Iterator[Tuned]:
    """Tune the model in place by GRPO, without a value network, and yield each update's record.

    An answer's advantage, the same for all its words, is its reward less the mean of its group. With all three switches
    off, the price of the KL is taken off the reward, −β log(π/π_ref) of the sentence, and the words of an answer are
    added up. The published algorithm has all three on.

    Args: as in `tune_ppo`, and
        divide: the advantages by the group's standard deviation.
        average: over the words of each answer, in place of their sum.
        k3_in_loss: charge β k3 at each word in the loss, and nothing in the reward.
        group, groups: answers in a group, groups in a batch.
    Lesson 14; Shao et al. 2024; Liu et al. 2025 leave out the first two.
    """
    reference = model.log_probs()
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    for _ in range(updates):
        old = model.log_probs()
        ids = draw(old, group * groups, rng)
        at, chosen = AT[ids], CHOSEN[ids]
        earned = reward[ids]
        if not k3_in_loss:
            earned = earned - beta * ((old - reference)[at, chosen] * PLACES[ids]).sum(axis=1)
        advantages = torch.from_numpy(group_advantages(earned.reshape(groups, group), divide=divide)).reshape(-1, 1)
        log_old, log_reference = (torch.from_numpy(table[at, chosen]) for table in (old, reference))
        weights = torch.from_numpy(PLACES[ids] / (LENGTHS[ids, None] if average else 1) / len(ids))
        for _ in range(epochs):
            log_new = model.table()[at, chosen]
            gain = clipped_surrogate((log_new - log_old).exp(), advantages, clip)
            if k3_in_loss:
                log_ratio = log_reference - log_new
                gain = gain - beta * (log_ratio.expm1() - log_ratio)
            _ascend(optimiser, (weights * gain).sum())
        yield _record(model, old, reference, reward)


def group_advantages(rewards: np.ndarray, *, divide: bool) -> np.ndarray:
    """Return each answer's reward less its group's mean, divided by the group's standard deviation if asked.

    A group of equal rewards gets zeros. Args: rewards: (groups, answers). Lesson 14; Shao et al. 2024.
    """
    centred = rewards - rewards.mean(axis=1, keepdims=True)
    if not divide:
        return centred
    deviation = rewards.std(axis=1, keepdims=True)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-12)


def _ascend(optimiser: torch.optim.Optimizer, gain: Tensor) -> None:
    optimiser.zero_grad()
    (-gain).backward()
    optimiser.step()


def _record(model: LanguageModel, old: np.ndarray, reference: np.ndarray, reward: np.ndarray) -> Tuned:
    new = model.log_probs()
    p, q = law(old), law(new)
    step = p @ word_log_probs(old - new).sum(axis=1)
    return Tuned(float(q @ reward), float(step), float(q @ word_log_probs(new - reference).sum(axis=1)), new)
