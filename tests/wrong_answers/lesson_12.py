"""Wrong answers to the exercises of lesson 12."""

import numpy as np
import torch


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
        (push_overwrites, "your function changes its arguments"),
        (push_booleans, "return the push itself"),
    ],
    "12.3": [
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
    ],
    "12.4": [
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
    ],
}
