"""Which spaces are served, and the way from a task's observations and actions to the networks' and back."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from gymnasium import spaces

Space = spaces.Space[Any]

SMALLEST_IMAGE = 36  # pixels each way: below, a ConvNet's filters find too few places
WIDEST = 10**6  # numbers in an observation


def seen_space(space: Space) -> spaces.Box:
    """Return the space of what the networks see of a task's observation space: frames (C, H, W), or a vector (n,).

    A three-dimensional Box with sides of SMALLEST_IMAGE pixels or more is an image, H×W×C or C×H×W: the channels are
    the shorter of its first and last axis. So is a two-dimensional one of bytes. Everything else is flattened as
    Gymnasium does it: one-hot for Discrete and MultiDiscrete, the parts of Dict and Tuple side by side.

    Raises: ValueError for a space that isn't served.
    """
    layout = _layout(space)
    if layout and isinstance(space, spaces.Box):
        low, high = (_frames(layout, bound) for bound in (space.low, space.high))
        return spaces.Box(low, high, dtype=space.dtype)
    if not _is_served(space):
        raise ValueError(
            f"observation space {space}: served are Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of "
            "these; give the task a wrapper that makes one of them of it"
        )
    width = spaces.flatdim(space)
    if not 0 < width <= WIDEST:
        raise ValueError(f"observation space {space} is {width} numbers wide; from 1 to {WIDEST} are served")
    if isinstance(space, spaces.Box) and len(space.shape) == 1:
        return space
    return cast(spaces.Box, spaces.flatten_space(space))


def seen(space: Space, observations: Any) -> np.ndarray:
    """Return what the networks see of observations of `space`, one or any batch of them: (…, *seen_space(space).shape).

    A batch is what a vector environment gives: arrays with more leading axes, inside a dict or tuple where the space
    is a Dict or Tuple.
    Raises: ValueError for a shape that is not the space's.
    """
    layout = _layout(space)
    return _frames(layout, _array(space, observations)) if layout else _flat(space, observations)


def fits(space: Space, observation: Any) -> bool:
    """Return whether one observation has the form of its space: its shape, or that of its parts, whatever the values.

    Many tasks leave the bounds that they declare.
    """
    if isinstance(space, spaces.Dict):
        parts = space.items()
        return isinstance(observation, dict) and all(k in observation and fits(s, observation[k]) for k, s in parts)
    if isinstance(space, spaces.Tuple):
        return len(observation) == len(space) and all(map(fits, space, observation))
    return bool(np.shape(observation) == (space.shape or ()))


def task_actions(space: Space, actions: np.ndarray) -> np.ndarray:
    """Return a policy's actions, (n, k) or (n,), as the task takes them: (n, *space.shape) in the space's own type.

    Box: from −1…1 affinely onto low…high, dimension by dimension, and clipped: centre + half·u. A bound that is
    infinite, or stands for that at the end of the type's range, is none: such a dimension passes unscaled, clipped
    on the side that has a bound. Whole numbers are rounded. Discrete and MultiDiscrete: counted from `start`.
    Raises: ValueError for a space that isn't served.
    """
    if not isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
        raise ValueError(f"action space {space}: served are Box, Discrete, MultiDiscrete and MultiBinary")
    actions = np.asarray(actions).reshape(len(actions), *(space.shape or ()))
    if isinstance(space, spaces.Box):
        return _into_box(space, actions)
    start = 0 if isinstance(space, spaces.MultiBinary) else space.start
    return np.asarray(actions + start, dtype=space.dtype)


def _into_box(space: spaces.Box[Any], actions: np.ndarray) -> np.ndarray:
    low, high = space.low.astype(np.float64), space.high.astype(np.float64)
    least, most = _no_bounds(space.dtype)
    scaled = (low > least) & (high < most)
    a, b = np.where(scaled, low, -1) / 2, np.where(scaled, high, 1) / 2  # halved first: b − a can't overflow
    u = np.where(scaled, np.clip(actions, -1, 1), actions)
    moved = np.clip(a + b + (b - a) * u, low, high)
    if space.dtype.kind == "f":
        limits = np.finfo(space.dtype)
        return np.clip(moved, limits.min, limits.max).astype(space.dtype)
    # A bound of 64 bits is no exact double: at the bounds it is taken from the space.
    moved = np.rint(moved)
    result = np.where(moved >= high, space.high, space.low)
    inside = (moved > low) & (moved < high)
    result[inside] = moved[inside].astype(space.dtype)
    return result


def _no_bounds(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return the ends of a type's range, where a bound stands for none; whole numbers of 8 or 16 bits do reach them."""
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    if dtype.itemsize < 4:
        return -np.inf, np.inf
    limits = np.iinfo(dtype)
    return float(limits.min) if dtype.kind == "i" else -np.inf, float(limits.max)


def _layout(space: Space) -> str:
    """Return how the axes of an image lie, "CHW", "HWC" or "HW", and "" for what is none."""
    if not isinstance(space, spaces.Box):
        return ""
    shape, layout = space.shape, ""
    if len(shape) == 3:
        layout = "CHW" if shape[0] <= shape[2] else "HWC"
    elif len(shape) == 2 and space.dtype == np.uint8:
        layout = "HW"
    sides = [side for side, axis in zip(shape, layout, strict=False) if axis != "C"]
    return layout if sides and min(sides) >= SMALLEST_IMAGE else ""


def _frames(layout: str, images: np.ndarray) -> np.ndarray:
    """Return images (…, axes as in `layout`) as frames (…, C, H, W)."""
    if layout == "HW":
        return images[..., None, :, :]
    return np.moveaxis(images, -1, -3) if layout == "HWC" else images


def _is_served(space: Space) -> bool:
    if isinstance(space, spaces.Dict):
        return all(map(_is_served, space.values()))
    if isinstance(space, spaces.Tuple):
        return all(map(_is_served, space))
    return isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary))


def _flat(space: Space, observations: Any) -> np.ndarray:
    """Return `gymnasium.spaces.flatten` of one observation or of each of a batch, (…, flatdim)."""
    if isinstance(space, spaces.Dict):
        return np.concatenate([_flat(part, observations[key]) for key, part in space.items()], axis=-1)
    if isinstance(space, spaces.Tuple):
        return np.concatenate([_flat(*pair) for pair in zip(space, observations, strict=True)], axis=-1)
    array = _array(space, observations)
    if isinstance(space, spaces.Discrete):
        return _one_hot(array - space.start, int(space.n)).astype(space.dtype)
    flat = array.reshape(*array.shape[: array.ndim - len(space.shape or ())], -1)
    if isinstance(space, spaces.MultiDiscrete):
        digits = np.moveaxis(flat - space.start.ravel(), -1, 0)
        hot = [_one_hot(digit, int(n)) for digit, n in zip(digits, space.nvec.flat, strict=True)]
        return np.concatenate(hot, axis=-1).astype(space.dtype)
    return flat


def _one_hot(digits: np.ndarray, n: int) -> np.ndarray:
    hot: np.ndarray = np.asarray(digits)[..., None] == np.arange(n)
    if not hot.any(axis=-1).all():
        raise ValueError(f"an observation is none of the {n} that its space has")
    return hot


def _array(space: Space, observations: Any) -> np.ndarray:
    """Return one observation or a batch of a space without parts as an array of the space's type."""
    array, shape = np.asarray(observations, dtype=space.dtype), space.shape or ()
    if array.shape[max(0, array.ndim - len(shape)) :] != shape:
        raise ValueError(f"an observation of shape {array.shape}, where the task's have shape {shape}")
    return array


def space_data(space: Space) -> dict[str, Any]:
    """Return a served space as numbers, strings and tensors, which a file loaded with weights_only=True gives back.

    Raises: ValueError for a space that isn't served.
    """
    if isinstance(space, spaces.Dict):
        return {"kind": "Dict", "parts": {key: space_data(part) for key, part in space.items()}}
    if isinstance(space, spaces.Tuple):
        return {"kind": "Tuple", "parts": [space_data(part) for part in space]}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "MultiBinary", "n": space.n}
    dtype = str(space.dtype)
    if isinstance(space, spaces.Box):
        return {"kind": "Box", "low": torch.tensor(space.low), "high": torch.tensor(space.high), "dtype": dtype}
    if isinstance(space, spaces.Discrete):
        return {"kind": "Discrete", "n": int(space.n), "start": int(space.start), "dtype": dtype}
    if isinstance(space, spaces.MultiDiscrete):
        nvec, start = torch.tensor(space.nvec), torch.tensor(space.start)
        return {"kind": "MultiDiscrete", "nvec": nvec, "start": start, "dtype": dtype}
    raise ValueError(f"space {space} is none of those that are served")


def space_from(data: dict[str, Any]) -> Space:
    """Return the space that `space_data` described."""
    kind, parts = data["kind"], data.get("parts", {})
    if kind == "Dict":
        return spaces.Dict({key: space_from(part) for key, part in parts.items()}, sort_keys=False)
    if kind == "Tuple":
        return spaces.Tuple([space_from(part) for part in parts])
    values = {name: value.numpy() if isinstance(value, torch.Tensor) else value for name, value in data.items()}
    del values["kind"]
    space: Space = getattr(spaces, kind)(**values)
    return space
