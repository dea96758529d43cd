"""One TRPO update: what it promises, what it refuses, and that a refusal leaves no trace."""

import pytest
import torch
from torch import nn
from torch.distributions import Categorical, kl_divergence
from torch.nn.utils import parameters_to_vector

from reads import Reads
from trpobook.agents.policies import CategoricalPolicy, GaussianPolicy
from trpobook.algorithms import trpo
from trpobook.algorithms.fisher import fisher_vector_product
from trpobook.algorithms.line_search import Accepted, line_search
from trpobook.algorithms.trpo import trpo_update

pytestmark = pytest.mark.usefixtures("float64")


def make_batch(seed=0, rows=300, discrete=False):
    generator = torch.Generator().manual_seed(seed)
    policy = CategoricalPolicy(4, 3, (16,), generator) if discrete else GaussianPolicy(4, 2, (16,), -0.5, generator)
    states = torch.randn(rows, 4, generator=generator)
    with torch.no_grad():
        actions = policy.sample(states, generator)
    advantages = torch.randn(rows, generator=generator)
    return policy, states, actions, advantages - advantages.mean()


def theta(policy):
    return parameters_to_vector(policy.parameters()).detach().clone()


@pytest.mark.parametrize("discrete", [False, True])
def test_stays_within_the_trust_region_and_gains(discrete):
    policy, states, actions, advantages = make_batch(discrete=discrete)
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
    before = theta(policy)
    update = trpo_update(policy, states, actions, advantages, delta=0.01)
    with torch.no_grad():
        kl = kl_divergence(old, policy(states)).mean().item()
        gain = ((policy(states).log_prob(actions) - log_prob_old).exp() * advantages).mean().item()
    assert update.accepted and 0 < kl <= 0.01
    assert update.kl == pytest.approx(kl, abs=1e-12)
    assert update.gain == pytest.approx(gain, abs=1e-12) and gain > 0.1 * update.gain_predicted > 0
    assert update.step_norm == pytest.approx((theta(policy) - before).norm().item())


def test_the_length_comes_from_the_undamped_curvature():
    policy, states, actions, advantages = make_batch()
    steps = []

    def spy(surrogate, kl, theta, step, **options):
        steps.append(step)
        return line_search(surrogate, kl, theta, step, **options)

    product = fisher_vector_product(policy, states)
    trpo_update(policy, states, actions, advantages, delta=0.01, damping=0.5, line_search=spy)
    (step,) = steps
    assert (0.5 * step @ product(step)).item() == pytest.approx(0.01, rel=1e-10)


def test_the_fisher_matrix_takes_every_kth_state_and_the_constraint_all_of_them():
    policy, states, actions, advantages = make_batch()
    with torch.no_grad():
        old = policy(states)
    seen = []

    def spy(policy, states, **options):
        seen.append(states)
        return fisher_vector_product(policy, states, **options)

    update = trpo_update(policy, states, actions, advantages, delta=0.01, fisher_stride=7, fisher_vector_product=spy)
    assert torch.equal(seen[0], states[torch.arange(0, 300, 7)])
    with torch.no_grad():
        assert update.kl == pytest.approx(kl_divergence(old, policy(states)).mean().item(), abs=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_step_does_not_depend_on_the_scale_of_the_advantages(scale):
    results = []
    for factor in (1.0, scale):
        policy, states, actions, advantages = make_batch()
        trpo_update(policy, states, actions, factor * advantages, delta=0.01)
        results.append(theta(policy))
    assert (results[0] - results[1]).abs().max() <= 1e-10


def test_the_ratio_is_exactly_1_before_the_step():
    policy, states, actions, advantages = make_batch()

    def refuse(surrogate, kl, theta, step, **options):
        assert surrogate(theta) == advantages.mean().item()
        return Accepted(theta, 0.0, 0.0, 0, False)

    update = trpo_update(policy, states, actions, advantages, delta=0.01, line_search=refuse)
    assert update.ratio_min == update.ratio_max == 1.0


def test_a_refused_step_leaves_the_policy_bit_for_bit_and_reports_no_gain():
    policy, states, actions, advantages = make_batch()
    before = theta(policy)

    def never(surrogate, kl, theta, step, **options):
        return line_search(surrogate, lambda _: 1.0, theta, step, **options)

    update = trpo_update(policy, states, actions, advantages, delta=0.01, line_search=never)
    assert torch.equal(theta(policy), before)
    assert not update.accepted and update.gain == update.kl == update.step_norm == update.gain_predicted == 0


@pytest.mark.parametrize("part", ["states", "actions", "advantages"])
@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_a_batch_that_is_not_finite_stops_the_update_and_says_where(part, poison):
    policy, states, actions, advantages = make_batch()
    before = theta(policy)
    batch = {"states": states, "actions": actions, "advantages": advantages}
    batch[part][3] = poison
    with pytest.raises(FloatingPointError, match=f"the batch's {part}"):
        trpo_update(policy, **batch, delta=0.01)
    assert torch.equal(theta(policy), before)


def test_a_curvature_that_is_not_finite_refuses_the_step_and_lets_the_run_go_on():
    policy, states, actions, advantages = make_batch()
    before = theta(policy)
    update = trpo_update(
        policy,
        states,
        actions,
        advantages,
        delta=0.01,
        fisher_vector_product=lambda *arguments, **options: lambda v: v * float("nan"),
    )
    assert torch.equal(theta(policy), before)
    assert not update.accepted and update.kl == update.gain == update.step_norm == 0 and update.kl_limit == 0.01


def test_an_error_in_the_line_search_restores_the_policy():
    policy, states, actions, advantages = make_batch()
    before = theta(policy)

    def fails(surrogate, kl, theta, step, **options):
        surrogate(theta + step)
        raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        trpo_update(policy, states, actions, advantages, delta=0.01, line_search=fails)
    assert torch.equal(theta(policy), before)


def test_a_readers_own_parts_are_the_ones_that_run():
    policy, states, actions, advantages = make_batch()
    called = []

    def note(name):
        part = getattr(trpo, name)

        def wrapped(*args, **kwargs):
            called.append(name)
            return part(*args, **kwargs)

        return wrapped

    names = ("conjugate_gradient", "fisher_vector_product", "line_search")
    trpo_update(policy, states, actions, advantages, delta=0.01, **{name: note(name) for name in names})
    assert sorted(called) == sorted(names)


def test_a_line_search_that_writes_each_candidate_into_one_vector_is_told_the_truth_about_each():
    policy, states, actions, advantages = make_batch()
    seen = []

    def reuses(surrogate, kl, theta, step, **options):
        candidate, fractions = theta.clone(), (1.0, 0.5)
        told = [kl(candidate.copy_(theta + fraction * step)) for fraction in fractions]
        seen.extend(zip(told, [kl(theta + fraction * step) for fraction in fractions], strict=True))
        return Accepted(theta, 0.0, 0.0, 0, False)

    trpo_update(policy, states, actions, advantages, delta=0.01, line_search=reuses)
    assert all(first == second for first, second in seen) and seen[0] != seen[1]


@pytest.mark.parametrize("discrete", [False, True])
def test_the_gradient_is_the_mean_of_score_times_advantage(discrete):
    policy, states, actions, advantages = make_batch(rows=20, discrete=discrete)
    expected = 0.0
    for s, a, weight in zip(states, actions, advantages, strict=True):
        score = torch.autograd.grad(policy(s[None]).log_prob(a[None]).sum(), list(policy.parameters()))
        expected = expected + weight * parameters_to_vector(score) / 20
    gradients = []

    def spy(product, b, **options):
        gradients.append(b)
        return trpo.conjugate_gradient(product, b, **options)

    trpo_update(policy, states, actions, advantages, delta=0.01, conjugate_gradient=spy)
    assert (gradients[0] - expected).abs().max() <= 1e-12


def test_the_divergence_reported_is_old_first():
    policy, states, actions, advantages = make_batch()
    with torch.no_grad():
        old = policy(states)
    update = trpo_update(policy, states, actions, advantages, delta=0.3)
    with torch.no_grad():
        new = policy(states)
        p, q = (d.base_dist for d in (old, new))
        ratio = (p.scale / q.scale) ** 2
        kl = 0.5 * (ratio - 1 - ratio.log() + ((p.loc - q.loc) / q.scale) ** 2).sum(-1).mean()
        reverse = kl_divergence(new, old).mean()
    assert update.accepted and update.kl == pytest.approx(kl.item(), abs=1e-12)
    assert (kl - reverse).abs() > 1e-4


class Bandit(nn.Module):
    """A softmax over the logits themselves, the same in every state: its gradient and Fisher matrix are known."""

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(logits)

    def outputs(self, states):
        return self.logits.expand(len(states), -1)

    def distribution(self, outputs):
        return Categorical(logits=outputs)

    def forward(self, states):
        return self.distribution(self.outputs(states))

    metric = CategoricalPolicy.metric


def test_on_a_bandit_the_step_is_the_natural_gradient_in_closed_form():
    p = torch.tensor([0.5, 0.3, 0.2])
    q = torch.tensor([1.0, -0.5, -1.75])  # centred under p
    actions = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
    policy, steps = Bandit(p.log()), []

    def spy(surrogate, kl, theta, step, **options):
        steps.append(step)
        return line_search(surrogate, kl, theta, step, **options)

    states = torch.zeros(100, 1)
    trpo_update(policy, states, actions, q[actions], delta=1e-4, damping=0.0, line_search=spy)
    natural = q - q.mean()  # F⁺g
    variance = (p * q**2).sum()
    assert (steps[0] - natural * (2e-4 / variance).sqrt()).abs().max() <= 1e-10


def test_the_record_says_what_the_solver_and_the_line_search_said_and_the_new_policys_entropy():
    policy, states, actions, advantages = make_batch()
    solved, searched = [], []

    def solve(product, b, **options):
        solved.append(trpo.conjugate_gradient(product, b, **options))
        return solved[0]

    def search(surrogate, kl, theta, step, **options):
        searched.append(line_search(surrogate, kl, theta, 2 * step, **options))
        return searched[0]

    update = trpo_update(policy, states, actions, advantages, delta=0.01, conjugate_gradient=solve, line_search=search)
    assert (update.cg_iterations, update.cg_residual) == solved[0][1:] and 0 < update.cg_residual < 1
    assert update.backtracks == searched[0].backtracks > 0
    assert update.entropy == pytest.approx(policy(states).entropy().mean().item(), abs=1e-12)


@pytest.mark.parametrize("sign", [0, -1])
def test_where_the_curvature_is_not_positive_the_step_is_zero_and_refused(sign):
    policy, states, actions, advantages = make_batch()
    before, steps = theta(policy), []

    def spy(surrogate, kl, theta, step, **options):
        steps.append(step)
        return line_search(surrogate, kl, theta, step, **options)

    update = trpo_update(
        policy,
        states,
        actions,
        advantages,
        delta=0.01,
        damping=0.0,
        fisher_vector_product=lambda *arguments, **options: lambda v: sign * v,
        conjugate_gradient=lambda product, b, **options: (b, 1, 0.5),
        line_search=spy,
    )
    assert torch.equal(steps[0], torch.zeros_like(before)) and torch.equal(theta(policy), before)
    assert not update.accepted and update.kl == update.gain == update.step_norm == 0


class Counting(GaussianPolicy):
    """A policy that counts how often its network runs."""

    runs = 0

    def outputs(self, states):
        self.runs += 1
        return super().outputs(states)


def test_the_network_runs_once_for_each_candidate_and_not_at_all_for_the_old_parameters():
    _, states, actions, advantages = make_batch()
    policy, runs = Counting(4, 2, (16,), -0.5, torch.Generator().manual_seed(0)), []

    def spy(surrogate, kl, theta, step, **options):
        for candidate in (theta, theta + step, theta + step / 2):
            before = policy.runs
            kl(candidate)
            surrogate(candidate)
            runs.append(policy.runs - before)
        return Accepted(theta + step / 2, 1.0, 0.0, 1, True)

    trpo_update(policy, states, actions, advantages, delta=0.01, line_search=spy)
    assert runs == [0, 1, 1]


def test_an_update_waits_for_the_device_a_few_times_for_each_product_and_each_try():
    policy, *batch = make_batch()
    with Reads() as reads:
        update = trpo_update(policy, *batch, delta=0.01)
    assert reads.count <= 2 * update.cg_iterations + 4 * (update.backtracks + 1) + 20
