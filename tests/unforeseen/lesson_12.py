"""Answers to the exercises of lesson 12, written by somebody who knows the lesson and not its checks."""

import copy
import math
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.distributions import kl_divergence

from trpobook.algorithms.ppo import clipped_surrogate

# 12.1 clipped_surrogate


def e12_1_wrong_no_minimum(ratio, advantages, clip):
    return ratio.clamp(1 - clip, 1 + clip) * advantages


def e12_1_wrong_maximum(ratio, advantages, clip):
    return torch.maximum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def e12_1_wrong_minimum_of_ratios(ratio, advantages, clip):
    return torch.minimum(ratio, ratio.clamp(1 - clip, 1 + clip)) * advantages


def e12_1_wrong_upper_edge_only(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(max=1 + clip) * advantages)


def e12_1_wrong_band_around_zero(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(-clip, clip) * advantages)


def e12_1_wrong_mean(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages).mean()


def e12_1_wrong_loss(ratio, advantages, clip):
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def e12_1_wrong_product_clipped(ratio, advantages, clip):
    product = ratio * advantages
    return torch.minimum(product, product.clamp(1 - clip, 1 + clip))


def e12_1_wrong_detached(ratio, advantages, clip):
    ratio = ratio.detach() + 0 * ratio
    return torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def e12_1_wrong_hinge_on_both_sides(ratio, advantages, clip):
    return ratio * advantages - advantages.abs() * torch.relu((ratio - 1).abs() - clip)


def e12_1_wrong_hinge_not_weighed(ratio, advantages, clip):
    return ratio * advantages - torch.relu(torch.sign(advantages) * (ratio - 1) - clip)


def e12_1_wrong_band_of_logarithms(ratio, advantages, clip):
    low, high = math.exp(-clip), math.exp(clip)
    return torch.minimum(ratio * advantages, ratio.clamp(low, high) * advantages)


def e12_1_wrong_zero_outside(ratio, advantages, clip):
    inside = (ratio - 1).abs() <= clip
    return torch.where(inside, ratio * advantages, 0 * ratio)


def e12_1_wrong_sizes_of_advantages(ratio, advantages, clip):
    size = advantages.abs()
    return torch.minimum(ratio * size, ratio.clamp(1 - clip, 1 + clip) * size)


def e12_1_wrong_clamped_in_place(ratio, advantages, clip):
    plain = ratio * advantages
    return torch.minimum(plain, ratio.clamp_(1 - clip, 1 + clip) * advantages)


def e12_1_wrong_progress_without_constant(ratio, advantages, clip):
    progress = torch.sign(advantages) * (ratio - 1)
    return advantages.abs() * progress.clamp(max=clip)


def e12_1_wrong_reciprocal_lower_edge(ratio, advantages, clip):
    return torch.minimum(ratio * advantages, ratio.clamp(1 / (1 + clip), 1 + clip) * advantages)


def e12_1_right_torch(ratio, advantages, clip):
    both = torch.stack([ratio * advantages, torch.clamp(ratio, 1 - clip, 1 + clip) * advantages])
    return both.amin(dim=0)


def e12_1_right_loops(ratio, advantages, clip):
    rows = []
    for w, a in zip(ratio.flatten(), advantages.flatten(), strict=True):
        if a > 0:
            rows.append(a * w if w < 1 + clip else a * (1 + clip) + 0 * w)
        else:
            rows.append(a * w if w > 1 - clip else a * (1 - clip) + 0 * w)
    return torch.stack(rows).reshape(ratio.shape)


def e12_1_right_hinge(ratio, advantages, clip):
    progress = advantages.sign() * (ratio - 1)
    return ratio * advantages - advantages.abs() * torch.relu(progress - clip)


def e12_1_right_capped_progress(ratio, advantages, clip):
    progress = torch.sign(advantages) * (ratio - 1)
    return advantages + advantages.abs() * progress.clamp(max=clip)


def e12_1_right_float32(ratio, advantages, clip):
    w, a = ratio.float(), advantages.float()
    return torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a)


def e12_1_right_in_place(ratio, advantages, clip):
    plain = ratio * advantages
    capped = ratio.clone().clamp_(1 - clip, 1 + clip)
    capped *= advantages
    return torch.where(plain <= capped, plain, capped)


def e12_1_right_two_signs(ratio, advantages, clip):
    good, bad = advantages.clamp(min=0), advantages.clamp(max=0)
    return good * ratio.clamp(max=1 + clip) + bad * ratio.clamp(min=1 - clip)


# 12.2 push


def e12_2_wrong_silent_on_both_sides(ratio, advantages, clip):
    return np.where(np.abs(ratio - 1) > clip, 0.0, advantages)


def e12_2_wrong_sign_ignored(ratio, advantages, clip):
    return np.where(ratio - 1 > clip, 0.0, advantages)


def e12_2_wrong_other_corners(ratio, advantages, clip):
    return np.where(np.sign(advantages) * (ratio - 1) < -clip, 0.0, advantages)


def e12_2_wrong_pushes_only_beyond(ratio, advantages, clip):
    return np.where(np.sign(advantages) * (ratio - 1) > clip, advantages, 0.0)


def e12_2_wrong_sign_only(ratio, advantages, clip):
    return np.where(np.sign(advantages) * (ratio - 1) > clip, 0.0, np.sign(advantages))


def e12_2_wrong_size_only(ratio, advantages, clip):
    return np.where(np.sign(advantages) * (ratio - 1) > clip, 0.0, np.abs(advantages))


def e12_2_wrong_bad_actions_never_silent(ratio, advantages, clip):
    return np.where((advantages > 0) & (ratio > 1 + clip), 0.0, advantages)


def e12_2_wrong_bad_actions_at_the_upper_edge(ratio, advantages, clip):
    silent = ((advantages > 0) & (ratio > 1 + clip)) | ((advantages < 0) & (ratio > 1 + clip))
    return np.where(silent | ((advantages > 0) & (ratio < 1 - clip)), 0.0, advantages)


def e12_2_wrong_times_ratio(ratio, advantages, clip):
    return np.where(np.sign(advantages) * (ratio - 1) > clip, 0.0, ratio * advantages)


def e12_2_wrong_value_for_slope(ratio, advantages, clip):
    return np.minimum(ratio * advantages, np.clip(ratio, 1 - clip, 1 + clip) * advantages)


def e12_2_wrong_advantage_in_the_progress(ratio, advantages, clip):
    return np.where(advantages * (ratio - 1) > clip, 0.0, advantages)


def e12_2_wrong_edge_without_one(ratio, advantages, clip):
    return np.where(np.sign(advantages) * ratio > clip, 0.0, advantages)


def e12_2_wrong_fades_out(ratio, advantages, clip):
    progress = np.sign(advantages) * (ratio - 1)
    return advantages * np.clip(1 - progress / clip, 0, 1)


def e12_2_wrong_band_of_logarithms(ratio, advantages, clip):
    return np.where(np.sign(advantages) * np.log(ratio) > clip, 0.0, advantages)


def e12_2_wrong_changes_the_advantages(ratio, advantages, clip):
    advantages[np.sign(advantages) * (ratio - 1) > clip] = 0.0
    return advantages


def e12_2_wrong_booleans(ratio, advantages, clip):
    return np.sign(advantages) * (ratio - 1) <= clip


def e12_2_right_numpy(ratio, advantages, clip):
    rising = (advantages > 0) & (ratio < 1 + clip)
    falling = (advantages < 0) & (ratio > 1 - clip)
    return advantages * (rising | falling)


def e12_2_right_loops(ratio, advantages, clip):
    left = []
    for w, a in zip(ratio, advantages, strict=True):
        done = w > 1 + clip if a > 0 else w < 1 - clip
        left.append(0.0 if done else float(a))
    return left


def e12_2_right_torch(ratio, advantages, clip):
    w = torch.tensor(np.asarray(ratio, dtype=float), requires_grad=True)
    a = torch.tensor(np.asarray(advantages, dtype=float))
    torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a).sum().backward()
    return w.grad


def e12_2_right_float32(ratio, advantages, clip):
    w, a = np.asarray(ratio, dtype=np.float32), np.asarray(advantages, dtype=np.float32)
    return np.where(np.sign(a) * (w - 1) < np.float32(clip), a, np.float32(0))


def e12_2_right_in_place(ratio, advantages, clip):
    left = np.array(advantages, dtype=float)
    left[(left > 0) & (ratio > 1 + clip)] = 0
    left[(left < 0) & (ratio < 1 - clip)] = 0
    return left


def e12_2_right_two_signs(ratio, advantages, clip):
    good, bad = np.maximum(advantages, 0), np.minimum(advantages, 0)
    return good * np.heaviside(1 + clip - ratio, 1) + bad * np.heaviside(ratio - 1 + clip, 1)


# 12.3 clipped_update


def e12_3_right_torch(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    with torch.no_grad():
        old = policy(states)
        logp_old = old.log_prob(actions)
    made = 0
    for _ in range(epochs):
        for rows in minibatches():
            ratio = torch.exp(policy(states[rows]).log_prob(actions[rows]) - logp_old[rows])
            a = advantages[rows]
            loss = torch.max(-a * ratio, -a * torch.clamp(ratio, 1 - clip, 1 + clip)).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        made += 1
        with torch.no_grad():
            new = policy(states)
            kl = kl_divergence(old, new).mean()
            outside = ((new.log_prob(actions) - logp_old).exp().sub(1).abs() > clip).float().mean()
        if kl > kl_stop:
            break
    return made, kl, outside


def e12_3_right_slopes_by_hand(pi, adam, s, a, adv, batches, eps, passes, limit):
    weights = list(pi.parameters())
    before = pi(s)
    base = before.log_prob(a).detach()
    epoch, kl = 0, 0.0
    while epoch < passes and kl <= limit:
        for b in batches():
            w = (pi(s[b]).log_prob(a[b]) - base[b]).exp()
            silent = torch.where(adv[b] > 0, w > 1 + eps, w < 1 - eps)
            gain = (w * adv[b])[~silent].sum() / len(b)
            slopes = torch.autograd.grad(-gain, weights)
            for p, slope in zip(weights, slopes, strict=True):
                p.grad = slope
            adam.step()
        epoch += 1
        after = pi(s)
        kl = kl_divergence(before, after).mean().item()
    w = (after.log_prob(a) - base).exp().detach().numpy()
    return epoch, kl, np.mean((w < 1 - eps) | (w > 1 + eps))


def e12_3_right_loops(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    n = len(states)
    old = [policy(states[i : i + 1]) for i in range(n)]
    log_old = [float(old[i].log_prob(actions[i : i + 1])) for i in range(n)]
    made = 0
    while made < epochs:
        made += 1
        for rows in minibatches():
            optimiser.zero_grad()
            for i in rows.tolist():
                w = (policy(states[i : i + 1]).log_prob(actions[i : i + 1])[0] - log_old[i]).exp()
                a = float(advantages[i])
                edge = 1 + clip if a > 0 else 1 - clip
                gain = min(w * a, edge * a + 0 * w)
                (-gain / len(rows)).backward()
            optimiser.step()
        kl, outside = 0.0, 0
        for i in range(n):
            new = policy(states[i : i + 1])
            kl += float(kl_divergence(old[i], new)) / n
            w = math.exp(float(new.log_prob(actions[i : i + 1])) - log_old[i])
            outside += w > 1 + clip or w < 1 - clip
        if kl > kl_stop:
            break
    return [made, kl, outside / n]


def e12_3_right_frozen_copy(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    frozen = copy.deepcopy(policy)
    for p in frozen.parameters():
        p.requires_grad_(False)
    old = frozen(states)

    def log_ratio(rows=slice(None)):
        return policy(states[rows]).log_prob(actions[rows]) - old.log_prob(actions)[rows]

    def loss_of(rows):
        w, a = log_ratio(rows).exp(), advantages[rows]
        hinge = torch.relu(a.sign() * (w - 1) - clip)
        return (a.abs() * hinge - w * a).mean()

    watched = []
    optimiser.zero_grad()
    for _ in range(epochs):
        for rows in minibatches():
            loss = loss_of(rows)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
        share = torch.mean(((log_ratio().exp() - 1).abs() > clip).double())
        watched.append((kl_divergence(old, policy(states)).mean().item(), share.item()))
        if watched[-1][0] > kl_stop:
            break
    return len(watched), *watched[-1]


def e12_3_right_float32(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    old = policy(states)
    base = old.log_prob(actions).detach()
    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            w = (policy(states[rows]).log_prob(actions[rows]) - base[rows]).exp().float()
            a = advantages[rows].float()
            optimiser.zero_grad()
            (-torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a)).mean().backward()
            optimiser.step()
        new = policy(states)
        kl = kl_divergence(old, new).mean().item()
        if kl > kl_stop:
            break
    w = (new.log_prob(actions) - base).exp()
    return made, kl, ((w - 1).abs() > clip).double().mean().item()


def _passes(loss_of, prepared=lambda a: a, before_step=lambda policy: None, kl_of=None, share_of=None):
    """Return an update around a loss of new and old log-probabilities, advantages and ε."""

    def update(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
        with torch.no_grad():
            old = policy(states)
            log_prob_old = old.log_prob(actions)
        advantages, made = prepared(advantages), 0
        for _ in range(epochs):
            for rows in minibatches():
                new = policy(states[rows])
                loss = loss_of(new.log_prob(actions[rows]), log_prob_old[rows], advantages[rows], clip, new)
                optimiser.zero_grad()
                loss.backward()
                before_step(policy)
                optimiser.step()
            made += 1
            with torch.no_grad():
                new = policy(states)
                w = (new.log_prob(actions) - log_prob_old).exp()
                kl = (kl_of or (lambda old, new, w: kl_divergence(old, new).mean()))(old, new, w)
                share = (share_of or (lambda w, clip: ((w - 1).abs() > clip).double().mean()))(w, clip)
            if kl > kl_stop:
                break
        return made, kl, share

    return update


def _clipped(w, a, clip):
    return torch.minimum(w * a, w.clamp(1 - clip, 1 + clip) * a)


def _loss(new, old, a, clip, pi):
    return -_clipped((new - old).exp(), a, clip).mean()


e12_3_wrong_standardised_in_minibatches = _passes(
    lambda new, old, a, clip, pi: _loss(new, old, (a - a.mean()) / (a.std() + 1e-8), clip, pi)
)
e12_3_wrong_shortened = _passes(_loss, before_step=lambda policy: nn.utils.clip_grad_norm_(policy.parameters(), 0.5))
e12_3_wrong_entropy_bonus = _passes(
    lambda new, old, a, clip, pi: _loss(new, old, a, clip, pi) - 0.01 * pi.entropy().mean()
)
e12_3_wrong_quotient_of_logarithms = _passes(lambda new, old, a, clip, pi: -_clipped(new / old, a, clip).mean())
e12_3_wrong_sign_of_one_product = _passes(
    lambda new, old, a, clip, pi: torch.max(
        -a * (new - old).exp(), a * (new - old).exp().clamp(1 - clip, 1 + clip)
    ).mean()
)
e12_3_wrong_minimum_of_losses = _passes(
    lambda new, old, a, clip, pi: torch.min(
        -a * (new - old).exp(), -a * (new - old).exp().clamp(1 - clip, 1 + clip)
    ).mean()
)
e12_3_wrong_dual_clip = _passes(
    lambda new, old, a, clip, pi: (
        -torch.where(
            a < 0, torch.maximum(_clipped((new - old).exp(), a, clip), 3 * a), _clipped((new - old).exp(), a, clip)
        ).mean()
    )
)
e12_3_wrong_no_clip_and_summed = _passes(lambda new, old, a, clip, pi: -((new - old).exp() * a).sum())
e12_3_wrong_kl_by_row = _passes(_loss, kl_of=lambda old, new, w: kl_divergence(old, new).max())
e12_3_wrong_k3_and_upper_side = _passes(
    _loss, kl_of=lambda old, new, w: (w - 1 - w.log()).mean(), share_of=lambda w, clip: (w > 1 + clip).double().mean()
)
e12_3_wrong_ratio_clamped_for_the_share = _passes(
    _loss, share_of=lambda w, clip: ((w.clamp(1 - clip, 1 + clip) - 1).abs() > clip).double().mean()
)
e12_3_wrong_advantages_scaled_only = _passes(_loss, prepared=lambda a: a / (a.std() + 1e-8))


def e12_3_wrong_retained_graph(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    old = policy(states)
    log_prob_old = old.log_prob(actions)
    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            w = (policy(states[rows]).log_prob(actions[rows]) - log_prob_old[rows]).exp()
            optimiser.zero_grad()
            (-_clipped(w, advantages[rows], clip).mean()).backward(retain_graph=True)
            optimiser.step()
        new = policy(states)
        kl = kl_divergence(old, new).mean()
        if kl > kl_stop:
            break
    w = (new.log_prob(actions) - log_prob_old).exp()
    return made, kl, ((w - 1).abs() > clip).double().mean()


def e12_3_wrong_own_optimiser(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    optimiser = torch.optim.Adam(policy.parameters(), lr=3e-4, eps=1e-5)
    return e12_3_right_torch(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop)


def e12_3_wrong_cleanrl(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    with torch.no_grad():
        log_prob_old = policy(states).log_prob(actions)
    clipfracs = []
    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            logratio = policy(states[rows]).log_prob(actions[rows]) - log_prob_old[rows]
            ratio = logratio.exp()
            with torch.no_grad():
                approx_kl = ((ratio - 1) - logratio).mean()
                clipfracs += [((ratio - 1.0).abs() > clip).float().mean().item()]
            optimiser.zero_grad()
            (-_clipped(ratio, advantages[rows], clip)).mean().backward()
            optimiser.step()
        if approx_kl > kl_stop:
            break
    return made, approx_kl, np.mean(clipfracs)


def e12_3_wrong_breaks_too_late(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    made, previous = 0, 0.0
    with torch.no_grad():
        old = policy(states)
    for _ in range(epochs):
        if previous > kl_stop:
            break
        with torch.no_grad():
            previous = kl_divergence(old, policy(states)).mean().item()
        for rows in minibatches():
            w = (policy(states[rows]).log_prob(actions[rows]) - old.log_prob(actions)[rows]).exp()
            optimiser.zero_grad()
            (-_clipped(w, advantages[rows], clip)).mean().backward()
            optimiser.step()
        made += 1
    with torch.no_grad():
        new = policy(states)
    w = (new.log_prob(actions) - old.log_prob(actions)).exp()
    return made, kl_divergence(old, new).mean(), ((w - 1).abs() > clip).double().mean()


def e12_3_wrong_emptied_before_the_step(
    policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop
):
    with torch.no_grad():
        old = policy(states)
    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            w = (policy(states[rows]).log_prob(actions[rows]) - old.log_prob(actions)[rows]).exp()
            (-_clipped(w, advantages[rows], clip)).mean().backward()
            optimiser.zero_grad()
            optimiser.step()
        new = policy(states)
        kl = kl_divergence(old, new).mean()
        if kl > kl_stop:
            break
    w = (new.log_prob(actions) - old.log_prob(actions)).exp()
    return made, kl, ((w - 1).abs() > clip).double().mean()


def e12_3_wrong_rows_not_taken(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)
    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            w = (policy(states[rows]).log_prob(actions[rows]) - log_prob_old[: len(rows)]).exp()
            optimiser.zero_grad()
            (-_clipped(w, advantages[: len(rows)], clip)).mean().backward()
            optimiser.step()
        new = policy(states)
        kl = kl_divergence(old, new).mean()
        if kl > kl_stop:
            break
    w = (new.log_prob(actions) - log_prob_old).exp()
    return made, kl, ((w - 1).abs() > clip).double().mean()


def e12_3_wrong_gradient_switched_off(
    policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop
):
    with torch.no_grad():
        return e12_3_right_torch(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop)


def e12_3_wrong_advantages_centred_in_place(
    policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop
):
    advantages -= advantages.mean()
    return e12_3_right_torch(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop)


_BATCH = ["policy", "optimiser", "states", "actions", "advantages", "minibatches", "clip", "epochs", "kl_stop"]


@torch.no_grad()
def _policy_now(s):
    return s.policy(s.states)


def _nothing(s):
    pass


def _zero_grad(s):
    s.optimiser.zero_grad()


def _step(s):
    s.optimiser.step()


def _outside(s):
    return ((s.ratio - 1).abs() > s.clip).double().mean()


def _update(
    old=_policy_now,
    begin=_nothing,
    begin_epoch=_nothing,
    parts=lambda s: s.minibatches(),
    ratio=lambda s, log_prob: (log_prob - s.log_prob_old[s.rows]).exp(),
    advantages=lambda s: s.advantages[s.rows],
    loss_of=lambda s, ratio, A: -clipped_surrogate(ratio, A, s.clip).mean(),
    zero_grad=_zero_grad,
    before_step=_nothing,
    step=_step,
    leave=_nothing,
    end_epoch=_nothing,
    kl=lambda s: kl_divergence(s.old, s.new).mean(),
    share=_outside,
    stop=lambda s: s.kl > s.kl_stop,
    result=lambda s: (s.made, s.kl, s.outside),
):
    """Return an update that is right but for the pieces given: functions of `s`, all that the update knows by then.

    What `begin`, `begin_epoch` and `end_epoch` return, if anything, is kept in `s`.
    """

    def update(*batch, **named):
        s = SimpleNamespace(**dict(zip(_BATCH, batch, strict=False)), **named)
        s.old = old(s)
        s.log_prob_old = s.old.log_prob(s.actions)
        s.made, s.kl, s.outside = 0, 0.0, 0.0
        vars(s).update(begin(s) or {})
        for _ in range(s.epochs):
            vars(s).update(begin_epoch(s) or {})
            for rows in parts(s):
                s.rows = rows
                log_prob = s.policy(s.states[s.rows]).log_prob(s.actions[s.rows])
                s.ratio = ratio(s, log_prob)
                loss = loss_of(s, s.ratio, advantages(s))
                zero_grad(s)
                loss.backward()
                before_step(s)
                step(s)
                if leave(s):
                    break
            vars(s).update(end_epoch(s) or {})
            s.made += 1
            with torch.no_grad():
                s.new = s.policy(s.states)
                s.ratio = (s.new.log_prob(s.actions) - s.log_prob_old).exp()
                s.kl, s.outside = float(kl(s)), float(share(s))
            if stop(s):
                break
        return result(s)

    return update


def _step_and_zero_grad(s):
    s.optimiser.step()
    s.optimiser.zero_grad()


def _note_start(s):
    return {"start": _policy_now(s)}


def _retake_old(s):
    old = _policy_now(s)
    return {"old": old, "log_prob_old": old.log_prob(s.actions)}


def _noted_parts(s):
    s.parts = list(s.minibatches())
    return s.parts


def _parts_with_positions(s):
    first = 0
    for rows in s.minibatches():
        s.positions = slice(first, first + len(rows))
        first += len(rows)
        yield rows


def _ratio_to_start(s, log_prob):
    return (log_prob - s.start.log_prob(s.actions)[s.rows]).exp()


def _ratio_to_itself(s, log_prob):
    return (log_prob - log_prob.detach()).exp()


def _k3(s):
    return (s.ratio - 1 - s.ratio.log()).mean()


def _silent(s):
    return (s.advantages.sign() * (s.ratio - 1) > s.clip).double().mean()


e12_3_wrong_clip_without_minimum = _update(
    loss_of=lambda s, ratio, A: -(ratio.clamp(1 - s.clip, 1 + s.clip) * A).mean()
)
e12_3_wrong_smaller_loss = _update(
    loss_of=lambda s, ratio, A: torch.minimum(-ratio * A, -ratio.clamp(1 - s.clip, 1 + s.clip) * A).mean()
)


def _loss_clipped_in_log_space(s, log_ratio, A):
    edge = math.log(1 + s.clip)
    return -torch.minimum(log_ratio.exp() * A, log_ratio.clamp(-edge, edge).exp() * A).mean()


e12_3_wrong_clip_in_log_space = _update(
    ratio=lambda s, log_prob: log_prob - s.log_prob_old[s.rows], loss_of=_loss_clipped_in_log_space
)
e12_3_wrong_no_zero_grad = _update(zero_grad=_nothing)
e12_3_wrong_zero_grad_once_an_epoch = _update(begin_epoch=_zero_grad, zero_grad=_nothing)
e12_3_right_zero_grad_after_step = _update(zero_grad=_nothing, step=_step_and_zero_grad)
e12_3_wrong_old_retaken_each_epoch = _update(begin_epoch=_note_start, ratio=_ratio_to_start)
e12_3_wrong_old_is_an_alias = _update(ratio=_ratio_to_itself, end_epoch=_retake_old)
e12_3_wrong_kl_of_the_epoch = _update(begin_epoch=_note_start, kl=lambda s: kl_divergence(s.start, s.new).mean())
e12_3_wrong_kl_reversed = _update(kl=lambda s: kl_divergence(s.new, s.old).mean())
e12_3_wrong_kl_by_k3 = _update(kl=_k3)
e12_3_wrong_kl_summed_over_states = _update(kl=lambda s: kl_divergence(s.old, s.new).sum())
e12_3_wrong_kl_of_last_minibatch = _update(
    begin=lambda s: {"policy_old": copy.deepcopy(s.policy)},
    kl=lambda s: kl_divergence(s.policy_old(s.states[s.rows]), s.policy(s.states[s.rows])).mean(),
)
e12_3_wrong_kl_averaged_over_minibatches = _update(
    parts=_noted_parts,
    kl=lambda s: np.mean([kl_divergence(s.old, s.new)[rows].mean().item() for rows in s.parts]),
    share=lambda s: np.mean([((s.ratio[rows] - 1).abs() > s.clip).double().mean().item() for rows in s.parts]),
)
e12_3_wrong_stop_at_one_and_a_half = _update(stop=lambda s: s.kl > 1.5 * s.kl_stop)
e12_3_wrong_stop_within_the_epoch = _update(leave=lambda s: kl_divergence(s.old, _policy_now(s)).mean() > s.kl_stop)


def _stop_and_take_back(s):
    if s.kl > s.kl_stop:
        s.policy.load_state_dict(s.before)
    return s.kl > s.kl_stop


e12_3_wrong_takes_the_epoch_back = _update(
    begin_epoch=lambda s: {"before": copy.deepcopy(s.policy.state_dict())}, stop=_stop_and_take_back
)
e12_3_wrong_stop_uncounted = _update(result=lambda s: (s.made - (s.kl > s.kl_stop), s.kl, s.outside))
e12_3_wrong_epochs_from_zero = _update(result=lambda s: (s.made - 1, s.kl, s.outside))
e12_3_wrong_kl_only_if_it_may_stop = _update(
    kl=lambda s: kl_divergence(s.old, s.new).mean() if math.isfinite(s.kl_stop) else 0.0
)
e12_3_wrong_never_stops = _update(stop=lambda s: False)
e12_3_wrong_numbers_of_the_epoch_before = _update(
    begin_epoch=lambda s: {"before": (s.kl, s.outside)},
    result=lambda s: (s.made, *(s.before if s.kl > s.kl_stop else (s.kl, s.outside))),
)
e12_3_wrong_sum_over_minibatch = _update(loss_of=lambda s, ratio, A: -clipped_surrogate(ratio, A, s.clip).sum())
e12_3_wrong_mean_by_the_first_size = _update(
    parts=_noted_parts, loss_of=lambda s, ratio, A: -clipped_surrogate(ratio, A, s.clip).sum() / len(s.parts[0])
)


def _loss_of_the_pushing(s, ratio, A):
    pushing = A.sign() * (ratio.detach() - 1) < s.clip
    return -(ratio * A)[pushing].sum() / max(1, int(pushing.sum()))


def _loss_of_scaled(s, ratio, A):
    A = (A - A.mean()) / (A.std(correction=0) + 1e-8)
    return -clipped_surrogate(ratio, A, s.clip).mean()


e12_3_wrong_mean_over_the_pushing = _update(loss_of=_loss_of_the_pushing)
e12_3_wrong_advantages_scaled_per_minibatch = _update(loss_of=_loss_of_scaled)
e12_3_wrong_advantages_centred_for_the_caller = _update(
    begin=lambda s: {"advantages": s.advantages.sub_(s.advantages.mean())}
)
e12_3_wrong_gradient_shortened = _update(before_step=lambda s: nn.utils.clip_grad_norm_(s.policy.parameters(), 0.5))
e12_3_wrong_minus_forgotten = _update(loss_of=lambda s, ratio, A: clipped_surrogate(ratio, A, s.clip).mean())
e12_3_wrong_shuffled_once = _update(begin=lambda s: {"parts": list(s.minibatches())}, parts=lambda s: s.parts)
e12_3_wrong_shuffled_twice_an_epoch = _update(parts=lambda s: [list(s.minibatches()) for _ in range(2)][1])
e12_3_wrong_short_minibatch_dropped = _update(
    parts=lambda s: [rows for rows in _noted_parts(s) if len(rows) == len(s.parts[0])]
)
e12_3_wrong_minibatches_backwards = _update(parts=lambda s: reversed(list(s.minibatches())))
e12_3_wrong_old_rows_by_position = _update(
    parts=_parts_with_positions, ratio=lambda s, log_prob: (log_prob - s.log_prob_old[s.positions]).exp()
)
e12_3_wrong_advantages_by_position = _update(
    parts=_parts_with_positions, advantages=lambda s: s.advantages[s.positions]
)
e12_3_wrong_ratio_without_exp = _update(ratio=lambda s, log_prob: 1 + log_prob - s.log_prob_old[s.rows])
e12_3_wrong_adam_of_its_own = _update(
    begin=lambda s: {"optimiser": torch.optim.Adam(s.policy.parameters(), lr=s.optimiser.param_groups[0]["lr"])}
)
e12_3_wrong_share_while_training = _update(
    begin_epoch=lambda s: {"shares": []},
    before_step=lambda s: s.shares.append(_outside(s).item()),
    share=lambda s: np.mean(s.shares),
)
e12_3_wrong_share_of_the_silent = _update(share=_silent)
e12_3_wrong_share_above_only = _update(share=lambda s: ((s.ratio - 1) > s.clip).double().mean())
e12_3_wrong_share_by_log_ratio = _update(share=lambda s: (s.ratio.log().abs() > s.clip).double().mean())
e12_3_wrong_share_inside = _update(share=lambda s: ((s.ratio - 1).abs() <= s.clip).double().mean())
e12_3_wrong_share_and_kl_swapped = _update(result=lambda s: (s.made, s.outside, s.kl))
e12_3_wrong_kl_reversed_and_no_zero_grad = _update(zero_grad=_nothing, kl=lambda s: kl_divergence(s.new, s.old).mean())
e12_3_wrong_sum_and_clip_without_minimum = _update(
    loss_of=lambda s, ratio, A: -(ratio.clamp(1 - s.clip, 1 + s.clip) * A).sum()
)
e12_3_wrong_one_epoch_short_and_share_of_the_silent = _update(begin=lambda s: {"epochs": s.epochs - 1}, share=_silent)
e12_3_wrong_gradient_through_old = _update(old=lambda s: s.policy(s.states))
e12_3_wrong_works_on_a_copy = _update(begin=lambda s: {"policy": copy.deepcopy(s.policy)})
e12_3_wrong_all_old_retaken_each_epoch = _update(begin_epoch=_retake_old)
e12_3_wrong_ratio_to_itself_numbers_right = _update(ratio=_ratio_to_itself)
e12_3_wrong_stops_on_k3_returns_exact = _update(stop=lambda s: _k3(s) > s.kl_stop)
e12_3_wrong_stops_on_largest_kl = _update(stop=lambda s: kl_divergence(s.old, s.new).max() > s.kl_stop)
e12_3_wrong_share_of_last_minibatch = _update(share=lambda s: ((s.ratio[s.rows] - 1).abs() > s.clip).double().mean())
e12_3_wrong_epochs_asked_for = _update(result=lambda s: (s.epochs, s.kl, s.outside))
e12_3_wrong_percent = _update(result=lambda s: (s.made, s.kl, 100 * s.outside))
e12_3_wrong_divided_by_whole_batch = _update(
    loss_of=lambda s, ratio, A: -clipped_surrogate(ratio, A, s.clip).sum() / len(s.states)
)
e12_3_wrong_kl_for_categorical_only = _update(
    kl=lambda s: (s.old.probs * (s.old.probs.log() - s.new.probs.log())).sum(1).mean()
)
e12_3_wrong_full_batch_gradient = _update(parts=lambda s: (slice(None) for _ in s.minibatches()))
e12_3_wrong_gradients_gathered_one_step_an_epoch = _update(
    begin_epoch=_zero_grad, zero_grad=_nothing, step=_nothing, end_epoch=_step
)
e12_3_wrong_last_epoch_without_watch = _update(
    begin_epoch=lambda s: {"before": (s.kl, s.outside)},
    result=lambda s: (s.made, *(s.before if s.made == s.epochs else (s.kl, s.outside))),
)
e12_3_wrong_stop_below = _update(stop=lambda s: s.kl < s.kl_stop)
e12_3_wrong_advantages_negated_in_place = _update(
    begin=lambda s: {"advantages": s.advantages.neg_()},
    loss_of=lambda s, ratio, A: torch.maximum(ratio * A, ratio.clamp(1 - s.clip, 1 + s.clip) * A).mean(),
)
e12_3_wrong_stops_on_k1_returns_exact = _update(stop=lambda s: -s.ratio.log().mean() > s.kl_stop)
e12_3_wrong_looks_only_after_the_second = _update(stop=lambda s: s.made > 1 and s.kl > s.kl_stop)
e12_3_wrong_old_retaken_and_share_of_the_silent = _update(begin_epoch=_note_start, ratio=_ratio_to_start, share=_silent)


def e12_3_right_hinge_and_closure(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions)

    def loss_of(rows):
        def closure():
            optimiser.zero_grad()
            w, A = (policy(states[rows]).log_prob(actions[rows]) - log_prob_old[rows]).exp(), advantages[rows]
            loss = ((A.abs() * (A.sign() * (w - 1) - clip).clamp(min=0)) - w * A).mean()
            loss.backward()
            return loss

        return closure

    made = 0
    for _ in range(epochs):
        made += 1
        for rows in minibatches():
            optimiser.step(loss_of(rows))
        with torch.no_grad():
            new = policy(states)
            w = torch.exp(new.log_prob(actions) - log_prob_old)
            kl = kl_divergence(old, new).mean()
        if kl > kl_stop:
            break
    return made, kl.item(), float(((w < 1 - clip) | (w > 1 + clip)).sum()) / len(w)


def e12_3_right_rows_one_by_one(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    n = len(states)
    before = copy.deepcopy(policy)
    old_logs = [before(states[i : i + 1]).log_prob(actions[i : i + 1]).item() for i in range(n)]
    made, kl, outside = 0, 0.0, 0.0
    while made < epochs and (made == 0 or kl <= kl_stop):
        for rows in minibatches():
            optimiser.zero_grad()
            for i in rows.tolist():
                w = torch.exp(policy(states[i : i + 1]).log_prob(actions[i : i + 1])[0] - old_logs[i])
                a = advantages[i].item()
                pushing = w.item() < 1 + clip if a > 0 else w.item() > 1 - clip
                if pushing:
                    (-w * a / len(rows)).backward()
            optimiser.step()
        made += 1
        kl = outside = 0.0
        for i in range(n):
            with torch.no_grad():
                here = policy(states[i : i + 1])
                kl += kl_divergence(before(states[i : i + 1]), here).item() / n
                w = math.exp(here.log_prob(actions[i : i + 1]).item() - old_logs[i])
                outside += (abs(w - 1) > clip) / n
    return made, kl, outside


def e12_3_right_push_times_score(pi, opt, s, a, adv, batches, eps, passes, limit):
    pi_old = pi(s)
    logp_old = pi_old.log_prob(a).detach()
    parameters = [p for group in opt.param_groups for p in group["params"]]
    done = 0
    for _ in range(passes):
        done += 1
        for b in batches():
            logp = pi(s[b]).log_prob(a[b])
            w = (logp - logp_old[b]).exp().detach()
            push = torch.where(adv[b].sign() * (w - 1) > eps, torch.zeros_like(w), adv[b])
            gradients = torch.autograd.grad(-(push * w * logp).mean(), parameters)
            for p, g in zip(parameters, gradients, strict=True):
                p.grad = g
            opt.step()
        with torch.no_grad():
            now = pi(s)
            apart = kl_divergence(pi_old, now).mean().item()
            w = (now.log_prob(a) - logp_old).exp().numpy()
        if apart > limit:
            break
    return done, apart, np.mean(np.abs(w - 1) > eps)


def e12_3_right_single_precision(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    with torch.no_grad():
        old = policy(states)
        log_prob_old = old.log_prob(actions).float()
    made, kl = 0, torch.tensor(0.0)
    while made < epochs and not kl > kl_stop:
        made += 1
        for rows in minibatches():
            optimiser.zero_grad(set_to_none=False)
            w = torch.exp(policy(states[rows]).log_prob(actions[rows]).float() - log_prob_old[rows])
            A = advantages[rows].float()
            torch.maximum(-w * A, -w.clip(1 - clip, 1 + clip) * A).mean().backward()
            optimiser.step()
        with torch.no_grad():
            new = policy(states)
            kl = kl_divergence(old, new).float().mean()
            w = torch.exp(new.log_prob(actions).float() - log_prob_old)
    return made, kl, (abs(w - 1) > clip).float().mean()


def e12_3_right_credit_and_chunks(policy, optimiser, states, actions, advantages, minibatches, clip, epochs, kl_stop):
    # Capped credit; the watch in chunks of five rows; numbers as an array.
    reference = copy.deepcopy(policy).requires_grad_(False)

    def watch():
        kls, outside = [], []
        with torch.no_grad():
            for s, a in zip(states.split(5), actions.split(5), strict=True):
                was, now = reference(s), policy(s)
                kls += kl_divergence(was, now).tolist()
                w = (now.log_prob(a) - was.log_prob(a)).exp()
                outside += ((w - 1).abs() > clip).tolist()
        return sum(kls) / len(kls), sum(outside) / len(outside)

    def step(rows):
        s, a, A = states[rows], actions[rows], advantages[rows]
        w = (policy(s).log_prob(a) - reference(s).log_prob(a)).exp()
        credit = A + A.abs() * (A.sign() * (w - 1)).clamp(max=clip)
        optimiser.zero_grad()
        credit.mean().neg().backward()
        optimiser.step()

    made, kl = 0, -math.inf
    while made < epochs and kl <= kl_stop:
        for rows in minibatches():
            step(rows)
        kl, share = watch()
        made += 1
    return np.array([made, kl, share])


for _name, _answer in list(globals().items()):
    if _name.startswith("e12_3_"):
        _answer.__name__ = _name  # many are made by another function and don't know it


# 12.4 adapted_beta


def e12_4_wrong_direction(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return beta / 2
    if kl < kl_target / 1.5:
        return 2 * beta
    return beta


def e12_4_wrong_factors_swapped(beta, kl, kl_target):
    if kl > 2 * kl_target:
        return 1.5 * beta
    if kl < kl_target / 2:
        return beta / 1.5
    return beta


def e12_4_wrong_no_zone(beta, kl, kl_target):
    return 2 * beta if kl > kl_target else beta / 2


def e12_4_wrong_never_halved(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return 2 * beta
    return beta


def e12_4_wrong_nothing_in_the_zone(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return 2 * beta
    if kl < kl_target / 1.5:
        return beta / 2


def e12_4_wrong_in_proportion(beta, kl, kl_target):
    return beta * kl / kl_target


def e12_4_wrong_lower_edge_half(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return 2 * beta
    if kl < 0.5 * kl_target:
        return beta / 2
    return beta


def e12_4_wrong_one_edge(beta, kl, kl_target):
    return 2 * beta if kl > 1.5 * kl_target else beta / 2


def e12_4_wrong_fixed_target(beta, kl, kl_target):
    if kl > 0.015:
        return 2 * beta
    if kl < 0.01 / 1.5:
        return beta / 2
    return beta


def e12_4_wrong_edges_exchanged(beta, kl, kl_target):
    if kl > kl_target / 1.5:
        return 2 * beta
    if kl < kl_target * 1.5:
        return beta / 2
    return beta


def e12_4_wrong_factor_four(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return 4 * beta
    if kl < kl_target / 1.5:
        return beta / 4
    return beta


def e12_4_wrong_adds_one(beta, kl, kl_target):
    if kl > 1.5 * kl_target:
        return beta + 1
    if kl < kl_target / 1.5:
        return beta - 1
    return beta


def e12_4_wrong_root_of_the_ratio(beta, kl, kl_target):
    if kl > 1.5 * kl_target or kl < kl_target / 1.5:
        return beta * math.sqrt(kl / kl_target)
    return beta


def e12_4_wrong_compares_distance(beta, kl, kl_target):
    if kl - kl_target > 1.5:
        return 2 * beta
    if kl_target - kl > 1.5:
        return beta / 2
    return beta


def e12_4_right_numpy(beta, kl, kl_target):
    return np.where(kl > 1.5 * kl_target, 2 * beta, np.where(kl < kl_target / 1.5, beta / 2, beta))


def e12_4_right_exponent(beta, kl, kl_target):
    return beta * 2.0 ** (int(kl > 1.5 * kl_target) - int(kl < kl_target / 1.5))


def e12_4_right_torch(beta, kl, kl_target):
    beta, d, target = (torch.tensor(float(x), dtype=torch.float64) for x in (beta, kl, kl_target))
    factor = torch.ones((), dtype=torch.float64)
    factor = torch.where(d > 1.5 * target, 2 * factor, factor)
    return beta * torch.where(d < target / 1.5, factor / 2, factor)


def e12_4_right_float32(beta, kl, kl_target):
    beta, kl, kl_target = np.float32(beta), np.float32(kl), np.float32(kl_target)
    if kl > np.float32(1.5) * kl_target:
        return beta * np.float32(2)
    if kl * np.float32(1.5) < kl_target:
        return beta * np.float32(0.5)
    return beta


def e12_4_right_in_place(beta, kl, kl_target):
    new = np.array(beta, dtype=float)
    if kl / kl_target > 1.5:
        new *= 2
    elif kl_target > 1.5 * kl:
        new /= 2
    return new


def e12_4_right_logarithms(beta, kl, kl_target):
    distance = math.log(kl / kl_target) if kl > 0 else -math.inf
    if abs(distance) <= math.log(1.5):
        return beta
    return beta * math.exp(math.copysign(math.log(2), distance))


# 12.5 watch


def e12_5_wrong_k1(log_ratio, clip, kl_stop):
    kl = np.mean(-log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_k2(log_ratio, clip, kl_stop):
    kl = np.mean(log_ratio**2) / 2
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_ratio_upside_down(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(-log_ratio) - 1 + log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_one_forgotten(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_sign_of_the_logarithm(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 + log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_upper_edge_only(log_ratio, clip, kl_stop):
    ratio = np.exp(log_ratio)
    kl = np.mean(ratio - 1 - log_ratio)
    return np.mean(ratio - 1 > clip), kl, kl > kl_stop


def e12_5_wrong_band_of_logarithms(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return np.mean(np.abs(log_ratio) > clip), kl, kl > kl_stop


def e12_5_wrong_sum(log_ratio, clip, kl_stop):
    kl = np.sum(np.exp(log_ratio) - 1 - log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_count(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return np.sum(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_share_inside(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) <= clip), kl, kl > kl_stop


def e12_5_wrong_goes_on_when_too_large(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl < kl_stop


def e12_5_wrong_share_decides(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    outside = np.mean(np.abs(np.exp(log_ratio) - 1) > clip)
    return outside, kl, outside > kl_stop


def e12_5_wrong_any_row_stops(log_ratio, clip, kl_stop):
    k3 = np.exp(log_ratio) - 1 - log_ratio
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), k3.mean(), bool(np.any(k3 > kl_stop))


def e12_5_wrong_logarithm_taken_for_ratio(log_ratio, clip, kl_stop):
    kl = np.mean(log_ratio - 1 - np.log(np.abs(log_ratio)))
    return np.mean(np.abs(log_ratio - 1) > clip), kl, kl > kl_stop


def e12_5_wrong_half_as_much_again(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > 1.5 * kl_stop


def e12_5_wrong_kl_first(log_ratio, clip, kl_stop):
    kl = np.mean(np.exp(log_ratio) - 1 - log_ratio)
    return kl, np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl > kl_stop


def e12_5_wrong_of_the_mean(log_ratio, clip, kl_stop):
    ratio = np.exp(log_ratio.mean())
    kl = ratio - 1 - log_ratio.mean()
    return np.mean(np.abs(np.exp(log_ratio) - 1) > clip), kl, kl > kl_stop


def e12_5_right_numpy(log_ratio, clip, kl_stop):
    ratio = np.exp(log_ratio)
    outside = (ratio < 1 - clip) | (ratio > 1 + clip)
    kl = (ratio - 1).mean() - log_ratio.mean()
    return outside.mean(), kl, kl > kl_stop


def e12_5_right_loops(log_ratio, clip, kl_stop):
    outside, total = 0, 0.0
    for x in log_ratio:
        ratio = math.exp(x)
        if not 1 - clip <= ratio <= 1 + clip:
            outside += 1
        total += ratio - 1 - float(x)
    kl = total / len(log_ratio)
    return outside / len(log_ratio), kl, bool(kl > kl_stop)


def e12_5_right_torch(log_ratio, clip, kl_stop):
    x = torch.as_tensor(np.asarray(log_ratio, dtype=float))
    kl = (torch.expm1(x) - x).mean()
    return (torch.expm1(x).abs() > clip).double().mean(), kl, kl > kl_stop


def e12_5_right_float32(log_ratio, clip, kl_stop):
    x = np.asarray(log_ratio, dtype=np.float32)
    kl = np.mean(np.expm1(x) - x)
    return np.mean(np.abs(np.expm1(x)) > np.float32(clip), dtype=np.float32), kl, kl > np.float32(kl_stop)


def e12_5_right_in_place(log_ratio, clip, kl_stop):
    change = np.array(log_ratio, dtype=float)
    np.expm1(change, out=change)
    share = np.count_nonzero(np.abs(change) > clip) / change.size
    change -= log_ratio
    kl = math.fsum(change.ravel()) / change.size
    return [share, kl, int(kl > kl_stop)]


def e12_5_right_logarithmic_edges(log_ratio, clip, kl_stop):
    low = np.log1p(-clip) if clip < 1 else -np.inf
    high = np.log1p(clip)
    share = np.mean(log_ratio < low) + np.mean(log_ratio > high)
    kl = np.average(np.expm1(log_ratio) - log_ratio)
    return share, kl, np.greater(kl, kl_stop)


WRONG = {
    "12.1": [
        (e12_1_wrong_no_minimum, "clips and leaves the minimum out"),
        (e12_1_wrong_maximum, "maximum instead of minimum"),
        (e12_1_wrong_minimum_of_ratios, "minimum of the ratios, then times A: wrong for negative advantages"),
        (e12_1_wrong_upper_edge_only, "clips at the upper edge only: bad actions are never silenced"),
        (e12_1_wrong_band_around_zero, "band around 0 instead of 1"),
        (e12_1_wrong_mean, "returns the mean instead of one number for each row"),
        (e12_1_wrong_loss, "returns the loss, with the sign turned round"),
        (e12_1_wrong_product_clipped, "clips the product instead of the ratio"),
        (e12_1_wrong_detached, "detaches the ratio: right values, no slope"),
        (e12_1_wrong_hinge_on_both_sides, "hinge on both sides: the wrong-way side is charged as well"),
        (e12_1_wrong_hinge_not_weighed, "the hinge isn't multiplied by the size of A"),
        (e12_1_wrong_band_of_logarithms, "clips the logarithm of the ratio at plus and minus epsilon"),
        (e12_1_wrong_zero_outside, "0 outside the band, instead of flat there"),
        (e12_1_wrong_sizes_of_advantages, "uses the size of A: bad actions are treated as good ones"),
        (e12_1_wrong_clamped_in_place, "clamps the ratio in place, damaging the argument"),
        (e12_1_wrong_progress_without_constant, "leaves out the constant A in A + |A| min(x, epsilon)"),
        (e12_1_wrong_reciprocal_lower_edge, "lower edge 1 / (1 + epsilon) instead of 1 - epsilon"),
    ],
    "12.2": [
        (e12_2_wrong_silent_on_both_sides, "silent wherever the ratio is outside the band, the wrong-way side too"),
        (e12_2_wrong_sign_ignored, "only looks whether the ratio is above the band, whatever the sign of A"),
        (e12_2_wrong_other_corners, "silences the two wrong-way corners instead of the others"),
        (e12_2_wrong_pushes_only_beyond, "pushes only where it should be silent"),
        (e12_2_wrong_sign_only, "returns the sign of A instead of A"),
        (e12_2_wrong_size_only, "returns the size of A instead of A"),
        (e12_2_wrong_bad_actions_never_silent, "never silences a bad action"),
        (
            e12_2_wrong_bad_actions_at_the_upper_edge,
            "looks at the wrong edge for bad actions and at both for good ones",
        ),
        (e12_2_wrong_times_ratio, "returns wA instead of its slope A"),
        (e12_2_wrong_value_for_slope, "returns the clipped surrogate instead of its slope"),
        (e12_2_wrong_advantage_in_the_progress, "multiplies w - 1 by A instead of its sign"),
        (e12_2_wrong_edge_without_one, "forgets to subtract 1 from the ratio"),
        (e12_2_wrong_fades_out, "lets the push fade out instead of ending it at the edge"),
        (e12_2_wrong_band_of_logarithms, "measures the progress in the logarithm of the ratio"),
        (e12_2_wrong_changes_the_advantages, "right numbers, but the advantages are overwritten"),
        (e12_2_wrong_booleans, "returns whether it pushes instead of the push"),
    ],
    "12.3": [
        (e12_3_wrong_standardised_in_minibatches, "standardised in minibatches"),
        (e12_3_wrong_shortened, "shortened"),
        (e12_3_wrong_entropy_bonus, "entropy bonus"),
        (e12_3_wrong_quotient_of_logarithms, "quotient of logarithms"),
        (e12_3_wrong_sign_of_one_product, "sign of one product"),
        (e12_3_wrong_minimum_of_losses, "minimum of losses"),
        (e12_3_wrong_dual_clip, "dual clip"),
        (e12_3_wrong_no_clip_and_summed, "no clip and summed"),
        (e12_3_wrong_kl_by_row, "kl by row"),
        (e12_3_wrong_k3_and_upper_side, "k3 and upper side"),
        (e12_3_wrong_ratio_clamped_for_the_share, "ratio clamped for the share"),
        (e12_3_wrong_advantages_scaled_only, "advantages scaled only"),
        (e12_3_wrong_retained_graph, "retained graph"),
        (e12_3_wrong_own_optimiser, "own optimiser"),
        (e12_3_wrong_cleanrl, "cleanrl"),
        (e12_3_wrong_breaks_too_late, "breaks too late"),
        (e12_3_wrong_emptied_before_the_step, "emptied before the step"),
        (e12_3_wrong_rows_not_taken, "rows not taken"),
        (e12_3_wrong_gradient_switched_off, "gradient switched off"),
        (e12_3_wrong_advantages_centred_in_place, "advantages centred in place"),
        (e12_3_wrong_clip_without_minimum, "leaves the minimum out: clip(w)·A"),
        (e12_3_wrong_smaller_loss, "takes the minimum of the two losses, which is the maximum of the gains"),
        (e12_3_wrong_clip_in_log_space, "clips the log-ratio to ± log(1 + ε): the lower edge is 1/(1 + ε)"),
        (e12_3_wrong_no_zero_grad, "never clears the gradients: they pile up"),
        (e12_3_wrong_zero_grad_once_an_epoch, "clears the gradients once an epoch: they pile up over its minibatches"),
        (
            e12_3_wrong_old_retaken_each_epoch,
            "takes the old log-probabilities anew at each epoch; KL and share as asked",
        ),
        (e12_3_wrong_old_is_an_alias, "keeps the policy itself for the old one: each ratio is 1 and each KL 0"),
        (e12_3_wrong_kl_of_the_epoch, "takes the KL from the policy at the epoch's beginning: how far this epoch went"),
        (e12_3_wrong_kl_reversed, "KL(new‖old) instead of KL(old‖new)"),
        (e12_3_wrong_kl_by_k3, "estimates the KL by k3 from the actions taken instead of the exact one"),
        (e12_3_wrong_kl_summed_over_states, "adds the KL up over the states instead of averaging"),
        (e12_3_wrong_kl_of_last_minibatch, "looks at the KL of the last minibatch's states only"),
        (
            e12_3_wrong_kl_averaged_over_minibatches,
            "averages the means of the minibatches: the shorter last one counts as much as a full one",
        ),
        (e12_3_wrong_stop_at_one_and_a_half, "stops above 1.5·kl_stop, as some libraries do"),
        (e12_3_wrong_stop_within_the_epoch, "looks at the KL after each step and leaves the epoch in the middle"),
        (
            e12_3_wrong_takes_the_epoch_back,
            "puts back the weights of before the epoch whose KL is above kl_stop; numbers as asked",
        ),
        (e12_3_wrong_stop_uncounted, "doesn't count the epoch that went beyond kl_stop"),
        (e12_3_wrong_epochs_from_zero, "returns the last epoch's index, one too few"),
        (e12_3_wrong_kl_only_if_it_may_stop, "computes the KL only where kl_stop is finite, and returns 0 otherwise"),
        (e12_3_wrong_never_stops, "reports the KL and never stops on it"),
        (e12_3_wrong_numbers_of_the_epoch_before, "returns KL and share of the epoch before the one that stopped"),
        (e12_3_wrong_sum_over_minibatch, "sums the loss over the minibatch instead of averaging (Adam hardly notices)"),
        (e12_3_wrong_mean_by_the_first_size, "divides by the first minibatch's size, also where the last is shorter"),
        (e12_3_wrong_mean_over_the_pushing, "averages over the rows that still push instead of all rows"),
        (e12_3_wrong_advantages_scaled_per_minibatch, "centres and scales the advantages of each minibatch"),
        (e12_3_wrong_advantages_centred_for_the_caller, "centres the advantages, and does it in the caller's tensor"),
        (e12_3_wrong_gradient_shortened, "shortens gradients longer than 0.5"),
        (e12_3_wrong_minus_forgotten, "goes down the objective instead of up"),
        (e12_3_wrong_shuffled_once, "calls minibatches() once and uses the same ones in each epoch"),
        (e12_3_wrong_shuffled_twice_an_epoch, "calls minibatches() twice an epoch, once to count them"),
        (e12_3_wrong_short_minibatch_dropped, "leaves out the shorter last minibatch"),
        (e12_3_wrong_minibatches_backwards, "uses the minibatches in the reverse order (pops them off a list)"),
        (
            e12_3_wrong_old_rows_by_position,
            "takes the old log-probabilities by position in the batch, not by row number",
        ),
        (e12_3_wrong_advantages_by_position, "takes the advantages by position in the batch, not by row number"),
        (
            e12_3_wrong_ratio_without_exp,
            "forgets the exponential in the step: the difference of logarithms, plus 1, for the ratio",
        ),
        (e12_3_wrong_adam_of_its_own, "makes an Adam of its own with the given one's learning rate"),
        (
            e12_3_wrong_share_while_training,
            "averages the share over the minibatches as they are used (a log's clip fraction), not after the epoch",
        ),
        (e12_3_wrong_share_of_the_silent, "counts the rows whose push has ended, not those outside the band"),
        (e12_3_wrong_share_above_only, "counts the ratios above 1 + ε only"),
        (e12_3_wrong_share_by_log_ratio, "compares |log w| with ε"),
        (e12_3_wrong_share_inside, "returns the share inside the band"),
        (e12_3_wrong_share_and_kl_swapped, "returns the share before the KL"),
        (e12_3_wrong_kl_reversed_and_no_zero_grad, "two mistakes: KL(new‖old), and gradients that pile up"),
        (e12_3_wrong_sum_and_clip_without_minimum, "two mistakes: no minimum, and summed over the minibatch"),
        (
            e12_3_wrong_one_epoch_short_and_share_of_the_silent,
            "two mistakes: one epoch short (range(1, epochs)), and counts the silent for the share",
        ),
        (
            e12_3_wrong_gradient_through_old,
            "lets the gradient run through the old log-probabilities (crashes at the second step)",
        ),
        (e12_3_wrong_works_on_a_copy, "updates a copy, whose weights the optimiser doesn't know: the policy stays"),
        (
            e12_3_wrong_all_old_retaken_each_epoch,
            "takes the old policy, distribution and log-probabilities, anew at each epoch",
        ),
        (
            e12_3_wrong_ratio_to_itself_numbers_right,
            "takes the old log-probabilities anew in each minibatch: ratios of 1, no clip; KL and share as asked",
        ),
        (e12_3_wrong_stops_on_k3_returns_exact, "stops on the estimate k3 of the actions taken, returns the exact KL"),
        (e12_3_wrong_stops_on_largest_kl, "stops when one state's KL is above kl_stop, returns the mean"),
        (e12_3_wrong_share_of_last_minibatch, "takes the share of the last minibatch, after its step"),
        (e12_3_wrong_epochs_asked_for, "returns the epochs asked for, not those made"),
        (e12_3_wrong_percent, "returns the share in per cent"),
        (e12_3_wrong_divided_by_whole_batch, "divides each minibatch's sum by the size of the whole batch"),
        (
            e12_3_wrong_kl_for_categorical_only,
            "right for a softmax, but takes .probs for the KL: fails for a Gaussian policy",
        ),
        (e12_3_wrong_full_batch_gradient, "averages over the whole batch at each minibatch"),
        (
            e12_3_wrong_gradients_gathered_one_step_an_epoch,
            "one step an epoch: gathers the gradients of all minibatches first",
        ),
        (
            e12_3_wrong_last_epoch_without_watch,
            "leaves the loop at the last epoch before the watch, so that its numbers are those of the epoch before",
        ),
        (e12_3_wrong_stop_below, "stops when the KL is below kl_stop"),
        (
            e12_3_wrong_advantages_negated_in_place,
            "negates the caller's advantages in place for the loss; all else right",
        ),
        (e12_3_wrong_stops_on_k1_returns_exact, "stops on k1, the mean of −log w, returns the exact KL"),
        (e12_3_wrong_looks_only_after_the_second, "doesn't look after the first epoch"),
        (
            e12_3_wrong_old_retaken_and_share_of_the_silent,
            "two mistakes: old taken anew each epoch for the ratio, and the silent counted for the share",
        ),
    ],
    "12.4": [
        (e12_4_wrong_direction, "halves when the KL is too large and doubles when it is too small"),
        (e12_4_wrong_factors_swapped, "exchanges the two factors: edges at 2, changes by 1.5"),
        (e12_4_wrong_no_zone, "no zone in which beta is left alone"),
        (e12_4_wrong_never_halved, "never halves"),
        (e12_4_wrong_nothing_in_the_zone, "returns nothing inside the zone"),
        (e12_4_wrong_in_proportion, "scales beta in proportion to the KL"),
        (e12_4_wrong_lower_edge_half, "lower edge at half the target instead of two thirds"),
        (e12_4_wrong_one_edge, "halves wherever it doesn't double"),
        (e12_4_wrong_fixed_target, "a fixed target of 0.01, whatever kl_target says"),
        (e12_4_wrong_edges_exchanged, "exchanges the edges, so that the zone doubles as well"),
        (e12_4_wrong_factor_four, "changes beta by 4 instead of 2"),
        (e12_4_wrong_adds_one, "adds and subtracts 1 instead of doubling and halving"),
        (e12_4_wrong_root_of_the_ratio, "outside the zone scales by the root of KL over target instead of by 2"),
        (e12_4_wrong_compares_distance, "compares the difference of KL and target with 1.5 instead of their ratio"),
    ],
    "12.5": [
        (e12_5_wrong_k1, "k1 instead of k3"),
        (e12_5_wrong_k2, "k2 instead of k3"),
        (e12_5_wrong_ratio_upside_down, "k3 with the ratio upside down, old over new"),
        (e12_5_wrong_one_forgotten, "forgets the -1 in k3"),
        (e12_5_wrong_sign_of_the_logarithm, "adds the logarithm in k3 instead of subtracting it"),
        (e12_5_wrong_upper_edge_only, "counts only ratios above the band"),
        (e12_5_wrong_band_of_logarithms, "compares the logarithm of the ratio with epsilon"),
        (e12_5_wrong_sum, "sums k3 instead of averaging it"),
        (e12_5_wrong_count, "number of ratios outside instead of their share"),
        (e12_5_wrong_share_inside, "share inside the band"),
        (e12_5_wrong_goes_on_when_too_large, "stops when the KL is below the limit"),
        (e12_5_wrong_share_decides, "lets the share outside decide instead of the KL"),
        (e12_5_wrong_any_row_stops, "stops as soon as a single row's k3 is above the limit"),
        (e12_5_wrong_logarithm_taken_for_ratio, "takes the logarithms for the ratios themselves"),
        (e12_5_wrong_half_as_much_again, "stops only above 1.5 times the limit (only when the KL is between)"),
        (e12_5_wrong_kl_first, "returns the KL first and the share second"),
        (e12_5_wrong_of_the_mean, "k3 of the mean logarithm instead of the mean of k3"),
    ],
}

RIGHT = {
    "12.1": [
        (e12_1_right_torch, "torch"),
        (e12_1_right_loops, "loops"),
        (e12_1_right_hinge, "surrogate less a hinge"),
        (e12_1_right_capped_progress, "A + |A| min(x, epsilon)"),
        (e12_1_right_float32, "float32"),
        (e12_1_right_in_place, "in-place on a copy, where"),
        (e12_1_right_two_signs, "good and bad actions apart"),
    ],
    "12.2": [
        (e12_2_right_numpy, "numpy"),
        (e12_2_right_loops, "loops"),
        (e12_2_right_torch, "torch, by autograd"),
        (e12_2_right_float32, "float32"),
        (e12_2_right_in_place, "in-place on a copy"),
        (e12_2_right_two_signs, "good and bad actions apart"),
    ],
    "12.3": [
        (e12_3_right_torch, "torch"),
        (e12_3_right_slopes_by_hand, "slopes by autograd.grad, other names"),
        (e12_3_right_loops, "loops over rows, a list"),
        (e12_3_right_frozen_copy, "a frozen copy, closures, a hinge"),
        (e12_3_right_float32, "float32"),
        (e12_3_right_hinge_and_closure, "surrogate less a hinge, optimiser.step(closure)"),
        (e12_3_right_rows_one_by_one, "loops: a backward pass a row, a copy of the old policy"),
        (
            e12_3_right_push_times_score,
            "torch.autograd.grad of push·w·log π, gradients set by hand, parameters renamed, numpy share",
        ),
        (e12_3_right_single_precision, "float32 ratios, the larger of two losses, 0-d tensors"),
        (e12_3_right_credit_and_chunks, "capped credit, watch in chunks, an array of three numbers"),
        (e12_3_right_zero_grad_after_step, "clears the gradients after the step: none are left over at the call"),
    ],
    "12.4": [
        (e12_4_right_numpy, "numpy, 0-d array"),
        (e12_4_right_exponent, "power of two"),
        (e12_4_right_torch, "torch"),
        (e12_4_right_float32, "float32"),
        (e12_4_right_in_place, "in-place"),
        (e12_4_right_logarithms, "logarithms"),
    ],
    "12.5": [
        (e12_5_right_numpy, "numpy"),
        (e12_5_right_loops, "loops"),
        (e12_5_right_torch, "torch"),
        (e12_5_right_float32, "float32"),
        (e12_5_right_in_place, "in-place on a copy, a list"),
        (e12_5_right_logarithmic_edges, "edges of the band as logarithms"),
    ],
}
