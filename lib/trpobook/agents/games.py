"""Games of the Atari 2600, which EnvPool brings along: what an agent sees of them, and when a game is over."""

from __future__ import annotations

from typing import Any

import numpy as np

# The seven games of Schulman et al. 2015.
ATARI_TASKS = (
    "BeamRider-v5",
    "Breakout-v5",
    "Enduro-v5",
    "Pong-v5",
    "Qbert-v5",
    "Seaquest-v5",
    "SpaceInvaders-v5",
)
# What an agent sees of a game: four grey frames of 42 by 42 pixels, four frames of the console apart, as bytes. The
# game begins with up to 30 idle steps and, where it waits for the button, with a shot; after 5 minutes it is over.
ATARI = {
    "stack_num": 4,
    "frame_skip": 4,
    "img_height": 42,
    "img_width": 42,
    "gray_scale": True,
    "noop_max": 30,
    "use_fire_reset": True,
    "episodic_life": True,
    "max_episode_steps": 4500,
}


def is_game(source: object) -> bool:
    """Return whether the source of a task names one of ATARI_TASKS."""
    return isinstance(source, str) and source in ATARI_TASKS


def lost(info: dict[str, Any]) -> np.ndarray:
    """Return in which copies the whole game was lost, not one life of it, (n,), from EnvPool's info."""
    whole: np.ndarray = info["terminated"] == 1
    return whole
