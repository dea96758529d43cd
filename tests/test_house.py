"""What stands around the lessons: the reader's copy of them, the doctor, the pins, the README."""

import re
import subprocess
import sys
import tomllib

import pytest
import yaml

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


def test_doctor_returns_1_when_something_is_to_be_fixed(monkeypatch, capsys):
    checks = [doctor.Check("Python", True, "3.11"), doctor.Check("GPU", False, "none", "buy one")]
    monkeypatch.setattr(doctor, "doctor", lambda: checks)
    assert doctor.main() == 1
    assert capsys.readouterr().out == "ok   Python: 3.11\nFIX  GPU: none; buy one\n"
    monkeypatch.setattr(doctor, "doctor", lambda: checks[:1])
    assert doctor.main() == 0


def test_every_requirement_is_pinned_exactly_and_the_library_comes_last():
    lines = (BOOK / "requirements.txt").read_text(encoding="utf-8").split("\n")
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins.pop() == "-e ."
    assert [pin for pin in pins if not re.fullmatch(r"[\w-]+(\[\w+\])?==[\d.]+(; .*)?", pin)] == []


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
