"""Exercises that diagnose: `check("1.1", your_function)` says "not attempted", "correct", or what went wrong.

One module a lesson, `lesson_01` …, each with a table EXERCISES of data. `checks` runs an answer and compares it,
`explain` searches for the mistake, `plugs` is where a lesson meets an answer.
"""

from trpobook.exercises.checks import Exercise, case, diagnose, load
from trpobook.exercises.plugs import check
from trpobook.exercises.verdicts import Verdict

__all__ = ["Exercise", "Verdict", "case", "check", "diagnose", "load"]
