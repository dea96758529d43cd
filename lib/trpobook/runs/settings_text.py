"""Settings as text: what the command line reads, and the list that it prints."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from trpobook.runs.settings import field_of, settings_for
from trpobook.runs.values import takes, type_of

ADVICE = """\
If nothing is learned: plot return_mean, kl and entropy of metrics.csv. Where no reward was ever seen, explore more
widely, log_std=0 or entropy_bonus=0.01, and longer before each update, fewer copies (num_envs=2); where the return
rises and stops, larger batches (batch_size) help; where it pays late, gamma and lam nearer to 1."""


def parsed(algo: str, name: str, text: str) -> Any:
    """Return what `text`, from the command line, says for a setting: 0.02, 64,64 (empty for none), true, inf.

    Raises: ValueError for a name that is no setting of the algorithm, or a text that is no value of it.
    """
    each = field_of(algo, name)
    kind = type_of(each)
    words: dict[str, Any] = {"true": True, "false": False}
    try:
        if kind is tuple:
            return tuple(int(part) for part in text.split(",") if part.strip())
        return words[text.lower()] if kind is bool else float(text)
    except (ValueError, KeyError):
        raise ValueError(f"{name} is {text!r}; it takes {takes(each)}") from None


def described(algo: str, task: str = "") -> str:
    """Return a table of the algorithm's settings, their values for the task and what they mean, as text."""
    values = settings_for(task, algo)
    rows = []
    for each in fields(values):
        value, kind = getattr(values, each.name), type_of(each)
        text = ",".join(map(str, value)) if kind is tuple else str(value).lower() if kind is bool else f"{value:g}"
        rows.append((each.name, text, f"{each.metadata['meaning']}; {takes(each)}"))
    widths = [max(len(row[k]) for row in rows) for k in (0, 1)]
    lines = [f"{name:{widths[0]}}  {value:>{widths[1]}}  {meaning}" for name, value, meaning in rows]
    return "\n".join([f"{algo}{' on ' + task if task else ''}; change one by --set NAME=VALUE", "", *lines, "", ADVICE])
