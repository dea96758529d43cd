"""The rooms of the library: imports run down only, no file of the engine is long, each room says what it holds."""

import ast
import sys
from pathlib import Path

import pytest

from conftest import BOOK

# Each room may import those of lower floors, itself, and none beside it.
FLOORS = {"finite": 0, "agents": 1, "algorithms": 2, "runs": 3, "book": 4, "exercises": 5, "widgets": 5}
FACE = ("__init__.py", "__main__.py")  # above all rooms
SHORT = ("agents", "algorithms", "runs")
LINES = 250


def imported(file, root):
    """Yield the modules that a file of the package in `root` imports, wherever in it, by their full names."""
    package = [root.name, *file.relative_to(root).parts[:-1]]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            # what is taken from the package itself may be a room, or its face
            yield from [f"{module}.{alias.name}" for alias in node.names] if module == root.name else [module]


def may_import(room, module, package):
    """Return whether a module of `room` may import `module`."""
    top, *rest = module.split(".")
    if top != package:
        return room != "finite" or top == "numpy" or top in sys.stdlib_module_names
    other = rest[0] if rest else ""
    return other == room or (other in FLOORS and FLOORS[other] < FLOORS[room] and room != "finite")


def faults(root):
    """Return what is wrong with the package in `root`, a line each."""
    found = []
    for file in sorted(root.rglob("*.py")):
        name = file.relative_to(root)
        if str(name) in FACE:
            continue
        room = name.parts[0]
        if room not in FLOORS:
            found.append(f"{name} is in no room")
            continue
        found += [
            f"{name} imports {module}" for module in imported(file, root) if not may_import(room, module, root.name)
        ]
        lines = len(file.read_text(encoding="utf-8").splitlines())
        if room in SHORT and lines > LINES:
            found.append(f"{name} has {lines} lines")
    for room in FLOORS:
        init = root / room / "__init__.py"
        if not init.exists() or not ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))):
            found.append(f"{room} does not say what it holds")
    return found


def test_imports_run_down_files_are_short_and_each_room_says_what_it_holds():
    assert faults(BOOK / "lib" / "trpobook") == []


@pytest.fixture
def package(tmp_path):
    """A made-up package without fault."""
    root = tmp_path / "book"
    for room in FLOORS:
        (root / room).mkdir(parents=True)
        (root / room / "__init__.py").write_text('"""What it holds."""\n')
    for name, text in {
        "__init__.py": "from book.runs.front import train\n",
        "__main__.py": "import book.widgets.slider\n",
        "finite/worlds.py": "import math\nimport numpy as np\nfrom book.finite import other\n",
        "agents/policies.py": "import torch\nimport bookkeeping\nfrom book.finite.worlds import World\n",
        "algorithms/trpo.py": "from . import line_search\nfrom ..agents import policies\n",
        "runs/front.py": "from book.agents import policies\n" + "x = 1\n" * (LINES - 1),
        "book/plots.py": "import book.runs.front\nfrom book import finite\n" + "x = 1\n" * LINES,
        "exercises/lesson.py": "from book.book import plots\n",
        "widgets/slider.py": "from book.book.plots import draw\n",
    }.items():
        (root / name).write_text(text)
    return root


def test_a_house_in_order_has_no_faults(package):
    assert faults(package) == []


@pytest.mark.parametrize(
    "name,line,fault",
    [
        ("agents/policies.py", "from book.runs.front import train", "imports book.runs.front"),
        ("agents/policies.py", "def f():\n    import book.algorithms.trpo as t", "imports book.algorithms.trpo"),
        ("agents/policies.py", "from ..runs import front", "imports book.runs"),
        ("agents/policies.py", "from .. import runs", "imports book.runs"),
        ("agents/policies.py", "from ..runs.front import train", "imports book.runs.front"),
        ("agents/policies.py", "from book import finite, runs", "imports book.runs"),
        ("algorithms/trpo.py", "if True:\n    from book import train", "imports book.train"),
        ("runs/__init__.py", "import book", "imports book"),
        ("runs/__init__.py", "from book.book.plots import draw", "imports book.book.plots"),
        ("exercises/lesson.py", "from book.widgets import slider", "imports book.widgets"),
        ("widgets/slider.py", "from book.exercises.lesson import check", "imports book.exercises.lesson"),
        ("widgets/slider.py", "from book.__main__ import main", "imports book.__main__"),
        ("finite/worlds.py", "import torch.nn", "imports torch.nn"),
        ("finite/worlds.py", "from scipy import linalg", "imports scipy"),
        ("finite/worlds.py", "from book.agents import policies", "imports book.agents"),
        ("runs/front.py", "x = 1", f"has {LINES + 1} lines"),
        ("stray.py", "", "is in no room"),
        ("attic/old.py", "", "is in no room"),
    ],
)
def test_each_fault_is_found(name, line, fault, package):
    file = package / name
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as text:
        text.write(line + "\n")
    assert faults(package) == [f"{Path(name)} {fault}"]


@pytest.mark.parametrize("text", ["", "x = 1\n", None])
def test_a_room_that_does_not_say_what_it_holds_is_found(text, package):
    file = package / "agents" / "__init__.py"
    file.unlink() if text is None else file.write_text(text)
    assert faults(package) == ["agents does not say what it holds"]
