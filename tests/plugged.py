"""Lessons in which the readers' right answers stand in the place of the stubs, and take turns, call by call."""

import importlib
import itertools
import re
from pathlib import Path

CHECK = re.compile(r'\bcheck\(\s*"(\d+\.\d+)",\s*(\w+)')
# Right, and too slow to train a robot with, as section 10.8 does.
SLOW = {"e10_1_right_loop_over_states", "e10_1_right_anew_on_a_copy", "e10_2_right_loops", "e12_3_right_loops"}
TAKE_TURNS = """

import sys
sys.path.insert(0, {tests!r})
from plugged import taking_turns
{name} = taking_turns({number!r})
"""


def taking_turns(number):
    """Return a function that answers exercise `number` by one right answer after the other, in double precision."""
    answers = importlib.import_module(f"unforeseen.lesson_{int(number.split('.')[0]):02d}").RIGHT[number]
    chosen = [answer for answer, style in answers if not re.search("32|single", style + answer.__name__)]
    turns = itertools.cycle([answer for answer in chosen if answer.__name__ not in SLOW])

    def answer(*args, **named):
        return next(turns)(*args, **named)

    answer.__module__ = "__main__"  # or a check would take it for nobody's
    return answer


def plug_in(notebook):
    """Put the answers in the place of a notebook's stubs."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        for number, name in CHECK.findall(cell.source):
            stub = next(other for other in code if re.search(rf"^def {name}\(", other.source, re.MULTILINE))
            assert "..." in stub.source, f"{name} is no stub"
            stub.source += TAKE_TURNS.format(tests=str(Path(__file__).parent), name=name, number=number)


def is_verdict(output):
    """Return whether an output of a cell is the verdict on an answer: the stored one is the stub's."""
    return output.get("data", {}).get("text/plain", "").startswith("Exercise ")
