"""Clips of a policy at work: rendered without a display where there is none."""

from __future__ import annotations

import base64
import html
import os
import sys
from pathlib import Path

import numpy as np

if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("MUJOCO_GL", "egl")  # read once, when mujoco is first imported

import gymnasium
import imageio_ffmpeg
import torch
from IPython.display import HTML

from trpobook.agents.environments import ATARI_TASKS, MUJOCO_TASKS, Environments, RunningMoments, without_mujoco_notes

FRAMES_PER_SECOND = 25


@torch.no_grad()
def film(
    policy,
    moments: RunningMoments,
    task: str,
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
    if task in ATARI_TASKS:
        return _film_game(policy, task, seed, seconds, size)
    options, remedy = {}, ""
    if task in MUJOCO_TASKS:  # whose default camera lets a runner run away
        options = {"width": size[0], "height": size[1], "camera_name": "track"}
        remedy = "; on Linux install EGL (Debian: libegl1), or libosmesa6 and set MUJOCO_GL=osmesa"
    try:
        with without_mujoco_notes():
            environment = gymnasium.make(task, render_mode="rgb_array", **options)
            environment.reset(seed=seed)
            environment.render()
    except Exception as error:  # each rendering library fails in a way of its own
        raise ValueError(f"cannot render {task} ({type(error).__name__}: {error}){remedy}") from error
    device = next(policy.parameters()).device
    rate = environment.metadata["render_fps"]  # the task's steps in a second of its own time
    every = max(1, round(rate / FRAMES_PER_SECOND))
    observation, _ = environment.reset(seed=seed)
    frames = []
    for step in range(int(seconds * rate)):
        if step % every == 0:
            frames.append(environment.render())
        state = torch.from_numpy(moments.normalise(observation[None])).to(device)
        action = policy.mode(state)[0].cpu().numpy()
        space = environment.action_space
        observation, _, terminated, truncated, _ = environment.step(np.clip(action, space.low, space.high))
        if terminated or truncated:
            break
    environment.close()
    return np.stack(frames)


def _film_game(policy, task: str, seed: int, seconds: float, size: tuple[int, int]) -> np.ndarray:
    """Return `film` of a game, which shows 60 frames a second and takes an action every fourth."""
    environments, generator = Environments(task, 1, seed), torch.Generator().manual_seed(seed)
    stacks = environments.reset()
    seen = [stacks[0, -1]]
    while len(seen) < seconds * 15 and not environments.game_over.any():
        stacks = environments.step(policy.sample(torch.from_numpy(stacks), generator).numpy())[0]
        seen.append(stacks[0, -1])
    environments.close()
    when = np.arange(0, len(seen), 15 / FRAMES_PER_SECOND).astype(int)
    rows, columns = (np.arange(side) * old // side for side, old in zip(size[::-1], seen[0].shape, strict=True))
    grey = np.stack(seen)[when][:, rows[:, None], columns]
    return np.repeat(grey[..., None], 3, axis=-1)


def write_mp4(frames: np.ndarray, path: Path) -> None:
    """Write `frames` (k, height, width, 3), uint8, as an H.264 clip; 75 frames of 240 × 240 take about 50 KB."""
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


def side_by_side(clips: dict[str, Path], width: int = 180) -> HTML:
    """Return the clips in a row, each playing over and over below its name, with the files inside the page."""
    cells = []
    for name, path in clips.items():
        source = f"data:video/mp4;base64,{base64.b64encode(path.read_bytes()).decode()}"
        video = f'<video autoplay loop muted playsinline controls width="{width}" src="{source}"></video>'
        cells.append(f'<figure style="margin:0"><figcaption>{html.escape(name)}</figcaption>{video}</figure>')
    return HTML(f'<div style="display:flex;flex-wrap:wrap;gap:12px">{"".join(cells)}</div>')


def film_strip(frames: np.ndarray, count: int = 6) -> np.ndarray:
    """Return `count` frames, evenly spaced in time, side by side, (height, count·width, 3)."""
    chosen = np.linspace(0, len(frames) - 1, count).round().astype(int)
    return np.concatenate(frames[chosen], axis=1)
