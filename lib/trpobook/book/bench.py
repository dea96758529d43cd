"""The speeds that the book quotes, measured here: each a ratio of two things timed in the same run.

What is timed in turns is timed so several times, and the median of the ratios counts: machines change their pace.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trpobook.agents.environments import cpu_count
from trpobook.agents.heads import GaussianHead
from trpobook.agents.policies import GaussianPolicy
from trpobook.agents.spaces import task_actions
from trpobook.agents.threads import single_thread
from trpobook.algorithms.fisher import fisher_vector_product
from trpobook.algorithms.trpo import trpo_update
from trpobook.book import BOOK
from trpobook.runs.columns import TIMINGS
from trpobook.runs.plan import choose_device
from trpobook.runs.settings import TRPOSettings, as_data, settings_for
from trpobook.runs.trainer import Trainer

TASK, OTHERS = "Hopper-v5", ("Walker2d-v5", "HalfCheetah-v5")
ROUNDS, STEPS = 7, 25_000  # turns, and steps of each
EVERY = 25_000  # steps between evaluations on the way to a return
BASELINES = BOOK / "tools" / "baselines"
MEMORY = """
import pathlib, re, resource, sys
from trpobook.runs.trainer import Trainer

for _ in Trainer("{task}").updates({steps}):
    pass
status = pathlib.Path("/proc/self/status")  # on Linux: getrusage counts what the parent had when it forked, too
if status.exists():
    print(int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) * 1024 / 1e9)
else:
    scale = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e9)
"""
Table = list[tuple[str, float, str]]


def median_seconds(call: Callable[[], object], repeats: int = 50) -> float:
    """Return the median wall time of `call`, after a tenth as many calls to warm up."""
    seconds = []
    for k in range(-(repeats // 10), repeats):
        start = time.perf_counter()
        call()
        if k >= 0:
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def training_speed(task: str) -> tuple[float, float, dict[str, float]]:
    """Return steps/s of training, its share of EnvPool's raw rate, and the milliseconds an update by phase.

    EnvPool steps as many copies on as many threads, driven by actions that the trained policy drew: so its episodes
    last as long.
    """
    import envpool  # here: not every platform has it

    trainer = Trainer(task)
    s = trainer.settings
    rows = trainer.updates(10**9)
    for _ in range(4):
        next(rows)
    raw = envpool.make_gymnasium(task, num_envs=s.num_envs, num_threads=min(s.num_envs, cpu_count()), seed=0)
    raw.reset()
    drawn = trainer.sampler.collect(trainer.policy, trainer.observation_moments, 100, trainer.generator)
    actions = [task_actions(trainer.stage.action_space, each) for each in drawn.actions.numpy()]
    rates, shares, phases = [], [], []
    for _ in range(ROUNDS):
        start, before = time.perf_counter(), trainer.steps
        for _ in range(-(-STEPS // s.batch_size)):
            row = next(rows)
            phases.append([row[name] for name in TIMINGS])
        trainer.state()  # waits for the fit
        rates.append((trainer.steps - before) / (time.perf_counter() - start))
        start = time.perf_counter()
        for each in actions:
            raw.step(each)
        shares.append(rates[-1] * (time.perf_counter() - start) / (len(actions) * s.num_envs))
    by_phase = dict(zip(TIMINGS, (1000 * np.median(phases, axis=0)).tolist(), strict=True))
    trainer.close()
    return float(np.median(rates)), float(np.median(shares)), by_phase


class Plain(GaussianHead):
    """The network as anyone would write it, for the gradient that products and updates are measured against."""

    def __init__(self, width: int = 64):
        super().__init__()
        layers = [nn.Linear(11, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 3)]
        self.mean, self.log_std = nn.Sequential(*layers), nn.Parameter(torch.full((3,), -0.5))

    def outputs(self, states: Tensor) -> Tensor:
        mean: Tensor = self.mean(states)
        return torch.cat([mean, self.log_std.expand_as(mean)], dim=-1)


def update_cost(rows: int, width: int = 64, device: str = "cpu", repeats: int = 50) -> dict[str, float]:
    """Return seconds of a policy gradient by autograd, of a Fisher-vector product, and of a whole update.

    All are of a batch of `rows` states of TASK's size; the update has the settings of the results table.
    """
    place = choose_device(device)
    generator = torch.Generator().manual_seed(0)
    policy, plain = GaussianPolicy(11, 3, (width, width), -0.5, generator).to(place), Plain(width).to(place)
    states = torch.randn(rows, 11, generator=generator).to(place)
    advantages = torch.randn(rows, generator=generator).to(place)
    with torch.no_grad():
        actions = policy.sample(states, torch.Generator(place).manual_seed(0))
        log_prob_old = plain(states).log_prob(actions)
    parameters = list(plain.parameters())
    v = torch.randn(sum(p.numel() for p in parameters), generator=generator).to(place)
    product = fisher_vector_product(policy, states, damping=0.1)
    s = settings_for(TASK)
    assert isinstance(s, TRPOSettings)
    options = {name: getattr(s, name) for name in ("delta", "damping", "cg_iterations", "fisher_stride")}
    begin = {name: value.clone() for name, value in policy.state_dict().items()}

    def gradient() -> None:
        ratio = (plain(states).log_prob(actions) - log_prob_old).exp()
        torch.autograd.grad((ratio * advantages).mean(), parameters)
        _wait(place)

    def one_product() -> None:
        product(v)
        _wait(place)

    def update() -> None:
        policy.load_state_dict(begin)
        trpo_update(policy, states, actions, advantages, **options)
        _wait(place)

    calls = {"gradient": gradient, "product": one_product, "update": update}
    with single_thread():
        return {name: median_seconds(call, repeats) for name, call in calls.items()}


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def in_own_process(*arguments: str | float, python: str = sys.executable) -> float:
    """Return the number that a fresh interpreter prints last."""
    done = subprocess.run([python, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{python} could not run the measurement: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout.split()[-1])


def seconds_to(target: float, seed: int, most: int = 3_000_000) -> float:
    """Return the seconds of training until ten deterministic episodes of TASK first return `target`, or inf.

    Evaluations, every EVERY steps, don't count.
    """
    trainer, spent = Trainer(TASK, seed=seed), 0.0
    for goal in range(EVERY, most + 1, EVERY):
        start = time.perf_counter()
        for _ in trainer.updates(goal):
            pass
        spent += time.perf_counter() - start
        if trainer.evaluate(10).mean() >= target:
            return spent
    return math.inf


def on_device(device: str, rows: Sequence[int] = (2048, 16_384, 131_072, 1_048_576)) -> dict[str, float]:
    """Print and return the milliseconds of an update on the CPU and on `device`, by rows and by width of the layers."""
    found: dict[str, float] = {}
    devices = ["cpu", device] if device != "cpu" else ["cpu"]
    for width in (64, 256, 1024):
        for n in rows:
            if n * width > 2**28:  # too much for a CPU beside it
                continue
            times = [1000 * update_cost(n, width, each, 3)["update"] for each in devices]
            found |= {f"update, {width} units, {n} rows, {each}": t for each, t in zip(devices, times, strict=True)}
            shown = "  ".join(f"{each} {t:9.1f} ms" for each, t in zip(devices, times, strict=True))
            print(f"update of {n:8} rows, {width:4} units a layer: {shown}")
    return found


def bench(sb3: str | None = None, tianshou: str | None = None, reach: float = 0, device: str = "") -> dict[str, Any]:
    """Measure every row of the performance table, print it, and return it as data.

    Args:
        sb3, tianshou: Python interpreters that have these; without one the comparison with it is left out.
        reach: a return of TASK; if not 0 the seconds until it is reached are measured too, five seeds each.
        device: "cuda" for a table of updates on the GPU beside the CPU, "cpu" for the CPU's part of it.
    """
    if device:
        choose_device(device)  # refuse another name before minutes have passed
    table: Table = []
    trained, share, phases = training_speed(TASK)
    table.append((f"training over EnvPool's raw rate, {TASK}", share, "≥ 0.75"))
    for name, python, script, target in (
        ("sb3-contrib's TRPO, rl-zoo3's settings", sb3, "sb3_trpo.py", "≥ 13"),
        ("tianshou's TRPO on EnvPool, its settings", tianshou, "tianshou_trpo.py", "≥ 6"),
    ):
        if python:
            theirs = in_own_process(BASELINES / script, TASK, 40_960, python=python)
            table.append((f"training over {name}", trained / theirs, target))
    for task in OTHERS:
        table.append((f"training over EnvPool's raw rate, {task}", training_speed(task)[1], "within 0.1"))
    for size in (2048, 8192):
        cost = update_cost(size)
        table.append((f"Fisher product over policy gradient, N = {size}", cost["product"] / cost["gradient"], "≤ 0.55"))
        table.append((f"whole update over policy gradient, N = {size}", cost["update"] / cost["gradient"], "≤ 6"))
    memory = in_own_process("-c", MEMORY.format(task=TASK, steps=20_000))
    table.append(("peak memory of training, GB", memory, "≤ 0.7"))
    if reach:
        table += reached(reach, sb3)
    width = max(len(name) for name, *_ in table)
    print(f"{TASK}, {cpu_count()} processors, PyTorch {torch.__version__}, {json.dumps(as_data(settings_for(TASK)))}")
    print("milliseconds an update:", ", ".join(f"{name.partition('_')[0]} {x:.1f}" for name, x in phases.items()))
    for name, value, target in table:
        print(f"{name:{width}}  {value:6.2f}  target {target}")
    found = on_device(device) if device else {}
    return {
        "steps_per_second": round(trained),
        "milliseconds": {name: round(x, 1) for name, x in phases.items()},
        **{name: round(value, 3) for name, value, _ in table},
        **{name: round(value, 3) for name, value in found.items()},
    }


def reached(target: float, sb3: str | None) -> Table:
    """Return the median seconds over five seeds until TASK returns `target`, and over sb3-contrib's."""
    ours = float(np.median([seconds_to(target, seed) for seed in range(5)]))
    rows: Table = [(f"seconds to {target:g}, median of 5 seeds", ours, "≤ 90")]
    if sb3:
        script = BASELINES / "sb3_trpo.py"
        options = ("--target", target, "--seed")
        theirs = [in_own_process(script, TASK, 3_000_000, *options, seed, python=sb3) for seed in range(5)]
        rows.append((f"the same by sb3-contrib, over ours ({target:g})", float(np.median(theirs)) / ours, "≥ 8"))
    return rows
