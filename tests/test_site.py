"""The web edition: what is made of each cell, and the pages in a browser."""

import base64
import functools
import http.server
import importlib.util
import itertools
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import builder
import pages as other_pages
from builder import FIGURE_MIME, Files, Targets
from conftest import BOOK, LESSONS

PACKAGES = ("sphinx", "myst_nb", "furo", "sphinx_copybutton", "math_core", "ziamath", "brotli")
POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
DOT = base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x10").decode()  # 32 by 16

TARGETS = Targets(
    {"06": "06_bound", "09": "09_trpo"},
    {"6.8": "06_bound", "6.9": "06_bound", "6.10": "06_bound", "9.1": "09_trpo", "0.4": "00_start", "0.3": "00_start"},
    {"6.3": "06_bound", "9.4": "09_trpo"},
    {"6.2": "06_bound", "6.3": "06_bound"},
)


def code(source, *outputs, **metadata):
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": metadata, "execution_count": 1}


def markdown(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def said(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def output(**data):
    return {"output_type": "display_data", "metadata": {}, "data": data}


def drawn(alt="a curve", width=16):
    return {
        "output_type": "display_data",
        "metadata": {"image/png": {"alt": alt, "width": width}},
        "data": {"image/png": DOT},
    }


def alive(figure="bounds"):
    stored = {"figure": figure, "title": "bounds & truth", "settings": [], "data": "null"}
    return output(**{FIGURE_MIME: {**stored, "script": "lesson_06.js", "values": {"exponent": -6}}, "text/plain": ""})


FLAGSHIP = output(
    **{
        "text/html": '<div class="trpobook-lab"><p>The slice: run this cell to use it.</p></div>\n<style>p{}</style>\n'
        "<script>\nstart();\n</script>",
        "text/plain": "",
    }
)


# Links


def linked(text, page="06_bound", **kinds):
    """Return the text with its links written [words](address)."""
    return re.sub(
        r'<a class="ref" href="([^"]*)">([^<]*)</a>', r"[\2](\1)", builder.linked(text, page, TARGETS, **kinds)
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("by (6.9).", "by [(6.9)](#equation-6-9)."),
        ("by (9.1).", "by [(9.1)](09_trpo.html#equation-9-1)."),
        ("(6.8)–(6.10)", "[(6.8)](#equation-6-8)–[(6.10)](#equation-6-10)"),
        ("(6.8, 6.10)", "([6.8](#equation-6-8), [6.10](#equation-6-10))"),
        ("(6.8 to 6.10)", "([6.8](#equation-6-8) to [6.10](#equation-6-10))"),
        ("in lesson 09, too", "in [lesson 09](09_trpo.html), too"),
        ("Lessons 06 and 09 say", "[Lessons 06](06_bound.html) and [09](09_trpo.html) say"),
        ("section 6.3 says", "[section 6.3](#section-6-3) says"),
        ("(section 9.4)", "([section 9.4](09_trpo.html#section-9-4))"),
        ("lesson 09, section 9.4", "[lesson 09](09_trpo.html), [section 9.4](09_trpo.html#section-9-4)"),
        ("Exercises 6.2 and 6.3", "[Exercises 6.2](#exercise-6-2) and [6.3](#exercise-6-3)"),
        ("| (6.9) | gap |", "| [(6.9)](#equation-6-9) | gap |"),
        ("**lesson 09, TRPO.**", "**[lesson 09](09_trpo.html), TRPO.**"),
    ],
)
def test_what_is_named_by_its_number_becomes_a_link(text, expected):
    assert linked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a share (0.97) and (6.99)",
        "a list (0.4, 0.3)",
        "lesson 77, section 6.33",
        "`(6.9)` and ``(6.9) ` x``",
        "```python\nlesson 09 (6.9)\n```",
        "$x (6.9)$ and $$\ny \\tag{6.9} (6.9)\n$$",
        "[see (6.9)](there.html)",
        "## After lesson 09",
        '<a href="x">lesson 09</a> <img alt="lesson 09">',
        "<details><summary>Solution of (6.9)</summary>",
        "Schulman et al. (2015), section 6.3, states",
        "Nocedal and Wright, section 9.4",
    ],
)
def test_what_is_no_reference_stays_as_it_is(text):
    assert linked(text) == text


def test_of_a_list_of_references_only_lessons_and_equations_are_linked():
    assert linked("*Here:* (6.9): section 6.3, lesson 09", kinds=("lesson",)) == (
        "*Here:* [(6.9)](#equation-6-9): section 6.3, [lesson 09](09_trpo.html)"
    )


def test_targets_are_found_in_the_text_of_the_lessons():
    cells = [markdown("# 6 · The bound"), markdown("## 6.3 A lemma\n\n$$x \\tag{6.9}$$\n\n### Exercise 6.2 · `f`")]
    found = builder.targets_of({"06_bound": {"cells": [*cells, code("# \\tag{6.1}")]}})
    assert found == ({"06": "06_bound"}, {"6.9": "06_bound"}, {"6.3": "06_bound"}, {"6.2": "06_bound"})


def test_headings_with_a_number_get_a_place():
    text = "## 6.3 A lemma\n\n### Exercise 6.2 · `f`\n\n## What popular accounts get wrong\n\n## Recap"
    assert builder.anchored(text, "06_bound").splitlines() == [
        "(section-6-3)=",
        "## 6.3 A lemma",
        "",
        "(exercise-6-2)=",
        "### Exercise 6.2 · `f`",
        "",
        "(accounts-06)=",
        "## What popular accounts get wrong",
        "",
        "## Recap",
    ]


# Folds


@pytest.mark.parametrize(
    "cell, summary",
    [
        (code('ledger.equal("6.9", "a", x, y)', said("(6.9) holds: a, 3 compared\n")), "(6.9) holds"),
        (
            code('ledger.equal("6.8", 1)\nledger.at_most("6.9", 2)', said("(6.8) holds: a\n(6.9) holds: b\n")),
            "(6.8), (6.9) hold",
        ),
        (code('ledger.equal("6.9", "a", x, y)\nprint(x)', said("(6.9) holds: a\n0.5\n")), None),
        (code('def f():\n    ...\nledger.equal("6.9", f)', said("(6.9) holds: a\n")), None),
        (code("style.figure()\nshow(figure)", drawn()), "picture"),
        (code("print(1)\nshow(figure)", said("1"), drawn()), None),
        (code("def f():\n    ...\nshow(f())", drawn()), None),
        (code("interactives.bowl.live()", drawn()), "interactive"),
        (code("step_slice()", FLAGSHIP), "interactive"),
        (code("ledger.table()", output(**{"text/markdown": "| |"})), "table"),
        (code("import torch\nrng = 1\ntorch.set_num_threads(1)"), "imports"),
        (code("x = 1"), None),
        (code("print(x)", said("1"), tags=["hide-input"]), "code"),
        (code("def f("), None),
    ],
)
def test_cells_that_teach_no_code_are_folded(cell, summary):
    assert builder.summary_of(cell) == summary
    made = builder.folded(cell)
    if summary is None:
        assert made == cell
    else:
        assert ("hide-cell" in made["metadata"]["tags"]) == ("hold" in summary)
        assert made["metadata"]["mystnb"]["code_prompt_show"].startswith(f"{summary} · show")


# Outputs


def test_a_picture_keeps_its_description_and_its_size():
    files = Files()
    made = builder.picture(DOT, {"alt": 'p < "q"', "width": 16}, files)
    ((name, content),) = files.held.items()
    assert content == base64.b64decode(DOT) and f'src="_static/{name}"' in made
    assert 'alt="p &lt; &quot;q&quot;" width="16" height="8" loading="lazy"' in made


def test_a_live_figure_is_a_place_with_its_model_in_a_file():
    files = Files()
    made = builder.live_figure(alive()["data"][FIGURE_MIME], files)
    ((name, content),) = files.held.items()
    assert f'data-figure="_static/{name}" data-script="_static/scripts/lesson_06.js"' in made
    assert "<p>bounds &amp; truth</p>" in made
    assert content.startswith(b'trpobook.hold({"figure":"bounds"') and b'"exponent":-6' in content


def test_a_flagship_leaves_its_script_in_a_file():
    files = Files()
    made = builder.flagship(FLAGSHIP["data"]["text/html"], files)
    ((name, content),) = files.held.items()
    assert content.strip() == b"start();" and f'data-simulator="_static/{name}"' in made
    assert "<script" not in made and "<style" not in made and '<div class="trpobook-lab"><p>The slice</p></div>' in made


def test_a_still_is_the_nearest_one_before_its_live_figure():
    cells = [
        code("i.bowl.still(x=1)", drawn()),
        code("i.bowl.still(x=2)", drawn()),
        code("i.other.still()", drawn()),
        code("i.bowl.live()", alive()),
        code("slice_still(0.3)", drawn()),
        code("step_slice()", FLAGSHIP),
    ]
    assert builder.stills(cells) == {1, 4}


def test_a_lesson_is_transformed_cell_by_cell():
    cells = [
        markdown("# 6 · The bound\n\nSee (6.9)."),
        code("i.bounds.still()", drawn()),
        code("i.bounds.live()", alive()),
        code("i.bowl.still()", drawn()),
        code("ledger.table()", output(**{"text/markdown": "| (9.1) |"})),
    ]
    title, still, live, other, table = builder.transformed(
        {"cells": cells}, "06_bound", TARGETS, Files(), "<nav></nav>"
    )["cells"]
    assert title["source"].splitlines()[:3] == ["# 6 · The bound", "", "<nav></nav>"]
    assert '<a class="ref" href="#equation-6-9">' in title["source"]
    assert "still" in still["metadata"]["tags"] and "still" not in other["metadata"]["tags"]
    assert 'class="trpobook-live"' in live["outputs"][0]["data"]["text/html"]
    assert "09_trpo.html#equation-9-1" in table["outputs"][0]["data"]["text/markdown"]
    assert cells[1] == code("i.bounds.still()", drawn())  # what was read is not written to


def test_films_become_files():
    clip = next((BOOK / "figures" / "clips").glob("*.mp4")).read_bytes()
    address, files = f"data:video/mp4;base64,{base64.b64encode(clip).decode()}", Files()
    made = builder.with_clips(f'<video autoplay width="180" src="{address}"></video>', files)
    other = builder.with_clips(f'<video controls  width="240" >\n <source src="{address}" type="v">\n</video>', files)
    assert "base64" not in made + other and "autoplay" not in made
    assert 'width="180"' in made and 'width="240"' in other and made.count("</video>") == other.count("</video>") == 1
    assert sorted(Path(name).suffix for name in files.held) == [".jpg", ".mp4"]


def test_a_module_becomes_a_classic_script():
    made = builder.classic("const f = 1;\nexport default { render() {} };\n", "lesson_06.js")
    assert "export" not in made and 'trpobook.scripts["lesson_06.js"] = { render() {} };' in made


def test_reading_takes_at_least_five_minutes_and_longer_with_formulas():
    assert builder.minutes({"cells": [markdown("a word")]}) == 5
    assert builder.minutes({"cells": [markdown("word " * 1500)]}) == 10
    assert builder.minutes({"cells": [markdown("word " * 1500 + "$$x$$" * 20)]}) == 25
    assert builder.minutes({"cells": [markdown("word " * 1500 + "<details>" + "$$x$$" * 20 + "</details>")]}) == 10


def test_the_repository_has_one_address(tmp_path):
    file = tmp_path / "CITATION.cff"
    file.write_text('title: x\nrepository-code: "https://github.com/some/book/"\n')
    assert builder.repository(file) == "https://github.com/some/book"
    file.write_text("title: x\n")
    assert builder.repository(file) == "https://github.com/OWNER/trpobook"


def test_docstrings_become_restructured_text():
    lines = ["Return |a·b| with **x**, see `f|g`.", "", "Args:", "    x: y_ and", "        more."]
    lines += ["Raises: E when", "    not.", "", "Lesson 09."]
    made = other_pages.plain_docstring(lines, {"09": "09_trpo"})
    assert made == [
        r"Return \|a·b\| with \*\*x\*\*, see `f|g`.",
        *["", "", "Args:", r"    x: y\_ and", "        more.", "", "**Raises:** E when", "not.", ""],
        "`Lesson 09 <09_trpo.html>`__.",
    ]


def test_every_section_that_the_pages_take_from_lesson_00_is_there():
    first = builder.read(LESSONS[0])
    assert other_pages.levels(first, TARGETS).count("<details") == 6
    assert other_pages.section(first, "Glossary", "Words").startswith("# Words\n")
    with pytest.raises(ValueError, match="no section 'Weather'"):
        other_pages.section(first, "Weather", "")


def test_the_commands_page_holds_every_option():
    page = other_pages.commands()
    assert "## train" in page and "`--set NAME=VALUE`" in page and "`DIR`" in page and "(20)" in page


# The pages


LOADED = ("src", "poster", "data-figure", "data-script", "data-simulator")


class Page(HTMLParser):
    """What a page points at, what can be pointed at, and its visible words outside code."""

    def __init__(self, file):
        super().__init__()
        self.links, self.loads, self.ids, self.inline, self.words, self.open = [], [], Counter(), [], [], []
        self.title, self.headings = "", 0
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in ("meta", "link", "img", "input", "br", "hr", "source", "wbr", "use", "path", "circle", "line"):
            self.open.append(tag)
        self.ids.update(filter(None, [given.get("id")]))
        self.headings += tag == "h1"
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        self.loads += [given[name] for name in LOADED if name in given]
        self.loads += [given["href"]] if tag == "link" and given.get("rel") in ("stylesheet", "icon") else []
        self.inline += ["script"] if tag == "script" and "src" not in given else []
        self.inline += [name for name in given if name.startswith("on")]

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "title" in self.open and "head" in self.open:
            self.title += data
        elif not {"pre", "code", "script", "style", "head", "math"} & set(self.open):
            self.words.append(data)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder of the site's pages, built once, with the seconds that it took."""
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        how = f"no {', '.join(lacking)}: make site installs requirements-site.txt"
        pytest.fail(how) if os.environ.get("CI") == "true" else pytest.skip(how)
    folder, start = tmp_path_factory.mktemp("site"), time.perf_counter()
    command = [sys.executable, BOOK / "site" / "builder.py", folder / "build"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and "WARNING" not in run.stderr, run.stderr
    (folder / "sub").mkdir()
    html = (folder / "build" / "html").rename(folder / "sub" / "path")
    (html / "seconds").write_text(f"{time.perf_counter() - start:.0f}")
    return html


@pytest.fixture(scope="module")
def parsed(pages):
    return {file.name: Page(file) for file in sorted(pages.glob("*.html"))}


class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def address(pages):
    """Where the site is served: below a folder, under a policy that allows no inline script and no eval."""
    handler = functools.partial(Handler, directory=str(pages.parents[1]))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/sub/path"
        server.shutdown()


@pytest.mark.slow
def test_the_site_is_small_and_has_a_page_for_each_lesson(pages, parsed, record_property):
    size = sum(file.stat().st_size for file in pages.rglob("*") if file.is_file())
    record_property("build, seconds", (pages / "seconds").read_text())
    record_property("size, MB", f"{size / 1e6:.1f}")
    assert size < 60e6
    assert {f"{lesson.stem}.html" for lesson in LESSONS} <= set(parsed)
    assert all(page.title.strip() and (page.headings == 1 or name == "search.html") for name, page in parsed.items())
    assert len({page.title for page in parsed.values()}) == len(parsed)


@pytest.mark.slow
def test_no_link_is_broken_and_no_name_is_given_twice(pages, parsed):
    broken = []
    for name, page in parsed.items():
        broken += [f"{name}: id {each} twice" for each, count in page.ids.items() if count > 1]
        broken += [f"{name}: loads {each}" for each in page.loads if not (pages / urlsplit(each).path).is_file()]
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme in ("https", "http", "mailto"):
                continue
            there = unquote(parts.path) or name
            if not (pages / there).is_file():
                broken.append(f"{name}: {link}")
            elif there in parsed and parts.fragment and unquote(parts.fragment) not in parsed[there].ids:
                broken.append(f"{name}: {link}, no such place")
    assert not broken, "\n".join(broken[:40])


@pytest.mark.slow
def test_every_interactive_of_a_lesson_is_alive_on_its_page(pages):
    shown = {}
    for lesson in LESSONS:
        sources = ["".join(cell["source"]) for cell in builder.read(lesson)["cells"] if cell["cell_type"] == "code"]
        shown[lesson.stem] = sum(
            bool(re.search(r"\.live\(|^(?:laboratory|step_slice)\(", text, re.M)) for text in sources
        )
        page = (pages / f"{lesson.stem}.html").read_text(encoding="utf-8")
        assert page.count('class="trpobook-live"') == shown[lesson.stem], lesson.stem
    assert min(shown.values()) >= 1


@pytest.mark.slow
def test_every_equation_has_its_place_and_every_lesson_its_neighbours(parsed):
    for equation, page in builder.targets_of(
        {lesson.stem: builder.read(lesson) for lesson in LESSONS}
    ).equations.items():
        assert f"equation-{equation.replace('.', '-')}" in parsed[f"{page}.html"].ids
    for before, after in itertools.pairwise(LESSONS):
        assert parsed[f"{before.stem}.html"].links.count(f"{after.stem}.html") >= 3  # sidebar, head, foot
        assert parsed[f"{after.stem}.html"].links.count(f"{before.stem}.html") >= 3


@pytest.mark.slow
def test_no_page_shows_raw_tex_or_holds_an_inline_script(parsed):
    for name, page in parsed.items():
        words = " ".join(page.words)
        assert not re.findall(r".{20}(?:\\[a-zA-Z]{2,}|\$\$|\$\\|\\tag).{20}", words), name
        assert not page.inline, name


def lost(request):
    """Return whether a request failed by itself, and not because the reader went on to another page."""
    return "ERR_ABORTED" not in (request.failure or "")


def watched(browser, **options):
    """Return a page and the list that fills with what goes wrong on it."""
    page, wrong = browser.new_page(**options), []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}") if lost(request) else None)
    return page, wrong


@pytest.mark.slow
def test_no_page_asks_elsewhere_complains_or_scrolls_sideways_on_a_telephone(browser, address, parsed, record_property):
    page, wrong = watched(browser, viewport={"width": 360, "height": 740})
    requests, sizes = [], {}
    page.on("request", lambda request: requests.append(request.url))
    for name in parsed:
        requests.clear()
        page.goto(f"{address}/{name}", wait_until="load")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        assert all(url.startswith(f"{address}/") for url in requests), (name, requests)
        below = "performance.getEntriesByType('resource').reduce((sum, x) => sum + x.encodedBodySize, 0)"
        sizes[name] = page.evaluate(f"{below} + performance.getEntriesByType('navigation')[0].encodedBodySize")
    page.close()
    assert not wrong, wrong
    lessons = {name: size for name, size in sizes.items() if name[0].isdigit()}
    smallest, largest = min(lessons.values()) / 1e6, max(lessons.values()) / 1e6
    record_property("first load of a lesson, MB", f"{smallest:.2f} to {largest:.2f}")
    assert max(lessons.values()) < 1.2e6, lessons


@pytest.mark.slow
def test_every_live_figure_wakes_and_answers(browser, address, parsed, pages):
    page, wrong = watched(browser, viewport={"width": 1280, "height": 900})
    for name in parsed:
        if "trpobook-live" not in (pages / name).read_text(encoding="utf-8"):
            continue
        page.goto(f"{address}/{name}")
        for place in page.locator(".trpobook-live").all():
            place.scroll_into_view_if_needed()
            place.locator("[role=status]").first.wait_for()
            before = place.inner_text()
            place.locator("input, select").first.focus()
            for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "Space"):
                page.keyboard.press(key)
                if place.inner_text() != before:
                    break
            else:
                pytest.fail(f"{name}: {before[:80]} does not answer")
    page.close()
    assert not wrong, wrong


@pytest.mark.slow
def test_stills_are_shown_in_print_and_without_scripts_and_live_figures_on_screen(browser, address, parsed):
    still, live = ".tag_still img.picture", ".trpobook-live"
    page, _ = watched(browser)
    page.goto(f"{address}/09_trpo.html")
    assert page.locator(still).count() == page.locator(live).count() == 2
    assert not page.locator(still).first.is_visible() and page.locator(live).first.is_visible()
    page.emulate_media(media="print")
    assert page.locator(still).first.is_visible() and not page.locator(live).first.is_visible()
    page.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/09_trpo.html")
    assert page.locator(still).first.is_visible() and not page.locator(live).first.is_visible()
    context.close()


@pytest.mark.slow
def test_search_finds_pinsker(browser, address):
    page, wrong = watched(browser)
    page.goto(f"{address}/search.html?q=Pinsker")
    page.locator("#search-results li a", has_text="Pinsker").first.wait_for()
    assert not wrong, wrong
    page.close()


@pytest.mark.slow
def test_the_site_works_from_a_folder(browser, pages):
    page, wrong = watched(browser)
    page.goto((pages / "index.html").as_uri())
    page.locator(".trpobook-live [role=status]").first.wait_for()
    page.goto((pages / "search.html").as_uri() + "?q=Pinsker")
    page.locator("#search-results li a", has_text="Pinsker").first.wait_for()
    page.close()
    assert not [words for words in wrong if "fetch" not in words.lower() and "cors" not in words.lower()], wrong


@pytest.mark.slow
def test_the_reader_chooses_light_or_dark(browser, address):
    page, wrong = watched(browser, color_scheme="light")
    page.goto(f"{address}/index.html")
    colours = set()
    for _ in range(3):
        colours.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.locator(".theme-toggle:visible").first.click()
    assert len(colours) == 2 and not wrong
    page.close()
