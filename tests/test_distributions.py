"""Each head's distribution: metric, KL, entropy and draws, against sums that share none of their code; float64."""

import itertools

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence

from trpobook.agents.distributions import MultiCategorical
from trpobook.agents.heads import BernoulliHead, CategoricalHead, GaussianHead, MultiCategoricalHead

pytestmark = pytest.mark.usefixtures("float64")

SIZES = (3, 2, 4)
# head, what it is made with, number of outputs, number of options of each choice
KINDS = {
    "gaussian": (GaussianHead, (), 6, None),
    "categorical": (CategoricalHead, (), 5, (5,)),
    "multi-categorical": (MultiCategoricalHead, (SIZES,), 9, SIZES),
    "bernoulli": (BernoulliHead, (), 3, (2, 2, 2)),
}


class Made:
    """A head whose outputs are the same in every state, with other outputs beside them."""

    def __init__(self, name):
        kind, arguments, width, self.options = KINDS[name]
        self.generator = torch.Generator().manual_seed(0)
        self.z, self.other = torch.randn(2, 1, width, generator=self.generator)
        outputs = self.z

        class Fixed(kind):
            def outputs(self, states):
                return outputs.expand(len(states), -1)

        self.name, self.head = name, Fixed(*arguments)

    def actions(self):
        """All actions with their weights: those of a discrete head by their probability, a Gaussian's by Gauss–Hermite.

        The weights of a choice come from exp and its sum, a coin's from 1/(1 + e^{−z}).
        """
        if self.name == "gaussian":  # scores are quadratic in the action, their products quartic: 3 nodes are exact
            nodes, weights = np.polynomial.hermite_e.hermegauss(3)
            grid = torch.tensor(list(itertools.product(nodes, repeat=3)))
            mean, log_std = self.z[0, :3], self.z[0, 3:]
            shares = [np.prod(w) for w in itertools.product(weights / weights.sum(), repeat=3)]
            return mean + log_std.exp() * grid, torch.tensor(shares)
        if self.name == "bernoulli":
            p = 1 / (1 + np.exp(-self.z[0].numpy()))
            chances = np.stack([1 - p, p], -1)
        else:
            powers = np.exp(self.z[0].numpy())
            chances = [piece / piece.sum() for piece in np.split(powers, np.cumsum(self.options)[:-1])]
        rows = list(itertools.product(*map(range, self.options)))
        weights = [np.prod([chance[a] for chance, a in zip(chances, row, strict=True)]) for row in rows]
        actions = torch.tensor(rows, dtype=torch.float64 if self.name == "bernoulli" else torch.int64)
        return actions[:, 0] if self.name == "categorical" else actions, torch.tensor(weights)


@pytest.fixture(params=KINDS)
def made(request, float64):
    return Made(request.param)


discrete = pytest.mark.parametrize("name", [name for name in KINDS if name != "gaussian"])


@discrete
def test_the_probabilities_are_those_of_independent_choices(name):
    made = Made(name)
    actions, weights = made.actions()
    distribution = made.head.distribution(made.z.expand(len(actions), -1))
    assert torch.allclose(distribution.log_prob(actions).exp(), weights, atol=1e-12)
    assert weights.sum().item() == pytest.approx(1)


def test_the_metric_is_the_mean_outer_product_of_the_score(made):
    actions, weights = made.actions()
    fisher = torch.zeros(made.z.shape[1], made.z.shape[1])
    for action, weight in zip(actions, weights, strict=True):
        z = made.z.clone().requires_grad_()
        (score,) = torch.autograd.grad(made.head.distribution(z).log_prob(action[None]).sum(), z)
        fisher += weight * score.T @ score
    directions = torch.eye(len(fisher))
    columns = made.head.metric(made.z.expand(len(fisher), -1), directions)
    assert torch.allclose(columns, fisher, atol=1e-12) and fisher.norm() > 0.1


def test_the_metric_is_the_hessian_of_the_kl_in_either_direction(made):
    size, old = made.z.shape[1], made.head.distribution(made.z)
    columns = made.head.metric(made.z.expand(size, -1), torch.eye(size))
    for kl in (
        lambda z: kl_divergence(old, made.head.distribution(z)).sum(),
        lambda z: kl_divergence(made.head.distribution(z), old).sum(),
    ):
        hessian = torch.autograd.functional.hessian(kl, made.z).reshape(size, size)
        assert torch.allclose(columns, hessian, atol=1e-10)


@discrete
def test_entropy_and_kl_are_sums_over_all_actions(name):
    made = Made(name)
    actions, weights = made.actions()
    p, q = made.head.distribution(made.z), made.head.distribution(made.other)
    many = made.head.distribution(made.other.expand(len(actions), -1)).log_prob(actions)
    assert p.entropy().item() == pytest.approx(-(weights * weights.log()).sum().item(), abs=1e-12)
    assert kl_divergence(p, q).item() == pytest.approx((weights * (weights.log() - many)).sum().item(), abs=1e-12)
    assert kl_divergence(p, p).item() == 0 and abs(kl_divergence(p, q) - kl_divergence(q, p)) > 1e-3


def test_entropy_and_kl_are_means_over_draws(made):
    n = 100_000
    drawn = made.head.sample(torch.zeros(n, 1), made.generator)
    p, q = made.head.distribution(made.z), made.head.distribution(made.other)
    here, there = (made.head.distribution(z.expand(n, -1)).log_prob(drawn) for z in (made.z, made.other))
    for exact, estimate in ((p.entropy(), -here), (kl_divergence(p, q), here - there)):
        assert abs(estimate.mean() - exact.item()) <= 3 * estimate.std() / n**0.5


def test_a_product_is_torchs_own_distributions_side_by_side():
    made = Made("multi-categorical")
    pieces, others = (z.split(SIZES, -1) for z in (made.z, made.other))
    p, q = MultiCategorical(made.z, SIZES), MultiCategorical(made.other, SIZES)
    parts, counterparts = ([Categorical(logits=piece) for piece in x] for x in (pieces, others))
    assert torch.allclose(p.entropy(), sum(part.entropy() for part in parts))
    kls = [kl_divergence(a, b) for a, b in zip(parts, counterparts, strict=True)]
    assert torch.allclose(kl_divergence(p, q), sum(kls))
    assert p.batch_shape == (1,) and p.event_shape == (3,)
    assert p.sample((7,)).shape == (7, 1, 3)
    coins = Made("bernoulli")
    coin_kl = kl_divergence(coins.head.distribution(coins.z), coins.head.distribution(coins.other))
    each = kl_divergence(Bernoulli(logits=coins.z), Bernoulli(logits=coins.other))
    assert torch.allclose(coin_kl, each.sum(-1))


@discrete
@pytest.mark.parametrize("source", ["head", "distribution"])
def test_every_action_comes_up_with_its_probability(name, source):
    made, n = Made(name), 100_000
    actions, weights = made.actions()
    if source == "head":
        drawn = made.head.sample(torch.zeros(n, 1), made.generator)
    else:
        torch.manual_seed(0)
        drawn = made.head.distribution(made.z[0]).sample((n,))
    rows, targets = (x.reshape(len(x), -1) for x in (drawn, actions))
    frequencies = torch.stack([(rows == target).all(-1).double().mean() for target in targets])
    assert frequencies.sum().item() == pytest.approx(1)
    assert ((frequencies - weights).abs() <= 4 * (weights * (1 - weights) / n).sqrt()).all()


@discrete
def test_the_mode_is_the_likeliest_action(name):
    made = Made(name)
    actions, weights = made.actions()
    best = actions[weights.argmax()]
    assert torch.equal(made.head.mode(torch.zeros(1, 1))[0], best)
    if name == "multi-categorical":
        assert torch.equal(made.head.distribution(made.z).mode[0], best)


def test_a_choice_of_no_probability_has_finite_kl_entropy_and_gradient():
    z = torch.tensor([[0.0, -1e30, 0.0, 1.0, 0.0, 0.0, -1e30, 0.0, 0.0]], requires_grad=True)
    p, q = MultiCategorical(z, SIZES), MultiCategorical(z + 0.1, SIZES)
    for value in (kl_divergence(p, q), p.entropy()):
        (gradient,) = torch.autograd.grad(value.sum(), z, retain_graph=True)
        assert value.isfinite().all() and gradient.isfinite().all()
