"""Every lesson, run once, in a real JupyterLab in headless Chromium, with readers' right answers in its exercises: they
are accepted and the lesson goes on with them, the stored text comes again, no cell and no widget fails, and each slider
moves its picture.

TRPOBOOK_SCREENSHOTS=folder stores what the pages look like, one picture a screenful, with the exercises unsolved.
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

import nbclient
import nbformat
import nbformat.v4 as nbf
import pytest
from nbval.plugin import IPyNbFile, coalesce_streams, nocolors
from playwright.sync_api import Error

from conftest import CHROMIUM, LESSONS
from plugged import CHECK, is_verdict, plug_in
from trpobook.widgets.base import FIGURE_MIME

QUICK = ("11_", "12_", "13_")  # full runs of these take many minutes
RUN_TIMEOUT = 900  # seconds, of all cells of a lesson; lesson 10 trains live for up to 180 on two idle cores
TOGETHER = 5  # lessons, whose pages and kernels are open at a time: each takes about a gigabyte
AT_ONCE = 2  # of these run, one a core

# From key press to changed picture, in seconds: the book's promise, and twice that on a machine that does other things.
PROMISED, BOUND = 0.060, 0.120
PRESSES = 5

# Errors of rounding: their digits are those of the machine's arithmetic, and another has others.
ROUNDING = re.compile(r"\b\d(\.\d+)?e-(0[6-9]|[1-9]\d)\b")

SLIDERS = ".jp-OutputArea-output .noUi-handle, .jp-OutputArea-output input[type=range]"


def quick(lesson):
    """Return what TRPOBOOK_QUICK is while the tests run the lesson."""
    return "1" if lesson.name.startswith(QUICK) else "0"


# JupyterLab


@pytest.fixture(scope="module")
def fresh_copy(lessons_copy):
    """The copied lessons without their outputs; the metadata of the quick ones ask for a kernel of that mode."""
    for file in lessons_copy.glob("*.ipynb"):
        notebook = nbformat.read(file, as_version=4)
        if "TRPOBOOK_SCREENSHOTS" not in os.environ:
            plug_in(notebook)
        for cell in code_cells(notebook):
            cell.update(outputs=[], execution_count=None)
        if quick(file) == "1":
            notebook.metadata.kernelspec.name = "quick"
        nbformat.write(notebook, file)
    return lessons_copy


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def lab(fresh_copy, tmp_path_factory):
    """The address of a JupyterLab that serves the copied lessons, its settings its own."""
    home = tmp_path_factory.mktemp("jupyter")
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR")
    folders += ("JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
    environment = os.environ | {name: str(home / name) for name in folders} | {"TRPOBOOK_QUICK": "0"}
    # By default Lab renders only the cells in view, asks whether to fetch news, and saves when it likes.
    settings = home / "JUPYTERLAB_SETTINGS_DIR" / "@jupyterlab"
    for name, values in {
        "notebook-extension/tracker": {"windowingMode": "none"},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "docmanager-extension/plugin": {"autosave": False},
    }.items():
        write_json(settings / f"{name}.jupyterlab-settings", values)
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Quick",
        "language": "python",
        "env": {"TRPOBOOK_QUICK": "1"},
    }
    write_json(home / "JUPYTER_DATA_DIR" / "kernels" / "quick" / "kernel.json", kernel)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = {"port": port, "port_retries": 0, "ip": "127.0.0.1", "root_dir": fresh_copy.parent, "allow_root": True}
    options = [f"--ServerApp.{name}={value}" for name, value in server.items()]
    options += ["--IdentityProvider.token=", "--LabApp.news_url=None", "--no-browser"]
    log = home / "server.log"
    with log.open("w") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], cwd=home, env=environment, stdout=sink, stderr=sink
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def write_json(file, values):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values))


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
        self.name, self.console = name, []
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.on("console", lambda message: message.type == "error" and self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(str(error)))
        self.page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
        self.wait_until_idle()

    def close(self):
        """Close the page and end its kernel, which would keep its memory."""
        answer = self.page.evaluate(END_KERNEL, f"notebooks/{self.name}")
        self.page.close()
        assert answer == 204, f"kernel not ended: {answer}"

    def wait_until_idle(self):
        # The status bar, for the indicator in the toolbar says idle too early.
        self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=60_000)

    def run_all_cells(self):
        """Run → Run All Cells; return at once."""
        self.started = time.monotonic()
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def has_run(self):
        """Return whether each prompt has its number, or there is an error."""
        if time.monotonic() > self.started + RUN_TIMEOUT:
            pytest.fail(f"{self.name} is still running after {RUN_TIMEOUT} s")
        return self.page.evaluate(ALL_CELLS_RAN, ERROR)

    def wait_until_run(self):
        """Return when all cells have run and each widget is there, or at an error."""
        while not self.has_run():
            self.page.wait_for_timeout(200)
        self.wait_until_idle()
        self.page.wait_for_function("!document.body.innerText.includes('Loading widget')", timeout=60_000)

    def save(self):
        """Save the notebook, as Ctrl-S does."""
        with self.page.expect_response(lambda response: response.request.method == "PUT"):
            self.page.keyboard.press("Control+s")

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

    def latencies(self):
        """Return for each slider the median of a few key presses, in seconds until its picture had changed."""
        self.page.bring_to_front()
        return [statistics.median(self.move(slider) for _ in range(PRESSES)) for slider in self.sliders()]

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

# What stands for a folded cell has a prompt without a number.
ALL_CELLS_RAN = r"""error => Boolean(document.querySelector(error))
    || [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)')]
        .every(prompt => /^\[\d+\]:$/.test(prompt.textContent.trim()))"""

END_KERNEL = """async path => {
    const token = document.cookie.match(/_xsrf=([^;]*)/)[1];
    const sessions = await (await fetch('/api/sessions')).json();
    const session = sessions.find(session => session.path === path);
    return (await fetch('/api/sessions/' + session.id, {method: 'DELETE', headers: {'X-XSRFToken': token}})).status;
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


# The lessons


class Executed:
    """The pages of the lessons, all cells run. A few lessons are open together, for their memory, and two run at a
    time; all of them have run before the first is handed out, so that nothing runs beside a timed key press.
    """

    def __init__(self, browser, lab, lessons):
        """Open nothing yet; ``lessons`` are those that will be asked for, in this order."""
        self.browser, self.lab, self.lessons = browser, lab, lessons
        self.pages = {}

    def __getitem__(self, lesson):
        if lesson not in self.pages:
            self.close()
            first = self.lessons.index(lesson)
            self.run(self.lessons[first : first + TOGETHER])
        return self.pages[lesson]

    def run(self, lessons):
        waiting, running = list(lessons), []
        while waiting or running:
            running = [page for page in running if not page.has_run()]
            if waiting and len(running) < AT_ONCE:
                lesson = waiting.pop(0)
                self.pages[lesson] = Page(self.browser, self.lab, lesson.name)
                self.pages[lesson].run_all_cells()
                running.append(self.pages[lesson])
            time.sleep(0.1)
        for page in self.pages.values():
            page.wait_until_run()
            page.save()

    def close(self):
        for page in self.pages.values():
            page.close()
        self.pages.clear()


@pytest.fixture(scope="module")
def executed(request, browser, lab):
    """lesson -> its page."""
    chosen = [item.callspec.params["lesson"] for item in request.session.items if "lesson_page" in item.fixturenames]
    executed = Executed(browser, lab, list(dict.fromkeys(chosen)))
    yield executed
    executed.close()


@pytest.fixture(scope="module", params=LESSONS, ids=lambda lesson: lesson.stem)
def lesson(request):
    """The path of a lesson; pytest does all that is asked of one before it goes on to the next."""
    return request.param


@pytest.fixture
def lesson_page(lesson, executed):
    """The lesson's page, all cells run."""
    return executed[lesson]


@pytest.fixture
def run_again(request, lesson, fresh_copy):
    """The lesson as a new run leaves it: in the browser, or by nbclient where there is none."""
    if CHROMIUM.exists():
        request.getfixturevalue("executed")[lesson]
        return nbformat.read(fresh_copy / lesson.name, as_version=4)
    notebook = nbformat.read(fresh_copy / lesson.name, as_version=4)
    folder = {"metadata": {"path": str(fresh_copy)}}
    client = nbclient.NotebookClient(notebook, timeout=RUN_TIMEOUT, kernel_name="python3", resources=folder)
    return client.execute(env=os.environ | {"TRPOBOOK_QUICK": quick(lesson)})


def differences(session, stored, notebook):
    """Return by nbval's account where a notebook's text differs from that of the notebook in the file ``stored``."""
    file = IPyNbFile.from_parent(session, path=stored)
    file.sanitize_patterns[ROUNDING.pattern] = "rounding"
    cells = file.collect()
    found = []
    for cell, again in zip(cells, code_cells(notebook), strict=True):
        cell.colors = nocolors
        outputs = [
            coalesce_streams([without_figure(output) for output in each.outputs if not is_verdict(output)])
            for each in (again, cell.cell)
        ]
        if cell.options["check"] and not cell.compare_outputs(*outputs):
            found.append("\n".join([f"Cell {cell.cell_num}: {cell.cell.source}", *cell.comparison_traceback]))
    return found


def without_figure(output):
    """Return the output without what a live figure stores of itself: a picture's numbers, which rounding may change."""
    output.get("data", {}).pop(FIGURE_MIME, None)
    return output


@pytest.mark.alone
def test_running_it_again_gives_the_stored_text(request, lesson, run_again):
    assert [cell.execution_count for cell in code_cells(run_again)] == list(range(1, len(code_cells(run_again)) + 1))
    if found := differences(request.session, lesson, run_again):
        pytest.fail("\n\n".join(found), pytrace=False)


@pytest.mark.alone
@pytest.mark.skipif("TRPOBOOK_SCREENSHOTS" in os.environ, reason="the exercises are left unsolved for the pictures")
def test_the_readers_right_answers_are_accepted_and_the_lesson_goes_on_with_them(run_again):
    cells = code_cells(run_again)
    numbers = [number for cell in cells for number, _ in CHECK.findall(cell.source)]
    verdicts = [output.data["text/plain"] for cell in cells for output in cell.outputs if is_verdict(output)]
    assert [re.match(r"Exercise (\d+\.\d+), \w+: correct, on all", said).group(1) for said in verdicts] == numbers


@pytest.mark.alone
def test_shows_no_error(lesson, lesson_page):
    if folder := os.environ.get("TRPOBOOK_SCREENSHOTS"):
        lesson_page.screenshots(Path(folder), lesson.stem)
    assert lesson_page.problems() == []


@pytest.mark.alone
def test_each_slider_moves_its_picture_in_time(lesson_page, record_property):
    latencies = lesson_page.latencies()
    assert latencies, "a lesson has at least one slider"
    assert lesson_page.problems() == []
    record_property("from key press to changed picture", said(latencies))
    assert max(latencies) < BOUND


def said(latencies):
    """Return the medians of the sliders in words."""
    return f"{', '.join(f'{1000 * seconds:.0f}' for seconds in latencies)} ms; promised: {1000 * PROMISED:.0f}"


# The tests themselves, on notebooks of one cell


def stored_and_again(tmp_path, stored, again, tags=()):
    """Return a file with a notebook of one cell, and the notebook as it is after another run."""
    first, second = (
        nbf.new_notebook(
            cells=[nbf.new_code_cell("show()", execution_count=1, outputs=outputs, metadata={"tags": list(tags)})]
        )
        for outputs in (stored, again)
    )
    nbformat.write(first, tmp_path / "stored.ipynb")
    return tmp_path / "stored.ipynb", second


def text(words):
    return nbf.new_output("stream", name="stdout", text=words)


def picture(data, words="a picture"):
    return nbf.new_output("display_data", {"image/png": data, "text/plain": words})


@pytest.mark.parametrize(
    "stored, again",
    [
        ([text("KL 0.01\n")], [text("KL 0.02\n")]),
        ([text("KL 1.2e-05\n")], [text("KL 1.3e-05\n")]),
        ([text("KL 0.01\n")], []),
        ([], [text("KL 0.01\n")]),
        ([text("KL 0.01\n")], [text("KL 0.01\n"), nbf.new_output("stream", name="stderr", text="a warning")]),
        ([picture("AAAA", "first")], [picture("AAAA", "second")]),
    ],
)
def test_another_text_is_noticed_unless_the_cell_is_tagged(request, tmp_path, stored, again):
    (difference,) = differences(request.session, *stored_and_again(tmp_path, stored, again))
    assert difference.startswith("Cell 0: show()")
    assert differences(request.session, *stored_and_again(tmp_path, stored, again, ["nbval-ignore-output"])) == []


def test_another_picture_the_pieces_of_a_text_and_errors_of_rounding_make_no_difference(request, tmp_path):
    stored = [text("one 3.2e-07\ntwo\n"), picture("AAAA")]
    again = [text("one 2.9e-12\n"), picture("BBBB"), text("two\n")]
    assert differences(request.session, *stored_and_again(tmp_path, stored, again)) == []


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
def run_page(open_page, fresh_copy):
    """A function that writes a notebook of one cell, opens it and runs it."""

    def run(source):
        notebook = nbf.new_notebook(
            cells=[nbf.new_code_cell(source)],
            metadata={"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        )
        (fresh_copy / "one_cell.ipynb").write_text(json.dumps(notebook))
        page = open_page("one_cell.ipynb")
        page.run_all_cells()
        page.wait_until_run()
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


LINKED = """
import ipywidgets
from trpobook.widgets.lesson_01 import rare_action
live, heard = rare_action.live(), ipywidgets.Label()
ipywidgets.dlink((live, "log_old"), (heard, "value"), "Python hears {:.1f}".format)
display(live, heard)
live.log_old = -5.0
print(live.sentence)
"""


def test_python_sets_a_live_figure_and_hears_what_the_reader_sets(run_page):
    page = run_page(LINKED)
    printed = page.page.locator(".jp-OutputArea-output pre").inner_text().strip()
    figure = page.page.locator(".trpobook-lab")
    figure.get_by_role("status").filter(has_text=printed).wait_for(timeout=5000)
    slider = figure.get_by_role("slider")
    assert slider.input_value() == "-5"
    slider.press("ArrowRight")
    page.page.get_by_text("Python hears -4.9").wait_for(timeout=5000)
    assert page.problems() == []


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


@pytest.mark.alone
def test_the_flagships_answer_within_a_few_frames_in_jupyterlab(run_page, record_property):
    page = run_page("from trpobook.widgets import lesson_09 as l\ndisplay(l.laboratory(), l.step_slice())")
    latencies = page.latencies()
    assert len(latencies) == 4
    assert page.problems() == []
    record_property("from key press to changed picture, flagships", said(latencies))
    assert max(latencies) < BOUND
