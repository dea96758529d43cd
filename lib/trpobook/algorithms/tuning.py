"""A small model of the language of lesson 14, fitted to a corpus, then tuned to a reward by PPO and by GRPO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from trpobook.algorithms.ppo import clipped_surrogate
from trpobook.finite.language import (
    AT,
    CHOSEN,
    END,
    LENGTH,
    LENGTHS,
    PLACES,
    PREFIXES,
    SENTENCES,
    WORDS,
    draw,
    group_advantages,
    law,
    word_log_probs,
)


class LanguageModel(nn.Module):
    """A network that reads a prefix, one unit for each word in each place, and gives the next word's probabilities."""

    features: Tensor

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
        outputs: Tensor = self.last(torch.tanh(self.first(self.features)))
        return outputs

    def table(self) -> Tensor:
        """Return the log-probabilities of the next word after every prefix, (prefixes, words)."""
        return self.forward().log_softmax(dim=1)

    def log_probs(self) -> np.ndarray:
        """Return the same as an array, without a gradient."""
        with torch.no_grad():
            return self.table().numpy()


def fit(model: LanguageModel, sentences: np.ndarray, *, steps: int = 200, learning_rate: float = 0.02) -> list[float]:
    """Fit the model to sentences by maximum likelihood, in place; return −mean log π(x) after each step, nats.

    Adam on all sentences at once. Lesson 14; Bengio et al. 2003.
    """
    counts = torch.from_numpy(np.bincount(sentences, minlength=len(SENTENCES)) / len(sentences))
    optimiser, losses = torch.optim.Adam(model.parameters(), lr=learning_rate), []
    for _ in range(steps):
        loss = -(counts * word_log_probs(model.table()).sum(dim=1)).sum()
        optimiser.zero_grad()
        torch.autograd.backward(loss)
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


def _ascend(optimiser: torch.optim.Optimizer, gain: Tensor) -> None:
    optimiser.zero_grad()
    torch.autograd.backward(-gain)
    optimiser.step()


def _record(model: LanguageModel, old: np.ndarray, reference: np.ndarray, reward: np.ndarray) -> Tuned:
    new = model.log_probs()
    p, q = law(old), law(new)
    step = p @ word_log_probs(old - new).sum(axis=1)
    return Tuned(float(q @ reward), float(step), float(q @ word_log_probs(new - reference).sum(axis=1)), new)
