"""What all updates share: bad data stop them, an overflow is taken back, and they serve policies of any build."""

import copy
import logging
import math
from dataclasses import asdict
from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import kl_divergence

from batches import make_batch, theta
from trpobook.agents.heads import CategoricalHead
from trpobook.agents.policies import GaussianPolicy
from trpobook.algorithms import natural_gradient, trpo
from trpobook.algorithms.conjugate_gradient import conjugate_gradient
from trpobook.algorithms.fisher import fisher_vector_product
from trpobook.algorithms.line_search import Accepted
from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.algorithms.policy_update import guarded, policy_gradient, ratio_quantiles
from trpobook.algorithms.ppo import Memory, ppo_kl_update, ppo_update
from trpobook.algorithms.reinforce import reinforce_update
from trpobook.algorithms.trpo import trpo_update

pytestmark = pytest.mark.usefixtures("float64")


def with_memory(update):
    def remembering(policy, *batch, **options):
        return update(policy, *batch, memory=Memory(policy, 3e-3, 0), epochs=2, **options)

    return remembering


UPDATES = {
    "trpo": partial(trpo_update, delta=0.01),
    "npg": partial(natural_gradient_update, step_size=0.3),
    "reinforce": partial(reinforce_update, step_size=0.1),
    "ppo": with_memory(ppo_update),
    "ppo-kl": with_memory(ppo_kl_update),
}
each_update = pytest.mark.parametrize("update", UPDATES.values(), ids=UPDATES)


@each_update
@pytest.mark.parametrize("poison", [math.nan, math.inf])
@pytest.mark.parametrize("place", [1, 2, 3], ids=["states", "actions", "advantages"])
def test_a_batch_that_is_not_finite_stops_the_update_and_says_where(update, place, poison):
    batch = make_batch()
    batch[place].view(-1)[3] = poison
    before = theta(batch[0])
    with pytest.raises(FloatingPointError, match=("states", "actions", "advantages")[place - 1]):
        update(*batch)
    assert torch.equal(theta(batch[0]), before)


def infinite_product(policy, states, **options):
    product = fisher_vector_product(policy, states, **options)
    return lambda v: product(v) * math.inf


def infinite_gradient(policy, *batch, update, **options):
    hooks = [p.register_hook(lambda gradient: gradient * math.inf) for p in policy.parameters()]
    try:
        return update(policy, *batch, **options)
    finally:
        for hook in hooks:
            hook.remove()


OVERFLOWS = {
    "trpo, curvature": partial(UPDATES["trpo"], fisher_vector_product=infinite_product),
    "trpo, natural gradient": partial(
        UPDATES["trpo"], conjugate_gradient=lambda product, b, **options: (b * math.nan, 1, 0.0)
    ),
    "trpo, line search": partial(
        UPDATES["trpo"], line_search=lambda gain, kl, theta, step, **options: Accepted(theta + 1e300, 0.1, 0.0, 0, True)
    ),
    "npg, step": partial(natural_gradient_update, step_size=1e300),
    "reinforce, step": partial(reinforce_update, step_size=1e300),
    "ppo, rate": partial(UPDATES["ppo"], learning_rate=1e300),
    "ppo-kl, rate": partial(UPDATES["ppo-kl"], learning_rate=1e300),
    **{f"{name}, gradient": partial(infinite_gradient, update=update) for name, update in UPDATES.items()},
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_an_update_that_overflows_is_taken_back_and_recorded_as_refused(name, caplog):
    policy, *batch = make_batch()
    before = theta(policy)
    record = OVERFLOWS[name](policy, *batch)
    assert torch.equal(theta(policy), before)
    limit = 0.01 if name.startswith("trpo") else math.inf
    ratios = dict.fromkeys(("ratio_min", "ratio_q05", "ratio_q95", "ratio_max"), 1.0)
    entropy = policy(batch[0]).entropy().mean().item()
    expected = dict.fromkeys(asdict(record), 0.0) | ratios | {"kl_limit": limit, "entropy": entropy}
    assert asdict(record) == expected and record.accepted is False
    ((_, level, reason),) = caplog.record_tuples
    assert level == logging.WARNING and reason.startswith("update refused: ")
    assert UPDATES[name.split(",")[0]](policy, *batch).accepted  # and the run goes on


class Interrupted(GaussianPolicy):
    """A policy during whose update Ctrl-C is pressed, once its weights have moved."""

    def distribution(self, outputs):
        if not torch.equal(self.log_std, torch.full((2,), -0.5)):
            raise KeyboardInterrupt
        return super().distribution(outputs)


@each_update
def test_ctrl_c_in_the_middle_leaves_the_policy_as_it_was(update):
    _, *batch = make_batch()
    policy = Interrupted(4, 2, (8,), -0.5, torch.Generator().manual_seed(0))
    before = theta(policy)
    with pytest.raises(KeyboardInterrupt):
        update(policy, *batch)
    assert torch.equal(theta(policy), before)


class Trunk(CategoricalHead):
    """A reader's policy, with the head of a value function on the same trunk, which no update here uses."""

    def __init__(self, critic):
        super().__init__()
        self.trunk, self.actor = nn.Linear(4, 8), nn.Linear(8, 3)
        self.critic = nn.Linear(8, 1) if critic else None

    def outputs(self, states):
        return self.actor(torch.tanh(self.trunk(states)))

    def value(self, states):
        return self.critic(torch.tanh(self.trunk(states)))[:, 0]


@each_update
def test_a_shared_trunk_is_moved_as_without_the_value_functions_head_which_stays(update):
    _, *batch = make_batch(discrete=True)
    torch.manual_seed(0)
    bare, shared = Trunk(critic=False), Trunk(critic=True)
    shared.load_state_dict(bare.state_dict(), strict=False)
    start, critic = copy.deepcopy(bare.state_dict()), copy.deepcopy(shared.critic.state_dict())
    records = [update(policy, *batch) for policy in (bare, shared)]
    assert records[1].accepted and records[1].kl == pytest.approx(records[0].kl, abs=1e-12)
    for name, weights in bare.state_dict().items():
        assert torch.allclose(shared.state_dict()[name], weights, atol=1e-10)
        assert not torch.equal(weights, start[name])
    assert all(torch.equal(weights, critic[name]) for name, weights in shared.critic.state_dict().items())


@each_update
@pytest.mark.parametrize("still", ["log_std", "mean.layers.0.weight"])
def test_what_requires_no_gradient_stays_and_the_rest_moves(update, still):
    policy, *batch = make_batch()
    policy.get_parameter(still).requires_grad_(False)
    before = copy.deepcopy(policy.state_dict())
    record = update(policy, *batch)
    assert record.accepted and record.gain > 0 and record.kl <= record.kl_limit
    for name, weights in policy.state_dict().items():
        assert torch.equal(weights, before[name]) == (name == still)
    assert not policy.get_parameter(still).requires_grad


def entropy_of(policy, states):
    return policy(states).entropy().mean()


@each_update
@pytest.mark.parametrize("discrete", [False, True])
def test_the_entropy_bonus_is_part_of_gradient_and_gain(update, discrete):
    policy, states, actions, advantages = make_batch(discrete)
    old, c = copy.deepcopy(policy), 0.5
    record = update(policy, states, actions, advantages, entropy_bonus=c)
    mean = (old(states).log_prob(actions) * advantages).mean() + c * entropy_of(old, states)
    g = torch.cat([part.reshape(-1) for part in torch.autograd.grad(mean, list(old.parameters()))])
    ratios = (policy(states).log_prob(actions) - old(states).log_prob(actions)).exp()
    gain = ((ratios - 1) * advantages).mean() + c * (entropy_of(policy, states) - entropy_of(old, states))
    assert record.gradient_norm == pytest.approx(g.norm().item())
    assert record.gain == pytest.approx(gain.item(), abs=1e-12)
    assert record.gain_predicted == pytest.approx((g @ (theta(policy) - theta(old))).item(), abs=1e-12)


@each_update
def test_where_nothing_is_to_be_gained_the_bonus_alone_raises_the_entropy(update):
    policy, states, actions, advantages = make_batch(discrete=True)
    for p in policy.parameters():
        p.data += 0.3 * torch.randn(p.shape, generator=torch.Generator().manual_seed(2))
    ends = []
    for c in (0.0, 0.1):
        moved = copy.deepcopy(policy)
        record = update(moved, states, actions, 0 * advantages, entropy_bonus=c)
        ends.append(entropy_of(moved, states) - entropy_of(policy, states))
        assert record.gain == pytest.approx(c * ends[-1].item(), abs=1e-12)
    assert ends[1] > 1e-4 and ends[0].abs() < 0.1 * ends[1]


@each_update
def test_the_divergence_on_record_is_old_first(update):
    policy, states, actions, advantages = make_batch()
    old = copy.deepcopy(policy)
    record = update(policy, states, actions, advantages)
    with torch.no_grad():
        kl, reverse = (
            kl_divergence(*pair).mean() for pair in ((old(states), policy(states)), (policy(states), old(states)))
        )
    assert record.kl == pytest.approx(kl.item(), abs=1e-14) and abs(kl - reverse) > 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 2, 3, 20, 2048, 4001, 16384])
def test_the_quantiles_are_torchs_bit_for_bit(n, dtype):
    for seed in range(20):
        ratios = torch.randn(n, generator=torch.Generator().manual_seed(seed), dtype=dtype).exp()
        expected = torch.quantile(ratios, torch.tensor([0.0, 0.05, 0.95, 1.0], dtype=dtype)).tolist()
        assert list(ratio_quantiles(ratios).values()) == expected


def test_the_quantiles_of_more_than_16_million_rows_are_found():
    ratios = torch.linspace(1, 3, 2**24 + 3, dtype=torch.float32)
    assert list(ratio_quantiles(ratios).values()) == pytest.approx([1, 1.1, 2.9, 3], abs=1e-6)


@pytest.mark.parametrize("update", ["trpo", "npg"])
def test_ten_rounds_to_a_hundredth_with_a_damping_of_a_tenth_on_every_state_unless_asked_otherwise(update, monkeypatch):
    policy, *batch = make_batch()
    asked = []

    def product(policy, states, **options):
        asked.append((len(states), options))
        return fisher_vector_product(policy, states, **options)

    def solve(product, b, **options):
        asked.append(options)
        return conjugate_gradient(product, b, **options)

    if update == "trpo":
        trpo.trpo_update(policy, *batch, delta=0.01, fisher_vector_product=product, conjugate_gradient=solve)
    else:
        monkeypatch.setattr(natural_gradient, "fisher_vector_product", product)
        monkeypatch.setattr(natural_gradient, "conjugate_gradient", solve)
        natural_gradient_update(policy, *batch, step_size=0.3)
    assert asked == [(200, {"damping": 0.1}), {"max_iterations": 10, "rtol": 0.01}]


@each_update
def test_without_an_entropy_bonus_there_is_none(update):
    thetas, records = [], []
    for options in ({}, {"entropy_bonus": 0.0}, {"entropy_bonus": 1.0}):
        policy, *batch = make_batch()
        records.append(update(policy, *batch, **options))
        thetas.append(theta(policy))
    assert torch.equal(thetas[0], thetas[1]) and records[0] == records[1]
    assert not torch.equal(thetas[0], thetas[2])


def test_the_policy_gradient_is_without_an_entropy_bonus_unless_one_is_asked_for():
    policy, *batch = make_batch()
    assert torch.equal(policy_gradient(policy, *batch), policy_gradient(policy, *batch, entropy_bonus=0.0))
    assert not torch.equal(policy_gradient(policy, *batch), policy_gradient(policy, *batch, entropy_bonus=0.1))


@pytest.mark.parametrize("name", ["npg", "reinforce", "ppo", "ppo-kl"])
def test_a_record_has_no_backtracks_and_no_rounds_where_there_is_nothing_to_search_or_to_solve(name):
    policy, *batch = make_batch()
    record = UPDATES[name](policy, *batch)
    assert record.accepted is True and record.backtracks == 0 and isinstance(record.backtracks, int)
    if name != "npg":
        assert (record.cg_iterations, record.cg_residual) == (0, 0.0)


def test_a_guarded_update_keeps_its_name_and_what_it_says_of_itself():
    def an_update(policy, states, actions, advantages):
        """Say what is done."""

    assert guarded(an_update).__name__ == "an_update" and guarded(an_update).__doc__ == "Say what is done."


def test_the_largest_of_more_than_16_million_ratios_is_the_last_and_not_one_beyond():
    """2²⁴ + 3, its place, is no float32; rounded it would be one more."""
    ratios = torch.ones(2**24 + 4, dtype=torch.float32)
    ratios[5], ratios[6] = 2.0, 0.5
    assert list(ratio_quantiles(ratios).values()) == [0.5, 1, 1, 2]
