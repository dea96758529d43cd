"""The pages of the web edition beside the lessons: made from the lessons' own cells and from the library."""

from __future__ import annotations

import argparse
import html
import pkgutil
import re
from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from textwrap import dedent

import builder
from builder import Files, Notebook, Targets, linked
from trpobook.__main__ import build_parser
from trpobook.book import BOOK
from trpobook.book.references import CITATIONS
from trpobook.runs.settings import settings_for
from trpobook.runs.settings_text import ADVICE
from trpobook.runs.values import takes
from trpobook.widgets.lesson_09 import step_slice

ROOMS = ("finite", "agents", "algorithms", "runs")
ALGORITHMS = ("trpo", "npg", "ppo", "ppo-kl", "reinforce", "vine", "cem", "cma-es")
CLIPS = {"Hopper-v5": "Hopper", "Walker2d-v5": "Walker", "HalfCheetah-v5": "Half-cheetah"}


def pages(notebooks: Mapping[str, Notebook], targets: Targets, files: Files) -> dict[str, str]:
    """Return the pages as Markdown: name -> text."""
    first = next(iter(notebooks.values()))
    made = {
        "index": front(notebooks, targets, files),
        "library": library(),
        "commands": commands(),
        "settings": settings(),
        "ledger": ledger(notebooks, targets),
        "corrections": corrections(notebooks, targets),
        "notation": linked(section(first, "Letters and their names in code", "Notation"), "notation", targets),
        "glossary": glossary(first, targets),
        "bibliography": bibliography(),
    }
    return made | {f"library_{room}": room_page(room) for room in ROOMS}


def section(notebook: Notebook, heading: str, title: str) -> str:
    """Return the part of a lesson under a heading, with that heading as a page's title.

    Raises: ValueError when the lesson has no such heading.
    """
    for cell in notebook["cells"]:
        text = builder.source_of(cell)
        found = re.search(rf"^## [\d. ]*{re.escape(heading)}$", text, re.M)
        if cell["cell_type"] != "markdown" or found is None:
            continue
        rest = re.split(r"^#{1,2} ", text[found.end() :], maxsplit=1, flags=re.M)[0]
        return f"# {title}\n{rest}"
    raise ValueError(f"the lesson has no section {heading!r}")


# The front page

START = """\
```sh
git clone {repository}
cd {folder}
make lab     # installs everything into .venv and opens the lessons
```

You need Python 3.11 or newer with pip, and make. Lessons 00 to 09 need no simulator and no GPU. Without an
installation, each lesson's page opens it in Colab. A trained agent takes one line:

```sh
.venv/bin/python -m trpobook train --env Hopper-v5 --steps 1000000 --out runs/hopper
```
"""


def front(notebooks: Mapping[str, Notebook], targets: Targets, files: Files) -> str:
    """Return the front page."""
    repository = builder.repository()
    parts = [
        "---\nhide-toc: true\n---\n# Trust-region policy optimisation, executed",
        "How far may a policy move before its old experience stops being true? Fifteen lessons lead from the "
        "Kullback–Leibler divergence to TRPO and PPO. **Every numbered equation is executed,** every figure can be "
        "moved, and the code that you write trains the agent.",
        "Move δ: within the grey band the promise holds; beyond it the promise still climbs, and the truth turns down.",
        builder.flagship(step_slice()._repr_html_(), files),
        *still_of_slice(notebooks, files),
        "## What comes of it\n\nFive tasks, one δ = 0.01, a million steps each: agents of "
        + linked("lesson 10", "index", targets)
        + ".",
        clips(files),
        "## The lessons",
        cards(notebooks),
        "## Read at your level\n\nThe whole idea, six times. Start where you feel at home, and go one further.",
        levels(next(iter(notebooks.values())), targets),
        "## Run it",
        START.format(repository=repository, folder=repository.rsplit("/", 1)[1]),
        contents(notebooks),
    ]
    return "\n\n".join(parts)


def still_of_slice(notebooks: Mapping[str, Notebook], files: Files) -> list[str]:
    """Return the stored still of the slice, for print and for pages without scripts."""
    for notebook in notebooks.values():
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and "slice_still(" in builder.source_of(cell):
                output = next(output for output in cell["outputs"] if "image/png" in output.get("data", {}))
                png, about = "".join(output["data"]["image/png"]), output["metadata"].get("image/png", {})
                return [f'<div class="tag_still">{builder.picture(png, about, files)}</div>']
    return []


def clips(files: Files) -> str:
    """Return the films of the trained agents."""
    shown = []
    for name, words in CLIPS.items():
        file = BOOK / "figures" / "clips" / f"{name}.mp4"
        if file.exists():
            film = builder.video(file.read_bytes(), files, 240, f"a trained {words}")
            shown.append(f"<figure>{film}<figcaption>{words}</figcaption></figure>")
    return f'<div class="clips">{"".join(shown)}</div>'


def cards(notebooks: Mapping[str, Notebook]) -> str:
    """Return the map of the lessons: number, title, claim, each a link."""
    made = []
    for page, notebook in notebooks.items():
        number, _, title = builder.title_of(notebook).partition(" · ")
        claim = re.search(r"^\*\*(.+?)\*\*", builder.source_of(notebook["cells"][0]), re.M | re.S)
        words = plain(claim[1]) if claim else ""
        made.append(
            f'<li><a href="{page}.html"><b>{int(number):02d}</b><strong>{html.escape(title)}</strong>'
            f"<span>{html.escape(words)}</span><small>{builder.minutes(notebook)} minutes</small></a></li>"
        )
    return f'<ol class="cards">{"".join(made)}</ol>'


def plain(text: str) -> str:
    """Return a line of Markdown as plain words."""
    return re.sub(r"\\(\W)", r"\1", re.sub(r"(?<!\\)[*$]", "", text))


def levels(first: Notebook, targets: Targets) -> str:
    """Return lesson 00's six accounts of the idea, of which one is open at a time."""
    text = section(first, "Read at your level", "")
    accounts = re.findall(r"^\*\*(.+?)\.\*\* (.*?)(?=\n\n\*\*|\Z)", text, re.M | re.S)
    made = []
    for i, (reader, account) in enumerate(accounts):
        is_open = " open" if i == 0 else ""
        body = linked(account.strip(), "index", targets)
        made.append(f'<details name="level"{is_open}><summary>{reader}</summary>\n\n{body}\n\n</details>')
    return '<div class="levels">\n\n' + "\n\n".join(made) + "\n\n</div>"


def contents(notebooks: Mapping[str, Notebook]) -> str:
    """Return the trees of pages that the sidebar shows."""
    trees = {
        "Lessons": list(notebooks),
        "The book": ["ledger", "corrections", "glossary", "notation", "bibliography"],
        "The library": ["library", "commands", "settings"],
    }
    made = []
    for name, tree in trees.items():
        lines = ["```{toctree}", ":hidden:", ":maxdepth: 1", f":caption: {name}", "", *tree, "```"]
        made.append("\n".join(lines))
    return "\n\n".join(made)


# The book as a whole


def per_lesson(notebooks: Mapping[str, Notebook], part: Mapping[str, str], place: str) -> str:
    """Return one section a lesson, headed by a link to it; `place` is where on the lesson's page."""
    made = []
    for page, text in part.items():
        number, _, title = builder.title_of(notebooks[page]).partition(" · ")
        link = f'<a href="{page}.html{place.format(page[:2])}">To the lesson</a>'
        made.append(f"## {int(number):02d} {title}\n\n{text}\n\n{link}")
    return "\n\n".join(made)


def ledger(notebooks: Mapping[str, Notebook], targets: Targets) -> str:
    """Return the ledger of the whole book, from the tables that the lessons stored."""
    tables = {}
    for page, notebook in notebooks.items():
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and "ledger.table()" in builder.source_of(cell):
                text = "".join("".join(output["data"]["text/markdown"]) for output in cell["outputs"])
                tables[page] = linked(text, "ledger", targets)
    count = len(targets.equations)
    head = (
        f"# The ledger\n\nEach of the book's {count} numbered equations is computed twice, by code that the two sides "
        "don't share; a lesson in which they differ can't be executed. The last columns say what becomes of a wrong "
        "version on the same data: a check that lets one pass is no check."
    )
    return f"{head}\n\n{per_lesson(notebooks, tables, '#the-ledger')}"


def corrections(notebooks: Mapping[str, Notebook], targets: Targets) -> str:
    """Return what popular accounts get wrong, of all lessons."""
    tables = {}
    for page, notebook in notebooks.items():
        text = section(notebook, "What popular accounts get wrong", "")
        rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
        tables[page] = linked(rows, "corrections", targets)
    claims = sum(text.count("\n") - 1 for text in tables.values())
    head = (
        f"# What popular accounts get wrong\n\n{claims} sentences that are often read about TRPO and its relatives, "
        "and what is true. The evidence is computed in each lesson, below its table."
    )
    return f"{head}\n\n{per_lesson(notebooks, tables, '#accounts-{}')}"


def glossary(first: Notebook, targets: Targets) -> str:
    """Return lesson 00's glossary, its lesson numbers as links."""
    text = section(first, "Glossary", "Glossary")

    def numbers(match: re.Match[str]) -> str:
        return re.sub(
            r"\d\d", lambda found: builder.anchor(targets, "lesson", found[0], found[0], "glossary"), match[0]
        )

    return re.sub(r"\| [\d, ]+ \|$", numbers, linked(text, "glossary", targets), flags=re.M)


def bibliography() -> str:
    """Return the book's one bibliography, in the order of its authors."""
    lines = [f"- {' '.join(text.split())}" for text in CITATIONS.values()]
    head = "# Bibliography\n\nEach lesson ends with the works that it rests on, and says for what."
    return f"{head}\n\n" + "\n".join(lines)


# The library


def library() -> str:
    """Return the page that leads to the rooms."""
    rooms = "\n".join(f"library_{room}" for room in ROOMS)
    return f"""# The library

`import trpobook` gives `train`, `load` and `Settings`. What lies behind them is laid out in rooms, of which each may
import only those before it.

```{{toctree}}
{rooms}
```

```{{eval-rst}}
.. automodule:: trpobook
   :imported-members:
```
"""


def room_page(room: str) -> str:
    """Return the reference of a room: its modules, one section each."""
    package = import_module(f"trpobook.{room}")
    names = [each.name for each in pkgutil.iter_modules(package.__path__) if not each.name.startswith("_")]
    parts = [f"# {room}\n\n{dedent(package.__doc__ or '').strip()}"]
    for name in names:
        parts.append(f"## {name}\n\n```{{eval-rst}}\n.. automodule:: trpobook.{room}.{name}\n```")
    return "\n\n".join(parts)


def commands() -> str:
    """Return the command line's options, as argparse holds them."""
    parts = ["# The command line\n\n`python -m trpobook COMMAND`; an error is one line, and exit code 2."]
    groups = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, parser in next(groups).choices.items():
        rows = [row(action) for action in parser._actions if not isinstance(action, argparse._HelpAction)]
        table = "\n".join(["| option | what it does |", "|---|---|", *rows])
        parts.append(f"## {name}\n\n{sentence(parser.description or '')}\n\n{table}")
    return "\n\n".join(parts)


def row(action: argparse.Action) -> str:
    """Return an option as a row of a table."""
    name = ", ".join(action.option_strings) or action.dest.upper()
    value = action.metavar or ("" if action.nargs == 0 or not action.option_strings else action.dest.upper())
    words = action.help or {"seed": "of everything random", "episodes": "how many"}.get(action.dest, "")
    if action.default not in (None, False, "", [], 0) and "(" not in words:
        words += f" ({action.default})"
    return f"| `{f'{name} {value}'.strip()}` | {escaped(words.strip())} |"


def settings() -> str:
    """Return each algorithm's settings, their values where no task changes them, and what they mean."""
    parts = [
        "# Settings\n\nOne is changed by `--set NAME=VALUE`, or by `settings={...}` in Python; "
        "`python -m trpobook settings --algo ppo --env Hopper-v5` lists the values for a task.\n\n" + ADVICE
    ]
    for algo in ALGORITHMS:
        values = settings_for("", algo)
        rows = []
        for each in fields(values):
            value, words = value_text(getattr(values, each.name)), (each.metadata["meaning"], takes(each))
            rows.append(f"| `{each.name}` | `{value}` | {' | '.join(map(escaped, words))} |")
        parts.append("\n".join([f"## {algo}\n", "| setting | value | meaning | takes |", "|---|---:|---|---|", *rows]))
    return "\n\n".join(parts)


def value_text(value: object) -> str:
    """Return a setting's value as the command line takes it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def sentence(text: str) -> str:
    """Return the words with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def escaped(text: str) -> str:
    """Return plain text as a cell of a Markdown table."""
    return re.sub(r"([|*_<$])", r"\\\1", text)


SECTIONS = re.compile(r"(?:Args|Attributes):$")  # what napoleon makes lists of


def plain_docstring(lines: list[str], lessons: Mapping[str, str]) -> list[str]:
    """Return a docstring's lines as reStructuredText: its bars and stars are mathematics, its lessons are links.

    What is indented below "Args:" and "Attributes:" stays, for napoleon to read; what is indented elsewhere is a
    displayed line, or goes on with "Raises:".
    """
    made: list[str] = []
    state = ""
    for line in lines:
        indented = line.startswith("    ")
        if not line.strip():
            state = ""
        elif SECTIONS.match(line):
            made, state = [*made, ""], "list"
        elif line.startswith("Raises: "):
            made += ["", "**Raises:**" + _line(line.removeprefix("Raises:"), lessons)]
            state = "paragraph"
            continue
        elif indented and state == "paragraph":
            line = line.strip()
        elif indented and state != "list":
            made += [*([""] if state != "displayed" else []), "| " + _line(line.strip(), lessons)]
            state = "displayed"
            continue
        elif not indented and state in ("list", "displayed"):
            made, state = [*made, ""], ""
        made.append(_line(line, lessons))
    return made


def _line(line: str, lessons: Mapping[str, str]) -> str:
    parts = re.split(r"(``.*?``|`[^`]*`)", line)
    for i in range(0, len(parts), 2):
        part = re.sub(r"([|*])", r"\\\1", parts[i])
        part = re.sub(r"(?<=\w)_(?!\w)", r"\\_", part)
        parts[i] = re.sub(r"\b[Ll]esson (\d\d)\b", lambda found: _reference(found, lessons), part)
    return "".join(parts)


def _reference(found: re.Match[str], lessons: Mapping[str, str]) -> str:
    return f"`{found[0]} <{lessons[found[1]]}.html>`__" if found[1] in lessons else found[0]
