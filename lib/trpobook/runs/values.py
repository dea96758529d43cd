"""One setting: its meaning, what it takes, and whether a value is one."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import Field, field
from numbers import Real
from typing import Any


def setting(default: Any, meaning: str, **limits: float) -> Any:
    """Return a field of a settings class; limits: `above`, `at_least`, `at_most`."""
    return field(default=default, metadata={"meaning": meaning, **limits})


def type_of(each: Field[Any]) -> type:
    """Return int, float, bool or tuple: what the setting holds."""
    return {"int": int, "float": float, "bool": bool, "tuple[int, ...]": tuple}[str(each.type)]


def takes(each: Field[Any]) -> str:
    """Return what a setting takes, in words."""
    words = {int: "a whole number", float: "a number", bool: "true or false", tuple: "whole numbers such as 64,64"}
    limits = [f"{key.replace('_', ' ')} {value}" for key, value in each.metadata.items() if key != "meaning"]
    return " ".join([words[type_of(each)], " and ".join(limits)]).strip()


def checked(each: Field[Any], value: Any) -> Any:
    """Return `value` as the type of the setting. Raises: ValueError when it is none, or outside the limits."""
    kind = type_of(each)
    if kind is tuple and isinstance(value, list | tuple) and all(fits(each.metadata, int, one) for one in value):
        return tuple(int(one) for one in value)
    if kind is not tuple and fits(each.metadata, kind, value):
        return kind(value)
    raise ValueError(f"{each.name} is {value!r}; it takes {takes(each)}")


def fits(limits: Mapping[str, Any], kind: type, value: Any) -> bool:
    """Return whether `value` is an int, a float or a bool, as `kind` says, within the limits."""
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    largest: Any = sys.float_info.max  # beyond it are infinities, and whole numbers that are no floats
    if not isinstance(value, Real) or not -largest <= value <= largest:
        return False
    if kind is int and value % 1 != 0:
        return False
    low, high = limits.get("at_least", -math.inf), limits.get("at_most", math.inf)
    return bool(low <= value <= high and value > limits.get("above", -math.inf))
