"""Clips of a policy at work: rendered without a display where there is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("MUJOCO_GL", "egl")  # read once, when mujoco is first imported

import torch

from trpobook.agents.environments import MUJOCO_TASKS, Environments
from trpobook.agents.games import ATARI_TASKS
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import Policy
from trpobook.agents.spaces import seen, task_actions
from trpobook.agents.tasks import Env, Task, as_task

FRAMES_PER_SECOND = 25


@torch.no_grad()
def film(
    policy: Policy,
    moments: RunningMoments,
    task: str | Task,
    seed: int,
    *,
    seconds: float = 8.0,
    size: tuple[int, int] = (320, 320),
) -> np.ndarray:
    """Return frames (k, height, width, 3), uint8, of one episode of the policy's most likely actions.

    The clip runs in the task's own time at FRAMES_PER_SECOND, for at most `seconds`, and ends with the episode.
    Of a game it shows what the agent sees, and the actions are drawn, as in its evaluation.
    Raises: ValueError when the task cannot be rendered here.
    """
    task = as_task(task)
    device = next(iter(policy.parameters())).device
    if task.name in ATARI_TASKS:
        return _film_game(policy, task, seed, seconds, size, device)
    environment = _rendered(task, seed, size)
    rate = environment.metadata.get("render_fps", FRAMES_PER_SECOND)  # the task's steps in a second of its own time
    every = max(1, round(rate / FRAMES_PER_SECOND))
    observation, _ = environment.reset(seed=seed)
    frames: list[Any] = []
    for step in range(int(seconds * rate)):
        if step % every == 0:
            frames.append(environment.render())
        states = moments.normalise(seen(environment.observation_space, observation)[None])
        actions = policy.mode(torch.from_numpy(states).to(device)).cpu().numpy()
        observation, _, terminated, truncated, _ = environment.step(task_actions(environment.action_space, actions)[0])
        if terminated or truncated:
            break
    environment.close()
    return np.stack(frames)


def _rendered(task: Task, seed: int, size: tuple[int, int]) -> Env:
    """Return an environment of the task that has just drawn a picture. Raises: ValueError when it cannot."""
    options: dict[str, Any] = {}
    remedy = ""
    if task.name in MUJOCO_TASKS:  # whose default camera lets a runner run away
        options = {"width": size[0], "height": size[1], "camera_name": "track"}
        remedy = "; on Linux install EGL (Debian: libegl1), or libosmesa6 and set MUJOCO_GL=osmesa"
    try:
        environment = task.make(render_mode="rgb_array", **options)
        environment.reset(seed=seed)
        picture: Any = environment.render()
    except Exception as error:  # each rendering library fails in a way of its own
        raise ValueError(f"cannot render {task.name} ({type(error).__name__}: {error}){remedy}") from error
    if np.ndim(picture) != 3:
        raise ValueError(f"cannot render {task.name}: with render_mode='rgb_array' it gives no picture")
    return environment


def _film_game(
    policy: Policy, task: Task, seed: int, seconds: float, size: tuple[int, int], device: torch.device
) -> np.ndarray:
    """Return `film` of a game, which shows 60 frames a second and takes an action every fourth."""
    environments, generator = Environments(task, 1, seed), torch.Generator(device).manual_seed(seed)
    stacks = environments.reset()
    frames = [stacks[0, -1]]
    while len(frames) < seconds * 15 and not environments.game_over.any():
        actions = policy.sample(torch.from_numpy(stacks).to(device), generator)
        stacks = environments.step(actions.cpu().numpy())[0]
        frames.append(stacks[0, -1])
    environments.close()
    when = np.arange(0, len(frames), 15 / FRAMES_PER_SECOND).astype(int)
    rows, columns = (np.arange(side) * old // side for side, old in zip(size[::-1], frames[0].shape, strict=True))
    grey = np.stack(frames)[when][:, rows[:, None], columns]
    return np.repeat(grey[..., None], 3, axis=-1)


def write_mp4(frames: np.ndarray, path: Path) -> None:
    """Write `frames` (k, height, width, 3), uint8, as an H.264 clip; 75 frames of 240 × 240 take about 50 KB."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise ValueError('clips need a package: python -m pip install "trpobook[video]"') from None
    height, width = frames.shape[1:3]
    writer = imageio_ffmpeg.write_frames(
        str(path),
        (width, height),
        fps=FRAMES_PER_SECOND,
        quality=4,
        macro_block_size=1,
        ffmpeg_log_level="error",
    )
    writer.send(None)
    for frame in frames:
        writer.send(np.ascontiguousarray(frame))
    writer.close()
