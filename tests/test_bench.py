"""What the bench times is what it says; how long that takes is another matter."""

import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from batches import theta
from trpobook.agents.policies import GaussianPolicy
from trpobook.book import bench, scaling
from trpobook.runs.settings import TRPOSettings


def test_the_plain_network_is_the_librarys_and_its_gradient_too():
    """In the order of parameters() log σ comes last in one, first in the other."""
    policy, plain = GaussianPolicy(11, 3, (64, 64), -0.5, torch.Generator().manual_seed(0)), bench.Plain()
    vector_to_parameters(parameters_to_vector(policy.mean.parameters()), plain.mean.parameters())
    states, actions = torch.randn(50, 11), torch.randn(50, 3)
    gradients = []
    for each in (policy, plain):
        mean = each(states).log_prob(actions).mean()
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(mean, list(each.mean.parameters()))]))
    assert torch.allclose(policy.outputs(states), plain.outputs(states), atol=1e-6)
    assert torch.allclose(*gradients, atol=1e-6)


def test_an_update_that_is_timed_has_the_settings_of_the_results_and_begins_anew_each_time(monkeypatch):
    given, begun = [], []

    def spy(policy, *batch, **options):
        given.append(options)
        begun.append(theta(policy))
        return update(policy, *batch, **options)

    update = bench.trpo_update
    monkeypatch.setattr(bench, "trpo_update", spy)
    cost = bench.update_cost(64, repeats=3)
    assert set(cost) == {"gradient", "product", "update"} and min(cost.values()) > 0
    settings = bench.settings_for("Hopper-v5")
    assert isinstance(settings, TRPOSettings)
    assert all(getattr(settings, name) == value for options in given for name, value in options.items())
    assert set(given[0]) == {"delta", "damping", "cg_iterations", "fisher_stride"}
    assert all(torch.equal(each, begun[0]) for each in begun)


def test_the_table_of_devices_has_a_time_for_each_width_and_number_of_rows(capsys):
    found = bench.on_device("cpu", rows=(32, 64))
    assert len(found) == 6 and min(found.values()) > 0
    assert capsys.readouterr().out.count("units a layer: cpu") == 6


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="PyTorch finds no GPU"):
        bench.on_device("cuda", rows=(32,))


def test_the_peak_memory_of_a_short_training_is_that_of_a_process_with_pytorch():
    found = bench.in_own_process("-c", bench.MEMORY.format(task="InvertedPendulum-v5", steps=1))
    assert 0.2 < found < 2


def test_a_program_that_fails_is_named(tmp_path):
    with pytest.raises(ValueError, match="could not run the measurement: ZeroDivisionError"):
        bench.in_own_process("-c", "1 / 0")


# Scaling


def test_rounds_are_those_of_the_formula():
    """Of an update: a gradient, a product for each iteration and the length, two means for each try, a few more."""
    counts = scaling.counted(2)
    settings = bench.settings_for("Hopper-v5")
    pieces = settings.batch_size / settings.value_minibatch * settings.value_epochs
    assert counts["fit_rounds"] == pieces + 2  # and how many minibatches there are
    weights = 11 * 64 + 64 + 64 * 64 + 64 + 64 + 1
    assert counts["fit_floats"] == pieces * (weights + 1)
    assert 20 < counts["rounds"] < 60 and counts["floats"] > 8 * 5000


def test_a_line_through_points_of_a_line_is_that_line():
    a, b = scaling.line([1, 10, 100], [3.5, 8.0, 53.0])
    assert (a, b) == pytest.approx((3.0, 0.5))


def test_more_machines_never_make_a_batch_of_fixed_size_infinitely_fast():
    parts = {"mean": (1e-4, 1e-9), "step": 1e-4, "act": (1e-4, 1e-6), "update": (5e-3, 5e-6), "minibatch": (2e-4, 5e-7)}
    parts |= {"epochs": 10, "batch_size": 4096, "value_minibatch": 512}
    parts["counts"] = {"rounds": 30, "floats": 1e5, "fit_rounds": 82, "fit_floats": 4e5}
    rates = [scaling.steps_per_second(parts, n, 65_536, 8192)["steps_per_second"] for n in (1, 2, 4, 8, 16, 32, 64)]
    assert rates[1] > 1.5 * rates[0] and rates[-1] < rates[2]
    one = scaling.steps_per_second(parts, 1, 65_536, 8192)
    assert one["steps_per_second"] == pytest.approx(65_536 / max(one["sample"] + one["update"], one["fit"]))
    assert one["update"] == pytest.approx(5e-3 + 5e-6 * 65_536)  # alone, nothing is said
