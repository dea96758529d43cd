"""Wrong answers to the exercises of lesson 06."""

import numpy as np

from trpobook.finite import bounds
from trpobook.finite.divergences import kl_categorical
from unforeseen import lesson_06 as unforeseen


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


def _shift(mdp, old, distance, factor=None):
    factor = 2 * mdp.gamma / (1 - mdp.gamma) if factor is None else factor
    return factor * _mean(mdp, old, distance)


def shift_gamma_squared(mdp, old, new):
    return _shift(mdp, old, _tv(old, new), 2 * mdp.gamma**2 / (1 - mdp.gamma))


def shift_without_horizon(mdp, old, new):
    return _shift(mdp, old, _tv(old, new), 2 * mdp.gamma)


def shift_summed(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.sum(_tv(old, new))


def shift_by_mean_kl(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.sqrt(abs(_mean(mdp, old, kl_categorical(old, new))) / 2)


def shift_by_kl(mdp, old, new):
    return _shift(mdp, old, kl_categorical(old, new))


def shift_by_half_the_norm(mdp, old, new):
    return _shift(mdp, old, np.linalg.norm(new - old, axis=1) / 2)


def shift_by_largest_difference(mdp, old, new):
    return _shift(mdp, old, np.max(np.abs(new - old), axis=1))


def shift_by_half_the_mean(mdp, old, new):
    return _shift(mdp, old, np.mean(np.abs(new - old), axis=1) / 2)


def shift_by_squared_tv(mdp, old, new):
    return _shift(mdp, old, _tv(old, new) ** 2)


def shift_halved_itself(mdp, old, new):
    return shift_itself(mdp, old, new) / 2


def shift_of_rho(mdp, old, new):
    return np.sum(np.abs(mdp.visitation(new) - mdp.visitation(old)))


def shift_without_half_and_gamma(mdp, old, new):
    return _shift(mdp, old, np.abs(new - old).sum(axis=1), 2 / (1 - mdp.gamma))


def shift_without_half_by_rho(mdp, old, new):
    return 2 * shift_unnormalised(mdp, old, new)


def shift_without_half_over_mass(mdp, old, new):
    return 2 * shift_over_mass(mdp, old, new)


def shift_without_half_largest(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.max(np.abs(new - old).sum(axis=1))


def shift_without_half_unweighted(mdp, old, new):
    return 2 * mdp.gamma / (1 - mdp.gamma) * np.mean(np.abs(new - old).sum(axis=1))


def shift_without_half_new_visits(mdp, old, new):
    return _shift(mdp, new, np.abs(new - old).sum(axis=1))


def shift_without_two_and_gamma(mdp, old, new):
    return _shift(mdp, old, _tv(old, new), 1 / (1 - mdp.gamma))


def shift_without_two_over_mass(mdp, old, new):
    return shift_over_mass(mdp, old, new) / 2


def shift_without_two_by_rho(mdp, old, new):
    return shift_unnormalised(mdp, old, new) / 2


def shift_without_two_largest(mdp, old, new):
    return shift_by_the_largest(mdp, old, new) / 2


def shift_without_gamma_by_rho(mdp, old, new):
    return 2 / (1 - mdp.gamma) * mdp.visitation(old) @ _tv(old, new)


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


def penalty_tv_two(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4 if form == "kl_paper" else 2)


def penalty_paper_two(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4 if form == "tv" else 2)


def penalty_tv_and_sharp_swapped(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor={"tv": 2, "kl_sharp": 4, "kl_paper": 4}[form])


def penalty_sharp_one(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor={"tv": 4, "kl_sharp": 1, "kl_paper": 4}[form])


def penalty_paper_eight(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor={"tv": 4, "kl_sharp": 2, "kl_paper": 8}[form])


def penalty_mean_over_states(mdp, old, new, form):
    tv, kl = np.mean(_tv(old, new) ** 2), np.mean(kl_categorical(old, new))
    return _penalty(mdp, old, new, form, tv=tv, kl=kl)


def penalty_sum_over_states(mdp, old, new, form):
    tv, kl = np.sum(_tv(old, new) ** 2), np.sum(kl_categorical(old, new))
    return _penalty(mdp, old, new, form, tv=tv, kl=kl)


def penalty_largest_term_of_kl(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(old * np.log(old / new)))


def penalty_half_the_largest_difference(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.abs(new - old) / 2) ** 2)


def penalty_largest_difference(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.abs(new - old)) ** 2)


def penalty_span_of_the_table(mdp, old, new, form):
    A = mdp.advantage(old)
    return _penalty(mdp, old, new, form, epsilon=A.max() - A.min())


def penalty_mean_size_under_old(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(np.sum(old * np.abs(mdp.advantage(old)), axis=1)))


def penalty_of_q(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(np.abs(mdp.action_value(old))))


def penalty_of_v(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(np.abs(mdp.value(old))))


def penalty_of_rewards(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(np.abs(mdp.reward)))


def penalty_epsilon_squared(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=np.max(mdp.advantage(old) ** 2))


def penalty_without_epsilon(mdp, old, new, form):
    return _penalty(mdp, old, new, form, epsilon=1)


def penalty_horizon_cubed(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=mdp.gamma / (1 - mdp.gamma) ** 3)


def penalty_without_horizon(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=mdp.gamma)


def penalty_gamma_squared(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=(mdp.gamma / (1 - mdp.gamma)) ** 2)


def penalty_horizon_once_without_gamma(mdp, old, new, form):
    return _penalty(mdp, old, new, form, horizon=1 / (1 - mdp.gamma))


def penalty_half_outside(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.abs(new - old).sum(axis=1)) ** 2 / 2)


def penalty_neither_half_nor_square(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.abs(new - old).sum(axis=1)))


def penalty_squared_before_adding(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.sum((np.abs(new - old) / 2) ** 2, axis=1)))


def penalty_half_the_squares(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.sum((new - old) ** 2, axis=1)) / 2)


def penalty_squares(mdp, old, new, form):
    return _penalty(mdp, old, new, form, tv=np.max(np.sum((new - old) ** 2, axis=1)))


def penalty_always_tv(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(_tv(old, new)) ** 2)


def penalty_both_directions(mdp, old, new, form):
    kl = np.max((kl_categorical(old, new) + kl_categorical(new, old)) / 2)
    return _penalty(mdp, old, new, form, kl=kl)


def penalty_sum_of_directions(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(np.sum((old - new) * np.log(old / new), axis=1)))


def penalty_squared_kl(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.max(kl_categorical(old, new)) ** 2)


def penalty_rooted_kl(mdp, old, new, form):
    return _penalty(mdp, old, new, form, kl=np.sqrt(np.max(kl_categorical(old, new))))


def penalty_of_cpo(mdp, old, new, form):
    note = np.abs(np.sum(new * mdp.advantage(old), axis=1)).max()
    constant = mdp.gamma * note / (1 - mdp.gamma) ** 2
    if form == "tv":
        return 2 * constant * _mean(mdp, old, _tv(old, new))
    return constant * np.sqrt(2 * abs(_mean(mdp, old, kl_categorical(old, new))))


def penalty_reversed_with_four(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4, kl=np.max(kl_categorical(new, old)))


def penalty_reversed_mean(mdp, old, new, form):
    tv, kl = (_mean(mdp, old, x) for x in (_tv(old, new) ** 2, kl_categorical(new, old)))
    return _penalty(mdp, old, new, form, tv=tv, kl=kl)


def penalty_reversed_horizon_once(mdp, old, new, form):
    return (1 - mdp.gamma) * penalty_reversed(mdp, old, new, form)


def penalty_reversed_without_gamma(mdp, old, new, form):
    return penalty_reversed(mdp, old, new, form) / mdp.gamma


def penalty_reversed_signed(mdp, old, new, form):
    return penalty_reversed(mdp, old, new, form) / np.abs(mdp.advantage(old)).max() * mdp.advantage(old).max()


def penalty_four_mean(mdp, old, new, form):
    tv, kl = (_mean(mdp, old, x) for x in (_tv(old, new) ** 2, kl_categorical(old, new)))
    return _penalty(mdp, old, new, form, factor=4, tv=tv, kl=kl)


def penalty_four_horizon_once(mdp, old, new, form):
    return (1 - mdp.gamma) * _penalty(mdp, old, new, form, factor=4)


def penalty_four_without_gamma(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4) / mdp.gamma


def penalty_four_not_squared(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4, tv=np.max(_tv(old, new)))


def penalty_four_signed(mdp, old, new, form):
    return _penalty(mdp, old, new, form, factor=4, epsilon=np.max(mdp.advantage(old)))


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


SLIPS = {  # what an answer writes for (1−γ)/(4γ), for 𝔸 and for ε', given γ, d of the old policy and the notes
    "four": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (np.abs(notes).max() * mdp.gamma),
    "twice": lambda mdp, old, target, notes, d: d @ notes / (1 - mdp.gamma) / (4 * np.abs(notes).max() * mdp.gamma),
    "gamma above": lambda mdp, old, target, notes, d: (
        mdp.gamma * (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(notes).max())
    ),
    "gamma squared": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(notes).max() * mdp.gamma**2)
    ),
    "mean size": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(notes).mean() * mdp.gamma)
    ),
    "mean size over visits": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * (d @ np.abs(notes)) * mdp.gamma)
    ),
    "reward": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(mdp.reward).max() * mdp.gamma)
    ),
    "no size": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (4 * mdp.gamma),
    "size squared": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * np.max(notes**2) * mdp.gamma)
    ),
    "start": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (mdp.start @ notes) / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "sizes": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ np.abs(notes)) / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "squared": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) ** 2 / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "largest A": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(mdp.advantage(old)).max() * mdp.gamma)
    ),
    "signed": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (4 * notes.max() * mdp.gamma),
    "new visits": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) ** 2 * (mdp.visitation(target) @ notes) / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "mass": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * (d @ notes) / d.sum() / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "alike": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * notes.mean() / (4 * np.abs(notes).max() * mdp.gamma),
    "two": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (2 * np.abs(notes).max() * mdp.gamma),
    "eight": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (8 * np.abs(notes).max() * mdp.gamma),
    "once": lambda mdp, old, target, notes, d: d @ notes / (4 * np.abs(notes).max() * mdp.gamma),
    "too often": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) ** 2 * (d @ notes) / (4 * np.abs(notes).max() * mdp.gamma)
    ),
    "no gamma": lambda mdp, old, target, notes, d: (1 - mdp.gamma) * (d @ notes) / (4 * np.abs(notes).max()),
    "absolute": lambda mdp, old, target, notes, d: (
        (1 - mdp.gamma) * abs(d @ notes) / (4 * np.abs(notes).max() * mdp.gamma)
    ),
}


def _slip(name, high=1.0, low=0.0):
    def answer(mdp, old, target):
        notes, d = np.sum(target * mdp.advantage(old), axis=1), (1 - mdp.gamma) * mdp.visitation(old)
        return np.clip(SLIPS[name](mdp, old, target, notes, d), low, high)

    answer.__name__ = f"share_{name}" + ("" if high == 1 else "_open")
    return answer


def share_one_where_better(mdp, old, target):
    return 1.0 if bounds.surrogate(mdp, old, target) > 0 else 0.0


def share_one_outside(mdp, old, target):
    alpha = share_unclipped(mdp, old, target)
    return alpha if 0 <= alpha <= 1 else 1.0


def share_zero_outside(mdp, old, target):
    alpha = share_unclipped(mdp, old, target)
    return alpha if 0 <= alpha <= 1 else 0.0


def share_of_the_old_policy(mdp, old, target):
    return 1 - _share(mdp, old, target)


def share_mean_note(mdp, old, target):
    return _mean(mdp, old, np.sum(target * mdp.advantage(old), axis=1))


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


def _searched(mdp, old, constant, weights=None):
    """Return the policy where weights·Ā − constant·max KL is highest on the curve; the weights are ρ unless given."""
    A = mdp.advantage(old)
    weights = mdp.visitation(old) if weights is None else weights

    def policy(alpha):
        table = old * np.exp(alpha * A)
        return table / table.sum(axis=1, keepdims=True)

    def guarantee(alpha):
        new = policy(alpha)
        return weights @ np.sum(new * A, axis=1) - constant * np.max(np.sum(old * np.log(old / new), axis=1))

    return policy(bounds.golden_section(guarantee, 0, 4 / ((1 - mdp.gamma) * constant)))


def round_without_two(mdp, old):
    return _searched(mdp, old, _sharp(mdp, old) / 2)


def round_without_gamma(mdp, old):
    return _searched(mdp, old, _sharp(mdp, old) / mdp.gamma)


def round_over_states_alike(mdp, old):
    A, C, rho = mdp.advantage(old), _sharp(mdp, old), mdp.visitation(old)

    def guarantee(alpha):
        new = _along(mdp, old, alpha)
        return rho @ np.sum(new * A, axis=1) - C * np.mean(np.sum(old * np.log(old / new), axis=1))

    return _along(mdp, old, bounds.golden_section(guarantee, 0, 4 / ((1 - mdp.gamma) * C)))


def round_promise_summed(mdp, old):
    return _searched(mdp, old, _sharp(mdp, old), np.ones(len(old)))


def round_promise_at_the_start(mdp, old):
    return _searched(mdp, old, _sharp(mdp, old), mdp.start)


def round_unnormalised(mdp, old):
    return old * np.exp(3e-2 * mdp.advantage(old))


def round_of_added_advantages(mdp, old):
    return old + 1e-3 * mdp.advantage(old)


def round_transposed(mdp, old):
    return old.T.copy()


def _five(size, note, gamma, tv, kl, d):
    """Return the penalties in the order of the lesson's table, one row each, a column for each candidate."""
    horizon, odds = gamma / (1 - gamma) ** 2, gamma / (1 - gamma)
    return np.array(
        [
            4 * size * horizon * tv.max(axis=1) ** 2,
            2 * size * horizon * kl.max(axis=1),
            2 * note * horizon * (tv @ d),
            note * horizon * np.sqrt(2 * np.maximum(kl @ d, 0)),
            2 * size / (1 - gamma) * (odds + np.sqrt(2 * odds)) * np.maximum(kl @ d, 0),
        ]
    )


def _proven(
    tilts=lambda old, A, alphas: np.array([old * np.exp(x * A) for x in alphas]),
    divide=lambda rows: rows / rows.sum(axis=2, keepdims=True),
    tv=lambda old, new: np.abs(new - old).sum(axis=2) / 2,
    kl=lambda old, new: np.sum(old * np.log(old / new), axis=2),
    size=lambda A, notes: np.max(np.abs(A)),
    note=lambda A, notes, d: np.max(np.abs(notes), axis=1),
    d=lambda rho, gamma: (1 - gamma) * rho,
    visits=lambda rho, gamma: rho,
    five=lambda penalties, gamma: penalties,
    least=lambda penalties: penalties.min(axis=0),
    pick=lambda sure, promise: sure.argmax(),
    second=lambda sure, promise, gamma: sure,
    stay=True,
):
    """Return the whole function; the arguments are what may be wrong in it."""

    def answer(old, A, rho, gamma, alphas):
        new, mean = divide(tilts(old, A, alphas)), d(rho, gamma)
        notes = np.sum(new * A, axis=2)
        penalties = _five(size(A, notes), note(A, notes, mean), gamma, tv(old, new), kl(old, new), mean)
        promise = notes @ visits(rho, gamma)
        sure = promise - least(five(penalties, gamma))
        i = pick(sure, promise)
        if stay and (sure.max() <= 0 or sure[i] <= 0):
            return old, 0.0
        return new[i], second(sure[i], promise[i], gamma)

    return answer


def _times(row, factor):
    """Return the change of one penalty by a factor that depends on γ."""

    def change(penalties, gamma):
        penalties[row] *= factor(gamma)
        return penalties

    return change


def _rows(*kept):
    return lambda penalties, gamma: penalties[list(kept)]


def _first_above(sure, promise):
    return np.argmax(sure > 0)


def _last_above(sure, promise):
    return len(sure) - 1 - np.argmax(sure[::-1] > 0)


def _share_of_mean_constant(part):
    """Return which share of C̄ is left of it, where only a part of its bracket is written."""
    return lambda g: part(g / (1 - g)) / (g / (1 - g) + np.sqrt(2 * g / (1 - g)))


def certified_nothing(old, A, rho, gamma, alphas):
    return _proven(tilts=lambda old, A, alphas: np.array([old * np.exp(-x * A) for x in alphas]))(
        old, A, rho, gamma, alphas
    )


def certified_no_penalty(old, A, rho, gamma, alphas):
    return _proven(tv=lambda old, new: (new - old).sum(axis=2) / 2, five=lambda penalties, gamma: 0 * penalties[:3])(
        old, A, rho, gamma, alphas
    )


def certified_theorem_1_then_least(old, A, rho, gamma, alphas):
    new, sure = _proven(five=_rows(0, 1))(old, A, rho, gamma, alphas)
    if sure == 0:
        return old, 0.0
    best = next(x for x in alphas if np.allclose(_proven(stay=False)(old, A, rho, gamma, np.array([x]))[0], new))
    return _proven(stay=False)(old, A, rho, gamma, np.array([best]))


def certified_by_the_first_candidates_bound(old, A, rho, gamma, alphas):
    sure = [_proven(five=_rows(row), stay=False)(old, A, rho, gamma, alphas[:1])[1] for row in range(5)]
    return _proven(five=_rows(int(np.argmax(sure))))(old, A, rho, gamma, alphas)


def certified_infinitely_bad(old, A, rho, gamma, alphas):
    new, sure = _proven(stay=False)(old, A, rho, gamma, alphas)
    return (new, sure) if sure > 0 else (old, -np.inf)


def certified_length(old, A, rho, gamma, alphas):
    new, sure = _proven()(old, A, rho, gamma, alphas)
    if sure == 0:
        return 0.0, sure
    return next(x for x in alphas if np.allclose(new, _proven()(old, A, rho, gamma, np.array([x]))[0])), sure


def certified_unclipped(old, A, rho, gamma, alphas):
    new = old * np.exp(alphas[:, None, None] * A)
    new /= new.sum(axis=2, keepdims=True)
    root = np.sqrt(2 * (1 - gamma) * np.sum(old * np.log(old / new), axis=2) @ rho)  # the least of NaN and 0 is NaN
    return _proven(five=lambda penalties, gamma: penalties + 0 * root)(old, A, rho, gamma, alphas)


def certified_number(old, A, rho, gamma, alphas):
    length, sure = certified_length(old, A, rho, gamma, alphas)
    return (list(alphas).index(length) if sure > 0 else -1), sure


def certified_length_or_old(old, A, rho, gamma, alphas):
    length, sure = certified_length(old, A, rho, gamma, alphas)
    return (length if sure > 0 else old), sure


def _alone(old, A, rho, gamma, alphas):
    """Return each candidate, and its guarantee."""
    each = [_proven(stay=False)(old, A, rho, gamma, alphas[i : i + 1]) for i in range(len(alphas))]
    return [new for new, _ in each], np.array([sure for _, sure in each])


def _gain_or(stay):
    def answer(old, A, rho, gamma, alphas):
        candidates, sure = _alone(old, A, rho, gamma, alphas)
        return (candidates[sure.argmax()], sure.max()) if sure.max() > 0 else stay(old, candidates, sure)

    return answer


def certified_last_with_best(old, A, rho, gamma, alphas):
    candidates, sure = _alone(old, A, rho, gamma, alphas)
    return candidates[-1], max(sure.max(), 0.0)


def certified_square_of_the_mean_tv(old, A, rho, gamma, alphas):
    def five(penalties, gamma):
        note = penalties[2] > 0
        mean = np.where(note, penalties[2] / np.where(note, 2 * notes * horizon, 1), 0)
        penalties[0] = 4 * np.max(np.abs(A)) * horizon * mean**2
        return penalties

    horizon = gamma / (1 - gamma) ** 2
    notes = np.array([np.abs(np.sum(new * A, axis=1)).max() for new in _alone(old, A, rho, gamma, alphas)[0]])
    return _proven(five=five)(old, A, rho, gamma, alphas)


def _visited_alone(note=True):
    """Return the function with the largest |A|, and the largest note too, of visited states only."""

    def answer(old, A, rho, gamma, alphas):
        seen = rho > 0
        largest = {"size": lambda A, notes: np.max(np.abs(A[seen]))}
        if note:
            largest["note"] = lambda A, notes, d: np.max(np.abs(notes[:, seen]), axis=1)
        return _proven(**largest)(old, A, rho, gamma, alphas)

    return answer


def certified_by_state_with_one_note(old, A, rho, gamma, alphas):
    horizon, odds, best, sure = gamma / (1 - gamma) ** 2, gamma / (1 - gamma), old, 0.0
    for new in _alone(old, A, rho, gamma, alphas)[0]:
        notes = np.sum(new * A, axis=1)
        by_tv = horizon * np.max(np.abs(notes)) * np.abs(new - old).sum(axis=1)
        by_kl = (
            2 * np.max(np.abs(A)) / (1 - gamma) * (odds + np.sqrt(2 * odds)) * np.sum(old * np.log(old / new), axis=1)
        )
        guarantee = rho @ (notes - (1 - gamma) * np.minimum(by_tv, by_kl))
        best, sure = (new, guarantee) if guarantee > sure else (best, sure)
    return best, sure


def _sharper(old, A, alphas):
    logits = np.log(old) + A / alphas[:, None, None]
    return np.exp(logits - logits.max(axis=2, keepdims=True))


def _after_the_best(sure, promise):
    return min(sure.argmax() + 1, len(sure) - 1)


def _back_from_the_longest(sure, promise):
    i = len(sure) - 1
    while i > 0 and sure[i - 1] > sure[i]:
        i -= 1
    return i


def certified_in_place(old, A, rho, gamma, alphas):
    result = _proven()(old.copy(), A, rho, gamma, alphas)
    rho *= 1 - gamma
    return result


def certified_mean_in_theorem_1(old, A, rho, gamma, alphas):
    size, horizon = np.max(np.abs(A)), gamma / (1 - gamma) ** 2

    def with_means(tv, kl):
        return 4 * size * horizon * tv.mean(axis=1) ** 2, 2 * size * horizon * kl.mean(axis=1)

    def five(penalties, gamma):
        new = np.array([old * np.exp(x * A) for x in alphas])
        new /= new.sum(axis=2, keepdims=True)
        penalties[:2] = with_means(np.abs(new - old).sum(axis=2) / 2, np.sum(old * np.log(old / new), axis=2))
        return penalties

    return _proven(five=five)(old, A, rho, gamma, alphas)


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
        (shift_gamma_squared, "your γ is squared"),
        (shift_without_horizon, "1/(1−γ) is missing in front"),
        (shift_summed, "you add up the TV of all states alike"),
        (unforeseen.e6_1_wrong_no_absolute_value, "your result is 0"),
        (unforeseen.e6_1_wrong_pinsker, "you have √(KL/2) for TV"),
        (shift_by_mean_kl, "you have √(E KL/2) for the mean TV"),
        (shift_by_kl, "you have the KL in place of TV"),
        (unforeseen.e6_1_wrong_euclidean_distance, "you have the Euclidean distance of the rows"),
        (shift_by_half_the_norm, "you have half the Euclidean distance"),
        (shift_by_largest_difference, "you have the largest difference of a row"),
        (unforeseen.e6_1_wrong_mean_over_actions, "you average |π_new − π_old| over the actions: TV"),
        (shift_by_half_the_mean, "you average |π_new − π_old| over the actions, and halve that"),
        (shift_by_squared_tv, "you square TV"),
        (shift_halved_itself, "you return half of the shift itself"),
        (shift_of_rho, "you return the shift of ρ"),
        (shift_without_half_and_gamma, "your TV lacks its ½, and your factor lacks its γ"),
        (shift_without_half_by_rho, "your TV lacks its ½, and 1/(1−γ) stands there once too often"),
        (shift_without_half_over_mass, "your TV lacks its ½, and your weights are ρ over its sum"),
        (shift_without_half_largest, "your TV lacks its ½, and you take the largest TV"),
        (shift_without_half_unweighted, "your TV lacks its ½, and you average over all states alike"),
        (shift_without_half_new_visits, "your TV lacks its ½, and you weigh by the new policy's visits"),
        (shift_without_two_and_gamma, "the 2 in front is missing, and so is the γ"),
        (shift_without_two_over_mass, "the 2 in front is missing, and your weights are ρ over its sum"),
        (shift_without_two_by_rho, "the 2 in front is missing, and 1/(1−γ) stands there once too often"),
        (shift_without_two_largest, "the 2 in front is missing, and you take the largest TV"),
        (shift_without_gamma_by_rho, "your factor lacks its γ, and 1/(1−γ) stands there once too often"),
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
        (penalty_tv_two, "you have 2 with TV²: the 2 comes from Pinsker"),
        (penalty_paper_two, "you have 2 with the paper's form"),
        (unforeseen.e6_2_wrong_two_and_four_swapped, "the factors of the two forms with KL have changed places"),
        (penalty_tv_and_sharp_swapped, "you have 2 with TV² and 4 with the KL of the sharp form"),
        (penalty_sharp_one, "you have 1 with the sharp form"),
        (penalty_paper_eight, "you have 8 with the paper's form"),
        (unforeseen.e6_2_wrong_mean_distance, "you average the distance over the visits, TV² as well"),
        (penalty_mean_over_states, "you average the distance over all states alike"),
        (penalty_sum_over_states, "you add up the distance over all states"),
        (unforeseen.e6_2_wrong_kl_of_the_whole_table, "you add up the KL of all states"),
        (unforeseen.e6_2_wrong_largest_single_term, "you take the largest single term of state and action"),
        (penalty_largest_term_of_kl, "you take the largest single term of the KL"),
        (penalty_half_the_largest_difference, "you take the largest single term of TV, halved"),
        (penalty_largest_difference, "you have the largest single difference for TV"),
        (unforeseen.e6_2_wrong_span_for_epsilon, "your ε is the largest span of A in a state"),
        (penalty_span_of_the_table, "your ε is the span of the whole table"),
        (unforeseen.e6_2_wrong_mean_absolute_advantage, "your ε is the mean of |A|"),
        (penalty_mean_size_under_old, "your ε is the largest mean of |A| under the old policy"),
        (penalty_of_q, "your ε is made of Q"),
        (penalty_of_v, "your ε is made of V"),
        (penalty_of_rewards, "your ε is made of rewards"),
        (penalty_epsilon_squared, "your ε is squared"),
        (penalty_without_epsilon, "your ε is missing"),
        (penalty_horizon_cubed, "you divide by (1−γ)³"),
        (penalty_without_horizon, "(1−γ)² is missing below the line"),
        (penalty_gamma_squared, "you square γ above the line too"),
        (penalty_horizon_once_without_gamma, "your factor lacks its γ, and 1−γ isn't squared"),
        (penalty_half_outside, "your ½ stands outside the square"),
        (penalty_neither_half_nor_square, "TV lacks its ½, and isn't squared"),
        (penalty_squared_before_adding, "you square each difference before you add"),
        (penalty_half_the_squares, "you have half the sum of squared differences"),
        (penalty_squares, "you have the sum of squared differences"),
        (unforeseen.e6_2_wrong_always_kl, '"tv" has the KL in place of TV²'),
        (penalty_always_tv, "the forms with KL have TV² in its place"),
        (penalty_both_directions, "your KL is the mean of both directions"),
        (penalty_sum_of_directions, "your KL is the sum of both directions"),
        (penalty_squared_kl, "you square the KL as well"),
        (penalty_rooted_kl, "you have the root of the KL"),
        (penalty_of_cpo, "you have CPO's bound (6.8)"),
        (penalty_reversed_with_four, "your KL is KL(new‖old), and you have the 4 with the sharp form"),
        (penalty_reversed_mean, "your KL is KL(new‖old), and you average the distance"),
        (penalty_reversed_horizon_once, "your KL is KL(new‖old), and you divide by 1−γ once"),
        (penalty_reversed_without_gamma, "your KL is KL(new‖old), and your factor lacks its γ"),
        (penalty_reversed_signed, "your KL is KL(new‖old), and your ε is the largest A without its bars"),
        (penalty_four_mean, "you have the 4 with the sharp form, and you average the distance"),
        (penalty_four_horizon_once, "you have the 4 with the sharp form, and you divide by 1−γ once"),
        (penalty_four_without_gamma, "you have the 4 with the sharp form, and your factor lacks its γ"),
        (penalty_four_not_squared, "you have the 4 with the sharp form, and TV isn't squared"),
        (penalty_four_signed, "you have the 4 with the sharp form, and your ε is the largest A without its bars"),
    ],
    "6.3": [
        (share_unclipped, "your α leaves [0, 1]"),
        (share_negative, "your α can be negative"),
        (share_above_one, "your α can exceed 1"),
        (share_with_two, "you have 2 in place of 4"),
        (share_with_eight, "you have 8 in place of 4"),
        (share_unnormalised, "1−γ is missing once"),
        (share_horizon_squared, "your α has 1−γ twice"),
        (share_without_gamma, "your α lacks the γ"),
        (share_of_largest_advantage, "your ε' is max |A|"),
        (share_signed, "your ε' is the largest note"),
        (share_gain, "you return the guaranteed gain"),
        (_slip("four"), "the 4 below the line is missing"),
        (_slip("twice"), "1−γ is missing twice"),
        (_slip("gamma above"), "your γ stands above the line"),
        (_slip("gamma squared"), "your γ is squared below the line"),
        (_slip("mean size"), "your ε' is the mean of |Ā|: it is the largest"),
        (_slip("mean size over visits"), "your ε' is a mean of |Ā| over the visits"),
        (_slip("reward"), "your ε' is made of rewards"),
        (_slip("no size"), "your ε' is missing"),
        (_slip("size squared"), "your ε' is squared"),
        (unforeseen.e6_3_wrong_visits_of_the_target, "you average over the target's visits"),
        (unforeseen.e6_3_wrong_visits_over_their_sum, "you divide the visits by their sum"),
        (unforeseen.e6_3_wrong_states_alike, "you average the notes over all states alike"),
        (_slip("start"), "you average the notes over the start distribution"),
        (unforeseen.e6_3_wrong_absolute_mean, "you have the absolute value of 𝔸"),
        (_slip("sizes"), "you average |Ā|"),
        (_slip("squared"), "your 𝔸 is squared"),
        *[
            (_slip(name, np.inf, -np.inf), "your α isn't kept in [0, 1], and " + words)
            for name, words in (
                ("two", "you have 2"),
                ("eight", "you have 8"),
                ("four", "the 4"),
                ("once", "1−γ is missing once"),
                ("twice", "1−γ is missing twice"),
                ("too often", "your α has 1−γ twice"),
                ("no gamma", "your α lacks the γ"),
                ("gamma above", "your γ stands"),
                ("gamma squared", "your γ is squared"),
                ("largest A", "your ε' is max |A|"),
                ("signed", "your ε' is the largest note"),
                ("mean size", "your ε' is the mean of |Ā|"),
                ("mean size over visits", "your ε' is a mean of |Ā| over"),
                ("reward", "your ε' is made of rewards"),
                ("no size", "your ε' is missing"),
                ("size squared", "your ε' is squared"),
                ("new visits", "you average over the target's visits"),
                ("mass", "you divide the visits by their sum"),
                ("alike", "you average the notes over all states alike"),
                ("start", "you average the notes over the start"),
                ("absolute", "you have the absolute value of 𝔸"),
                ("sizes", "you average |Ā|"),
                ("squared", "your 𝔸 is squared"),
            )
        ],
        (unforeseen.e6_3_wrong_roles_swapped, "your α is always 0"),
        (share_one_where_better, "your α is 1 wherever the target is better"),
        (share_one_outside, "your α is 1 wherever the formula isn't inside"),
        (share_zero_outside, "your α is 0 wherever the formula isn't inside"),
        (share_of_the_old_policy, "you return 1 − α*"),
        (unforeseen.e6_3_wrong_old_actions, "your notes are the old policy's own"),
        (share_mean_note, "you return 𝔸, the mean note"),
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
        (round_transposed, "you return no policy"),
        (unforeseen.e6_4_wrong_printed_constant, "you have the printed constant with its 4"),
        (round_without_two, "the 2 of C is missing"),
        (unforeseen.e6_4_wrong_horizon_not_squared, "1−γ isn't squared in your C"),
        (round_without_gamma, "your C lacks its γ"),
        (unforeseen.e6_4_wrong_epsilon_signed, "your ε_A is the largest A"),
        (unforeseen.e6_4_wrong_mean_kl, "you subtract the mean KL over the visits"),
        (round_over_states_alike, "you subtract the mean KL over all states alike"),
        (unforeseen.e6_4_wrong_penalty_of_the_summed_kl, "you subtract the KL of all states"),
        (unforeseen.e6_4_wrong_normalised_promise, "your L uses normalised visits"),
        (unforeseen.e6_4_wrong_states_alike, "your L averages over all states alike"),
        (round_promise_summed, "your L adds up all states alike"),
        (round_promise_at_the_start, "your L weighs the states by the start distribution"),
        (unforeseen.e6_4_wrong_end_of_the_search, "you go to the upper limit of the peak's place"),
        (unforeseen.e6_4_wrong_no_penalty, "you go to the end of the curve"),
        (unforeseen.e6_4_wrong_old_policy_left_out, "your tilt leaves the old policy out"),
    ],
    "6.5": [
        (certified_nothing, "you return the old policy and 0 for every input"),
        (certified_no_penalty, "you subtract no penalty"),
        (certified_theorem_1_then_least, "the candidate is theorem 1's"),
        (certified_by_the_first_candidates_bound, "you choose one bound for all candidates"),
        (_proven(tilts=lambda old, A, alphas: np.array([np.exp(x * A) for x in alphas])), "your tilt leaves the old"),
        (_proven(divide=lambda rows: rows), "your candidates' rows don't add up to 1"),
        (_proven(divide=lambda rows: rows / rows.sum(axis=1, keepdims=True)), "divided by a sum over the states"),
        (_proven(tilts=lambda old, A, alphas: np.array([old * (1 + x * A) for x in alphas])), "to first order"),
        (_proven(tv=lambda old, new: np.abs(new - old).sum(axis=2)), "your TV lacks its ½"),
        (_proven(tv=lambda old, new: np.abs(new - old).max(axis=2)), "you have the largest difference of a row"),
        (_proven(tv=lambda old, new: np.abs(new - old).mean(axis=2)), "you average |π_new − π_old| over the actions"),
        (_proven(kl=lambda old, new: np.sum(new * np.log(new / old), axis=2)), "your KL is KL(new‖old)"),
        (_proven(kl=lambda old, new: np.sum(old * np.log2(old / new), axis=2)), "your KL is in bits"),
        (_proven(tv=lambda old, new: np.sum(old * np.log(old / new), axis=2)), "you have the KL in place of TV"),
        (_proven(size=lambda A, notes: A.max()), "your ε_A is the largest A"),
        (_proven(size=lambda A, notes: np.max(np.abs(notes), axis=1)), "your ε_A is a note"),
        (_proven(note=lambda A, notes, d: np.max(np.abs(A))), "your ε' is max |A|"),
        (_proven(note=lambda A, notes, d: np.abs(notes) @ d), "your ε' is a mean of the notes over the visits"),
        (_proven(note=lambda A, notes, d: np.abs(notes).mean(axis=1)), "your ε' is the mean of the notes over all"),
        (_proven(size=lambda A, notes: np.max(A.max(axis=1) - A.min(axis=1))), "your ε_A is the largest span"),
        (_proven(size=lambda A, notes: np.abs(A).mean()), "your ε_A is the mean of |A|"),
        (unforeseen.e6_5_wrong_tilts_the_last_candidate, "you tilt the candidate before"),
        (unforeseen.e6_5_wrong_log_upside_down, "the fraction in your KL is upside down"),
        (unforeseen.e6_5_wrong_largest_tv_in_cpo, "your distances in CPO's bounds are the largest"),
        (unforeseen.e6_5_wrong_parenthesis, "you divide by 1−γ²"),
        (unforeseen.e6_5_wrong_gamma_forgotten_in_the_odds, "your C̄ has 1/(1−γ)"),
        (_proven(pick=_after_the_best), "you return the candidate after the best one"),
        (unforeseen.e6_5_wrong_after_the_peak, "below the one before, and return it"),
        (unforeseen.e6_5_wrong_least_of_all_candidates, "you subtract the least penalty of all candidates"),
        (_proven(d=lambda rho, gamma: rho), "your mean distances are weighted by ρ: "),
        (_proven(d=lambda rho, gamma: rho / rho.sum()), "your mean distances are weighted by ρ over its sum"),
        (_proven(d=lambda rho, gamma: np.ones(len(rho)) / len(rho)), "your mean distances are over all states alike"),
        (_proven(visits=lambda rho, gamma: (1 - gamma) * rho), "your L is weighted by d"),
        (_proven(visits=lambda rho, gamma: rho / rho.sum()), "your L is weighted by ρ over its sum"),
        (_proven(visits=lambda rho, gamma: np.ones(len(rho))), "your L adds up the notes of all states alike"),
        (_proven(visits=lambda rho, gamma: np.ones(len(rho)) / len(rho)), "your L averages the notes of all states"),
        (_proven(five=_rows(1)), "you subtract theorem 1's penalty by the largest KL alone"),
        (_proven(five=_rows(0, 1)), "you subtract theorem 1's penalties alone"),
        (_proven(five=_rows(0, 1, 2, 3)), "the mean-KL theorem is missing"),
        (_proven(five=_rows(0, 1, 3, 4)), "CPO's penalty by the mean TV is missing"),
        (_proven(five=_rows(4)), "you subtract the mean-KL theorem's penalty alone"),
        (_proven(five=_rows(1, 3, 4)), "you take the penalties by KL alone"),
        (_proven(least=lambda penalties: penalties.max(axis=0)), "you subtract the largest of the penalties"),
        (_proven(least=lambda penalties: penalties.sum(axis=0)), "you subtract the sum of the penalties"),
        (_proven(least=lambda penalties: penalties.mean(axis=0)), "you subtract the mean of the penalties"),
        (certified_mean_in_theorem_1, "theorem 1 has the mean distance in your function"),
        (_proven(five=_times(0, lambda g: 1 / 2)), "the 4 before theorem 1's TV² is too small"),
        (_proven(five=_times(1, lambda g: 1 / 2)), "the 2 before theorem 1's KL is missing"),
        (_proven(five=_times(2, lambda g: 1 / 2)), "the 2 before CPO's mean TV is missing"),
        (_proven(five=_times(3, lambda g: 1 / np.sqrt(2))), "CPO's √ lacks its 2"),
        (_proven(five=_times([2, 3], lambda g: 1 - g)), "CPO's 1−γ isn't squared"),
        (_proven(five=_times([2, 3], lambda g: 1 / g)), "CPO's constant lacks its γ"),
        (_proven(five=_times([0, 1], lambda g: 1 - g)), "theorem 1's 1−γ isn't squared"),
        (_proven(five=_times(4, _share_of_mean_constant(lambda odds: odds))), "theorem 1's constant C stands"),
        (unforeseen.e6_5_wrong_theorem_1_with_mean_kl, "theorem 1's constant C stands before the mean KL"),
        (_proven(five=_times(4, _share_of_mean_constant(lambda odds: np.sqrt(2 * odds)))), "your C̄ has the root alone"),
        (
            _proven(five=_times(4, _share_of_mean_constant(lambda odds: odds + np.sqrt(odds)))),
            "the 2 under the root of C̄ is missing",
        ),
        (_proven(five=_times(4, lambda g: 1 / 2)), "the 2 in front of C̄ is missing"),
        (_proven(five=_times(4, lambda g: 1 - g)), "1/(1−γ) is missing in front of C̄"),
        (
            _proven(five=_times(4, _share_of_mean_constant(lambda odds: odds / 2 + np.sqrt(2 * odds)))),
            "the first term of your C̄ is halved",
        ),
        (_proven(pick=_last_above), "you return the longest candidate that is guaranteed to gain"),
        (_proven(pick=_first_above), "you return the shortest candidate that is guaranteed to gain"),
        (_proven(stay=False), "you return a candidate where none is guaranteed to gain"),
        (_proven(pick=lambda sure, promise: promise.argmax(), stay=False), "you choose by the promise L"),
        (certified_infinitely_bad, "you return −∞ beside the old policy"),
        (_proven(second=lambda sure, promise, gamma: promise), "your second value is the promise L of the candidate"),
        (_proven(second=lambda sure, promise, gamma: promise - sure), "your second value is the penalty"),
        (_proven(second=lambda sure, promise, gamma: 2 * promise - sure), "L and the penalty added up"),
        (_proven(second=lambda sure, promise, gamma: (1 - gamma) * sure), "your second value is (1−γ) times"),
        (_proven(second=lambda sure, promise, gamma: sure / promise), "as a share of the promise"),
        (certified_length, "you return the length α: return the candidate itself"),
        (certified_length_or_old, "you return the length α"),
        (certified_unclipped, "your guarantee is NaN where rounding leaves a mean KL just below 0"),
        (certified_number, "you return the number of the candidate"),
        (_proven(divide=lambda rows: rows / rows.sum(axis=(1, 2), keepdims=True)), "divided by one sum over the whole"),
        (unforeseen.e6_5_wrong_no_normalisation_by_rows, "divided by one sum over the whole table"),
        (unforeseen.e6_5_wrong_temperature, "your exponent is A/α"),
        (_proven(tilts=_sharper), "your exponent is A/α"),
        (unforeseen.e6_5_wrong_first_order_tilt, "your candidates are π_old·(1 + αA)"),
        (
            _proven(tilts=lambda old, A, x: (old * (1 + x[:, None, None] * A)).clip(0)),
            "your candidates are π_old·(1 + αA)",
        ),
        (unforeseen.e6_5_wrong_note_from_absolute_advantages, "your ε' takes absolute values before the sum"),
        (unforeseen.e6_5_wrong_mean_size_for_epsilon, "your ε_A is the largest mean of |A| in a state"),
        (unforeseen.e6_5_wrong_note_of_visited_states_only, "your ε' leaves out states that are never visited"),
        (_visited_alone(note=False), "your ε_A leaves out states that are never visited"),
        (_visited_alone(), "your ε' leaves out states that are never visited"),
        (unforeseen.e6_5_wrong_largest_note_of_all_candidates, "your ε' is the largest note of all candidates"),
        (unforeseen.e6_5_wrong_cpo_largest_tv, "CPO's penalty by TV has the largest TV"),
        (unforeseen.e6_5_wrong_theorem_1_with_mean_tv_squared, "theorem 1's TV² is a mean"),
        (certified_square_of_the_mean_tv, "theorem 1's TV is a mean"),
        (_proven(visits=lambda rho, gamma: rho / (1 - gamma)), "your L has 1/(1−γ) once too often"),
        (unforeseen.e6_5_wrong_stops_at_the_first_fall, "is below the one before: the guarantee can have"),
        (_proven(pick=_back_from_the_longest), "you go from the longest candidate back"),
        (unforeseen.e6_5_wrong_stays_for_longer, "you compare a candidate's guarantee with the promise"),
        (unforeseen.e6_5_wrong_smallest_step_for_stay, "you return a candidate beside the 0"),
        (_gain_or(lambda old, candidates, sure: (candidates[-1], 0.0)), "you return a candidate beside the 0"),
        (
            _gain_or(lambda old, candidates, sure: (candidates[sure.argmax()], 0.0)),
            "you return a candidate beside the 0",
        ),
        (unforeseen.e6_5_wrong_stays_with_the_least_bad, "you return the old policy with a negative guarantee"),
        (unforeseen.e6_5_wrong_one_buffer_returned, "you return the last candidate beside the guarantee of the best"),
        (certified_last_with_best, "you return the last candidate beside the guarantee of the best"),
        (unforeseen.e6_5_wrong_smallest_penalty_state_by_state, "you take the smaller penalty in each state"),
        (certified_by_state_with_one_note, "you take the smaller penalty in each state"),
        (unforeseen.e6_5_wrong_in_place_tilt, "your function tilts `old` itself"),
        (unforeseen.e6_5_wrong_works_on_the_old_policy, "your function tilts `old` itself"),
        (certified_in_place, "your function changes its argument `rho`"),
        (lambda *args: _proven()(*args)[0], "return 2 values, not 1"),
        (lambda *args: _proven()(*args)[::-1], "the values are right, in another order"),
    ],
}
