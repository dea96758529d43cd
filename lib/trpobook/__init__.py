"""The library of the book: trust-region policy optimisation, small and tested.

`train` leaves a run in a folder, `load` takes the agent out of it; what else there is lives in the rooms below.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trpobook.agents.agent import Agent
    from trpobook.runs.front import load, train
    from trpobook.runs.settings import Settings

__all__ = ["Agent", "Settings", "__version__", "load", "train"]
__version__ = "0.1.0"

# Imported when first asked for: the lessons on finite worlds need no PyTorch.
_HOMES = {"Agent": "agents.agent", "Settings": "runs.settings", "load": "runs.front", "train": "runs.front"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"trpobook.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
