"""What stands around the lessons: the reader's copy of them, the doctor, the pins, the README."""

import ast
import contextlib
import importlib.metadata
import importlib.resources
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv

import pytest
import torch
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import BOOK, LESSONS
from trpobook.book import doctor
from trpobook.book.lab import lab_arguments, update_working_copy
from trpobook.book.quick import full_or_quick

README = (BOOK / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def lessons(tmp_path):
    """A folder with two lessons, beside which the reader's copy will stand."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "00_start.ipynb").write_text("start")
    (folder / "01_next.ipynb").write_text("next")
    return folder


def files(folder):
    return {path.name: path.read_text() for path in folder.glob("*.ipynb")}


def test_the_working_copy_starts_as_the_lessons(lessons):
    copy = lessons.parent / "my_notebooks"
    assert [path.name for path in update_working_copy(lessons, copy)] == ["00_start.ipynb", "01_next.ipynb"]
    assert files(copy) == files(lessons)
    assert update_working_copy(lessons, copy) == []


def test_what_the_reader_wrote_stays_and_a_new_edition_comes_beside_it(lessons):
    copy = lessons.parent / "my_notebooks"
    update_working_copy(lessons, copy)
    (copy / "00_start.ipynb").write_text("start, solved")
    assert update_working_copy(lessons, copy) == []
    for edition in ("second", "third"):
        (lessons / "00_start.ipynb").write_text(edition)
        update_working_copy(lessons, copy)
        assert update_working_copy(lessons, copy) == []
    assert files(copy) == {
        "00_start.ipynb": "start, solved",
        "00_start.edition-2.ipynb": "second",
        "00_start.edition-3.ipynb": "third",
        "01_next.ipynb": "next",
    }


def test_a_lesson_that_the_reader_deleted_comes_back_fresh(lessons):
    copy = lessons.parent / "my_notebooks"
    update_working_copy(lessons, copy)
    (copy / "01_next.ipynb").unlink()
    assert update_working_copy(lessons, copy) == [copy / "01_next.ipynb"]
    assert files(copy) == files(lessons)


def test_a_lost_record_of_editions_loses_nothing_of_the_reader(lessons):
    copy = lessons.parent / "my_notebooks"
    update_working_copy(lessons, copy)
    (copy / "00_start.ipynb").write_text("start, solved")
    (copy / ".editions.json").unlink()
    update_working_copy(lessons, copy)
    assert files(copy) == files(lessons) | {"00_start.ipynb": "start, solved", "00_start.edition-2.ipynb": "start"}


def test_a_folder_without_lessons_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no lesson in"):
        update_working_copy(tmp_path, tmp_path / "my_notebooks")
    assert not (tmp_path / "my_notebooks").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can lack a display")
def test_lab_opens_the_lesson_and_no_browser_where_there_is_no_display(monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    arguments = lab_arguments(BOOK / "my_notebooks" / "00_start.ipynb")
    assert "--LabApp.default_url=/lab/tree/my_notebooks/00_start.ipynb" in arguments
    assert "--no-browser" in arguments
    monkeypatch.setenv("DISPLAY", ":0")
    assert "--no-browser" not in lab_arguments(BOOK / "my_notebooks" / "00_start.ipynb")


def test_quick_mode_is_off_unless_asked_for(monkeypatch):
    monkeypatch.delenv("TRPOBOOK_QUICK", raising=False)
    assert full_or_quick(100, 1) == 100
    monkeypatch.setenv("TRPOBOOK_QUICK", "1")
    assert full_or_quick(100, 1) == 1


# The doctor, on installations that are broken in the way it should name


def test_doctor_finds_the_packages_as_pinned():
    assert doctor.check_packages(BOOK / "requirements.txt").ok


@pytest.mark.parametrize(
    "line, said",
    [("numpy==0.1", "numpy .* where ==0.1 is asked for"), ("no-such-package-of-ours==1", "no no-such-package-of-ours")],
)
def test_doctor_names_what_is_missing_and_the_fix(tmp_path, line, said):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"# a comment\n{line}\npytest>=1\nenvpool==0.1; python_version < '3'\n-e .\n")
    check = doctor.check_packages(requirements)
    assert not check.ok
    assert re.search(f"FIX  packages: {said}; .*pip install -r requirements.txt", str(check))
    assert "pytest" not in str(check)


def test_doctor_calls_a_package_that_only_one_option_needs_optional():
    check = doctor.check_optional()
    assert check.ok
    there = importlib.util.find_spec("tensorboard") is not None
    use = "train --tensorboard"
    assert check.found == (f"tensorboard for {use}" if there else f"no tensorboard, which only {use} needs")


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A driver's command, first on the path, that knows of one GPU."""
    if sys.platform == "win32" or torch.cuda.is_available():
        pytest.skip("here a GPU is real, or a script is no command")
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho NVIDIA H100 80GB HBM3\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_doctor_finds_a_pytorch_that_cannot_use_the_gpu_beside_it(nvidia_smi, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    check = doctor.check_gpu()
    assert not check.ok
    if torch.version.cuda is None:
        assert check.found == f"NVIDIA H100 80GB HBM3, beside a PyTorch {torch.__version__} that is built without CUDA"
        assert f"--force-reinstall torch=={torch.__version__.partition('+')[0]};" in check.fix
    else:
        assert check.found.startswith("NVIDIA H100 80GB HBM3, which PyTorch")
        assert "update NVIDIA's driver" in check.fix


def test_doctor_minds_no_gpu_that_is_hidden_on_purpose_and_none_that_is_not_there(nvidia_smi, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    check = doctor.check_gpu()
    assert check.ok and "hidden by CUDA_VISIBLE_DEVICES" in check.found
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho NVIDIA-SMI has failed: no driver; exit 9\n")
    assert doctor.nvidia_gpu() in (None, "an NVIDIA GPU")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux draws by EGL")
def test_doctor_finds_that_no_driver_serves_egl(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_DIRS", "/nowhere")  # where libEGL looks for drivers
    check = doctor.check_rendering()
    assert not check.ok
    assert re.match(r"MuJoCo can't draw by egl \((Import|Attribute)Error: .*EGL", check.found)
    assert "apt-get install libegl1" in check.fix


@pytest.fixture
def bare_environment(tmp_path):
    """A Python whose own folder holds nothing: the packages are found, what they install beside themselves isn't."""
    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    (python,) = [path for path in (tmp_path / "bare").glob("*/python*") if path.stem == "python"]
    packages = os.pathsep.join([str(BOOK / "lib"), *filter(None, sys.path)])

    def run(*arguments, library=BOOK / "lib"):
        environment = os.environ | {"PYTHONPATH": f"{library}{os.pathsep}{packages}", "JUPYTER_PATH": ""}
        environment |= {name: str(tmp_path / "home") for name in ("HOME", "JUPYTER_DATA_DIR", "USERPROFILE")}
        return subprocess.run([python, *arguments], env=environment, capture_output=True, text=True)

    return run


def test_doctor_run_in_a_broken_installation_says_each_fix_and_ends_with_1(bare_environment, tmp_path):
    shutil.copytree(BOOK / "lib", tmp_path / "book" / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "book" / "requirements.txt").write_text("numpy==0.1\n")
    run = bare_environment("-m", "trpobook", "doctor", library=tmp_path / "book" / "lib")
    lines = run.stdout.splitlines()
    assert run.returncode == 1, run.stderr
    parts = ["Python", "packages", "optional packages", "GPU", "rendering", "Jupyter widgets"]
    assert [line[5:].partition(":")[0] for line in lines] == parts
    assert lines[0].startswith("ok   Python: 3.")
    assert lines[1].startswith("FIX  packages: numpy")
    assert lines[5].startswith("FIX  Jupyter widgets: JupyterLab lacks the extension of ipywidgets; run in the book's")


def test_doctor_returns_0_only_where_nothing_is_to_be_fixed(capsys):
    assert doctor.main() == ("FIX" in capsys.readouterr().out)


# The package, its dependencies and their pins


PROJECT = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {name: list(map(Requirement, lines)) for name, lines in PROJECT["optional-dependencies"].items()}
LIBRARY = list(map(Requirement, PROJECT["dependencies"]))
ROOMS = ("finite", "agents", "algorithms", "runs", "__init__.py", "__main__.py")


def pins():
    lines = (BOOK / "requirements.txt").read_text(encoding="utf-8").split("\n")
    return [line for line in lines if line and not line.startswith("#")]


def imports(path):
    """Return the third-party packages that the module imports: {name: whether whenever it is itself imported}."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {}
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in {module.partition(".")[0] for module in modules} - {"trpobook", *sys.stdlib_module_names}:
            found[name] = found.get(name, False) or node in tree.body
    return found


def distributions(requirements):
    """Return the names of the packages required and of all that these require themselves."""
    found, waiting = set(), [requirement.name for requirement in requirements]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found or name == "trpobook":
            continue
        found.add(name)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # of another platform
            waiting += [Requirement(line).name for line in importlib.metadata.requires(name) or []]
    return found


def names(requirements):
    return {canonicalize_name(requirement.name) for requirement in requirements}


def test_what_each_module_imports_is_declared():
    provided_by = importlib.metadata.packages_distributions()
    options = names(EXTRAS["mujoco"] + EXTRAS["video"] + EXTRAS["tensorboard"])
    book = distributions(LIBRARY + EXTRAS["mujoco"] + EXTRAS["video"] + EXTRAS["book"])
    undeclared = []
    for path in sorted((BOOK / "lib").rglob("*.py")):
        file = path.relative_to(BOOK / "lib" / "trpobook")
        for name, at_once in imports(path).items():
            providers = {canonicalize_name(package) for package in provided_by.get(name, [name])}
            allowed = names(LIBRARY) | (set() if at_once else options) if file.parts[0] in ROOMS else book
            if not providers & allowed:
                undeclared.append(f"{file} imports {name}")
    assert undeclared == []


def test_every_requirement_is_pinned_exactly_and_the_library_comes_last():
    *lines, last = pins()
    assert last == "-e ."
    assert [line for line in lines if not re.fullmatch(r"[\w-]+(\[\w+\])?==[\d.]+(; .*)?", line)] == []


def test_every_pin_lies_in_the_range_that_the_package_declares():
    pinned = {canonicalize_name(pin.name): pin for pin in map(Requirement, pins()[:-1])}
    declared = [*LIBRARY, *EXTRAS["mujoco"], *EXTRAS["video"], *EXTRAS["book"]]
    for requirement in declared:
        if requirement.name == "trpobook":
            continue
        pin = pinned[canonicalize_name(requirement.name)]
        (version,) = [specifier.version for specifier in pin.specifier]
        assert requirement.specifier.contains(version), f"{pin} is not in {requirement}"
        assert pin.marker == requirement.marker or requirement.name == "mujoco"
        assert requirement.extras <= pin.extras


def test_every_range_has_a_lower_and_an_upper_end():
    ranges = [requirement for requirement in [*LIBRARY, *itertools.chain(*EXTRAS.values())] if requirement.specifier]
    for requirement in ranges:
        assert sorted(specifier.operator for specifier in requirement.specifier) == ["<", ">="], requirement


WITHOUT_THE_BOOK = """
import importlib.abc, pkgutil, sys

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"matplotlib", "IPython", "ipywidgets", "PIL", "imageio_ffmpeg", "mujoco"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())

import trpobook

for room in ("finite", "agents", "algorithms", "runs"):
    package = importlib.import_module(f"trpobook.{room}")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"trpobook.{room}.{module.name}")
summary = trpobook.train("CartPole-v1", steps=2048, out=sys.argv[1])
assert summary["steps"] >= 2048, summary
"""


def test_the_library_trains_without_the_packages_that_only_the_book_needs(tmp_path):
    command = [sys.executable, "-c", WITHOUT_THE_BOOK, str(tmp_path / "run")]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_package_says_that_it_is_typed():
    assert (importlib.resources.files("trpobook") / "py.typed").is_file()
    tools = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert "py.typed" in tools["setuptools"]["package-data"]["trpobook"]


# The documents


def test_readme_maps_the_lessons_and_links_each():
    rows = re.findall(r"^\| (\d\d) \| \[.*\]\(notebooks/(.*)\) \| .* \|$", README, re.MULTILINE)
    assert [number for number, _ in rows] == [f"{number:02}" for number in range(15)]
    assert [name for _, name in rows] == [lesson.name for lesson in LESSONS]


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_inside_the_book_lead_somewhere(document):
    text = (BOOK / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if not (BOOK / link).exists()] == []


def test_commands_in_the_documents_exist():
    targets = set(re.findall(r"^([\w-]+):", (BOOK / "Makefile").read_text(), re.MULTILINE))
    text = README + (BOOK / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`?make ([a-z]+)`?(?=\s+#|`|$)", text, re.MULTILINE)) <= targets


def test_citation_and_package_agree_on_version_and_licence():
    citation = yaml.safe_load((BOOK / "CITATION.cff").read_text(encoding="utf-8"))
    package = tomllib.loads((BOOK / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (citation["version"], citation["license"]) == (package["version"], package["license"])
    assert (BOOK / "LICENSE").read_text().startswith("MIT License")


@pytest.mark.skipif(not (BOOK / ".git").exists(), reason="this is not a clone")
def test_git_holds_no_debris():
    listing = subprocess.run(["git", "ls-files", "-ci", "--exclude-standard"], cwd=BOOK, capture_output=True, text=True)
    assert listing.stdout.split() == []
