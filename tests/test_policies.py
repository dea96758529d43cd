"""Policies: their distributions, their start, which spaces they serve, and the check of a reader's own."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from trpobook.agents.heads import BernoulliHead, CategoricalHead, GaussianHead, MultiCategoricalHead
from trpobook.agents.networks import MLP
from trpobook.agents.policies import (
    BernoulliPolicy,
    CategoricalPolicy,
    GaussianPolicy,
    MultiCategoricalPolicy,
    check_policy,
    make_policy,
)


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def box(*shape):
    return spaces.Box(-1, 1, shape)


FRAMES = spaces.Box(0, 255, (2, 18, 20), np.uint8)
ACTION_SPACES = [  # space, policy, shape of one action
    (box(2), GaussianPolicy, (2,)),
    (box(), GaussianPolicy, (1,)),
    (box(2, 3), GaussianPolicy, (6,)),
    (spaces.Discrete(4), CategoricalPolicy, ()),
    (spaces.Discrete(4, start=-1), CategoricalPolicy, ()),
    (spaces.MultiDiscrete([3, 2], start=[1, 0]), MultiCategoricalPolicy, (2,)),
    (spaces.MultiDiscrete([[3, 2], [2, 5]]), MultiCategoricalPolicy, (4,)),
    (spaces.MultiBinary(3), BernoulliPolicy, (3,)),
    (spaces.MultiBinary((2, 2)), BernoulliPolicy, (4,)),
]


def make(observation, action, generator):
    return make_policy(observation, action, hidden=(8,), log_std=-0.5, generator=generator)


def some(observation_space, n, generator):
    if len(observation_space.shape) == 1:
        return torch.randn(n, *observation_space.shape, generator=generator)
    return torch.randint(0, 256, (n, *observation_space.shape), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("observation", [box(3), FRAMES], ids=["vector", "frames"])
@pytest.mark.parametrize("action,kind,shape", ACTION_SPACES, ids=lambda x: str(x)[:20])
def test_the_policy_follows_the_action_space_and_sees_vectors_and_frames(observation, action, kind, shape, generator):
    policy, states = make(observation, action, generator), some(observation, 5, generator)
    assert type(policy) is kind
    check_policy(policy, states, action)
    with torch.no_grad():
        drawn = policy.sample(states, generator)
    assert drawn.shape == policy.mode(states).shape == (5, *shape)
    if isinstance(action, spaces.Discrete):
        assert (drawn >= 0).all() and (drawn < action.n).all()
    if isinstance(action, spaces.MultiDiscrete):
        assert (drawn >= 0).all() and (drawn < torch.from_numpy(action.nvec.ravel())).all()


@pytest.mark.parametrize(
    "observation,action",
    [(box(3), box(0)), (box(3), spaces.Text(3)), (box(3), spaces.Dict(a=box(1))), (box(2, 2), box(1)), (box(), box(1))],
)
def test_a_space_that_no_policy_serves_is_named(observation, action, generator):
    with pytest.raises(ValueError, match=r"space .*: (no|a) policy"):
        make(observation, action, generator)


def of_your_own(head, width, *arguments):
    """A reader's policy: one layer and a head."""

    class Mine(head):
        def __init__(self):
            super().__init__(*arguments)
            self.body = nn.Linear(3, width)

        def outputs(self, states):
            return self.body(states)

    return Mine()


@pytest.mark.parametrize(
    "policy,action_space",
    [
        (of_your_own(GaussianHead, 4), box(2)),
        (of_your_own(CategoricalHead, 4), spaces.Discrete(4)),
        (of_your_own(MultiCategoricalHead, 5, (2, 3)), spaces.MultiDiscrete([2, 3])),
        (of_your_own(BernoulliHead, 2), spaces.MultiBinary(2)),
    ],
)
def test_a_head_with_outputs_is_a_policy(policy, action_space):
    check_policy(policy, torch.randn(5, 3), action_space)


def test_a_head_without_outputs_cannot_be_made():
    with pytest.raises(TypeError, match="outputs"):
        type("Mine", (CategoricalHead,), {})()


class OwnSweeps:
    """Sweeps of a network that is not the policy's."""

    def __new__(cls, states):
        return MLP((3, 2, 4), 1.0, torch.Generator()).linearise(states)


BROKEN = {
    "has no `outputs`": {"outputs": None},
    "has no `metric`": {"metric": None},
    r"outputs\(states\) raised ZeroDivisionError: division by zero": {"outputs": lambda states: 1 / 0},
    r"outputs\(states\) is a ndarray; it must be a tensor of shape \(5, k\)": {"outputs": lambda s: s.numpy()},
    r"outputs\(states\) is of shape \(5,\); it must": {"outputs": lambda states: states.sum(-1)},
    r"outputs\(states\) is of shape \(4, 3\)": {"outputs": lambda states: states[1:]},
    r"outputs\(states\) can't be differentiated": {"outputs": lambda states: states.detach()},
    r"sample\(states\) for Discrete\(4\) is of shape \(5, 1\); it must be a tensor of shape \(5\)": {
        "sample": lambda states, generator: torch.zeros(5, 1)
    },
    r"sample\(states\) for Discrete\(4\) raised TypeError": {"sample": lambda states: torch.zeros(5)},
    r"mode\(states\) for .* is a NoneType": {"mode": lambda states: None},
    r"log_prob\(actions\) is of shape \(5, 5\)": {
        "distribution": lambda outputs: torch.distributions.Categorical(logits=outputs[:, None])
    },
    r"distribution\(outputs\) is a Tensor": {"distribution": lambda outputs: outputs},
    r"KL divergence .* raised NotImplementedError": {
        "distribution": lambda outputs: torch.distributions.StudentT(outputs[:, 0].exp())
    },
    r"metric\(outputs, tangent\) is of shape \(5,\); it must be a tensor of shape \(5, 4\)": {
        "metric": lambda outputs, tangent: tangent.sum(-1)
    },
    r"linearise\(states\)\[1\]\(direction\) raised": {"linearise": OwnSweeps},
}


@pytest.mark.parametrize("message", BROKEN)
def test_what_a_readers_policy_lacks_is_named_in_a_line(message, monkeypatch):
    policy = of_your_own(CategoricalHead, 4)
    for name, value in BROKEN[message].items():
        monkeypatch.setitem(vars(policy), name, value)
    with pytest.raises(ValueError, match=message) as caught:
        check_policy(policy, torch.randn(5, 3), spaces.Discrete(4))
    assert "Mine" in str(caught.value) and "\n" not in str(caught.value)


def test_a_policy_for_another_space_says_which_shape_is_needed():
    with pytest.raises(ValueError, match=r"sample.* for MultiDiscrete\(\[2 2\]\) is of shape \(5,\).* \(5, 2\)"):
        check_policy(of_your_own(CategoricalHead, 4), torch.randn(5, 3), spaces.MultiDiscrete([2, 2]))


def test_states_that_a_policy_was_not_made_for_are_found():
    with pytest.raises(ValueError, match=r"Mine: outputs\(states\) raised RuntimeError: mat1 and mat2") as caught:
        check_policy(of_your_own(CategoricalHead, 4), torch.randn(5, 7), spaces.Discrete(4))
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_dropout_and_a_policy_without_weights_are_found():
    policy = of_your_own(CategoricalHead, 4)
    policy.body = nn.Sequential(nn.Linear(3, 4), nn.Dropout())
    with pytest.raises(ValueError, match="differ from call to call"):
        check_policy(policy, torch.randn(5, 3), spaces.Discrete(4))
    with pytest.raises(ValueError, match="no parameters to train"):
        check_policy(policy.requires_grad_(False), torch.randn(5, 3), spaces.Discrete(4))
    with pytest.raises(ValueError, match=r"int is no torch\.nn\.Module"):
        check_policy(3, torch.randn(5, 3), spaces.Discrete(4))


def test_the_check_uses_no_random_numbers_of_the_run():
    policy, states = of_your_own(GaussianHead, 4), torch.zeros(5, 3)
    before = torch.get_rng_state()
    check_policy(policy, states, box(2))
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_start_orthogonal_and_biases_at_zero(generator):
    network = MLP((20, 12, 12, 3), 0.01, generator)
    for layer, gain in zip(network.layers, (2**0.5, 2**0.5, 0.01), strict=True):
        rows = layer.weight / gain
        assert torch.allclose(rows @ rows.T, torch.eye(len(rows)), atol=1e-5)
        assert (layer.bias == 0).all()


def test_the_same_generator_gives_the_same_weights():
    first, second = (MLP((4, 8, 2), 1.0, torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), second.parameters(), strict=True))


def test_linearise_gives_the_outputs_and_the_two_sweeps_of_one_jacobian(generator):
    network = MLP((4, 6, 5, 2), 1.0, generator).double()
    inputs = torch.randn(7, 4, generator=generator, dtype=torch.float64)
    outputs, jvp, vjp = network.linearise(inputs)
    assert torch.allclose(outputs, network(inputs).detach(), rtol=0, atol=1e-14)
    parameters = dict(network.named_parameters())
    jacobian = torch.func.jacrev(lambda p: torch.func.functional_call(network, p, (inputs,)))(parameters)
    matrix = torch.cat([block.reshape(14, -1) for block in jacobian.values()], dim=1)
    v = torch.randn(matrix.shape[1], generator=generator, dtype=torch.float64)
    u = torch.randn(7, 2, generator=generator, dtype=torch.float64)
    assert (jvp(v).flatten() - matrix @ v).abs().max() <= 1e-12
    assert (vjp(u) - u.flatten() @ matrix).abs().max() <= 1e-12


def test_gaussian_samples_have_the_mean_and_spread_of_the_distribution(generator):
    policy = make(box(3), box(2), generator)
    states = torch.randn(1, 3, generator=generator).repeat(20_000, 1)
    with torch.no_grad():
        actions = policy.sample(states, generator)
        sigma = policy.log_std.exp()
        assert ((actions.mean(0) - policy.mode(states)[0]).abs() <= 3 * sigma / 20_000**0.5).all()
        assert torch.allclose(actions.std(0), sigma, rtol=0.03)


def test_categorical_samples_come_up_with_their_probabilities(generator):
    policy = make(box(3), spaces.Discrete(3), generator)
    for p in policy.parameters():
        p.data += torch.randn(p.shape, generator=generator)
    states = torch.randn(1, 3, generator=generator).repeat(20_000, 1)
    with torch.no_grad():
        counts = np.bincount(policy.sample(states, generator), minlength=3) / 20_000
        p = policy(states[:1]).probs[0].numpy()
    assert (np.abs(counts - p) <= 3 * np.sqrt(p * (1 - p) / 20_000) + 1e-9).all()
    assert policy.mode(states[:1]).item() == p.argmax()


def test_log_probability_is_that_of_the_gaussian_density(generator):
    policy = make(box(3), box(2), generator)
    states, actions = torch.randn(5, 3, generator=generator), torch.randn(5, 2, generator=generator)
    with torch.no_grad():
        z = (actions - policy.mode(states)) / policy.log_std.exp()
        by_hand = (-0.5 * z**2 - policy.log_std - 0.5 * np.log(2 * np.pi)).sum(-1)
        assert torch.allclose(policy(states).log_prob(actions), by_hand, atol=1e-5)
