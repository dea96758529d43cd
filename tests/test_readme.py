"""The programs in the README run as they are printed."""

import json
import re
import subprocess
import sys

import pytest

from conftest import BOOK

pytestmark = pytest.mark.slow

README = (BOOK / "README.md").read_text(encoding="utf-8")
OWN = README[README.index("## Your own task") : README.index("## What it reaches")]
PROGRAMS = {
    re.search(r"out=\"runs/([\w-]+)\"", code)[1]: code for code in re.findall(r"```python\n(.*?)```", OWN, re.DOTALL)
}

BOARD = """
from contextlib import contextmanager
from types import SimpleNamespace

@contextmanager
def init(project, config):
    yield SimpleNamespace(config=config, log=lambda row, step: print(step, row["kl"]))
"""


def run(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name,least", [("cart", -80), ("linear", 50), ("pendulum", -1500)])
def test_the_program_runs_as_it_stands_and_its_agent_has_learned(name, least, tmp_path):
    printed = run(PROGRAMS[name], tmp_path)
    assert float(printed.split()[0]) > least
    assert (tmp_path / "runs" / name / "final.pt").exists()


def test_the_recipe_for_another_log_hands_over_each_row(tmp_path):
    """With few steps, and with what stands in the place of the service."""
    (tmp_path / "wandb.py").write_text(BOARD)
    code = PROGRAMS["hopper-wide"].replace('"Hopper-v5",', '"Hopper-v5", steps=9_000,')
    lines = [line.split() for line in run(code, tmp_path).splitlines()]
    assert [int(step) for step, _ in lines] == sorted(int(step) for step, _ in lines) and len(lines) == 3
    assert all(0 <= float(kl) <= 0.02 for _, kl in lines)


def test_every_program_of_the_section_is_tested():
    assert set(PROGRAMS) == {"cart", "linear", "pendulum", "hopper-wide"}


def test_lesson_10_has_the_same_three_programs():
    lesson = json.loads((BOOK / "notebooks" / "10_mujoco.ipynb").read_text(encoding="utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in lesson["cells"] if cell["cell_type"] == "markdown")
    assert all(f"```python\n{PROGRAMS[name]}```" in text for name in ("cart", "linear", "pendulum"))
