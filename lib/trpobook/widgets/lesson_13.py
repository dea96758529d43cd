"""Interactive of lesson 13: a game step by step, with what the policy sees, looks at, and does."""

from __future__ import annotations

from typing import NamedTuple

import ipywidgets
import numpy as np
import torch

from trpobook.agents.environments import Environments
from trpobook.book import style
from trpobook.widgets.base import Interactive


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
    frames: np.ndarray  # (4, height, width)
    probabilities: np.ndarray
    action: int
    value: float
    saliency: np.ndarray
    score: float  # collected before it


def scrubber(watched: Watched, names: tuple[str, ...], start: int = 0) -> Interactive:
    """Return the interactive that moves through `watched`; `names` are those of the actions."""

    def compute(step: int) -> Moment:
        k = int(step)
        here = (watched.frames[k], watched.probabilities[k], int(watched.actions[k]), float(watched.values[k]))
        return Moment(k, *here, watched.saliency[k], float(watched.rewards[:k].sum()))

    def draw(axes, moment: Moment) -> None:
        newest, oldest = moment.frames[-1].astype(float), moment.frames[0].astype(float)
        for panel, picture, look in (
            (axes[0], newest, {"cmap": "gray", "vmin": 0, "vmax": 160}),
            (axes[1], newest - oldest, {"cmap": "PuOr", "vmin": -100, "vmax": 100}),
            (axes[2], moment.saliency / moment.saliency.max(), {"cmap": "magma", "vmin": 0, "vmax": 1}),
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

    def controls():
        return {"step": ipywidgets.IntSlider(start, min=0, max=len(watched.frames) - 1, description="step of the game")}

    return Interactive(
        title="a game step by step: frames, saliency and the probabilities of the actions",
        compute=compute,
        draw=draw,
        describe=describe,
        controls=controls,
        columns=4,
        width=11.0,
        height=3.3,
    )
