"""Every lesson in a real JupyterLab in headless Chromium: all cells run, and each slider moves its picture.

TRPOBOOK_SCREENSHOTS=folder stores what the pages look like, one picture a screenful.
"""

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat.v4 as nbf
import pytest
from playwright.sync_api import Error

from conftest import each_lesson

SLIDERS = ".jp-OutputArea-output .noUi-handle, .jp-OutputArea-output input[type=range]"


@pytest.fixture(scope="session")
def lab(lessons_copy, tmp_path_factory):
    """The address of a JupyterLab that serves the copied lessons, in the quick mode, its settings its own."""
    home = tmp_path_factory.mktemp("jupyter")
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    folders += ("JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name) for name in folders} | {"TRPOBOOK_QUICK": "1"}
    # By default Lab renders only the cells in view, and asks whether to fetch news.
    settings = home / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab"
    for name, values in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    }.items():
        file = settings / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = {
        "port": port,
        "port_retries": 0,
        "ip": "127.0.0.1",
        "root_dir": lessons_copy.parent,
        "allow_root": True,
    }
    options = [f"--ServerApp.{name}={value}" for name, value in server.items()]
    options += ["--IdentityProvider.token=", "--LabApp.news_url=None", "--no-browser"]
    log = home / "server.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=home,
            env=environment,
            stdout=sink,
            stderr=sink,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_server(address, process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


class Page:
    """A notebook open in JupyterLab; ``console`` collects what went wrong by the browser's own account."""

    def __init__(self, browser, lab, name):
        self.console = []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.on("console", lambda message: message.type == "error" and self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
        # The status bar, for the indicator in the toolbar says idle too early.
        self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)

    def close(self):
        """Close the page and end its kernel, which would keep its memory."""
        answers = self.page.evaluate(END_KERNELS)
        self.page.close()
        assert answers and set(answers) == {204}, f"kernels not ended: {answers}"

    def run_all_cells(self, timeout=300):
        """Run → Run All Cells; return when each prompt has its number and each widget is there, or at an error."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        self.page.wait_for_function(ALL_CELLS_RAN, arg=ERROR, timeout=1000 * timeout)
        self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)
        self.page.wait_for_function("!document.body.innerText.includes('Loading widget')", timeout=60_000)

    def problems(self):
        """Return what a reader must never see: cells' errors, widgets' errors, errors on the console."""
        errors = self.page.locator(ERROR).all_inner_texts()
        words = re.compile("Widget error|Error displaying widget|Click to show javascript error")
        widgets = self.page.locator(".jp-OutputArea-output").get_by_text(words).all_inner_texts()
        return errors + widgets + self.console

    def move(self, slider):
        """Press an arrow key on the slider; return the seconds until a picture beside it had changed."""
        slider.scroll_into_view_if_needed()
        slider.focus()
        slider.evaluate(WATCH_PICTURES)
        self.page.keyboard.press("ArrowLeft" if slider.evaluate(AT_ITS_END) else "ArrowRight")
        return self.page.evaluate("window.pictureChanged") / 1000

    def sliders(self):
        return [slider for slider in self.page.locator(SLIDERS).all() if slider.is_visible()]

    def screenshots(self, folder, name):
        """Store the whole page, screenful by screenful."""
        folder.mkdir(parents=True, exist_ok=True)
        scroller = self.page.locator(".jp-WindowedPanel-outer").first
        height, total = scroller.evaluate("element => [element.clientHeight, element.scrollHeight]")
        for number, top in enumerate(range(0, total, height)):
            scroller.evaluate("(element, top) => element.scrollTo({top, behavior: 'instant'})", top)
            self.page.wait_for_timeout(150)
            scroller.screenshot(path=folder / f"{name}-{number:02}.png")


ERROR = "[data-mime-type='application/vnd.jupyter.error'], [data-mime-type='application/vnd.jupyter.stderr']"

ALL_CELLS_RAN = r"""error => document.querySelector(error)
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
        .every(prompt => /^\[\d+\]:$/.test(prompt.textContent.trim()))"""

END_KERNELS = """async () => {
    const token = document.cookie.match(/_xsrf=([^;]*)/)[1];
    const kernels = await (await fetch('/api/kernels')).json();
    const headers = {'X-XSRFToken': token};
    const end = kernel => fetch('/api/kernels/' + kernel.id, {method: 'DELETE', headers});
    return (await Promise.all(kernels.map(end))).map(answer => answer.status);
}"""

AT_ITS_END = """slider => slider.matches('input') ? slider.value === slider.max
    : slider.getAttribute('aria-valuenow') === slider.getAttribute('aria-valuemax')"""

# Sets window.pictureChanged, a promise of the milliseconds from the next key press to a changed picture: an
# image with another source, a canvas with other pixels, another drawing in SVG. Rejected after five seconds.
WATCH_PICTURES = """slider => {
    const output = slider.closest('.jp-OutputArea-output');
    const show = picture => picture.src || (picture.toDataURL ? picture.toDataURL() : picture.outerHTML);
    const look = () => [...output.querySelectorAll('img, canvas, svg')].map(show).join();
    const before = look();
    window.pictureChanged = new Promise((resolve, reject) => {
        document.addEventListener('keydown', () => {
            const pressed = performance.now();
            const check = () => {
                const waited = performance.now() - pressed;
                if (look() !== before) resolve(waited);
                else if (waited > 5000) reject(new Error('no picture changed within 5 s of the key press'));
                else requestAnimationFrame(check);
            };
            requestAnimationFrame(check);
        }, {capture: true, once: true});
    });
}"""


@pytest.fixture
def open_page(browser, lab):
    """A function that opens a notebook of the copy; what it opened is closed after the test."""
    pages = []

    def open_notebook(name):
        pages.append(Page(browser, lab, name))
        return pages[-1]

    yield open_notebook
    for page in pages:
        page.close()


@each_lesson
def test_runs_and_each_slider_moves_its_picture(lesson, open_page, record_property):
    page = open_page(lesson.name)
    page.run_all_cells()
    if folder := os.environ.get("TRPOBOOK_SCREENSHOTS"):
        page.screenshots(Path(folder), lesson.stem)
    assert page.problems() == []
    sliders = page.sliders()
    assert sliders, "a lesson has at least one slider"
    latencies = [page.move(slider) for slider in sliders for _ in range(5)]
    assert page.problems() == []
    median = statistics.median(latencies)
    record_property("median from key press to changed picture", f"{1000 * median:.0f} ms, {len(sliders)} sliders")
    assert median < 1


WIDGET = """
import io

import ipywidgets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw(width):
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([0, width], [0, 1])
    FigureCanvasAgg(figure).print_png(png := io.BytesIO())
    return png.getvalue()


def move(change):
    MOVE
    image.value = draw(change.new)


slider = ipywidgets.IntSlider(value=2, min=1, max=3)
image = ipywidgets.Image(value=draw(2), format="png")
words = ipywidgets.HTML()
slider.observe(move, "value")
ipywidgets.VBox([slider, image, words])
"""


@pytest.fixture
def run_page(open_page, lessons_copy):
    """A function that writes a notebook of one cell, opens it and runs it."""

    def run(source):
        notebook = nbf.new_notebook(
            cells=[nbf.new_code_cell(source)],
            metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        )
        (lessons_copy / "one_cell.ipynb").write_text(json.dumps(notebook))
        page = open_page("one_cell.ipynb")
        page.run_all_cells()
        return page

    return run


def test_a_slider_that_moves_its_picture_passes(run_page):
    page = run_page(WIDGET.replace("MOVE", ""))
    (slider,) = page.sliders()
    assert all(page.move(slider) < 5 for _ in range(3))  # the last from the slider's end, to the left
    assert page.problems() == []


def test_a_callback_that_fails_unseen_is_noticed(run_page):
    page = run_page(WIDGET.replace("MOVE", "1 / 0"))
    (slider,) = page.sliders()
    with pytest.raises(Error, match="no picture changed"):
        page.move(slider)


def test_a_widget_that_shows_an_error_is_noticed(run_page):
    page = run_page(WIDGET.replace("MOVE", "words.value = 'Widget ' 'error'"))
    (slider,) = page.sliders()
    page.move(slider)
    assert page.problems() == ["Widget error"]


@pytest.mark.parametrize("source", ["1 / 0", "import sys; sys.stderr.write('no')"])
def test_a_cell_that_fails_is_noticed(run_page, source):
    assert len(run_page(source).problems()) == 1


def test_the_laboratory_plays_switches_and_answers_in_jupyterlab(run_page):
    page = run_page("from trpobook.widgets import lesson_09\nlesson_09.laboratory('no trust region: overshoot')")
    lab = page.page.locator(".trpobook-lab")
    lab.get_by_role("button", name="Play").click()
    lab.get_by_role("status").filter(has_text=re.compile("Round (9|1[0-9]):")).wait_for()
    lab.get_by_role("button", name="Pause").click()
    paused = lab.get_by_role("status").inner_text()
    assert lab.get_by_role("log").get_by_text("round 9 · OVERSHOOT promised 103.0 %, got 81.1 %").is_visible()
    lab.get_by_role("radio", name="trust region", exact=True).check()
    number = re.match(r"Round (\d+)", paused).group(1)
    assert lab.get_by_role("log").get_by_text(f"round {number} · you changed: trust region, δ = 0.02").is_visible()
    lab.get_by_role("button", name=re.compile("row 2, column 1")).click()
    page.page.keyboard.press("ArrowDown")  # the world's key, not the notebook's
    assert lab.get_by_text("Cell in row 3, column 1").is_visible()
    assert lab.locator("tbody tr").count() == 4
    lab.get_by_role("button", name="Step").press("Enter")
    assert lab.get_by_role("status").inner_text().startswith(f"Round {int(number) + 1}:")
    page.page.keyboard.press("b")  # would insert a cell, in the notebook's command mode
    assert page.page.locator(".jp-Cell").count() == 1
    assert page.problems() == []


def test_the_flagships_answer_within_a_few_frames_in_jupyterlab(run_page, record_property):
    page = run_page("from trpobook.widgets import lesson_09 as l\ndisplay(l.laboratory(), l.step_slice())")
    sliders = page.sliders()
    assert len(sliders) == 4
    latencies = [page.move(slider) for slider in sliders for _ in range(5)]
    assert page.problems() == []
    median = statistics.median(latencies)
    record_property("median from key press to changed picture, flagships", f"{1000 * median:.0f} ms")
    assert median < 0.5
