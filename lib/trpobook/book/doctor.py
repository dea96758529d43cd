"""Is all there that the book needs? ``python -m trpobook doctor`` prints ok, or the fix, for each part."""

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from trpobook.book import BOOK

REQUIREMENTS = BOOK / "requirements.txt"
INSTALL = "run in the book's folder: python -m pip install -r requirements.txt"

# Run in a process of its own: mujoco chooses its renderer when it is first imported. The reason goes to standard
# output, for on standard error more errors follow it, of half-made objects that are deleted.
RENDER = """
try:
    import mujoco
    model = mujoco.MjModel.from_xml_string('<mujoco><worldbody><geom size="1"/></worldbody></mujoco>')
    mujoco.Renderer(model, 16, 16).render()
except Exception as error:
    print(f"{type(error).__name__}: {error}")
    raise
"""

OPTIONAL = {"tensorboard": "train --tensorboard"}


@dataclass(frozen=True)
class Check:
    """One part of the installation: ``found`` says what is there, ``fix`` what to do where it is not ok."""

    part: str
    ok: bool
    found: str
    fix: str = ""

    def __str__(self) -> str:
        return f"ok   {self.part}: {self.found}" if self.ok else f"FIX  {self.part}: {self.found}; {self.fix}"


def doctor(requirements: Path = REQUIREMENTS) -> list[Check]:
    """Return the checks of Python, the packages, the GPU, rendering and the widgets of Jupyter."""
    return [
        check_python(),
        check_packages(requirements),
        check_optional(),
        check_gpu(),
        check_rendering(),
        check_widgets(),
    ]


def check_python() -> Check:
    """Return whether Python is 3.11 or newer, on 64 bits."""
    found = sys.version.split()[0]
    ok = sys.version_info >= (3, 11) and sys.maxsize > 2**32
    return Check("Python", ok, found, "install 64-bit Python 3.11 or newer")


def check_packages(requirements: Path) -> Check:
    """Return whether each package that ``requirements`` pins for this platform has that version."""
    if not requirements.exists():
        return Check("packages", False, f"no {requirements.name}", "work in a complete clone of the book")
    from packaging.requirements import Requirement

    wrong, right = [], 0
    for line in requirements.read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if not line or line.startswith("-"):
            continue
        package = Requirement(line)
        if package.marker and not package.marker.evaluate():
            continue
        try:
            version = importlib.metadata.version(package.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"no {package.name}")
            continue
        if package.specifier.contains(version, prereleases=True):
            right += 1
        else:
            wrong.append(f"{package.name} {version} where {package.specifier} is asked for")
    return Check("packages", not wrong, ", ".join(wrong) or f"all {right} as pinned", INSTALL)


def check_optional() -> Check:
    """Return which packages are there that the book can do without. None of them is no fault."""
    found = []
    for package, use in OPTIONAL.items():
        there = importlib.util.find_spec(package) is not None
        found.append(f"{package} for {use}" if there else f"no {package}, which only {use} needs")
    return Check("optional packages", True, ", ".join(found))


def check_gpu() -> Check:
    """Return which accelerator PyTorch sees. A GPU that it can't use is a fault; no GPU is none."""
    try:
        import torch
    except ImportError as error:
        return Check("GPU", False, f"PyTorch does not load ({error})", INSTALL)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return Check("GPU", True, f"{torch.cuda.get_device_name()}; --device cuda uses it")
    gpu = nvidia_gpu()
    if gpu is None:
        return Check("GPU", True, "none; every lesson runs on the CPU")
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return Check("GPU", True, f"{gpu}, hidden by CUDA_VISIBLE_DEVICES; every lesson runs on the CPU")
    if torch.version.cuda is None:
        found = f"{gpu}, beside a PyTorch {torch.__version__} that is built without CUDA"
        fix = f"on Linux: python -m pip install --force-reinstall torch=={torch.__version__.partition('+')[0]}"
        fix += "; on Windows choose CUDA at https://pytorch.org/get-started/locally"
        return Check("GPU", False, found, fix)
    reason = f" ({said[-1].message})" if said else ""
    fix = f"update NVIDIA's driver to one that serves CUDA {torch.version.cuda}"
    return Check("GPU", False, f"{gpu}, which PyTorch {torch.__version__} can't use{reason}", fix)


def nvidia_gpu() -> str | None:
    """Return the name of this machine's first NVIDIA GPU by its driver's account, or None where there is none."""
    if command := shutil.which("nvidia-smi"):
        run = subprocess.run([command, "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True)
        if run.returncode == 0 and run.stdout.strip():
            return run.stdout.splitlines()[0].strip()
    return "an NVIDIA GPU" if Path("/dev/nvidia0").exists() else None


def check_rendering() -> Check:
    """Return whether MuJoCo can draw a picture here, without a display where there is none."""
    environment = dict(os.environ)
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        environment.setdefault("MUJOCO_GL", "egl")
    by = environment.get("MUJOCO_GL", "the display")
    run = subprocess.run([sys.executable, "-c", RENDER], env=environment, capture_output=True, text=True)
    if run.returncode == 0:
        return Check("rendering", True, f"MuJoCo draws by {by}")
    reason = " ".join(run.stdout.split()) or f"exit code {run.returncode}"
    if reason.startswith("ModuleNotFoundError"):
        return Check("rendering", False, reason, INSTALL)
    fix = "only clips need it; on Debian or Ubuntu: sudo apt-get install libegl1 libgl1-mesa-dri, and set MUJOCO_GL=egl"
    return Check("rendering", False, f"MuJoCo can't draw by {by} ({reason})", fix)


def check_widgets() -> Check:
    """Return whether JupyterLab finds what draws the sliders of ipywidgets, and this Python as its kernel."""
    try:
        from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
        from jupyter_core.paths import jupyter_path
    except ImportError as error:
        return Check("Jupyter widgets", False, str(error), INSTALL)
    extension = Path("@jupyter-widgets", "jupyterlab-manager", "package.json")
    if not any((folder / extension).exists() for folder in map(Path, jupyter_path("labextensions"))):
        return Check("Jupyter widgets", False, "JupyterLab lacks the extension of ipywidgets", INSTALL)
    try:
        kernel = Path(KernelSpecManager().get_kernel_spec("python3").argv[0])
    except NoSuchKernel:
        return Check("Jupyter widgets", False, "JupyterLab has no kernel named python3", INSTALL)
    # A kernel that names no folder is started by the Python that JupyterLab itself runs on.
    if kernel.is_absolute() and kernel != Path(sys.executable):
        fix = "remove that kernel: jupyter kernelspec remove python3"
        return Check("Jupyter widgets", False, f"the kernel python3 is another Python, {kernel}", fix)
    return Check("Jupyter widgets", True, "sliders and kernel are there")


def main() -> int:
    """Print the checks, one a line; return 0 when all are ok, else 1."""
    checks = doctor()
    print(*checks, sep="\n")
    return 0 if all(check.ok for check in checks) else 1
