"""What a check found, as text for a terminal and as a card for a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

COLOURS = {"correct": "#2e7d32", "wrong": "#b26a00", "not attempted": "#757575"}
BARS = 16  # outcomes of a distribution that is drawn, at most


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        status: "correct", "wrong" or "not attempted".
        diagnosis: what is right or wrong, in a sentence.
        details: (label, text) of the lines below it: the input that shows it, what was expected, what came.
        pictured: (name, distribution) of that input, drawn in the card.
        goes_on: whether the lesson goes on with the answer; an answer in single precision is right, but its
            digits don't reach as far as the lesson's equations do.
    """

    status: Literal["correct", "not attempted", "wrong"]
    diagnosis: str
    details: tuple[tuple[str, str], ...] = ()
    pictured: tuple[tuple[str, np.ndarray], ...] = field(default=(), compare=False)
    goes_on: bool = True
    title: str = ""

    @property
    def message(self) -> str:
        """The verdict in words, its details in lines of their own."""
        first = f"not yet: {self.diagnosis}" if self.status == "wrong" else self.diagnosis
        return "\n".join([first, *(f"    {label}: {text}" for label, text in self.details)])

    def __str__(self) -> str:
        return f"{self.title}: {self.message}" if self.title else self.message

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        mark = {"correct": "✓ ", "wrong": "not yet: ", "not attempted": ""}[self.status]
        colour = COLOURS[self.status]
        head = f'<b style="color: {colour}">{html.escape(self.title)} · {mark}</b>{html.escape(self.diagnosis)}'
        rows = "".join(
            f'<div style="margin-top: 4px"><span style="opacity: 0.75">{html.escape(label)}:</span> '
            f'<code style="white-space: pre-wrap; overflow-wrap: anywhere">{html.escape(text)}</code></div>'
            for label, text in self.details
        )
        bars = "".join(_bars(name, values) for name, values in self.pictured)
        style = f"border-left: 5px solid {colour}; padding: 6px 12px; margin: 4px 0; max-width: 46em; line-height: 1.45"
        return f'<div style="{style}">{head}{rows}{bars}</div>'


def _bars(name: str, values: np.ndarray) -> str:
    """Return a distribution as a small drawing, SVG."""
    width, height = 14, 36
    rects = "".join(
        f'<rect x="{i * width + 1}" y="{height - round(p * height, 1):g}" width="{width - 3}" '
        f'height="{round(p * height, 1):g}" fill="#1f77b4"></rect>'
        for i, p in enumerate(values)
    )
    base = f'<line x1="0" y1="{height}" x2="{len(values) * width}" y2="{height}" stroke="currentColor"></line>'
    label = html.escape(name)
    return (
        f'<svg width="{len(values) * width + 2}" height="{height + 2}" role="img" aria-label="{label}">{rects}{base}'
        f'</svg> <span style="margin-right: 20px">{label}</span>'
    )


def distributions(names: list[str], args: tuple[Any, ...]) -> tuple[tuple[str, np.ndarray], ...]:
    """Return those of the arguments that are distributions few enough to draw."""
    return tuple((name, value) for name, value in zip(names, args, strict=False) if _is_distribution(value))


def _is_distribution(value: Any) -> bool:
    if not (isinstance(value, np.ndarray) and value.ndim == 1 and 2 <= len(value) <= BARS and value.dtype.kind == "f"):
        return False
    return bool(np.all(value >= 0)) and abs(value.sum() - 1) < 1e-9
