"""PPO's two updates: what they ascend, what they remember, and that a refusal leaves no trace."""

import copy
import math

import pytest
import torch
from torch.distributions import kl_divergence
from torch.nn.utils import parameters_to_vector

from batches import make_batch, theta
from reads import Reads
from trpobook.algorithms.ppo import Memory, adapted_beta, clipped_surrogate, ppo_kl_update, ppo_update
from trpobook.runs import trainer as trainers
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

pytestmark = pytest.mark.usefixtures("float64")

UPDATES = {"ppo": ppo_update, "ppo-kl": ppo_kl_update}


def gradient_of(objective, policy):
    """By autograd on the whole graph, where the update uses sweeps over cached activations."""
    return parameters_to_vector(torch.autograd.grad(objective, list(policy.parameters())))


@pytest.mark.parametrize("advantage,ratio,value,slope", [
    (1, 0.79, 0.79, 1), (1, 1.1, 1.1, 1), (1, 1.21, 1.2, 0),
    (-1, 0.79, -0.8, 0), (-1, 0.9, -0.9, -1), (-1, 1.21, -1.21, -1),
])  # fmt: skip
def test_the_four_quadrants_of_the_clip(advantage, ratio, value, slope):
    r = torch.tensor(ratio, requires_grad=True)
    objective = clipped_surrogate(r, torch.tensor(float(advantage)), 0.2)
    assert objective.item() == pytest.approx(value)
    assert torch.autograd.grad(objective, r)[0].item() == slope


def test_the_clip_is_a_hinge_and_pessimistic():
    generator = torch.Generator().manual_seed(1)
    r, a = 3 * torch.rand(1000, generator=generator), torch.randn(1000, generator=generator)
    overshoot = torch.where(a > 0, r - 1.2, 0.8 - r).clamp(min=0)
    assert torch.allclose(clipped_surrogate(r, a, 0.2), r * a - a.abs() * overshoot, atol=1e-12)
    assert (clipped_surrogate(r, a, 0.2) <= r * a + 1e-15).all()


def test_beta_is_adapted_outside_the_band_alone():
    assert adapted_beta(3.0, 0.0151, 0.01) == 6
    assert adapted_beta(3.0, 0.0149, 0.01) == adapted_beta(3.0, 0.0067, 0.01) == 3
    assert adapted_beta(3.0, 0.0066, 0.01) == 1.5


@pytest.mark.parametrize("algo", UPDATES)
@pytest.mark.parametrize("discrete", [False, True])
def test_the_first_step_is_adams_on_the_policy_gradient(algo, discrete):
    policy, states, actions, advantages = make_batch(discrete)
    g = gradient_of((policy(states).log_prob(actions) * advantages).mean(), policy)
    g = g / max(1.0, g.norm().item() / 0.5)
    before, memory = theta(policy), Memory(policy, 1e-3, 0)
    update = UPDATES[algo](policy, states, actions, advantages, memory=memory, epochs=1, minibatch=200)
    # Adam's first step, its averages corrected: α g/(|g| + ε)
    assert torch.allclose(theta(policy) - before, 1e-3 * g / (g.abs() + 1e-5), atol=1e-10)
    assert update.gradient_norm >= g.norm().item() - 1e-12


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("algo", UPDATES)
def test_a_later_step_ascends_its_own_objective(algo, discrete):
    """Plain gradient ascent in Adam's place: the second step's gradient is that of the objective at the first."""
    policy, states, actions, advantages = make_batch(discrete)
    memory = Memory(policy, 1.0, 0, beta=2.0)
    memory.optimiser = torch.optim.SGD([memory.theta], lr=4.0)
    reference = copy.deepcopy(policy)
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
    UPDATES[algo](policy, states, actions, advantages, memory=memory, epochs=2, minibatch=200, max_gradient_norm=9e9)
    for _ in range(2):
        new = reference(states)
        ratio = (new.log_prob(actions) - log_prob_old).exp()
        if algo == "ppo":
            gain = torch.where(advantages > 0, ratio.clamp(max=1.2), ratio.clamp(min=0.8)) * advantages
        else:
            gain = ratio * advantages - 2 * kl_divergence(old, new)
        step = 4.0 * gradient_of(gain.mean(), reference)
        with torch.no_grad():
            for p, piece in zip(
                reference.parameters(), step.split([p.numel() for p in reference.parameters()]), strict=True
            ):
                p += piece.view_as(p)
    assert (ratio - 1).abs().max() > 0.2  # or the clip was not in play
    assert torch.allclose(theta(policy), theta(reference), atol=1e-10)


@pytest.mark.parametrize("algo", UPDATES)
def test_the_record_says_what_the_update_did(algo):
    policy, states, actions, advantages = make_batch()
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
    before, memory = theta(policy), Memory(policy, 3e-3, 0)
    update = UPDATES[algo](policy, states, actions, advantages, memory=memory)
    with torch.no_grad():
        new = policy(states)
        ratios = (new.log_prob(actions) - log_prob_old).exp()
    assert update.kl == pytest.approx(kl_divergence(old, new).mean().item(), abs=1e-14)
    assert update.gain == pytest.approx((ratios * advantages - advantages).mean().item(), abs=1e-12)
    assert update.ratio_max == pytest.approx(ratios.max().item())
    assert update.step_norm == pytest.approx((theta(policy) - before).norm().item())
    assert update.kl_limit == math.inf


def test_ratios_leave_the_band():
    policy, states, actions, advantages = make_batch()
    update = ppo_update(policy, states, actions, advantages, memory=Memory(policy, 3e-2, 0), clip=0.2)
    assert update.ratio_max > 1.5


def test_the_readers_surrogate_takes_the_librarys_place():
    ends = []
    for surrogate in (clipped_surrogate, lambda ratio, advantages, clip: ratio * advantages):
        policy, states, actions, advantages = make_batch()
        ppo_update(policy, states, actions, advantages, memory=Memory(policy, 3e-2, 0), surrogate=surrogate)
        ends.append(theta(policy))
    policy, states, actions, advantages = make_batch()
    ppo_update(policy, states, actions, advantages, memory=Memory(policy, 3e-2, 0), clip=math.inf)
    assert torch.equal(ends[1], theta(policy)) and not torch.allclose(*ends, atol=1e-3)


def test_the_kl_stops_the_epochs():
    results = []
    for kl_stop in (math.inf, 0.01):
        policy, states, actions, advantages = make_batch()
        memory = Memory(policy, 1e-2, 0)
        results.append(ppo_update(policy, states, actions, advantages, memory=memory, kl_stop=kl_stop).kl)
    without, with_stop = results
    assert without > 2 * with_stop and with_stop > 0.01  # the epoch that went over is kept


def test_beta_remembers_what_the_last_update_did():
    policy, states, actions, advantages = make_batch()
    memory = Memory(policy, 1e-2, 0)
    update = ppo_kl_update(policy, states, actions, advantages, memory=memory, kl_target=1e-6)
    assert update.kl > 1.5e-6 and memory.beta == 2
    ppo_kl_update(policy, states, actions, advantages, memory=memory, kl_target=1e6)
    assert memory.beta == 1


@pytest.mark.parametrize("algo", UPDATES)
@pytest.mark.parametrize("place", ["states", "actions", "advantages"])
def test_nan_in_the_batch_stops_the_update(algo, place):
    policy, states, actions, advantages = make_batch()
    batch = {"states": states, "actions": actions, "advantages": advantages}
    batch[place].view(-1)[3] = torch.nan
    before, memory = theta(policy), Memory(policy, 1e-3, 0)
    with pytest.raises(FloatingPointError, match=place):
        UPDATES[algo](policy, **batch, memory=memory)
    assert torch.equal(theta(policy), before)


@pytest.mark.parametrize("algo", UPDATES)
def test_an_update_beyond_the_floats_is_refused_and_leaves_no_trace_in_what_follows(algo):
    ends, records = [], []
    for overflow in (False, True):
        policy, states, actions, advantages = make_batch()
        memory = Memory(policy, 1e-3, 0)
        UPDATES[algo](policy, states, actions, advantages, memory=memory)
        if overflow:
            before, remembered = theta(policy), copy.deepcopy(memory.state_dict())
            records.append(
                UPDATES[algo](policy, states, actions, advantages, memory=memory, epochs=1, learning_rate=1e300)
            )
            assert torch.equal(theta(policy), before)
            now = memory.state_dict()
            for name, value in remembered["optimiser"]["state"][0].items():
                assert torch.equal(value, now["optimiser"]["state"][0][name]), name
            assert remembered["optimiser"]["param_groups"] == now["optimiser"]["param_groups"]
            assert torch.equal(remembered["shuffler"], now["shuffler"]) and remembered["beta"] == now["beta"]
        UPDATES[algo](policy, states, actions, advantages, memory=memory)
        ends.append(theta(policy))
    assert torch.equal(*ends)
    (refused,) = records
    assert not refused.accepted and refused.ratio_min == refused.ratio_max == 1 and refused.kl == refused.gain == 0


@pytest.mark.parametrize("algo", UPDATES)
def test_an_infinite_ratio_does_not_end_a_run(algo):
    torch.set_default_dtype(torch.float32)
    settings = settings_for("InvertedPendulum-v5", algo, num_envs=4, batch_size=256, hidden=(16,), epochs=1)
    trainer = Trainer("InvertedPendulum-v5", algo, settings=settings, update={"learning_rate": 1e30})
    start = theta(trainer.policy)
    rows = list(trainer.updates(700))
    assert len(rows) > 2 and all(row["accepted"] == row["kl"] == 0 and row["ratio_max"] == 1 for row in rows)
    assert torch.equal(theta(trainer.policy), start)


def test_the_learning_rate_of_an_update_is_the_one_it_is_given_and_stays():
    policy, states, actions, advantages = make_batch()
    whole = {"epochs": 1, "minibatch": 200}
    g = gradient_of((policy(states).log_prob(actions) * advantages).mean(), policy)
    g = g / max(1.0, g.norm().item() / 0.5)
    before, memory = theta(policy), Memory(policy, 1e-3, 0)
    ppo_update(policy, states, actions, advantages, memory=memory, learning_rate=5e-4, **whole)
    assert torch.allclose(theta(policy) - before, 5e-4 * g / (g.abs() + 1e-5), atol=1e-10)
    ppo_update(policy, states, actions, advantages, memory=memory, **whole)
    assert memory.optimiser.param_groups[0]["lr"] == 5e-4
    before = theta(policy)
    ppo_update(policy, states, actions, advantages, memory=memory, learning_rate=0.0, **whole)
    assert torch.equal(theta(policy), before)


@pytest.mark.parametrize("limit", [0.01, 0.5, math.inf])
def test_gradients_are_shortened_to_the_limit(limit):
    """With plain ascent in Adam's place a step is as long as the gradient."""
    policy, states, actions, advantages = make_batch()
    g = gradient_of((policy(states).log_prob(actions) * advantages).mean(), policy)
    before, memory = theta(policy), Memory(policy, 1.0, 0)
    memory.optimiser = torch.optim.SGD([memory.theta], lr=1e-3)
    ppo_update(policy, states, actions, advantages, memory=memory, epochs=1, minibatch=200, max_gradient_norm=limit)
    assert g.norm() > 0.01
    assert ((theta(policy) - before).norm() / 1e-3).item() == pytest.approx(min(limit, g.norm().item()), rel=1e-6)


@pytest.mark.parametrize("algo", UPDATES)
def test_no_minibatch_waits_for_the_device(algo):
    counts = []
    for minibatch in (200, 10):
        policy, *batch = make_batch()
        with Reads() as reads:
            UPDATES[algo](policy, *batch, memory=Memory(policy, 1e-3, 0), epochs=3, minibatch=minibatch)
        counts.append(reads.count)
    assert 3 <= counts[0] == counts[1] < 20


def test_a_memory_follows_its_policy_to_another_float_type():
    policy, *batch = make_batch()
    memory = Memory(policy, 1e-3, 0)
    ppo_update(policy, *batch, memory=memory)
    policy.float()
    before = theta(policy)
    record = ppo_update(policy, *(x.float() for x in batch), memory=memory)
    assert record.accepted and theta(policy).dtype == torch.float32 and not torch.equal(theta(policy), before)
    assert memory.optimiser.state[memory.theta]["exp_avg"].dtype == torch.float32


@pytest.mark.parametrize("name", ["epochs", "minibatch"])
def test_passes_over_nothing_are_refused(name):
    policy, *batch = make_batch()
    with pytest.raises(ValueError, match="need epochs >= 1 and minibatch >= 1"):
        ppo_update(policy, *batch, memory=Memory(policy, 1e-3, 0), **{name: 0})


@pytest.mark.parametrize("algo", UPDATES)
def test_a_run_that_is_broken_off_goes_on_bit_for_bit(algo):
    torch.set_default_dtype(torch.float32)
    settings = settings_for(
        "InvertedPendulum-v5", algo, num_envs=4, batch_size=256, checkpoint_steps=500, hidden=(16,), epochs=3
    )
    whole = Trainer("InvertedPendulum-v5", algo, settings=settings)
    halfway = None
    for row in whole.updates(2000):
        if whole.at_checkpoint and halfway is None:
            halfway, steps = copy.deepcopy(whole.state()), row["steps"]
    assert 400 < steps < 1500
    resumed = Trainer("InvertedPendulum-v5", algo, settings=settings)
    resumed.load(halfway)
    for _ in resumed.updates(2000):
        pass
    assert torch.equal(theta(whole.policy), theta(resumed.policy))


def cart_pole(algo, steps=10_000):
    """The return of 10 episodes, of 500 at most, after a short run on small batches."""
    torch.set_default_dtype(torch.float32)
    settings = settings_for("CartPole-v1", algo, num_envs=16, batch_size=512, learning_rate=1e-3, epochs=5)
    trainer = Trainer("CartPole-v1", algo, seed=1, settings=settings)
    for _ in trainer.updates(steps):
        pass
    return trainer.evaluate(10).mean()


@pytest.mark.slow
@pytest.mark.parametrize("algo", UPDATES)
def test_the_cart_pole_is_balanced(algo):
    assert cart_pole(algo) >= 400


@pytest.mark.slow
@pytest.mark.parametrize("breakage", ["sign", "noise"])
@pytest.mark.parametrize("algo", UPDATES)
def test_a_broken_update_does_not_balance_it(algo, breakage, monkeypatch):
    real, generator = trainers.UPDATES[algo], torch.Generator().manual_seed(0)

    def broken(policy, states, actions, advantages, **options):
        wrong = -advantages if breakage == "sign" else torch.randn(advantages.shape, generator=generator)
        return real.update(policy, states, actions, wrong, **options)

    monkeypatch.setitem(trainers.UPDATES, algo, real._replace(update=broken))
    assert cart_pole(algo) < 100


def updated(update=ppo_update, rate=3e-3, scale=1.0, rows=200, **options):
    """Make one update; return its record, the new parameters and the memory."""
    policy, states, actions, advantages = make_batch(rows=rows)
    memory = Memory(policy, rate, 0)
    return update(policy, states, actions, scale * advantages, memory=memory, **options), theta(policy), memory


@pytest.mark.parametrize("update", [ppo_update, ppo_kl_update])
def test_ten_epochs_of_64_rows_with_gradients_of_a_half_at_most_unless_asked_otherwise(update):
    defaults = {"epochs": 10, "minibatch": 64, "max_gradient_norm": 0.5, "kl_stop": math.inf, "entropy_bonus": 0.0}
    record, parameters, _ = updated(update, scale=100.0)
    assert updated(update, scale=100.0, **defaults)[0] == record
    assert torch.equal(updated(update, scale=100.0, **defaults)[1], parameters)
    for other in ({"epochs": 9}, {"minibatch": 63}, {"max_gradient_norm": 0.6}):
        assert not torch.equal(updated(update, scale=100.0, **(defaults | other))[1], parameters)


def test_the_clip_is_a_fifth_and_the_target_a_hundredth_of_a_nat_unless_asked_otherwise():
    assert torch.equal(updated(rate=0.03)[1], updated(rate=0.03, clip=0.2)[1])
    assert not torch.equal(updated(rate=0.03)[1], updated(rate=0.03, clip=0.3)[1])
    record, _, memory = updated(ppo_kl_update, rate=0.03)
    assert 0.015 < record.kl < 0.6 and memory.beta == 2.0
    assert updated(ppo_kl_update, rate=0.03, kl_target=1.0)[2].beta == 0.5


def test_a_divergence_just_at_a_bound_leaves_the_penalty_as_it_is():
    assert adapted_beta(3.0, 1.5 * 0.02, 0.02) == adapted_beta(3.0, 0.03 / 1.5, 0.03) == 3.0
    assert adapted_beta(3.0, math.nextafter(1.5 * 0.02, 1), 0.02) == 6.0
    assert adapted_beta(3.0, math.nextafter(0.03 / 1.5, 0), 0.03) == 1.5


def test_epochs_go_on_as_long_as_the_divergence_is_no_more_than_the_stop():
    first, second = (updated(epochs=k) for k in (1, 2))
    assert torch.equal(updated(epochs=2, kl_stop=first[0].kl)[1], second[1])
    assert torch.equal(updated(epochs=2, kl_stop=math.nextafter(first[0].kl, 0))[1], first[1])


def test_a_minibatch_may_be_a_single_row():
    record, _, memory = updated(rows=5, epochs=1, minibatch=1)
    assert record.accepted and memory.optimiser.state[memory.theta]["step"] == 5


@pytest.mark.parametrize("update", [ppo_update, ppo_kl_update])
def test_the_entropy_on_record_is_the_new_policys(update):
    policy, *batch = make_batch()
    before = policy(batch[0]).entropy().mean().item()
    record = update(policy, *batch, memory=Memory(policy, 3e-3, 0))
    after = policy(batch[0]).entropy().mean().item()
    assert record.entropy == pytest.approx(after, abs=1e-12) and abs(after - before) > 1e-6
