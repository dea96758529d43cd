"""Wrong answers to the exercises of lesson 12."""

import copy
import math

import numpy as np
import torch
from torch.distributions import kl_divergence

from unforeseen import lesson_12 as unforeseen


def surrogate_max(ratio, advantages, clip):
    return torch.maximum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def surrogate_without_min(ratio, advantages, clip):
    return torch.clamp(ratio, 1 - clip, 1 + clip) * advantages


def surrogate_only_above(ratio, advantages, clip):
    return torch.min(ratio * advantages, ratio.clamp(max=1 + clip) * advantages)


def surrogate_only_below(ratio, advantages, clip):
    return torch.min(ratio * advantages, ratio.clamp(min=1 - clip) * advantages)


def surrogate_sign_forgotten(ratio, advantages, clip):
    return torch.minimum(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantages


def surrogate_min_at_the_top(ratio, advantages, clip):
    return torch.min(ratio, torch.ones_like(ratio) + clip) * advantages


def surrogate_clips_the_product(ratio, advantages, clip):
    product = ratio * advantages
    return torch.minimum(product, product.clamp(1 - clip, 1 + clip))


def surrogate_band_around_zero(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(-clip, clip) * advantages)


def surrogate_unclipped(ratio, advantages, clip):
    return ratio * advantages


def surrogate_as_loss(ratio, advantages, clip):
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def surrogate_mean(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages).mean()


def surrogate_detached(ratio, advantages, clip):
    ratio = ratio.detach()
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def surrogate_twice(ratio, advantages, clip):
    return 2 * torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def surrogate_by_numpy(ratio, advantages, clip):
    return np.minimum(ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages)


def surrogate_of_nothing(ratio, advantages, clip):
    torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def _progress(ratio, advantages):
    return np.sign(advantages) * (ratio - 1)


def push_inside_the_band(ratio, advantages, clip):
    return advantages * (np.abs(ratio - 1) < clip)


def push_wrong_way_round(ratio, advantages, clip):
    return advantages * (_progress(ratio, advantages) > clip)


def push_without_sign(ratio, advantages, clip):
    return np.where(ratio < 1 + clip, advantages, 0.0)


def push_mask(ratio, advantages, clip):
    return np.where(_progress(ratio, advantages) < clip, 1.0, 0.0)


def push_unsigned(ratio, advantages, clip):
    return np.abs(advantages) * (_progress(ratio, advantages) < clip)


def push_value(ratio, advantages, clip):
    return np.minimum(ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages)


def push_times_ratio(ratio, advantages, clip):
    return ratio * advantages * (_progress(ratio, advantages) < clip)


def push_pulls_back(ratio, advantages, clip):
    return np.where(_progress(ratio, advantages) < clip, advantages, -advantages)


def push_never_stops(ratio, advantages, clip):
    return advantages + 0 * ratio


def push_overwrites(ratio, advantages, clip):
    advantages[_progress(ratio, advantages) > clip] = 0
    return advantages


def push_booleans(ratio, advantages, clip):
    return _progress(ratio, advantages) < clip


def beta_inverted(beta, kl, kl_target):
    return beta / 2 if kl > 1.5 * kl_target else 2 * beta if kl < kl_target / 1.5 else beta


def beta_without_band(beta, kl, kl_target):
    if kl == kl_target:
        return beta
    return 2 * beta if kl > kl_target else beta / 2


def beta_only_up(beta, kl, kl_target):
    return 2 * beta if kl > 1.5 * kl_target else beta


def beta_only_down(beta, kl, kl_target):
    return beta / 2 if kl < kl_target / 1.5 else beta


def beta_by_one_and_a_half(beta, kl, kl_target):
    return 1.5 * beta if kl > 1.5 * kl_target else beta / 1.5 if kl < kl_target / 1.5 else beta


def beta_limits_of_two(beta, kl, kl_target):
    return 2 * beta if kl > 2 * kl_target else beta / 2 if kl < kl_target / 2 else beta


def beta_one_limit(beta, kl, kl_target):
    return 2 * beta if kl > 1.5 * kl_target else beta / 2 if kl < 1.5 * kl_target else beta


def beta_without_target(beta, kl, kl_target):
    return 2 * beta if kl > 1.5 else beta / 2 if kl < 1 / 1.5 else beta


def beta_proportional(beta, kl, kl_target):
    return beta * (kl / kl_target)


def beta_factor(beta, kl, kl_target):
    return 2.0 if kl > 1.5 * kl_target else 0.5 if kl < kl_target / 1.5 else 1.0


def beta_nothing_between(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return 2 * beta
    if kl < kl_target / 1.5:
        return beta / 2


def _k3(log_ratio):
    return np.mean(np.expm1(log_ratio) - log_ratio)


def _outside(log_ratio, clip):
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip)


def watch_k1(log_ratio, clip, kl_stop):
    kl = -np.mean(log_ratio)
    return _outside(log_ratio, clip), kl, kl > kl_stop


def watch_minus_k1(log_ratio, clip, kl_stop):
    kl = np.mean(log_ratio)
    return _outside(log_ratio, clip), kl, kl > kl_stop


def watch_k2(log_ratio, clip, kl_stop):
    kl = np.mean(log_ratio**2) / 2
    return _outside(log_ratio, clip), kl, kl > kl_stop


def watch_reversed(log_ratio, clip, kl_stop):
    kl = _k3(-log_ratio)
    return _outside(log_ratio, clip), kl, kl > kl_stop


def watch_without_one(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - log_ratio)
    return _outside(log_ratio, clip), kl, kl > kl_stop


def watch_only_above(log_ratio, clip, kl_stop):
    return np.mean(np.exp(log_ratio) > 1 + clip), _k3(log_ratio), _k3(log_ratio) > kl_stop


def watch_log_band(log_ratio, clip, kl_stop):
    return np.mean(np.abs(log_ratio) > clip), _k3(log_ratio), _k3(log_ratio) > kl_stop


def watch_inside(log_ratio, clip, kl_stop):
    return 1 - _outside(log_ratio, clip), _k3(log_ratio), _k3(log_ratio) > kl_stop


def watch_count(log_ratio, clip, kl_stop):
    return np.sum(np.abs(np.exp(log_ratio) - 1) > clip), _k3(log_ratio), _k3(log_ratio) > kl_stop


def watch_stops_below(log_ratio, clip, kl_stop):
    return _outside(log_ratio, clip), _k3(log_ratio), _k3(log_ratio) < kl_stop


def watch_stops_late(log_ratio, clip, kl_stop):
    return _outside(log_ratio, clip), _k3(log_ratio), _k3(log_ratio) > 1.5 * kl_stop


def watch_stops_by_share(log_ratio, clip, kl_stop):
    return _outside(log_ratio, clip), _k3(log_ratio), _outside(log_ratio, clip) > kl_stop


def watch_row_by_row(log_ratio, clip, kl_stop):
    return _outside(log_ratio, clip), np.expm1(log_ratio) - log_ratio, _k3(log_ratio) > kl_stop


def surrogate_between(low, high):
    """Return an answer whose band has other edges."""
    return lambda ratio, advantages, clip: torch.min(
        ratio * advantages, ratio.clamp(low(clip), high(clip)) * advantages
    )


def surrogate_standardised(ratio, advantages, clip):
    advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def _torch_progress(ratio, advantages):
    return advantages.sign() * (ratio - 1)


def _hinge(ratio, advantages, clip):
    return torch.relu(_torch_progress(ratio, advantages) - clip)


def surrogate_dual_clip(ratio, advantages, clip):
    clipped = torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)
    return torch.where(advantages < 0, torch.maximum(clipped, 3 * advantages), clipped)


def surrogate_of_logarithms(ratio, advantages, clip):
    return torch.minimum(ratio.log() * advantages, ratio.clamp(1 - clip, 1 + clip).log() * advantages)


def push_silent(good_above=False, good_below=False, bad_above=False, bad_below=False):
    """Return an answer that silences some of the four corners."""

    def push(ratio, advantages, clip):
        left = advantages.copy()
        for silent, sign, side in (
            (good_above, 1, 1),
            (good_below, 1, -1),
            (bad_above, -1, 1),
            (bad_below, -1, -1),
        ):
            if silent:
                left[(sign * advantages > 0) & (side * (ratio - 1) > clip)] = 0.0
        return left

    return push


def push_where(goes_on):
    return lambda ratio, advantages, clip: np.where(goes_on(ratio, advantages, clip), advantages, 0.0)


def beta_rule(above, below, up, down):
    def rule(beta, kl, kl_target):
        if kl > above * kl_target:
            return up(beta)
        return down(beta) if kl < below * kl_target else beta

    return rule


def _double(beta):
    return 2 * beta


def _half(beta):
    return 0.5 * beta


def beta_distance_in_targets(beta, kl, kl_target):
    if kl - kl_target > 1.5 * kl_target:
        return 2 * beta
    return beta / 2 if kl_target - kl > 1.5 * kl_target else beta


def watch_kl(kl):
    """Return an answer that has another KL, and goes by it."""

    def watch(log_ratio, clip, kl_stop):
        number = kl(np.exp(log_ratio), log_ratio)
        return _outside(log_ratio, clip), number, number > kl_stop

    return watch


def watch_share(share):
    return lambda log_ratio, clip, kl_stop: (
        share(np.exp(log_ratio), clip),
        _k3(log_ratio),
        _k3(log_ratio) > kl_stop,
    )


def watch_stop(stop):
    return lambda log_ratio, clip, kl_stop: (
        _outside(log_ratio, clip),
        _k3(log_ratio),
        stop(np.exp(log_ratio), clip, kl_stop),
    )


def watch_upside_down(log_ratio, clip, kl_stop):
    ratio = np.exp(-log_ratio)
    kl = np.mean(ratio - 1 - np.log(ratio))
    return np.mean(np.abs(ratio - 1) > clip), kl, kl > kl_stop


def watch_minus_k1_stops_below(log_ratio, clip, kl_stop):
    return _outside(log_ratio, clip), np.mean(log_ratio), np.mean(log_ratio) < -kl_stop


def update_with(
    surrogate=lambda w, a, clip: torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a),
    ratio=lambda new, old: (new - old).exp(),
    old_at="start",
    detached=True,
    credit=lambda rows, every: rows,
    loss=lambda gains, n: -gains.mean(),
    zeroed="minibatch",
    steps="minibatch",
    cut=lambda batches, every: batches,
    shuffled="epoch",
    own=lambda given, policy: given,
    stop=lambda kl, limit, share: kl > limit,
    looked="epoch",
    taken_back=None,
    kl=lambda old, new, log_ratio: kl_divergence(old, new).mean(),
    share=lambda w, clip, a: ((w - 1).abs() > clip).double().mean(),
    by=None,
    look="batch",
    share_look=None,
    most=lambda epochs: epochs,
    told=lambda made, kl, share, epochs: (made, kl, share),
    on_a_copy=False,
):
    """Return an answer to 12.3 that goes wrong at one place or more."""

    def update(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
        if on_a_copy:
            policy, optimiser = copy.deepcopy((policy, optimiser))
        optimiser, every = own(optimiser, policy), torch.arange(len(states))
        first = begun = copy.deepcopy(policy)
        made, batches, number, part = 0, None, 0.0, 0.0

        def watched(before, after, rows, kl=kl):
            with torch.no_grad():
                old, new = before(states[rows]), after(states[rows])
                log_ratio = new.log_prob(actions[rows]) - old.log_prob(actions[rows])
                return kl(old, new, log_ratio), share(log_ratio.exp(), clip, advantages[rows])

        base = first
        for _ in range(most(epochs)):
            begun = copy.deepcopy(policy)
            base = begun if old_at == "epoch" else base
            if batches is None or shuffled == "epoch":
                batches = minibatches()
            passing = []
            if zeroed == "epoch":
                optimiser.zero_grad()
            for rows in cut(batches, every):
                base = copy.deepcopy(policy) if old_at == "minibatch" else base
                log_prob_old = (policy if old_at == "minibatch" else base)(states).log_prob(actions)
                log_prob_old = log_prob_old.detach() if detached else log_prob_old
                passing.append(watched(base, policy, rows))
                w = ratio(policy(states[rows]).log_prob(actions[rows]), log_prob_old[rows])
                gains = surrogate(w, credit(advantages[rows], advantages), clip)
                if zeroed == "minibatch":
                    optimiser.zero_grad()
                loss(gains, len(states)).backward()
                if steps == "minibatch":
                    optimiser.step()
                if looked == "minibatch" and watched(base, policy, every)[0] > kl_stop:
                    break
            if steps == "epoch":
                optimiser.step()
            made += 1
            seen = {
                "batch": watched(base, policy, every),
                "last": watched(base, policy, rows),
                "begun": watched(base, begun, every),
                "passed": passing[-1],
                "passing": torch.tensor(passing, dtype=torch.float64).mean(0),
                "itself": watched(policy, policy, every),
            }
            number, part = seen[look][0], seen[share_look or look][1]
            if stop(number if by is None else watched(base, policy, every, by)[0], kl_stop, part):
                if taken_back is not None:
                    policy.load_state_dict((begun if taken_back == "epoch" else first).state_dict())
                break
        return told(made, number, part, epochs)

    return update


def standardised(of, unbiased=True):
    return lambda rows, every: (rows - of(rows, every).mean()) / (of(rows, every).std(unbiased=unbiased) + 1e-8)


def own_adam(given, policy):
    return torch.optim.Adam(policy.parameters(), lr=given.param_groups[0]["lr"])


def own_sgd(given, policy):
    return torch.optim.SGD(policy.parameters(), lr=given.param_groups[0]["lr"])


def fresh(given, policy):
    settings = {k: v for k, v in given.param_groups[0].items() if k in ("lr", "eps", "betas")}
    return type(given)(policy.parameters(), **settings)


def _in_one_graph(old, policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    log_prob_old = old.log_prob(actions)
    log_prob = policy(states).log_prob(actions)
    made = 0
    while made < epochs:
        made += 1
        for rows in minibatches():
            w = (log_prob[rows] - log_prob_old[rows]).exp()
            optimiser.zero_grad()
            (-torch.minimum(w * advantages[rows], w.clamp(1 - clip, 1 + clip) * advantages[rows]).mean()).backward()
            optimiser.step()
    new = policy(states)
    w = (new.log_prob(actions) - log_prob_old).exp()
    return made, kl_divergence(old, new).mean(), ((w - 1).abs() > clip).double().mean()


def update_attached_in_one_graph(policy, *given):
    return _in_one_graph(policy(given[1]), policy, *given)


def update_new_taken_once(policy, *given):
    return _in_one_graph(copy.deepcopy(policy)(given[1]), policy, *given)


def update_counts_in_advance(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    len(minibatches())
    return update_with()(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop)


def update_without_return(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    update_with()(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop)


def _by_sign(good, bad):
    return lambda w, a, clip: torch.where(a > 0, good(w, clip) * a, bad(w, clip) * a)


def _in_order(*order):
    return lambda *told: tuple(told[i] for i in order)


WRONG_ANSWERS = {
    "12.1": [
        (surrogate_max, "you take the larger of the two"),
        (surrogate_without_min, "you return the clipped term alone"),
        (surrogate_only_above, "you clip only above"),
        (surrogate_only_below, "you clip only below"),
        (surrogate_sign_forgotten, "you take the minimum of the ratios"),
        (surrogate_min_at_the_top, "you take the minimum of the ratios"),
        (surrogate_clips_the_product, "you clip the product"),
        (surrogate_band_around_zero, "your band is [−ε, ε]"),
        (surrogate_unclipped, "you don't clip"),
        (surrogate_as_loss, "you return the loss"),
        (surrogate_mean, "you return the mean"),
        (surrogate_detached, "no gradient reaches the ratio"),
        (surrogate_twice, "every value is twice the expected one"),
        (surrogate_by_numpy, "your function stops with"),
        (surrogate_of_nothing, "is the return statement missing?"),
        (lambda w, a, clip: torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a).sum(), "you return the sum"),
        (lambda w, a, clip: torch.minimum(w.detach() * a, w.clamp(1 - clip, 1 + clip) * a), "your slope is half of A"),
        (lambda w, a, clip: torch.minimum(w * a, w.detach().clamp(1 - clip, 1 + clip) * a), "your slope is half of A"),
        (lambda w, a, clip: 0.5 * (w * a + w.clamp(1 - clip, 1 + clip) * a), "you take the mean of the two products"),
        (surrogate_standardised, "you standardise the advantages"),
        (surrogate_between(lambda clip: 1 + clip, lambda clip: 1 - clip), "your edges have changed places"),
        (unforeseen.e12_1_wrong_band_of_logarithms, "you clip the logarithm of the ratio"),
        (unforeseen.e12_1_wrong_reciprocal_lower_edge, "your lower edge is 1/(1 + ε)"),
        (surrogate_between(lambda clip: 1 - clip, lambda clip: 1 / (1 - clip)), "your upper edge is 1/(1 − ε)"),
        (surrogate_between(lambda clip: 1 - 0.5 * clip, lambda clip: 1 + 0.5 * clip), "half as wide"),
        (surrogate_between(lambda clip: 1 - 2 * clip, lambda clip: 1 + 2 * clip), "twice as wide"),
        (surrogate_between(lambda clip: 0.8, lambda clip: 1.2), "your band is always ±0.2"),
        (unforeseen.e12_1_wrong_hinge_on_both_sides, "you charge the hinge on both sides"),
        (unforeseen.e12_1_wrong_hinge_not_weighed, "your hinge isn't multiplied by |A|"),
        (lambda w, a, clip: w * a - a * _hinge(w, a, clip), "your hinge is multiplied by A"),
        (lambda w, a, clip: w * a - a.abs() * torch.relu(w - 1 - clip), "your hinge forgets the sign of A"),
        (lambda w, a, clip: w * a + a.abs() * _hinge(w, a, clip), "you add the hinge"),
        (unforeseen.e12_1_wrong_zero_outside, "your objective is 0 outside the band"),
        (lambda w, a, clip: w * a * (_torch_progress(w, a) < clip), "your objective falls to 0 where the push ends"),
        (unforeseen.e12_1_wrong_sizes_of_advantages, "you use the size of A"),
        (unforeseen.e12_1_wrong_progress_without_constant, "the constant A is missing"),
        (lambda w, a, clip: torch.min(w * a, w.clamp(1 - clip, 1 + clip)), "your clipped ratio isn't multiplied by A"),
        (lambda w, a, clip: torch.min(w, w.clamp(1 - clip, 1 + clip) * a), "you compare the bare ratio"),
        (lambda w, a, clip: torch.min(w * a, w * a.clamp(1 - clip, 1 + clip)), "you clip the advantage"),
        (lambda w, a, clip: w.clamp(1 - clip, 1 + clip), "A is missing: you return the clipped ratio"),
        (lambda w, a, clip: a.abs() * _hinge(w, a, clip), "you return the hinge alone"),
        (
            lambda w, a, clip: torch.min(w.exp() * a, w.exp().clamp(1 - clip, 1 + clip) * a),
            "you take the exponential of the ratio",
        ),
        (surrogate_of_logarithms, "you take the logarithm of the ratio"),
        (surrogate_dual_clip, "(dual clip)"),
        (
            lambda w, a, clip: -torch.max(w * a, w.clamp(1 - clip, 1 + clip) * a),
            "the larger of the two products, and you",
        ),
        (lambda w, a, clip: -a * w.clamp(1 - clip, 1 + clip), "you leave out the minimum, and you return the loss"),
        (unforeseen.e12_1_wrong_clamped_in_place, "your function changes its argument `ratio`"),
    ],
    "12.2": [
        (push_inside_the_band, "you stop the push wherever the ratio is outside"),
        (push_wrong_way_round, "you have it the wrong way round"),
        (push_without_sign, "you forget the sign of A"),
        (push_mask, "return the push itself"),
        (push_unsigned, "you return |A|"),
        (push_value, "you return the value of the surrogate"),
        (push_times_ratio, "you multiply by the ratio"),
        (push_pulls_back, "your push outside the band turns back"),
        (push_never_stops, "you never stop the push"),
        (push_overwrites, "work on a copy"),
        (push_booleans, "return the push itself"),
        (unforeseen.e12_2_wrong_other_corners, "you silence the two corners that went the wrong way"),
        (unforeseen.e12_2_wrong_bad_actions_never_silent, "you never silence a bad action"),
        (push_silent(bad_below=True), "you never silence a good action"),
        (push_silent(good_below=True, bad_below=True), "a good action's ratio is done when it is above 1 + ε"),
        (push_silent(good_below=True), "you silence A > 0 below 1 − ε: "),
        (push_silent(bad_above=True), "you silence A < 0 above 1 + ε: "),
        (push_silent(good_above=True, good_below=True), "you silence A > 0 above 1 + ε, A > 0 below 1 − ε: "),
        (push_silent(bad_above=True, bad_below=True), "you silence A < 0 below 1 − ε, A < 0 above 1 + ε: "),
        (
            unforeseen.e12_2_wrong_bad_actions_at_the_upper_edge,
            "you silence A > 0 above 1 + ε, A > 0 below 1 − ε, A < 0 above 1 + ε: ",
        ),
        (
            push_silent(good_above=True, good_below=True, bad_below=True),
            "you silence A > 0 above 1 + ε, A > 0 below 1 − ε, A < 0 below 1 − ε: ",
        ),
        (
            push_silent(good_above=True, bad_above=True, bad_below=True),
            "you silence A > 0 above 1 + ε, A < 0 below 1 − ε, A < 0 above 1 + ε: ",
        ),
        (
            push_silent(good_below=True, bad_above=True, bad_below=True),
            "you silence A > 0 below 1 − ε, A < 0 below 1 − ε, A < 0 above 1 + ε: ",
        ),
        (push_where(lambda w, a, clip: np.abs(w - 1) > clip), "you push only outside the band"),
        (unforeseen.e12_2_wrong_sign_only, "you return the sign of A"),
        (lambda w, a, clip: np.where(_progress(w, a) < clip, -a, 0), "you return the push on the loss"),
        (unforeseen.e12_2_wrong_advantage_in_the_progress, "you multiply w − 1 by A"),
        (unforeseen.e12_2_wrong_edge_without_one, "you compare the ratio with ε"),
        (unforeseen.e12_2_wrong_band_of_logarithms, "you measure the way in log w"),
        (
            push_where(lambda w, a, clip: ~((a > 0) & (w > 1 + clip) | (a < 0) & (w < 1 / (1 + clip)))),
            "your lower edge is 1/(1 + ε)",
        ),
        (push_where(lambda w, a, clip: _progress(w, a) <= 0), "you stop the push as soon as"),
        (push_where(lambda w, a, clip: _progress(w, a) <= 0.2), "your band is always ±0.2"),
        (push_where(lambda w, a, clip: _progress(w, a) <= 2 * clip), "your band is twice as wide"),
        (push_where(lambda w, a, clip: _progress(w, a) <= clip / 2), "your band is half as wide"),
        (unforeseen.e12_2_wrong_fades_out, "you let the push fade out"),
        (lambda w, a, clip: np.clip(w, 1 - clip, 1 + clip) * a, "you return the clipped term"),
        (lambda w, a, clip: _progress(w, a), "you return the progress x"),
        (lambda w, a, clip: np.maximum(clip - _progress(w, a), 0), "you return what is left of x up to ε"),
        (lambda w, a, clip: np.where(_progress(w, a) < clip, a, 0) / w.size, "you average: one number for each row"),
        (lambda w, a, clip: (np.abs(w - 1) < clip) * 1.0, "both sides of the band, and you return whether"),
        (lambda w, a, clip: np.abs(a) * (np.abs(w - 1) < clip), "you return |A|, and you silence both sides"),
        (lambda w, a, clip: np.abs(a), "you return |A|, and you never stop"),
        (lambda w, a, clip: w * a * (np.abs(w - 1) < clip), "you multiply by the ratio, and you silence both sides"),
    ],
    "12.3": [
        (update_with(old_at="epoch"), "you take the old log-probabilities anew in each epoch"),
        (unforeseen.e12_3_wrong_old_retaken_each_epoch, "anew in each epoch, for the ratios in the loss"),
        (unforeseen.e12_3_wrong_old_is_an_alias, "your old policy moves along with the new one (every ratio is 1,"),
        (
            update_with(kl=lambda old, new, x: kl_divergence(new, new).mean()),
            "your KL is that of the policy to itself, 0",
        ),
        (update_with(look="itself"), "your KL and share compare the policy with itself"),
        (unforeseen.e12_3_wrong_old_rows_by_position, "you take the old log-probabilities by their place"),
        (unforeseen.e12_3_wrong_advantages_by_position, "you take the advantages by their place"),
        (unforeseen.e12_3_wrong_rows_not_taken, "you take old log-probabilities and advantages by their place"),
        (update_with(old_at="minibatch"), "you take the old log-probabilities anew in each minibatch"),
        (update_with(old_at="minibatch", detached=False), "are those of the present policy, and aren't detached"),
        (unforeseen.e12_3_wrong_retained_graph, "the slope runs through the old log-probabilities as well"),
        (update_with(ratio=lambda new, old: new.exp()), "the old log-probabilities are missing"),
        (update_with(ratio=lambda new, old: new - old), "your ratio isn't exponentiated"),
        (unforeseen.e12_3_wrong_ratio_without_exp, "your ratio is 1 + log w"),
        (update_with(ratio=lambda new, old: (old - new).exp()), "your ratio is upside down"),
        (unforeseen.e12_3_wrong_quotient_of_logarithms, "you divide the logarithms"),
        (unforeseen.e12_3_wrong_sign_of_one_product, "the two products in your loss have different signs"),
        (update_with(surrogate=surrogate_dual_clip), "(dual clip)"),
        (update_with(surrogate=lambda w, a, clip: w * a), "you don't clip"),
        (update_with(surrogate=lambda w, a, clip: w.clamp(1 - clip, 1 + clip) * a), "you leave out the minimum"),
        (update_with(surrogate=surrogate_max), "you take the larger of the two products"),
        (update_with(surrogate=surrogate_only_above), "you clip at 1 + ε only"),
        (update_with(surrogate=surrogate_only_below), "you clip at 1 − ε only"),
        (update_with(surrogate=surrogate_sign_forgotten), "you take the minimum of the ratios"),
        (update_with(surrogate=lambda w, a, clip: w.log() * a), "you raise A·log π"),
        (
            update_with(surrogate=surrogate_between(lambda clip: math.exp(-clip), math.exp)),
            "your band is that of log w",
        ),
        (unforeseen.e12_3_wrong_clip_in_log_space, "your lower edge is 1/(1 + ε)"),
        (unforeseen.e12_3_wrong_standardised_in_minibatches, "you standardise the advantages in each minibatch"),
        (update_with(credit=standardised(lambda rows, every: rows, False)), "you standardise the advantages in each"),
        (update_with(credit=standardised(lambda rows, every: every)), "you standardise the advantages over the batch"),
        (unforeseen.e12_3_wrong_advantages_scaled_only, "you divide the advantages by their standard deviation"),
        (update_with(credit=lambda rows, every: rows - every.mean()), "you take the mean off the advantages"),
        (update_with(credit=lambda rows, every: rows - rows.mean()), "you take each minibatch's mean off"),
        (update_with(credit=lambda rows, every: rows.abs()), "you use |A|"),
        (unforeseen.e12_3_wrong_entropy_bonus, "you add an entropy bonus"),
        (update_with(loss=lambda gains, n: gains.mean()), "you go the wrong way"),
        (update_with(loss=lambda gains, n: -gains.sum()), "your loss is a sum"),
        (update_with(loss=lambda gains, n: -gains.sum() / n), "you divide by the rows of the batch"),
        (update_with(zeroed="never"), "your gradients pile up: "),
        (update_with(zeroed="epoch"), "your gradients pile up within an epoch"),
        (update_with(zeroed="epoch", steps="epoch"), "you step once an epoch, by the sum"),
        (update_with(steps="epoch"), "you step once an epoch, by the gradient of its last"),
        (update_with(cut=lambda batches, every: [every] * len(batches)), "you use the whole batch in each step"),
        (update_with(cut=lambda batches, every: [every]), "you make one step an epoch, on the whole batch"),
        (update_with(cut=lambda batches, every: batches[:1]), "you use the first minibatch"),
        (update_with(cut=lambda batches, every: batches[:-1] or batches), "you leave out the last minibatch"),
        (unforeseen.e12_3_wrong_short_minibatch_dropped, "you leave out the minibatch that is shorter"),
        (unforeseen.e12_3_wrong_minibatches_backwards, "you use the minibatches from the last to the first"),
        (unforeseen.e12_3_wrong_mean_by_the_first_size, "you divide by the size of the first minibatch"),
        (unforeseen.e12_3_wrong_mean_over_the_pushing, "you average over the rows that still push"),
        (update_with(shuffled="once"), "you call minibatches() once"),
        (unforeseen.e12_3_wrong_own_optimiser, "you make an Adam of your own"),
        (update_with(own=fresh), "you forget what the optimiser knows"),
        (update_with(own=own_adam), "you make an Adam of your own"),
        (unforeseen.e12_3_wrong_shortened, "you shorten long gradients"),
        (update_with(steps="never"), "nothing moves"),
        (unforeseen.e12_3_wrong_works_on_a_copy, "do you work on a copy that the optimiser doesn't know?"),
        (update_with(own=own_sgd), "you make plain steps of your own"),
        (update_with(stop=lambda kl, limit, share: False), "you never stop"),
        (update_with(stop=lambda kl, limit, share: True), "you make one epoch only"),
        (update_with(stop=lambda kl, limit, share: kl < limit), "you stop where the KL is *below*"),
        (update_with(stop=lambda kl, limit, share: kl > 1.5 * limit), "you stop at 1.5·kl_stop"),
        (update_with(stop=lambda kl, limit, share: share > limit), "you stop by the share outside"),
        (update_with(looked="minibatch"), "you look at the KL after each minibatch"),
        (unforeseen.e12_3_wrong_breaks_too_late, "you stop an epoch late"),
        (update_with(taken_back="epoch"), "where you stop you take the last epoch back"),
        (update_with(taken_back="all"), "where you stop you take the whole update back"),
        (update_with(most=lambda epochs: epochs - 1), "you make an epoch less"),
        (update_with(most=lambda epochs: epochs + 1), "your function calls minibatches() 3 times in 2 epochs:"),
        (update_with(on_a_copy=True), "you leave the policy as it was"),
        (update_with(kl=lambda old, new, x: kl_divergence(new, old).mean()), "your KL is KL(new‖old)"),
        (update_with(kl=lambda old, new, x: -x.mean()), "your KL is k₁"),
        (update_with(kl=lambda old, new, x: (x.exp() - 1 - x).mean()), "your KL is k₃"),
        (update_with(kl=lambda old, new, x: x.square().mean() / 2), "your KL is k₂"),
        (update_with(kl=lambda old, new, x: x.mean()), "your KL is the mean of log w"),
        (update_with(kl=lambda old, new, x: kl_divergence(old, new).sum()), "your KL is a sum over the states"),
        (update_with(kl=lambda old, new, x: kl_divergence(old, new).max()), "your KL is the largest of all states"),
        (unforeseen.e12_3_wrong_cleanrl, "you take both in passing"),
        (unforeseen.e12_3_wrong_stops_on_k1_returns_exact, "you return the exact KL, and stop by k₁"),
        (
            update_with(by=lambda old, new, x: x.square().mean() / 2),
            "you return the exact KL, and stop by k₂",
        ),
        (unforeseen.e12_3_wrong_stops_on_k3_returns_exact, "you return the exact KL, and stop by k₃"),
        (unforeseen.e12_3_wrong_stops_on_largest_kl, "you stop by the largest KL of all states"),
        (update_with(by=lambda old, new, x: kl_divergence(old, new).sum()), "you stop by the sum of the KL"),
        (update_with(by=lambda old, new, x: kl_divergence(new, old).mean()), "you stop by KL(new‖old)"),
        (unforeseen.e12_3_wrong_looks_only_after_the_second, "you don't look after the first epoch"),
        (unforeseen.e12_3_wrong_kl_only_if_it_may_stop, "your KL is 0 where kl_stop is inf"),
        (
            unforeseen.e12_3_wrong_numbers_of_the_epoch_before,
            "where you stop, your KL and share are those of the epoch before",
        ),
        (
            unforeseen.e12_3_wrong_last_epoch_without_watch,
            "where all epochs are made, your KL and share are those before",
        ),
        (unforeseen.e12_3_wrong_kl_for_categorical_only, "the policy may be a Gaussian"),
        (unforeseen.e12_3_wrong_kl_of_the_epoch, "your KL is taken from the policy at the beginning of the epoch"),
        (unforeseen.e12_3_wrong_kl_of_last_minibatch, "your KL is that of the last minibatch's states"),
        (update_with(look="passed", share_look="batch"), "your KL is that of the last minibatch, before its step"),
        (update_with(look="passing", share_look="batch"), "your KL is a mean over the minibatches in passing"),
        (unforeseen.e12_3_wrong_kl_averaged_over_minibatches, "you average the means of the minibatches"),
        (unforeseen.e12_3_wrong_share_of_last_minibatch, "your share is that of the last minibatch: "),
        (update_with(share_look="passed"), "your share is that of the last minibatch, before its step"),
        (unforeseen.e12_3_wrong_share_while_training, "your share is averaged along the way"),
        (update_with(look="last"), "you look at the last minibatch only"),
        (update_with(look="passed"), "are those of the last minibatch, before its step"),
        (update_with(look="passing"), "are means over the minibatches in passing"),
        (update_with(look="begun"), "are those before the last epoch"),
        (
            unforeseen.e12_3_wrong_ratio_clamped_for_the_share,
            "you clip the ratios before you count",
        ),
        (update_with(share=lambda w, clip, a: (w > 1 + clip).double().mean()), "you count only ratios above"),
        (update_with(share=lambda w, clip, a: (w < 1 - clip).double().mean()), "you count only ratios below"),
        (update_with(share=lambda w, clip, a: ((w - 1).abs() <= clip).double().mean()), "the ratios inside the band"),
        (update_with(share=lambda w, clip, a: (w.log().abs() > clip).double().mean()), "you count |log w| > ε"),
        (
            update_with(share=lambda w, clip, a: (a.sign() * (w - 1) > clip).double().mean()),
            "you count only rows whose push has ended",
        ),
        (update_with(share=lambda w, clip, a: ((w - 1).abs() > clip).sum()), "you return how many ratios"),
        (update_with(share=lambda w, clip, a: 100 * ((w - 1).abs() > clip).double().mean()), "in per cent"),
        (update_with(told=lambda made, kl, share, epochs: (made - 1, kl, share)), "the last epoch counted from 0"),
        (update_with(told=lambda made, kl, share, epochs: (epochs, kl, share)), "you return the epochs asked for"),
        (
            update_with(told=lambda made, kl, share, epochs: (made - (made < epochs), kl, share)),
            "you don't count the epoch after which you stop",
        ),
        (update_with(told=_in_order(1, 2, 0)), "what you return is right, but in another order"),
        (update_with(told=_in_order(2, 1, 0)), "what you return is right, but in another order"),
        (
            update_with(
                surrogate=lambda w, a, clip: torch.minimum(w * a, w.clamp(0.8, 1.2) * a),
                share=lambda w, clip, a: ((w - 1).abs() > 0.2).double().mean(),
            ),
            "your band is always ±0.2",
        ),
        (update_attached_in_one_graph, "PyTorch is asked to go back through one graph twice"),
        (update_new_taken_once, "PyTorch is asked to go back through one graph twice"),
        (update_counts_in_advance, "calls minibatches() 3 times in 2 epochs:"),
        (update_without_return, "is the return statement missing?"),
        (update_with(told=lambda made, kl, share, epochs: (made, kl)), "yours returns 2 values"),
    ],
    "12.4": [
        (beta_inverted, "you halve β when the KL is too large"),
        (beta_without_band, "you change β at every update"),
        (beta_only_up, "you never lower β"),
        (beta_only_down, "you never raise β"),
        (beta_by_one_and_a_half, "you multiply by 1.5"),
        (beta_limits_of_two, "your limits are 2·d_targ and d_targ/2"),
        (beta_one_limit, "your lower limit is 1.5·d_targ too"),
        (beta_without_target, "you compare the KL with 1.5"),
        (beta_proportional, "you scale β by KL/d_targ"),
        (beta_factor, "you return the factor"),
        (beta_nothing_between, "is the return statement missing?"),
        (unforeseen.e12_4_wrong_factors_swapped, "1.5 and 2 have changed places"),
        (unforeseen.e12_4_wrong_no_zone, "by doubling or halving"),
        (unforeseen.e12_4_wrong_lower_edge_half, "your lower limit is d_targ/2"),
        (beta_rule(2, 1 / 1.5, _double, _half), "your upper limit is 2·d_targ; it is"),
        (beta_rule(1, 1 / 1.5, _double, _half), "your upper limit is d_targ itself"),
        (beta_rule(1.5, 1, _double, _half), "your lower limit is d_targ itself"),
        (unforeseen.e12_4_wrong_edges_exchanged, "your limits have changed places"),
        (beta_rule(1 / 1.5, 0, _double, _half), "your upper limit is d_targ/1.5"),
        (unforeseen.e12_4_wrong_fixed_target, "your target is always 0.01"),
        (unforeseen.e12_4_wrong_factor_four, "by the factor 4"),
        (beta_rule(1.5, 1 / 1.5, lambda beta: 3 * beta, lambda beta: beta / 3), "by the factor 3"),
        (beta_rule(1.5, 1 / 1.5, lambda beta: 10 * beta, lambda beta: beta / 10), "by the factor 10"),
        (beta_rule(1.5, 1 / 1.5, lambda beta: 1.5 * beta, _half), "you raise β by 1.5"),
        (beta_rule(1.5, 1 / 1.5, _double, lambda beta: beta / 1.5), "you lower β by 1.5"),
        (beta_rule(1.5, 1 / 1.5, lambda beta: 1.1 * beta, lambda beta: 0.9 * beta), "you raise β by a tenth"),
        (lambda beta, kl, kl_target: beta, "you never change β"),
        (beta_rule(1.5, 1 / 1.5, _double, _double), "you double β at both ends"),
        (beta_rule(1.5, 1 / 1.5, _half, _half), "you halve β at both ends"),
        (unforeseen.e12_4_wrong_adds_one, "you add 1 and subtract 1"),
        (beta_rule(1.5, 1 / 1.5, lambda beta: beta + 2, lambda beta: beta - 0.5), "you add 2 to β"),
        (unforeseen.e12_4_wrong_root_of_the_ratio, "by the root of KL/d_targ"),
        (
            lambda beta, kl, target: beta * (1 if target / 1.5 <= kl <= 1.5 * target else kl / target),
            "outside the limits you scale β by KL/d_targ",
        ),
        (lambda beta, kl, kl_target: beta + (kl - kl_target), "you move β by KL − d_targ"),
        (lambda beta, kl, kl_target: beta * (kl_target / kl), "you scale β by d_targ/KL"),
        (unforeseen.e12_4_wrong_compares_distance, "the distance |KL − d_targ| with 1.5;"),
        (beta_distance_in_targets, "the distance |KL − d_targ| with 1.5·d_targ"),
        (
            lambda beta, kl, target: 2 * beta if beta > 1.5 * target else beta / 2 if beta < target / 1.5 else beta,
            "you compare β with the limits",
        ),
        (
            lambda beta, kl, target: (
                2 * beta if beta * kl > 1.5 * target else beta / 2 if beta * kl < target / 1.5 else beta
            ),
            "you compare β·KL with the limits",
        ),
        (beta_rule(2, 0.5, _half, _double), "where the KL is too large, and your limits are"),
        (
            beta_rule(1.5, 1 / 1.5, lambda beta: beta / 1.5, lambda beta: 1.5 * beta),
            "where the KL is too large, and you change it by 1.5",
        ),
        (lambda beta, kl, target: beta * (0.5 if kl > target else 2), "and you change it at every update"),
    ],
    "12.5": [
        (watch_k1, "your KL is k₁"),
        (watch_minus_k1, "your KL is the mean of log w"),
        (watch_k2, "your KL is k₂"),
        (watch_reversed, "upside down"),
        (watch_without_one, "your k₃ lacks the −1"),
        (watch_only_above, "you count only ratios above"),
        (watch_log_band, "you count |log w| > ε"),
        (watch_inside, "you count the ratios inside"),
        (watch_count, "return their share"),
        (watch_stops_below, "you stop while the KL is below"),
        (watch_stops_late, "you stop at 1.5·kl_stop"),
        (watch_stops_by_share, "it is the KL that counts"),
        (watch_row_by_row, "the shape is wrong"),
        (watch_stop(lambda w, clip, limit: np.mean(np.abs(w - 1) > clip) > clip), "the share outside passes ε"),
        (watch_stop(lambda w, clip, limit: np.mean(w - 1 - np.log(w)) > clip), "you compare the KL with ε"),
        (unforeseen.e12_5_wrong_any_row_stops, "as soon as one row's k₃"),
        (watch_stop(lambda w, clip, limit: np.all(w - 1 - np.log(w) > limit)), "only if every row's k₃"),
        (watch_stop(lambda w, clip, limit: -np.mean(np.log(w)) > limit), "you stop by k₁"),
        (watch_stop(lambda w, clip, limit: np.mean(np.log(w) ** 2) / 2 > limit), "you stop by k₂"),
        (watch_stop(lambda w, clip, limit: np.sum(w - 1 - np.log(w)) > limit), "you stop by the sum of k₃"),
        (watch_stop(lambda w, clip, limit: np.any(np.abs(w - 1) > clip)), "you stop whenever a ratio is outside"),
        (watch_stop(lambda w, clip, limit: np.mean(w - 1 - np.log(w))), "you return the KL a second time"),
        (watch_stop(lambda w, clip, limit: np.mean(w - 1 - np.log(w)) - limit), "you return by how much the KL"),
        (watch_stop(lambda w, clip, limit: True), "you always stop"),
        (watch_stop(lambda w, clip, limit: False), "you never stop"),
        (watch_kl(lambda w, x: np.mean(w - 1)), "your k₃ lacks −log w"),
        (watch_kl(lambda w, x: np.mean(w + 1 - x)), "your k₃ has +1 for −1"),
        (unforeseen.e12_5_wrong_sign_of_the_logarithm, "your k₃ adds the logarithm"),
        (watch_kl(lambda w, x: np.mean(x - w + 1)), "your k₃ has its sign turned round"),
        (watch_kl(lambda w, x: np.mean(w - 1 - x) / 2), "you halve k₃"),
        (watch_kl(lambda w, x: np.mean(x**2)), "your k₂ lacks its ½"),
        (watch_kl(lambda w, x: np.mean(w * (w - 1 - x))), "you weigh each row by its ratio"),
        (watch_kl(lambda w, x: np.mean(w * x - (w - 1))), "the mean of w log w − w + 1"),
        (watch_kl(lambda w, x: np.mean(w * x)), "the mean of w log w, which"),
        (watch_kl(lambda w, x: np.mean((w - 1) ** 2) / 2), "that is χ²"),
        (watch_kl(lambda w, x: np.mean((w - 1) ** 2)), "the mean of (w − 1)²; k₃"),
        (watch_kl(lambda w, x: np.mean(np.abs(x))), "the mean of |log w|"),
        (watch_kl(lambda w, x: np.mean(np.abs(w - 1))), "the mean of |w − 1|"),
        (unforeseen.e12_5_wrong_sum, "you sum k₃"),
        (watch_kl(lambda w, x: np.max(w - 1 - x)), "you take the largest k₃"),
        (watch_kl(lambda w, x: np.median(w - 1 - x)), "you take the median of k₃"),
        (watch_kl(lambda w, x: np.sum(w - 1 - x) / (w.size - 1)), "you divide the sum of k₃ by n − 1"),
        (unforeseen.e12_5_wrong_of_the_mean, "that of the mean logarithm"),
        (watch_kl(lambda w, x: w.mean() - 1 - math.log(w.mean())), "that of the mean ratio"),
        (watch_share(lambda w, clip: np.mean(w < 1 - clip)), "you count only ratios below"),
        (watch_share(lambda w, clip: np.mean(np.maximum(w, 1 / w) > 1 + clip)), "your lower edge is 1/(1 + ε)"),
        (watch_share(lambda w, clip: np.mean(w > clip)), "the 1 is missing in your band"),
        (watch_share(lambda w, clip: np.mean(np.abs(1 / w - 1) > clip)), "you count the ratios of old over new"),
        (watch_share(lambda w, clip: np.mean(np.abs(w - 1) > 0.2)), "your band is always ±0.2"),
        (watch_share(lambda w, clip: np.mean(np.abs(w - 1) > 0.5 * clip)), "your band is half as wide"),
        (watch_share(lambda w, clip: np.mean((w > 1 + clip) & (w < 1 - clip))), "your share is 0 throughout"),
        (watch_share(lambda w, clip: np.sum(np.abs(w - 1) <= clip)), "inside the band, and you return how many"),
        (watch_share(lambda w, clip: np.sum(w > 1 + clip)), "you return how many rows are above"),
        (watch_share(lambda w, clip: 100 * np.mean(np.abs(w - 1) > clip)), "your share is in per cent"),
        (watch_share(lambda w, clip: np.sum(np.abs(w - 1) > clip) // len(w)), "without a remainder"),
        (watch_share(lambda w, clip: np.any(np.abs(w - 1) > clip)), "you return whether any row is outside"),
        (watch_upside_down, "your share is of old over new, and so is"),
        (unforeseen.e12_5_wrong_logarithm_taken_for_ratio, "you take the logarithms for the ratios"),
        (watch_minus_k1_stops_below, "and you stop where it is below −kl_stop"),
    ],
}
