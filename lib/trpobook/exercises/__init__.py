"""Exercises that diagnose: `check("1.1", your_function)` says "not attempted", "correct", or what went wrong.

One module a lesson, `lesson_01` …, each with a table EXERCISES of data; `checks` holds what they share.
"""

from trpobook.exercises.checks import Exercise, Verdict, check, diagnose, load

__all__ = ["Exercise", "Verdict", "check", "diagnose", "load"]
