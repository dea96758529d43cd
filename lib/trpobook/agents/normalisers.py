"""From what a task shows to what a network takes: running moments, and the two cases that need none."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces

from trpobook.agents.averaging import ALONE, Averaging


class RunningMoments:
    """Mean and variance of all rows seen so far, merged batch by batch (Chan, Golub & LeVeque 1979)."""

    def __init__(self, shape: tuple[int, ...] = ()):
        self.mean, self.var, self.count = np.zeros(shape), np.ones(shape), 0

    def update(self, rows: np.ndarray, averaging: Averaging = ALONE) -> None:
        """Take in `rows`, (n, *shape), and those of the run's other processes.

        Raises: FloatingPointError for values whose variance double precision can't hold; nothing is taken in then.
        """
        mean, var, total = self.mean, self.var, self.count
        with np.errstate(over="ignore", invalid="ignore"):
            here = (len(rows), rows.mean(axis=0), rows.var(axis=0)) if len(rows) else (0, mean, var)
            for count, its_mean, its_var in averaging.gather(here):
                if count:
                    before, total = total, total + count
                    shift = its_mean - mean
                    squares = var * before + its_var * count + shift**2 * (before * count / total)
                    mean, var = mean + shift * (count / total), squares / total
        if not np.isfinite(var).all():
            raise FloatingPointError(
                "values to be normalised are not finite, or their variance is not; no update is made"
            )
        self.mean, self.var, self.count = mean, var, total

    def normalise(self, rows: np.ndarray, limit: float = 10.0) -> np.ndarray:
        """Return (rows − mean)/std, clipped to ±limit, in float32."""
        return np.clip((rows - self.mean) / np.sqrt(self.var + 1e-8), -limit, limit).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Return the moments as tensors and a number, for `load`."""
        return {"mean": torch.tensor(self.mean), "var": torch.tensor(self.var), "count": self.count}

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.mean, self.var = (state[name].numpy().copy() for name in ("mean", "var"))
        self.count = int(state["count"])


class Unchanged(RunningMoments):
    """Stands where `RunningMoments` does for zeros and ones, which need no scale: they are cast to float32."""

    def update(self, rows: np.ndarray, averaging: Averaging = ALONE) -> None:
        """Take in nothing."""

    def normalise(self, rows: np.ndarray, limit: float = 10.0) -> np.ndarray:
        """Return `rows` in float32."""
        return rows.astype(np.float32)

    def state(self) -> dict[str, Any]:
        return {}

    def load(self, state: dict[str, Any]) -> None:
        pass


class RawPixels(Unchanged):
    """Stands where `RunningMoments` does for pixels, whose range is known: frames pass as bytes, as they are.

    The network divides them by 255. As bytes they take a quarter of the memory of single precision.
    """

    def normalise(self, rows: np.ndarray, limit: float = 10.0) -> np.ndarray:
        """Return `rows`."""
        return rows


def moments_for(space: spaces.Box) -> RunningMoments:
    """Return a new normaliser for observations of `space`, a space as `seen_space` gives it.

    Whole numbers from 0 to 1, one-hot vectors among them, pass unchanged, frames of bytes as bytes; all else is
    normalised. Bytes in a vector are numbers like others.
    """
    if space.dtype.kind in "iub" and space.low.min() >= 0 and space.high.max() <= 1:
        return Unchanged()
    if space.dtype == np.uint8 and len(space.shape) == 3:
        return RawPixels()
    return RunningMoments(space.shape)
