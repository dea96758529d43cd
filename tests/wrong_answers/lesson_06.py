"""Wrong answers to the exercises of lesson 06."""

import numpy as np

from trpobook.finite.divergences import kl_categorical


def _tv(old, new):
    return np.abs(new - old).sum(axis=1) / 2


def _mean(mdp, pi, per_state):
    return (1 - mdp.gamma) * mdp.visitation(pi) @ per_state


def shift_without_half(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * _mean(mdp, old, np.abs(new - old).sum(axis=1))


def shift_without_two(mdp, old, new):
    return mdp.gamma / (1 - mdp.gamma) * _mean(mdp, old, _tv(old, new))


def shift_without_gamma(mdp, old, new):
    return 2 / (1 - mdp.gamma) * _mean(mdp, old, _tv(old, new))


def shift_horizon_squared(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) ** 2 * _mean(mdp, old, _tv(old, new))


def shift_unnormalised(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * mdp.visitation(old) @ _tv(old, new)


def shift_over_mass(mdp, old, new):
    rho = mdp.visitation(old)
    return 2 * mdp.gamma / (1 - mdp.gamma) * (rho / rho.sum()) @ _tv(old, new)


def shift_over_new_visits(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * _mean(mdp, new, _tv(old, new))


def shift_by_the_largest(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.max(_tv(old, new))


def shift_unweighted(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.mean(_tv(old, new))


def shift_at_the_start(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * mdp.start @ _tv(old, new)


def shift_itself(mdp, old, new):
    return (1 - mdp.gamma) * np.sum(np.abs(mdp.visitation(new) - mdp.visitation(old)))


def shift_by_state(mdp, old, new):
    return 2 * mdp.gamma * mdp.visitation(old) * _tv(old, new)


def _penalty(mdp, old, new, form, *, epsilon=None, factor=None, horizon=None, tv=None, kl=None):
    factor = {"tv": 4, "kl_sharp": 2, "kl_paper": 4}[form] if factor is None else factor
    epsilon = np.max(np.abs(mdp.advantage(old))) if epsilon is None else epsilon
    horizon = mdp.gamma / (1 - mdp.gamma) ** 2 if horizon is None else horizon
    tv = np.max(_tv(old, new)) ** 2 if tv is None else tv
    kl = np.max(kl_categorical(old, new)) if kl is None else kl
    return factor * epsilon * horizon * (tv if form == "tv" else kl)


def penalty_always_four(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4)


def penalty_always_two(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=2)


def penalty_of_the_mean(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=_mean(mdp, old, kl_categorical(old, new)))


def penalty_signed(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(mdp.advantage(old)))


def penalty_of_new_advantages(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(np.abs(mdp.advantage(new))))


def penalty_of_notes(mdp, old, new, form):
    notes = np.sum(new * mdp.advantage(old), axis=1)
    return _penalty(mdp, old, new, form, epsilon=np.max(np.abs(notes)))


def penalty_horizon_once(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=mdp.gamma / (1 - mdp.gamma))


def penalty_without_gamma(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=(1 - mdp.gamma) ** -2)


def penalty_not_squared(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(_tv(old, new)))


def penalty_without_half(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.abs(new - old).sum(axis=1)) ** 2)


def penalty_reversed(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(kl_categorical(new, old)))


def penalty_in_bits(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(kl_categorical(old, new)) / np.log(2))


def penalty_and_promise(mdp, old, new, form):
    return mdp.visitation(old) @ np.sum(new * mdp.advantage(old), axis=1) - _penalty(mdp, old, new, form)


def penalty_negative(mdp, old, new, form):
    return -_penalty(mdp, old, new, form)


def _share(mdp, old, target, *, four=4, clip=(0, 1), epsilon=None, factor=1.0):
    notes = np.sum(target * mdp.advantage(old), axis=1)
    epsilon = np.max(np.abs(notes)) if epsilon is None else epsilon
    alpha = factor * (1 - mdp.gamma) * _mean(mdp, old, notes) / (four * epsilon * mdp.gamma)
    return np.clip(alpha, *clip)


def share_unclipped(mdp, old, target):
    return _share(mdp, old, target, clip=(-np.inf, np.inf))


def share_negative(mdp, old, target):
    return _share(mdp, old, target, clip=(-np.inf, 1))


def share_above_one(mdp, old, target):
    return _share(mdp, old, target, clip=(0, np.inf))


def share_with_two(mdp, old, target):
    return _share(mdp, old, target, four=2)


def share_with_eight(mdp, old, target):
    return _share(mdp, old, target, four=8)


def share_unnormalised(mdp, old, target):
    return _share(mdp, old, target, factor=1 / (1 - mdp.gamma))


def share_horizon_squared(mdp, old, target):
    return _share(mdp, old, target, factor=1 - mdp.gamma)


def share_without_gamma(mdp, old, target):
    return _share(mdp, old, target, factor=mdp.gamma)


def share_of_largest_advantage(mdp, old, target):
    return _share(mdp, old, target, epsilon=np.max(np.abs(mdp.advantage(old))))


def share_signed(mdp, old, target):
    return _share(mdp, old, target, epsilon=np.max(np.sum(target * mdp.advantage(old), axis=1)))


def share_gain(mdp, old, target):
    notes = np.sum(target * mdp.advantage(old), axis=1)
    return _mean(mdp, old, notes) ** 2 / (8 * np.max(np.abs(notes)) * mdp.gamma)


def share_policy(mdp, old, target):
    alpha = _share(mdp, old, target)
    return (1 - alpha) * old + alpha * target


def _along(mdp, old, alpha):
    weights = old * np.exp(alpha * mdp.advantage(old))
    return weights / weights.sum(axis=1, keepdims=True)


def _maximised(mdp, old, constant, distance):
    """Return the policy on the curve old·e^{αA} with the largest L − constant·distance, α up to 10."""

    def value(new):
        return mdp.visitation(old) @ np.sum(new * mdp.advantage(old), axis=1) - constant * distance(new)

    return max((_along(mdp, old, alpha) for alpha in 10 ** np.linspace(-8, 1, 300)), key=value)


def _sharp(mdp, old):
    return 2 * np.max(np.abs(mdp.advantage(old))) * mdp.gamma / (1 - mdp.gamma) ** 2


def round_still(mdp, old):
    return old.copy()


def round_downhill(mdp, old):
    return _along(mdp, old, -1e-3)


def round_surrogate_alone(mdp, old):
    return _maximised(mdp, old, 0.0, lambda new: 0.0)


def round_greedy(mdp, old):
    return np.eye(old.shape[1])[mdp.advantage(old).argmax(axis=1)]


def round_with_plain_kl(mdp, old):
    return _maximised(mdp, old, 1.0, lambda new: kl_categorical(old, new).max())


def round_with_mean_kl(mdp, old):
    return _maximised(mdp, old, 0.1 * _sharp(mdp, old), lambda new: _mean(mdp, old, kl_categorical(old, new)))


def round_ten_times_too_careful(mdp, old):
    return _maximised(mdp, old, 10 * _sharp(mdp, old), lambda new: kl_categorical(old, new).max())


def round_tiny(mdp, old):
    return _along(mdp, old, 1e-7)


def round_unnormalised(mdp, old):
    return old * np.exp(1e-3 * mdp.advantage(old))


def round_of_added_advantages(mdp, old):
    return old + 1e-3 * mdp.advantage(old)


def round_transposed(mdp, old):
    return old.T.copy()


WRONG_ANSWERS = {
    "6.1": [
        (shift_without_half, "your TV lacks its ½"),
        (shift_without_two, "the 2 in front is missing"),
        (shift_without_gamma, "your factor lacks its γ"),
        (shift_horizon_squared, "you have 1/(1−γ) once too often"),
        (shift_unnormalised, "you have 1/(1−γ) once too often"),
        (shift_over_mass, "your weights are ρ over its sum"),
        (shift_over_new_visits, "you weigh by the new policy's visits"),
        (shift_by_the_largest, "you take the largest TV"),
        (shift_unweighted, "you average over all states alike"),
        (shift_at_the_start, "you weigh by the start distribution"),
        (shift_itself, "you return the shift itself"),
        (shift_by_state, "the shape is wrong: expected (), got (2,)"),
    ],
    "6.2": [
        (penalty_always_four, "you have the 4 with the sharp form"),
        (penalty_always_two, "you have 2 throughout"),
        (penalty_of_the_mean, "you average the KL over states"),
        (penalty_signed, "your ε is the largest advantage"),
        (penalty_of_new_advantages, "your ε is made of the new policy's advantages"),
        (penalty_of_notes, "your ε is max |Ā|, the note"),
        (penalty_horizon_once, "you divide by 1−γ once"),
        (penalty_without_gamma, "your factor lacks its γ"),
        (penalty_not_squared, "your TV isn't squared"),
        (penalty_without_half, "your TV lacks its ½"),
        (penalty_reversed, "your KL is KL(new‖old)"),
        (penalty_in_bits, "your KL is in bits"),
        (penalty_and_promise, "you return the lower bound"),
        (penalty_negative, "the sign is wrong"),
    ],
    "6.3": [
        (share_unclipped, "your α leaves [0, 1]"),
        (share_negative, "your α can be negative"),
        (share_above_one, "your α can exceed 1"),
        (share_with_two, "you have 2 in place of 4"),
        (share_with_eight, "you have 8 in place of 4"),
        (share_unnormalised, "you have the sum over ρ"),
        (share_horizon_squared, "your α has 1−γ twice"),
        (share_without_gamma, "your α lacks the γ"),
        (share_of_largest_advantage, "your ε' is max |A|"),
        (share_signed, "your ε' is the largest note"),
        (share_gain, "you return the guaranteed gain"),
        (share_policy, "the shape is wrong: expected (), got (2, 2)"),
    ],
    "6.4": [
        (round_still, "you return the old policy"),
        (round_downhill, "the surrogate L falls"),
        (round_surrogate_alone, "your step is too long"),
        (round_greedy, "your step is too long"),
        (round_with_plain_kl, "your step is too long"),
        (round_with_mean_kl, "your step is too long"),
        (round_ten_times_too_careful, "by less than 90 % of the best"),
        (round_tiny, "by less than 90 % of the best"),
        (round_unnormalised, "you return no policy"),
        (round_of_added_advantages, "you return no policy"),
        (round_transposed, "the shape is wrong: expected (5, 3), got (3, 5)"),
    ],
}
