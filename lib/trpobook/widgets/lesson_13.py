"""Interactive of lesson 13: a game step by step, with what the policy sees, looks at, and does."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import numpy as np
import torch

from trpobook.agents.environments import Environments
from trpobook.book import style
from trpobook.widgets.base import Interactive, Slider


class Watched(NamedTuple):
    """Steps of one copy of a game under a policy, actions drawn."""

    frames: np.ndarray  # (n, 4, height, width), bytes, the newest last
    actions: np.ndarray  # (n,), as drawn
    probabilities: np.ndarray  # (n, actions)
    values: np.ndarray  # (n,), V of each state, in units of the normalised learning return
    saliency: np.ndarray  # (n, height, width), |∂ log π(a|s)/∂ pixel| of the action drawn, summed over the four frames
    rewards: np.ndarray  # (n,), the game's own


def saliency(policy, frames: torch.Tensor, actions: torch.Tensor) -> torch.Tensor:
    """Return ∂ log π(a|s)/∂s for each state, in the shape of `frames` (n, channels, height, width), of 0 to 1 or bytes.

    Lesson 13.
    """
    pixels = frames.to(next(policy.parameters()).dtype) / (255 if frames.dtype == torch.uint8 else 1)
    pixels.requires_grad_()
    (gradient,) = torch.autograd.grad(policy(pixels).log_prob(actions).sum(), pixels)
    return gradient


def watch(policy, value, task: str, steps: int, seed: int) -> Watched:
    """Play `steps` steps of the game with actions drawn from the policy, and return what happened."""
    environments, generator = Environments(task, 1, seed), torch.Generator().manual_seed(seed)
    now, frames, actions, rewards = environments.reset(), [], [], []
    with torch.no_grad():
        for _ in range(steps):
            frames.append(now[0].copy())
            actions.append(policy.sample(torch.from_numpy(now), generator))
            now, reward, _, _ = environments.step(actions[-1].numpy())
            rewards.append(reward[0])
    environments.close()
    states, actions = torch.from_numpy(np.stack(frames)), torch.cat(actions)
    with torch.no_grad():
        probabilities, values = policy(states).probs, value(states)
    gradient = saliency(policy, states, actions).abs().sum(1)
    parts = (states, actions, probabilities, values, gradient)
    return Watched(*(part.numpy() for part in parts), np.array(rewards))


class Moment(NamedTuple):
    """One step of a game."""

    step: int
    newest: np.ndarray  # frame, bytes, (height, width)
    oldest: np.ndarray  # of the four, (height, width)
    probabilities: np.ndarray
    action: int
    value: float
    saliency: np.ndarray  # in steps from 0 to SHADES, the largest here, (height, width)
    score: float  # collected before it


SHADES = 31  # of the saliency: more can't be told apart in the picture


def packed(pictures: np.ndarray) -> list[list]:
    """Return pictures of bytes, (n, height, width), as what each changes in the one before it that is most like it.

    Each becomes [index of that one, pairs of bytes in base64]: how many pixels to skip, then the next one's value. The
    first changes a black picture. A game changes little from step to step, so little is left.
    """
    rows = pictures.reshape(len(pictures), -1)
    stored = [[0, _changes(np.zeros_like(rows[0]), rows[0])]]
    for k in range(1, len(rows)):
        like = int(np.argmin(np.count_nonzero(rows[:k] != rows[k], axis=1)))
        stored.append([like, _changes(rows[like], rows[k])])
    return stored


def _changes(before: np.ndarray, after: np.ndarray) -> str:
    pairs, last = bytearray(), -1
    for pixel in np.flatnonzero(before != after):
        while pixel - last > 256:  # too far for a byte: name one on the way that stays
            last += 256
            pairs += bytes([255, after[last]])
        pairs += bytes([pixel - last - 1, after[pixel]])
        last = pixel
    return base64.b64encode(pairs).decode()


def scrubber(watched: Watched, names: tuple[str, ...], start: int = 0) -> Interactive:
    """Return the interactive that moves through `watched`; `names` are those of the actions.

    It shows rounded numbers, and the saliency in a few shades, so that a game is small enough for a page.
    """
    probabilities, values = watched.probabilities.astype(float).round(5), watched.values.astype(float).round(3)
    largest = watched.saliency.max(axis=(1, 2), keepdims=True)
    shades = np.rint(SHADES * watched.saliency / np.where(largest > 0, largest, 1)).astype(np.uint8)

    def compute(step: float) -> Moment:
        k = round(step)
        stack, action = watched.frames[k], int(watched.actions[k])
        score = float(watched.rewards[:k].sum())
        return Moment(k, stack[-1], stack[0], probabilities[k], action, float(values[k]), shades[k], score)

    def draw(axes, moment: Moment) -> None:
        newest, oldest = moment.newest.astype(float), moment.oldest.astype(float)
        for panel, picture, look in (
            (axes[0], newest, {"cmap": "gray", "vmin": 0, "vmax": 160}),
            (axes[1], newest - oldest, {"cmap": "PuOr", "vmin": -100, "vmax": 100}),
            (axes[2], moment.saliency, {"cmap": "magma", "vmin": 0, "vmax": SHADES}),
        ):
            panel.imshow(picture, interpolation="nearest", **look)
            panel.set(xticks=[], yticks=[])
            panel.grid(False)
        for panel, title in zip(axes, ("the newest frame", "newest minus oldest", "saliency", "policy"), strict=True):
            panel.set_title(title)
        places = np.arange(len(names))
        axes[3].barh(places, moment.probabilities, 0.32, color=style.OLD["color"])
        for place, name in zip(places, names, strict=True):
            drawn = "  ◂ drawn" if place == moment.action else ""
            axes[3].text(0.02, place - 0.44, name + drawn, va="center", fontsize=10)
        axes[3].set(xlim=(0, 1), ylim=(len(names) - 0.6, -0.8), yticks=[], xlabel="probability")
        axes[3].grid(False, axis="y")

    def describe(moment: Moment) -> str:
        chances = ", ".join(f"{name} {p:.2f}" for name, p in zip(names, moment.probabilities, strict=True))
        return (
            f"Step {moment.step}, score so far {moment.score:.0f}. Probabilities: {chances}; drawn: "
            f"{names[moment.action]}. V = {moment.value:.2f} in units of the normalised learning return."
        )

    def data() -> dict[str, Any]:
        return {
            "names": list(names),
            "size": list(watched.saliency.shape[1:]),
            "frames": packed(np.concatenate([watched.frames[:, -1], watched.frames[:, 0]])),  # newest, then oldest
            "saliency": packed(shades),
            "probabilities": probabilities.tolist(),
            "actions": watched.actions.tolist(),
            "values": values.tolist(),
            "rewards": watched.rewards.tolist(),
        }

    return Interactive(
        title="a game step by step: frames, saliency and the probabilities of the actions",
        compute=compute,
        draw=draw,
        describe=describe,
        controls=lambda: {"step": Slider("step of the game", 0, len(watched.frames) - 1, start, 1)},
        columns=4,
        width=11.0,
        height=3.3,
        script="lesson_13.js",
        name="scrubber",
        data=data,
    )
