"""Count what the checks say of the answers in tests/unforeseen/: ``python tools/measure_answers.py [lesson ...] [-v]``.

A verdict is specific when it says more than that a value is wrong. With -v each answer is printed, and what it is told.
"""

import argparse
import collections
import importlib
import sys
from pathlib import Path

import torch

from trpobook.exercises import diagnose

TESTS = Path(__file__).resolve().parents[1] / "tests"


def kind_of(verdict) -> str:
    if verdict.status != "wrong":
        return verdict.status
    bare = verdict.diagnosis.split(" on ")[0].rstrip(".")
    return "value" if bare.endswith("the value is wrong") else "specific"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("lessons", nargs="*", default=[f"{number:02d}" for number in range(15)])
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    totals = {}
    for lesson in options.lessons:
        answers = importlib.import_module(f"unforeseen.lesson_{lesson}")
        for group in ("WRONG", "RIGHT"):
            counts = collections.Counter()
            for number, listed in getattr(answers, group).items():
                for answer, about in listed:
                    verdict = diagnose(number, answer)
                    torch.set_default_dtype(torch.float32)  # an answer may have changed it
                    counts[kind_of(verdict)] += 1
                    if options.verbose:
                        print(f"{number} {group} {about}\n    {kind_of(verdict)}: {verdict.diagnosis}", flush=True)
            print(f"lesson {lesson}, {group}: {dict(counts)}", flush=True)
            totals[group] = totals.get(group, collections.Counter()) + counts
    for group, counts in totals.items():
        print(f"all, {group}: {dict(counts)} of {sum(counts.values())}")


if __name__ == "__main__":
    main()
