"""The web edition: ``python site/builder.py`` writes it to site/_build/html.

It is made of the stored notebooks, which are never executed: each cell goes through the functions below, Sphinx makes
pages of the result, and nothing on a page is fetched from elsewhere. Every script and datum is a file that a classic
script tag can load, so that the pages also work from a folder, and under a policy that allows no inline script.
"""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import html
import json
import re
import shutil
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from trpobook.book import BOOK
from trpobook.widgets import base
from trpobook.widgets.base import FIGURE_MIME

Cell = dict[str, Any]
Notebook = dict[str, Any]

SITE = BOOK / "site"
BUILD = SITE / "_build"
NOTEBOOKS = BOOK / "notebooks"
WORDS, FORMULAS, LINES = 1 / 150, 0.75, 1 / 15  # minutes for each word, displayed formula, open line of code


class Targets(NamedTuple):
    """Where everything is that a text can point at: its number -> the page that holds it, without .html."""

    lessons: dict[str, str]  # "06"
    equations: dict[str, str]  # "6.9"
    sections: dict[str, str]  # "6.3"
    exercises: dict[str, str]  # "6.2"


@dataclass
class Files:
    """Files that go with the pages, named by their content: name below _static -> bytes."""

    held: dict[str, bytes] = field(default_factory=dict)

    def keep(self, content: bytes, folder: str, ending: str) -> str:
        """Hold the content and return its address, seen from a page."""
        name = f"{folder}/{hashlib.sha256(content).hexdigest()[:16]}.{ending}"
        self.held[name] = content
        return f"_static/{name}"


def read(file: Path) -> Notebook:
    """Return a stored notebook."""
    return json.loads(file.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def source_of(cell: Cell) -> str:
    """Return the cell's text, which nbformat allows to be a list of lines."""
    return "".join(cell["source"])


def text_of(notebook: Notebook) -> str:
    """Return the text of all its markdown cells."""
    return "\n\n".join(source_of(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


# Links

TAG = re.compile(r"\\tag\{(\d+\.\d+)\}")
SECTION = re.compile(r"^#{2,3} (\d+\.\d+)(?= )", re.M)
EXERCISE = re.compile(r"^#{2,4} Exercise (\d+\.\d+)(?= )", re.M)


def targets_of(notebooks: Mapping[str, Notebook]) -> Targets:
    """Return what can be pointed at in the lessons, given by page."""
    found = Targets({}, {}, {}, {})
    for page, notebook in notebooks.items():
        text = text_of(notebook)
        found.lessons[page[:2]] = page
        for pattern, table in ((TAG, found.equations), (SECTION, found.sections), (EXERCISE, found.exercises)):
            table.update(dict.fromkeys(pattern.findall(text), page))
    return found


# What no link may be put into: code, formulas, links, tags, headings, summaries.
UNTOUCHED = re.compile(
    r"""(```.*?```|~~~.*?~~~|`` .*?``|`[^`]*`|\$\$.*?\$\$|\$[^$\n]+\$|!?\[[^\]]*\]\([^)]*\)|<summary.*?</summary>
    |<a\b.*?</a>|</?[a-zA-Z][^>]*>|^\#{1,6}\ [^\n]*$|^\([\w-]+\)=$)""",
    re.S | re.M | re.X,
)
NUMBER = r"\d{1,2}\.\d{1,2}"
GLUE = r"(?:,\s|,?\sand\s|\sor\s|\sto\s|–)"
EQUATIONS = re.compile(rf"\({NUMBER}(?:{GLUE}{NUMBER})*\)")
NAMED = re.compile(rf"\b([Ll]esson|[Ss]ection|[Ee]xercise)(s?)\s((?:{NUMBER}|\d\d\b)(?:{GLUE}(?:{NUMBER}|\d\d\b))*)")
ANOTHER_WORK = re.compile(r"(?:\(\d{4}\w?\)|(?<!lesson \d\d)),\s$")  # before "section 5.2" of it
KINDS = ("lesson", "section", "exercise")


def linked(text: str, page: str, targets: Targets, kinds: Sequence[str] = KINDS) -> str:
    """Return the markdown with links on equations, lessons, sections and exercises that exist, seen from `page`."""

    def equations(match: re.Match[str]) -> str:
        numbers = re.findall(NUMBER, match[0])
        if not all(number in targets.equations for number in numbers):
            return match[0]
        if len(numbers) == 1:
            return anchor(targets, "equation", numbers[0], match[0], page)
        if any(number.startswith("0.") for number in numbers):  # a list of shares
            return match[0]
        return re.sub(NUMBER, lambda number: anchor(targets, "equation", number[0], number[0], page), match[0])

    def named(match: re.Match[str]) -> str:
        kind, (first, *_) = match[1].lower(), re.findall(rf"{NUMBER}|\d\d", match[3])
        elsewhere = getattr(targets, f"{kind}s").get(first) != page
        another = ANOTHER_WORK.search(match.string[: match.start()])
        if kind not in kinds or (kind == "section" and another and (elsewhere or ")" in another[0])):
            return match[0]
        head = anchor(targets, kind, first, f"{match[1]}{match[2]} {first}", page)
        rest = match[3].removeprefix(first)
        return head + re.sub(rf"{NUMBER}|\d\d", lambda number: anchor(targets, kind, number[0], number[0], page), rest)

    parts = UNTOUCHED.split(text)  # by one group: every other part is untouched
    return "".join(part if i % 2 else EQUATIONS.sub(equations, NAMED.sub(named, part)) for i, part in enumerate(parts))


def anchor(targets: Targets, kind: str, number: str, words: str, page: str) -> str:
    """Return the words as a link, seen from `page`; as they are where the lessons hold no such thing."""
    there = getattr(targets, f"{kind}s").get(number)
    if there is None:
        return words
    address = "" if there == page and kind != "lesson" else f"{there}.html"
    place = "" if kind == "lesson" else f"#{kind}-{number.replace('.', '-')}"
    return f'<a class="ref" href="{address}{place}">{words}</a>'


def anchored(text: str, page: str) -> str:
    """Return the markdown with a target before each numbered section and exercise, and before the corrections."""
    text = SECTION.sub(lambda match: f"(section-{match[1].replace('.', '-')})=\n{match[0]}", text)
    text = EXERCISE.sub(lambda match: f"(exercise-{match[1].replace('.', '-')})=\n{match[0]}", text)
    return re.sub(r"^(?=## What popular accounts)", f"(accounts-{page[:2]})=\n", text, flags=re.M)


# Folds

LEDGER = re.compile(r"\bledger\.\w+\(\s*\"(\d+\.\d+)\"")
HOLDS = re.compile(r"\(\d+\.\d+\) holds: ")
TABLE = re.compile(r"^(?:ledger\.table|references)\(", re.M)
LIVE = re.compile(r"^([\w.]+)\.live\(", re.M)
FLAGSHIP = 'class="trpobook-lab"'


def summary_of(cell: Cell) -> str | None:
    """Return the words under which a cell's code is folded, or None for code that stays open."""
    source, outputs = source_of(cell), cell.get("outputs", [])
    said = "".join("".join(output.get("text", "")) for output in outputs if output["output_type"] == "stream")
    pictures = any("image/png" in output.get("data", {}) for output in outputs)
    tags = list(dict.fromkeys(LEDGER.findall(source)))
    if LIVE.search(source) or any(is_alive(output) for output in outputs):
        return "interactive"
    if tags and not defines(source) and not pictures and all(map(HOLDS.match, said.splitlines())):
        return ", ".join(f"({tag})" for tag in tags) + (" holds" if len(tags) == 1 else " hold")
    if pictures and not said and not defines(source):
        return "picture"
    if TABLE.search(source):
        return "table"
    if only_imports(source) and not outputs:
        return "imports"
    return "code" if "hide-input" in cell["metadata"].get("tags", []) else None


def folded(cell: Cell) -> Cell:
    """Return a code cell that opens on demand, where `summary_of` has a name for it."""
    summary = summary_of(cell)
    if summary is None:
        return cell
    cell, holds = copy.deepcopy(cell), summary.endswith(("holds", "hold"))
    what = "" if holds else " the code"
    tags = [tag for tag in cell["metadata"].get("tags", []) if tag != "hide-input"]
    how = "hide-cell" if holds else "remove-input" if summary == "table" else "hide-input"
    cell["metadata"]["tags"] = [*tags, how]
    prompts = {"code_prompt_show": f"{summary} · show{what}", "code_prompt_hide": f"{summary} · hide{what}"}
    cell["metadata"]["mystnb"] = prompts
    return cell


def defines(source: str) -> bool:
    """Return whether the code defines a function or a class of its own."""
    return re.search(r"^(?:def|class) ", source, re.M) is not None


def only_imports(source: str) -> bool:
    """Return whether the code imports, sets names and calls what it imported, and begins with an import."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return False
    imports, others = ast.Import | ast.ImportFrom, ast.Assign | ast.Expr
    return bool(body) and isinstance(body[0], imports) and all(isinstance(each, imports | others) for each in body)


# Outputs


def is_alive(output: Mapping[str, Any]) -> bool:
    """Return whether an output is an interactive that works without a kernel."""
    data = output.get("data", {})
    return FIGURE_MIME in data or FLAGSHIP in "".join(data.get("text/html", ""))


def as_html(code: str) -> Cell:
    """Return an output that shows the HTML."""
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": code}}


def shown(output: Cell, page: str, targets: Targets, files: Files) -> list[Cell]:
    """Return what stands on the page in an output's place."""
    stored = output.get("data", {})
    if FIGURE_MIME in stored:
        return [as_html(live_figure(stored[FIGURE_MIME], files))]
    data = {mime: "".join(stored[mime]) for mime in ("image/png", "text/html", "text/markdown") if mime in stored}
    if FLAGSHIP in data.get("text/html", ""):
        return [as_html(flagship(data["text/html"], files))]
    if "image/png" in data:
        return [as_html(picture(data["image/png"], output.get("metadata", {}).get("image/png", {}), files))]
    if "text/html" in data:
        return [as_html(with_clips(data["text/html"], files))]
    if "text/markdown" in data:
        kinds = KINDS[:1] if "*Here:*" in data["text/markdown"] else KINDS
        text = linked(data["text/markdown"], page, targets, kinds)
        return [{**output, "data": {"text/markdown": text}}]
    return [output]


def picture(png: str, about: Mapping[str, Any], files: Files) -> str:
    """Return the picture as HTML: with its text alternative and its size, and loaded when it comes near."""
    content = base64.b64decode(png)
    width, height = struct.unpack(">II", content[16:24])
    wide = int(about.get("width", width))
    address, alt = files.keep(content, "pictures", "png"), html.escape(str(about.get("alt", "")))
    size = f'width="{wide}" height="{round(height * wide / width)}"'
    return f'<img class="picture" src="{address}" alt="{alt}" {size} loading="lazy" decoding="async">'


def live_figure(stored: Mapping[str, Any], files: Files) -> str:
    """Return the place of a live figure: its model and its lesson's script are loaded when a reader comes near."""
    model = {name: stored[name] for name in ("figure", "title", "settings")} | dict(stored["values"])
    model["data"] = json.loads(stored["data"])
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
    address = files.keep(f"trpobook.hold({text});\n".encode(), "figures", "js")
    return (
        f'<div class="trpobook-live" data-figure="{address}" data-script="_static/scripts/{stored["script"]}">'
        f"<p>{html.escape(stored['title'])}</p></div>"
    )


def flagship(code: str, files: Files) -> str:
    """Return a simulator's HTML with its script in a file of its own; its style sheet is the site's."""
    scripts = re.findall(r"<script>(.*?)</script>", code, re.S)
    address = files.keep("\n".join(scripts).encode(), "figures", "js")
    rest = re.sub(r"<(script|style)>.*?</\1>|: run this cell[^<]*", "", code, flags=re.S).strip()
    return f'<div class="trpobook-live" data-simulator="{address}">{rest}</div>'


CLIP = re.compile(r'<video([^>]*?)(?:>\s*<source )?\bsrc="data:video/mp4;base64,([^"]+)"[^>]*>', re.S)


def with_clips(code: str, files: Files) -> str:
    """Return the HTML with its embedded films as files, which play when they are asked to."""

    def clip(match: re.Match[str]) -> str:
        width = re.search(r'width="(\d+)"', match[1])
        film = video(base64.b64decode(match[2]), files, int(width[1]) if width else 240)
        return film.removesuffix("</video>")  # the one that closed it is still there

    return CLIP.sub(clip, code)


def video(content: bytes, files: Files, width: int, name: str = "a trained agent") -> str:
    """Return a film as HTML, with its first frame as its poster."""
    frame, size = first_frame(content)
    poster = f' poster="{files.keep(frame, "clips", "jpg")}"' if frame else ""
    shape = f' height="{round(width * size[1] / size[0])}"' if frame else ""
    address = files.keep(content, "clips", "mp4")
    return (
        f'<video class="clip" controls muted loop playsinline preload="none" width="{width}"{shape}{poster} '
        f'src="{address}" aria-label="film of {html.escape(name)}"></video>'
    )


def first_frame(content: bytes) -> tuple[bytes, tuple[int, int]]:
    """Return the film's first frame as JPEG, and its width and height."""
    import io
    import tempfile

    import imageio_ffmpeg
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "clip.mp4")
        file.write_bytes(content)
        frames = imageio_ffmpeg.read_frames(file)
        size = next(frames)["size"]
        pixels = next(frames)
        frames.close()
    buffer = io.BytesIO()
    Image.frombytes("RGB", size, pixels).save(buffer, format="jpeg", quality=80)
    return buffer.getvalue(), size


# A lesson


def transformed(notebook: Notebook, page: str, targets: Targets, files: Files, head: str = "") -> Notebook:
    """Return the notebook as Sphinx is to read it; `head` stands below its title."""
    cells = copy.deepcopy(notebook["cells"])
    for still in stills(cells):
        cells[still]["metadata"].setdefault("tags", []).append("still")
    made = []
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "markdown":
            text = anchored(linked(source_of(cell), page, targets), page)
            cell["source"] = below_title(text, head) if i == 0 else text
        elif cell["cell_type"] == "code":
            cell = folded(cell)
            cell["outputs"] = [new for old in cell["outputs"] for new in shown(old, page, targets, files)]
        made.append(cell)
    return {**notebook, "cells": made}


def below_title(text: str, head: str) -> str:
    """Return the markdown with `head` after its first heading."""
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{head}\n{rest}" if head else text


def stills(cells: Sequence[Cell]) -> set[int]:
    """Return which cells hold the still of a figure that is alive further down: the nearest one before it."""
    found = set()
    for i, cell in enumerate(cells):
        if cell["cell_type"] != "code" or not any(map(is_alive, cell["outputs"])):
            continue
        live = LIVE.search(source_of(cell))
        call = f"{live[1]}.still(" if live else "_still("
        before = (j for j in range(i - 1, -1, -1) if cells[j]["cell_type"] == "code" and call in source_of(cells[j]))
        found |= {j for j in [next(before, None)] if j is not None}
    return found


def minutes(notebook: Notebook) -> int:
    """Return how long it takes to read, in minutes to the nearest five, without what is folded."""
    text = re.sub(r"<details>.*?</details>|```.*?```", "", text_of(notebook), flags=re.S)
    formulas = len(re.findall(r"\$\$.*?\$\$", text, re.S))
    words = len(re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " formula ", text, flags=re.S).split())
    opened = (cell for cell in notebook["cells"] if cell["cell_type"] == "code" and summary_of(cell) is None)
    lines = sum(source_of(cell).count("\n") + 1 for cell in opened)
    return max(5, 5 * round((WORDS * words + FORMULAS * formulas + LINES * lines) / 5))


def title_of(notebook: Notebook) -> str:
    """Return its first heading."""
    return source_of(notebook["cells"][0]).split("\n")[0].removeprefix("# ")


def head_of(page: str, notebooks: Mapping[str, Notebook], repository: str) -> str:
    """Return the line below a lesson's title: its neighbours, how long it takes, where it can be run."""
    pages = list(notebooks)
    here = pages.index(page)
    titles = [html.escape(title_of(notebook)) for notebook in notebooks.values()]
    around = []
    if here > 0:
        around.append(f'<a rel="prev" href="{pages[here - 1]}.html">← {titles[here - 1]}</a>')
    if here + 1 < len(pages):
        around.append(f'<a rel="next" href="{pages[here + 1]}.html">{titles[here + 1]} →</a>')
    colab = repository.replace("https://github.com/", "https://colab.research.google.com/github/")
    file = f"blob/main/notebooks/{page}.ipynb"
    ways = [
        f"<span>{minutes(notebooks[page])} minutes to read</span>",
        f'<a href="{colab}/{file}">Open in Colab</a>',
        f'<a href="_static/notebooks/{page}.ipynb" download>Download the notebook</a>',
        f'<a href="{repository}/{file}">Source</a>',
    ]
    lines = f'<nav aria-label="Neighbouring lessons">{" ".join(around)}</nav><p>{" ".join(ways)}</p>'
    return f'<div class="lesson-head">{lines}</div>\n'


# The whole


def repository(citation: Path = BOOK / "CITATION.cff") -> str:
    """Return the address of the book's repository, from CITATION.cff; a placeholder where it names none."""
    found = re.search(r"^repository-code:\s*[\"']?([^\s\"']+)", citation.read_text(encoding="utf-8"), re.M)
    return found[1].rstrip("/") if found else "https://github.com/OWNER/trpobook"


def write_sources(folder: Path, lessons: Path = NOTEBOOKS) -> None:
    """Write what Sphinx reads: the transformed lessons, the other pages, and the files that go with them."""
    import pages  # which uses this module

    notebooks = {file.stem: read(file) for file in sorted(lessons.glob("[0-9][0-9]_*.ipynb"))}
    targets, files = targets_of(notebooks), Files()
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SITE, folder, ignore=shutil.ignore_patterns("_build", "__pycache__"))
    for page, notebook in notebooks.items():
        made = transformed(notebook, page, targets, files, head_of(page, notebooks, repository()))
        (folder / f"{page}.ipynb").write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    for name, text in pages.pages(notebooks, targets, files).items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")

    static = folder / "static"
    for name, content in files.held.items():
        (static / name).parent.mkdir(parents=True, exist_ok=True)
        (static / name).write_bytes(content)
    used = set(re.findall(r"_static/scripts/([\w.]+)", _all_text(folder)))
    (static / "scripts").mkdir(exist_ok=True)
    for script in used:
        (static / "scripts" / script).write_text(classic(base.module(script), script), encoding="utf-8")
    (static / "flagships.css").write_text(base.source("flagships.css"), encoding="utf-8")
    (static / "math.woff2").write_bytes(math_font(_all_text(folder)))
    (static / "notebooks").mkdir()
    for page in notebooks:
        shutil.copyfile(lessons / f"{page}.ipynb", static / "notebooks" / f"{page}.ipynb")


def _all_text(folder: Path) -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in [*folder.glob("*.ipynb"), *folder.glob("*.md")])


def classic(module: str, script: str) -> str:
    """Return a lesson's JavaScript module as a classic script, which a page in a folder may load too."""
    code = module.replace("export default", f"trpobook.scripts[{json.dumps(script)}] =")
    return f'(() => {{\n"use strict";\n{code}}})();\n'


# ASCII, Greek, letter-like signs, arrows and operators, brackets; italic, double-struck, script and bold letters
MATH_RANGES = (
    (0x20, 0x7F), (0x370, 0x400), (0x2100, 0x2150), (0x2190, 0x2300), (0x27E6, 0x27EC),
    (0x1D400, 0x1D468), (0x1D49C, 0x1D4D0), (0x1D538, 0x1D56C), (0x1D6E2, 0x1D71C),
)  # fmt: skip


def math_font(text: str) -> bytes:
    """Return STIX Two Math, cut down to what formulas need, as WOFF2; `text` is what else it must be able to write."""
    import io

    import ziamath
    from fontTools import subset
    from fontTools.ttLib import TTFont

    font = TTFont(Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf")
    options = subset.Options(layout_features=["ssty", "dtls"], flavor="woff2", hinting=False, notdef_outline=True)
    wanted = {ord(letter) for letter in text} | {code for low, high in MATH_RANGES for code in range(low, high)}
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted & set(font.getBestCmap()))
    cutter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()


def build(out: Path = BUILD) -> Path:
    """Write the site and return the folder of its pages.

    Raises: RuntimeError when Sphinx fails or warns.
    """
    from sphinx.cmd.build import build_main

    write_sources(out / "source")
    shutil.rmtree(out / "html", ignore_errors=True)
    places = [str(out / "source"), str(out / "html")]
    if build_main(["-q", "-W", "--keep-going", "-b", "html", "-d", str(out / "doctrees"), *places]):
        raise RuntimeError(f"Sphinx could not make the site of {out / 'source'}; what is wrong stands above")
    return out / "html"


def main(arguments: Sequence[str] = ()) -> int:
    """Build the site, in site/_build or the folder given, and say where it is and how large."""
    pages = build(*map(Path, arguments))
    size = sum(file.stat().st_size for file in pages.rglob("*") if file.is_file())
    print(f"{pages / 'index.html'}: {len(list(pages.glob('*.html')))} pages, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
