"""Clips on a page: several side by side, or one as a strip of its moments."""

from __future__ import annotations

import base64
import html
from pathlib import Path

import numpy as np
from IPython.display import HTML


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
