"""Wrong answers to the exercises of lesson 09."""

import numpy as np

from trpobook.finite.divergences import kl_categorical, total_variation
from trpobook.finite.mdp import softmax
from unforeseen import lesson_09 as unforeseen


def _scaled(s, g, b):
    return b * s, b * (g @ s)


def step_damped(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (s @ product(s))))


def step_without_half(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(delta / (s @ product(s) - damping * s @ s)))


def step_without_root(s, g, product, damping, delta):
    return _scaled(s, g, 2 * delta / (s @ product(s) - damping * s @ s))


def step_by_euclid(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta) / np.linalg.norm(s))


def step_by_slope(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (g @ s)))


def step_less_xi(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / abs(s @ product(s) - damping)))


def step_less_xi_norm(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / abs(s @ product(s) - damping * np.linalg.norm(s))))


def step_twice_damped(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (s @ product(s) + damping * s @ s)))


def step_prediction_unscaled(s, g, product, damping, delta):
    b = np.sqrt(2 * delta / (s @ product(s) - damping * s @ s))
    return b * s, g @ s


def step_along_gradient(s, g, product, damping, delta):
    return _scaled(g, g, np.sqrt(2 * delta / (g @ (product(g) - damping * g))))


def step_along_product(s, g, product, damping, delta):
    x = product(s) - damping * s
    return _scaled(x, g, np.sqrt(2 * delta / (x @ (product(x) - damping * x))))


def step_downhill(s, g, product, damping, delta):
    return _scaled(s, g, -np.sqrt(2 * delta / (s @ product(s) - damping * s @ s)))


def step_length_alone(s, g, product, damping, delta):
    b = np.sqrt(2 * delta / (s @ product(s) - damping * s @ s))
    return b, b * (g @ s)


def step_alone(s, g, product, damping, delta):
    return np.sqrt(2 * delta / (s @ product(s) - damping * s @ s)) * s


def _curvature(s, product, damping):
    return s @ product(s) - damping * s @ s


def step_of_a_quarter(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(delta / (2 * _curvature(s, product, damping))))


def step_two_outside(s, g, product, damping, delta):
    return _scaled(s, g, 2 * np.sqrt(delta / _curvature(s, product, damping)))


def step_without_root_or_two(s, g, product, damping, delta):
    return _scaled(s, g, delta / _curvature(s, product, damping))


def step_root_above(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta) / _curvature(s, product, damping))


def step_root_below(s, g, product, damping, delta):
    return _scaled(s, g, 2 * delta / np.sqrt(_curvature(s, product, damping)))


def step_upside_down(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(_curvature(s, product, damping) / (2 * delta)))


def step_without_delta(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 / _curvature(s, product, damping)))


def step_as_it_is(s, g, product, damping, delta):
    return s.copy(), g @ s


def step_by_delta(s, g, product, damping, delta):
    return _scaled(s, g, delta)


def step_damped_without_half(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(delta / (s @ product(s))))


def step_damped_without_root(s, g, product, damping, delta):
    return _scaled(s, g, 2 * delta / (s @ product(s)))


def step_of_length_delta(s, g, product, damping, delta):
    return _scaled(s, g, delta / np.linalg.norm(s))


def step_by_slope_undamped(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (g @ s - damping * s @ s)))


def step_less_xi_squared(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (s @ product(s) - damping**2 * s @ s)))


def step_less_half_xi(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (s @ product(s) - 0.5 * damping * s @ s)))


def step_less_xi_sg(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (s @ product(s) - damping * s @ g)))


def step_over_one_plus_xi(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta * (1 + damping) / (s @ product(s))))


def step_xi_off_twice(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / abs(s @ product(s) - 2 * damping * s @ s)))


def step_by_damped_square(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta) / np.linalg.norm(product(s)))


def step_by_mixed_curvature(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / abs(g @ (product(s) - damping * s))))


def step_by_damped_curvature_of_g(s, g, product, damping, delta):
    return _scaled(s, g, np.sqrt(2 * delta / (g @ product(g))))


def _length(s, product, damping, delta):
    return np.sqrt(2 * delta / _curvature(s, product, damping))


def step_promise_halved(s, g, product, damping, delta):
    step = _length(s, product, damping, delta) * s
    return step, g @ step / 2


def step_promise_with_b_twice(s, g, product, damping, delta):
    b = _length(s, product, damping, delta)
    return b * s, b * (g @ (b * s))


def step_promise_of_s(s, g, product, damping, delta):
    step = _length(s, product, damping, delta) * s
    return step, s @ step


def step_promise_of_lengths(s, g, product, damping, delta):
    step = _length(s, product, damping, delta) * s
    return step, np.linalg.norm(g) * np.linalg.norm(step)


def step_promise_of_gradient(s, g, product, damping, delta):
    return _length(s, product, damping, delta) * s, g @ g


def step_promise_delta(s, g, product, damping, delta):
    return _length(s, product, damping, delta) * s, delta


def step_promise_curvature(s, g, product, damping, delta):
    step = _length(s, product, damping, delta) * s
    return step, _curvature(step, product, damping)


def step_scaled_gradient(s, g, product, damping, delta):
    step = _length(s, product, damping, delta) * g
    return step, g @ step


def _kl(mdp, old, new):
    rho = mdp.visitation(old)
    return rho @ kl_categorical(old, new) / rho.sum()


def _gain(mdp, old, new, estimate):
    return mdp.visitation(old) @ np.sum(new * estimate, axis=1)


def _slope(mdp, old, estimate, step):
    return np.sum(mdp.visitation(old)[:, None] * old * estimate * step)


def _search(mdp, theta, step, estimate, delta, *, kl=_kl, gain=_gain, share=lambda c: 0.1 * c, shrink=0.9, start=0):
    old = softmax(theta)
    slope = _slope(mdp, old, estimate, step)
    for k in range(31):
        c = shrink ** (k + start)
        new = softmax(theta + c * step)
        if kl(mdp, old, new) <= delta and gain(mdp, old, new, estimate) >= share(c) * slope > 0:
            return theta + c * step
    return theta


def backtrack_to_the_last(mdp, theta, step, estimate, delta):
    candidate = _search(mdp, theta, step, estimate, delta)
    return theta + 0.9**30 * step if candidate is theta else candidate


def backtrack_without_kl(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda *args: 0.0)


def backtrack_without_gain(mdp, theta, step, estimate, delta):
    for k in range(31):
        candidate = theta + 0.9**k * step
        if _kl(mdp, softmax(theta), softmax(candidate)) <= delta:
            return candidate
    return theta


def backtrack_any_gain(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    for k in range(31):
        new = theta + 0.9**k * step
        gain = _gain(mdp, old, softmax(new), estimate)
        if _kl(mdp, old, softmax(new)) <= delta and gain > 0 and _slope(mdp, old, estimate, step) > 0:
            return new
    return theta


def backtrack_whole_promise(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, share=lambda c: c)


def backtrack_without_c(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, share=lambda c: 0.1)


def backtrack_reversed(mdp, theta, step, estimate, delta):
    def kl(mdp, old, new):
        rho = mdp.visitation(old)
        return rho @ kl_categorical(new, old) / rho.sum()

    return _search(mdp, theta, step, estimate, delta, kl=kl)


def backtrack_plain_mean(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: kl_categorical(old, new).mean())


def backtrack_largest(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: kl_categorical(old, new).max())


def backtrack_sum(mdp, theta, step, estimate, delta):
    return _search(
        mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: mdp.visitation(old) @ kl_categorical(old, new)
    )


def backtrack_one_minus_gamma(mdp, theta, step, estimate, delta):
    def kl(mdp, old, new):
        return (1 - mdp.gamma) * mdp.visitation(old) @ kl_categorical(old, new)

    return _search(mdp, theta, step, estimate, delta, kl=kl)


def backtrack_new_visits(mdp, theta, step, estimate, delta):
    def kl(mdp, old, new):
        rho = mdp.visitation(new)
        return rho @ kl_categorical(old, new) / rho.sum()

    return _search(mdp, theta, step, estimate, delta, kl=kl)


def backtrack_gain_at_new_visits(mdp, theta, step, estimate, delta):
    def gain(mdp, old, new, estimate):
        return mdp.visitation(new) @ np.sum(new * estimate, axis=1)

    return _search(mdp, theta, step, estimate, delta, gain=gain)


def backtrack_by_truth(mdp, theta, step, estimate, delta):
    def gain(mdp, old, new, estimate):
        return mdp.expected_return(new) - mdp.expected_return(old)

    return _search(mdp, theta, step, estimate, delta, gain=gain)


def backtrack_mean_gain(mdp, theta, step, estimate, delta):
    def gain(mdp, old, new, estimate):
        return _gain(mdp, old, new, estimate) / mdp.visitation(old).sum()

    return _search(mdp, theta, step, estimate, delta, gain=gain)


def backtrack_halving(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, shrink=0.5)


def backtrack_from_nine_tenths(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, start=1)


def backtrack_to_probabilities(mdp, theta, step, estimate, delta):
    return softmax(_search(mdp, theta, step, estimate, delta))


def backtrack_everything(mdp, theta, step, estimate, delta):
    old = softmax(theta)
    slope = _slope(mdp, old, estimate, step)
    for k in range(31):
        new = 0.9**k * (theta + step)
        gain = _gain(mdp, old, softmax(new), estimate)
        if _kl(mdp, old, softmax(new)) <= delta and gain >= 0.1 * 0.9**k * slope > 0:
            return new
    return theta


def _first(mdp, theta, step, estimate, delta, good, scales=tuple(0.9**k for k in range(31))):
    """Return the first candidate for which good(KL, gain, c, ℓ)."""
    old = softmax(theta)
    for c in scales:
        new = softmax(theta + c * step)
        if good(_kl(mdp, old, new), _gain(mdp, old, new, estimate), c, _slope(mdp, old, estimate, step)):
            return theta + c * step
    return theta


def backtrack_to_the_full_step(mdp, theta, step, estimate, delta):
    found = _search(mdp, theta, step, estimate, delta)
    return theta + step if found is theta else found


def backtrack_to_zeros(mdp, theta, step, estimate, delta):
    found = _search(mdp, theta, step, estimate, delta)
    return np.zeros_like(theta) if found is theta else found


def backtrack_not_at_all(mdp, theta, step, estimate, delta):
    return theta + step


def backtrack_by_size_of_promise(mdp, theta, step, estimate, delta):
    return _first(
        mdp, theta, step, estimate, delta, lambda kl, gain, c, ell: kl <= delta and gain >= 0.1 * c * abs(ell)
    )


def backtrack_half_promise(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, share=lambda c: c / 2)


def backtrack_nine_tenths(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, share=lambda c: 0.9 * c)


def backtrack_whole_without_c(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, share=lambda c: 1)


def backtrack_reversed_plain(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: kl_categorical(new, old).mean())


def backtrack_live_mean(mdp, theta, step, estimate, delta):
    def kl(mdp, old, new):
        return kl_categorical(old, new)[mdp.live > 0].mean()

    return _search(mdp, theta, step, estimate, delta, kl=kl)


def backtrack_sum_of_states(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: kl_categorical(old, new).sum())


def backtrack_at_the_start(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=lambda mdp, old, new: mdp.start @ kl_categorical(old, new))


def _of_rows(rows):
    def kl(mdp, old, new):
        rho = mdp.visitation(old)
        return rho @ rows(old, new) / rho.sum()

    return kl


def backtrack_by_total_variation(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=_of_rows(total_variation))


def backtrack_by_parabola(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=_of_rows(lambda p, q: 0.5 * np.sum((q - p) ** 2 / p, axis=1)))


def backtrack_in_bits(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, kl=_of_rows(lambda p, q: np.sum(p * np.log2(p / q), axis=1)))


def backtrack_twice_delta(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, 2 * delta)


def backtrack_half_delta(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta / 2)


def backtrack_outside(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, lambda kl, gain, c, ell: kl >= delta and gain >= 0.1 * c * ell > 0)


def backtrack_with_q(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, mdp.action_value(softmax(theta)), delta)


def backtrack_gain_without_visits(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, gain=lambda mdp, old, new, estimate: (new * estimate).sum())


def backtrack_gain_without_policy(mdp, theta, step, estimate, delta):
    def gain(mdp, old, new, estimate):
        return mdp.visitation(old) @ estimate.sum(axis=1)

    return _search(mdp, theta, step, estimate, delta, gain=gain)


def _promised(ell, mdp, theta, step, estimate, delta):
    return _first(
        mdp,
        theta,
        step,
        estimate,
        delta,
        lambda kl, gain, c, _: (
            kl <= delta and gain >= 0.1 * c * ell(mdp.visitation(softmax(theta)), softmax(theta)) > 0
        ),
    )


def backtrack_mean_promise(mdp, theta, step, estimate, delta):
    def ell(rho, old):
        return rho / rho.sum() @ (old * estimate * step).sum(axis=1)

    return _promised(ell, mdp, theta, step, estimate, delta)


def backtrack_promise_without_visits(mdp, theta, step, estimate, delta):
    return _promised(lambda rho, old: (old * estimate * step).sum(), mdp, theta, step, estimate, delta)


def backtrack_promise_without_policy(mdp, theta, step, estimate, delta):
    return _promised(lambda rho, old: rho @ (estimate * step).sum(axis=1), mdp, theta, step, estimate, delta)


def backtrack_promise_without_both(mdp, theta, step, estimate, delta):
    return _promised(lambda rho, old: (estimate * step).sum(), mdp, theta, step, estimate, delta)


def _passes(delta):
    return lambda kl, gain, c, ell: kl <= delta and gain >= 0.1 * c * ell > 0


def backtrack_by_eight_tenths(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta, shrink=0.8)


def backtrack_by_fractions(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), 1 / np.arange(1, 32))


def backtrack_from_one(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), [0.9**k for k in range(1, 31)])


def backtrack_thirty(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), [0.9**k for k in range(30)])


def backtrack_thirty_two(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), [0.9**k for k in range(32)])


def backtrack_ten(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), [0.9**k for k in range(10)])


def backtrack_largest_gain(mdp, theta, step, estimate, delta):
    old, found = softmax(theta), (0.0, theta)
    for k in range(31):
        c = 0.9**k
        new = softmax(theta + c * step)
        gain = _gain(mdp, old, new, estimate)
        if _passes(delta)(_kl(mdp, old, new), gain, c, _slope(mdp, old, estimate, step)) and gain > found[0]:
            found = gain, theta + c * step
    return found[1]


def backtrack_shortest(mdp, theta, step, estimate, delta):
    return _first(mdp, theta, step, estimate, delta, _passes(delta), [0.9**k for k in range(30, -1, -1)])


def backtrack_the_change(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, step, estimate, delta) - theta


def backtrack_to_log_probabilities(mdp, theta, step, estimate, delta):
    return np.log(softmax(_search(mdp, theta, step, estimate, delta)))


def backtrack_downhill(mdp, theta, step, estimate, delta):
    return _search(mdp, theta, -step, estimate, delta)


def backtrack_in_place(mdp, theta, step, estimate, delta):
    found = _search(mdp, theta.copy(), step, estimate, delta)
    theta[:] = found
    return theta


def _squared(g, F):
    return g @ np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g


def penalty_without_half(delta, g, F):
    return np.sqrt(_squared(g, F) / delta)


def penalty_upside_down(delta, g, F):
    return np.sqrt(2 * delta / _squared(g, F))


def penalty_without_root(delta, g, F):
    return _squared(g, F) / (2 * delta)


def penalty_map_reversed(delta, g, F):
    return _squared(g, F) / (2 * delta**2)


def penalty_by_F(delta, g, F):
    return np.sqrt(g @ F @ g / (2 * delta))


def penalty_by_euclid(delta, g, F):
    return np.linalg.norm(g) / np.sqrt(2 * delta)


def penalty_the_gain(delta, g, F):
    return np.sqrt(2 * delta * _squared(g, F))


def penalty_twice(delta, g, F):
    return np.sqrt(2 * delta * _squared(g, F)) / delta


def penalty_by_diagonal(delta, g, F):
    return np.sqrt(np.sum(g**2 / np.diag(F)) / (2 * delta))


def penalty_damped(delta, g, F):
    return np.sqrt(g @ np.linalg.solve(F + 1e-3 * np.eye(len(g)), g) / (2 * delta))


def penalty_a_step(delta, g, F):
    return np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ g * np.sqrt(2 * delta / _squared(g, F))


def penalty_without_root_or_two(delta, g, F):
    return _squared(g, F) / delta


def penalty_root_above_without_two(delta, g, F):
    return np.sqrt(_squared(g, F)) / delta


def penalty_root_below(delta, g, F):
    return _squared(g, F) / np.sqrt(2 * delta)


def penalty_of_one(delta, g, F):
    return np.sqrt(_squared(g, F))


def penalty_without_delta(delta, g, F):
    return np.sqrt(_squared(g, F) / 2)


def penalty_times_delta(delta, g, F):
    return np.sqrt(_squared(g, F) * delta)


def penalty_times_half_delta(delta, g, F):
    return np.sqrt(_squared(g, F) / 2 * delta)


def penalty_squared_length(delta, g, F):
    return _squared(g, F)


def penalty_delta_squared(delta, g, F):
    return np.sqrt(_squared(g, F) / 2) / delta


def _inverse(F):
    return np.linalg.pinv(F, rcond=1e-10, hermitian=True)


def penalty_by_product(delta, g, F):
    return np.linalg.norm(F @ g) / np.sqrt(2 * delta)


def penalty_without_g(delta, g, F):
    return np.sqrt(abs(np.sum(_inverse(F) @ g)) / (2 * delta))


def penalty_by_norm_of_direction(delta, g, F):
    return np.sqrt(np.linalg.norm(_inverse(F) @ g) / (2 * delta))


def penalty_by_norm_of_gradient(delta, g, F):
    return np.sqrt(np.linalg.norm(g) / (2 * delta))


def penalty_entrywise(delta, g, F):
    inverted = np.array([[1 / x if x else 0.0 for x in row] for row in F])
    return np.sqrt(abs(g @ inverted @ g) / (2 * delta))


def penalty_by_trace(delta, g, F):
    return np.sqrt(g @ g * len(g) / np.trace(F) / (2 * delta))


def penalty_by_norm_of_F(delta, g, F):
    return np.sqrt(g @ g / np.linalg.norm(F, 2) / (2 * delta))


def penalty_direction(delta, g, F):
    return _inverse(F) @ g


def penalty_singular(delta, g, F):
    return np.sqrt(g @ np.linalg.inv(F) @ g / (2 * delta))


def _both(mdp, rows, weights):
    return np.max(rows), weights @ rows / weights.sum()


def kl_reversed(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(new, old), mdp.visitation(old))


def kl_plain_mean(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new), np.ones(len(old)))


def kl_live_mean(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new), mdp.live)


def kl_sum(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), mdp.visitation(old) @ rows


def kl_one_minus_gamma(mdp, old, new):
    rows = mdp.live * kl_categorical(old, new)
    return rows.max(), (1 - mdp.gamma) * mdp.visitation(old) @ rows


def kl_new_visits(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new), mdp.visitation(new))


def kl_at_the_start(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new), mdp.start)


def kl_past_the_end(mdp, old, new):
    return _both(mdp, kl_categorical(old, new), mdp.visitation(old))


def kl_in_bits(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new) / np.log(2), mdp.visitation(old))


def kl_total_variation(mdp, old, new):
    return _both(mdp, mdp.live * total_variation(old, new), mdp.visitation(old))


def kl_weighted_maximum(mdp, old, new):
    d = mdp.visitation(old) / mdp.visitation(old).sum()
    return np.max(d * kl_categorical(old, new)), d @ kl_categorical(old, new)


def kl_swapped(mdp, old, new):
    return _both(mdp, mdp.live * kl_categorical(old, new), mdp.visitation(old))[::-1]


def _live_kl(mdp, old, new):
    return mdp.live * kl_categorical(old, new)


def kl_sum_over_all(mdp, old, new):
    rows = _live_kl(mdp, old, new)
    return rows.max(), mdp.visitation(old) @ rows / len(rows)


def kl_sum_over_live(mdp, old, new):
    rows = _live_kl(mdp, old, new)
    return rows.max(), mdp.visitation(old) @ rows / mdp.live.sum()


def kl_sum_of_states(mdp, old, new):
    rows = _live_kl(mdp, old, new)
    return rows.max(), rows.sum()


def kl_divided_twice(mdp, old, new):
    rows, Z = _live_kl(mdp, old, new), mdp.visitation(old).sum()
    return rows.max(), mdp.visitation(old) @ rows / Z / Z


def kl_squared_visits(mdp, old, new):
    return _both(mdp, _live_kl(mdp, old, new), mdp.visitation(old) ** 2)


def kl_new_visits_summed(mdp, old, new):
    rows = _live_kl(mdp, old, new)
    return rows.max(), mdp.visitation(new) @ rows


def kl_visits_of_both(mdp, old, new):
    return _both(mdp, _live_kl(mdp, old, new), mdp.visitation(old) + mdp.visitation(new))


def kl_mixed_visits(mdp, old, new):
    rows = _live_kl(mdp, old, new)
    return rows.max(), mdp.visitation(old) @ rows / mdp.visitation(new).sum()


def kl_reversed_past_the_end(mdp, old, new):
    return _both(mdp, kl_categorical(new, old), mdp.visitation(old))


def _terms(mdp, old, terms):
    return _both(mdp, mdp.live * terms.sum(axis=1), mdp.visitation(old))


def kl_differences(mdp, old, new):
    return _terms(mdp, old, np.abs(old - new))


def kl_squared_differences(mdp, old, new):
    return _terms(mdp, old, (new - old) ** 2)


def kl_chi_squared(mdp, old, new):
    return _terms(mdp, old, (new - old) ** 2 / old)


def kl_mean_logarithm(mdp, old, new):
    return _both(mdp, mdp.live * np.mean(np.log(old) - np.log(new), axis=1), mdp.visitation(old))


def kl_mean_over_actions(mdp, old, new):
    return _both(mdp, mdp.live * np.mean(old * np.log(old / new), axis=1), mdp.visitation(old))


def kl_new_weights(mdp, old, new):
    return _terms(mdp, old, new * np.log(old / new))


def kl_negative(mdp, old, new):
    return _terms(mdp, old, old * np.log(new / old))


def kl_absolute(mdp, old, new):
    return _terms(mdp, old, np.abs(old * np.log(old / new)))


def kl_cross_entropy(mdp, old, new):
    return _terms(mdp, old, -old * np.log(new))


def kl_mean_of_both(mdp, old, new):
    return _both(mdp, mdp.live * 0.5 * (kl_categorical(old, new) + kl_categorical(new, old)), mdp.visitation(old))


def kl_sum_of_both(mdp, old, new):
    return _both(mdp, mdp.live * (kl_categorical(old, new) + kl_categorical(new, old)), mdp.visitation(old))


def kl_maximum_of_rho(mdp, old, new):
    rows, rho = _live_kl(mdp, old, new), mdp.visitation(old)
    return np.max(rho * rows), rho @ rows / rho.sum()


def _with_mean(first, mdp, old, new):
    return first, _kl(mdp, old, new)


def kl_largest_logarithm(mdp, old, new):
    return _with_mean((mdp.live[:, None] * np.log(old / new)).max(), mdp, old, new)


def kl_of_first_state(mdp, old, new):
    return _with_mean(_live_kl(mdp, old, new)[0], mdp, old, new)


def kl_of_start(mdp, old, new):
    return _with_mean(mdp.start @ _live_kl(mdp, old, new), mdp, old, new)


def kl_smallest(mdp, old, new):
    return _with_mean(min(kl_categorical(old, new)[mdp.live == 1]), mdp, old, new)


def kl_smallest_of_all(mdp, old, new):
    return _with_mean(_live_kl(mdp, old, new).min(), mdp, old, new)


def kl_summed(mdp, old, new):
    return _with_mean(_live_kl(mdp, old, new).sum(), mdp, old, new)


def kl_mean_twice(mdp, old, new):
    return _with_mean(_kl(mdp, old, new), mdp, old, new)


def kl_mean_alone(mdp, old, new):
    return _kl(mdp, old, new)


WRONG_ANSWERS = {
    "9.1": [
        (step_damped, "your curvature is the damped one, sᵀ(F+ξI)s"),
        (step_without_half, "the ½ of ½b²·sᵀFs = δ is forgotten: your"),
        (step_without_root, "your length lacks its square root: "),
        (step_by_euclid, "you scale s to Euclidean length √"),
        (step_by_slope, "you take gᵀs for the curvature"),
        (step_less_xi, "you take off ξ in place of ξ sᵀs"),
        (step_less_xi_norm, "you take off ξ‖s‖:"),
        (step_twice_damped, "you add the damping once more"),
        (step_prediction_unscaled, "your prediction is that of s"),
        (step_along_gradient, "you go back to the plain gradient"),
        (step_along_product, "your direction is F s"),
        (step_downhill, "your step goes downhill"),
        (step_length_alone, "the shape is wrong: expected (2,), got ()"),
        (step_alone, "return 2 values, not 1"),
        (step_of_a_quarter, "stands on the wrong side: your step costs δ/4"),
        (step_two_outside, "the 2 stands outside the root"),
        (step_without_root_or_two, "your length lacks its square root, and the 2 of 2δ"),
        (step_root_above, "your root covers 2δ alone"),
        (step_root_below, "your root covers sᵀFs alone"),
        (step_upside_down, "your length is upside down"),
        (step_without_delta, "your length lacks δ"),
        (step_as_it_is, "you take s as it is"),
        (step_by_delta, "your length is δ itself"),
        (step_damped_without_half, "the damped one, and the ½ of"),
        (step_damped_without_root, "the damped one, and your length lacks its square root"),
        (step_of_length_delta, "you scale s to Euclidean length δ"),
        (step_by_slope_undamped, "you take gᵀs − ξ sᵀs for the curvature"),
        (unforeseen.e9_1_wrong_damping_off_every_entry, "you take ξ off every entry"),
        (step_less_xi_squared, "you take off ξ² sᵀs"),
        (step_less_half_xi, "you take off ½ξ sᵀs"),
        (step_less_xi_sg, "you take ξ sᵀg off"),
        (step_over_one_plus_xi, "you divide by 1 + ξ"),
        (step_xi_off_twice, "you take ξ sᵀs off twice"),
        (unforeseen.e9_1_wrong_length_of_the_product, "your curvature is the squared length of Fs"),
        (step_by_damped_square, "your curvature is the squared length of the damped product"),
        (step_by_mixed_curvature, "your curvature is gᵀFs"),
        (unforeseen.e9_1_wrong_curvature_along_the_gradient, "you measure the curvature along g"),
        (step_by_damped_curvature_of_g, "you measure the damped curvature along g"),
        (unforeseen.e9_1_wrong_quadratic_promise, "you take δ off the promise"),
        (unforeseen.e9_1_wrong_best_promise, "your promise is √(2δ gᵀs)"),
        (step_promise_halved, "your promise is half"),
        (step_promise_with_b_twice, "b comes twice in your promise"),
        (step_promise_of_s, "your promise is sᵀ(bs)"),
        (step_promise_of_lengths, "your promise is the product of two lengths"),
        (step_promise_of_gradient, "your promise is the length of the gradient"),
        (step_promise_delta, "your promise is δ: "),
        (step_promise_curvature, "your promise is 2δ"),
        (step_scaled_gradient, "you scale the gradient by b: "),
        (unforeseen.e9_1_wrong_gradient_scaled, "you scale the gradient by b, and promise"),
    ],
    "9.2": [
        (backtrack_to_the_last, "when every candidate fails you return the last one"),
        (backtrack_without_kl, "you look only at the surrogate"),
        (backtrack_without_gain, "you look only at the KL"),
        (backtrack_any_gain, "you ask for any gain above 0"),
        (backtrack_whole_promise, "you ask for the whole promise"),
        (backtrack_without_c, "you compare with a tenth of the full step's prediction"),
        (backtrack_reversed, "your KL is KL(new‖old): "),
        (backtrack_plain_mean, "you average the KL over all states alike"),
        (backtrack_largest, "you take the largest KL of any state"),
        (backtrack_sum, "you add the KL over visits"),
        (backtrack_one_minus_gamma, "you weigh the KL by (1−γ)ρ"),
        (backtrack_new_visits, "you average the KL over the new policy's visits"),
        (backtrack_gain_at_new_visits, "your gain is over the new policy's visits"),
        (backtrack_by_truth, "you measure the true return"),
        (backtrack_mean_gain, "your gain is averaged over visits and the prediction is added up"),
        (backtrack_halving, "you halve: shrink by 0.9"),
        (backtrack_from_nine_tenths, "you never try the full step"),
        (backtrack_to_probabilities, "you return probabilities"),
        (backtrack_everything, "you shrink the logits together with the step"),
        (backtrack_in_place, "work on a copy"),
        (backtrack_to_the_full_step, "when every candidate fails you return the full step"),
        (backtrack_to_zeros, "when every candidate fails you return zeros"),
        (backtrack_not_at_all, "you take the whole step, without a look"),
        (unforeseen.e9_2_wrong_any_gain, "you ask for any gain above 0"),
        (unforeseen.e9_2_wrong_promise_may_be_negative, "you don't ask for a positive promise"),
        (backtrack_by_size_of_promise, "you take |ℓ|"),
        (backtrack_half_promise, "you ask for half the promise"),
        (backtrack_nine_tenths, "you ask for nine tenths of the promise"),
        (backtrack_whole_without_c, "you compare with the full step's whole promise"),
        (backtrack_reversed_plain, "your KL is KL(new‖old), averaged over all states alike"),
        (backtrack_live_mean, "you average the KL over the live states alike"),
        (backtrack_sum_of_states, "you add the KL of all states up"),
        (backtrack_at_the_start, "you average the KL over the start states"),
        (unforeseen.e9_2_wrong_new_visits, "you average the KL, and add up the gain, over the new"),
        (backtrack_by_total_variation, "you measure total variation"),
        (backtrack_by_parabola, "you measure the KL by a quadratic model"),
        (backtrack_in_bits, "your KL is in bits"),
        (backtrack_twice_delta, "you compare the KL with 2δ"),
        (backtrack_half_delta, "you compare the KL with δ/2"),
        (backtrack_outside, "you shrink until the KL is at least delta"),
        (unforeseen.e9_2_wrong_true_advantage, "you put the true advantage in place of the estimate"),
        (backtrack_with_q, "you put Q in place of the estimate"),
        (backtrack_mean_promise, "your gain is added up over visits and the prediction is averaged"),
        (backtrack_gain_without_visits, "your gain lacks ρ"),
        (backtrack_gain_without_policy, "your gain lacks the policy"),
        (backtrack_promise_without_visits, "your ℓ lacks ρ: "),
        (backtrack_promise_without_policy, "your ℓ lacks π_old"),
        (backtrack_promise_without_both, "your ℓ lacks ρ and π_old"),
        (backtrack_by_eight_tenths, "you shrink by another factor than 0.9"),
        (unforeseen.e9_2_wrong_linear_shrinking, "you shrink in equal steps"),
        (backtrack_by_fractions, "you divide the step by 1, 2, 3"),
        (backtrack_from_one, "your first k is 1"),
        (backtrack_thirty, "you try one candidate too few"),
        (backtrack_thirty_two, "you try one candidate too many"),
        (backtrack_ten, "you give up too early"),
        (backtrack_largest_gain, "you take the best of the candidates that pass"),
        (unforeseen.e9_2_wrong_best_instead_of_first, "you take the candidate with the best gain for its length"),
        (backtrack_shortest, "you take the shortest of the candidates"),
        (unforeseen.e9_2_wrong_candidates_pile_up, "you add each try to the one before"),
        (backtrack_the_change, "you return c·step"),
        (backtrack_to_log_probabilities, "you return log-probabilities"),
        (backtrack_downhill, "you go down the step"),
    ],
    "9.3": [
        (penalty_without_half, "the ½ of ½ΔᵀFΔ = δ is forgotten"),
        (penalty_upside_down, "yours is upside down"),
        (penalty_without_root, "your square root is missing: "),
        (penalty_map_reversed, "you read the map the wrong way round"),
        (penalty_by_F, "you measure g by F"),
        (penalty_by_euclid, "you measure g by Euclid"),
        (penalty_the_gain, "you return the promised gain"),
        (penalty_twice, "you have twice the price"),
        (penalty_by_diagonal, "you divide by the diagonal of F alone"),
        (penalty_damped, "you add something to F to invert it"),
        (penalty_a_step, "you return the step in place of the penalty's weight"),
        (penalty_singular, "LinAlgError: Singular matrix"),
        (penalty_without_root_or_two, "your square root is missing, and the 2"),
        (unforeseen.e9_3_wrong_root_above_only, "your root covers gᵀF⁻¹g alone: "),
        (penalty_root_above_without_two, "your root covers gᵀF⁻¹g alone, and the 2"),
        (penalty_root_below, "your root covers 2δ alone"),
        (penalty_of_one, "δ is missing: β is"),
        (penalty_without_delta, "δ is missing in your denominator"),
        (penalty_times_delta, "you multiply by δ: "),
        (penalty_times_half_delta, "you multiply by δ/2"),
        (penalty_squared_length, "you return gᵀF⁻¹g itself"),
        (penalty_delta_squared, "you square δ under the root"),
        (unforeseen.e9_3_wrong_length_of_the_direction, "you measure F⁻¹g by Euclid"),
        (penalty_by_product, "you measure Fg by Euclid"),
        (penalty_without_g, "you add up the entries of F⁻¹g"),
        (penalty_by_norm_of_direction, "you have the length ‖F⁻¹g‖"),
        (penalty_by_norm_of_gradient, "you have the length ‖g‖"),
        (penalty_entrywise, "you invert F entry by entry"),
        (penalty_by_trace, "you divide by the mean of F's diagonal"),
        (penalty_by_norm_of_F, "you divide by the largest eigenvalue"),
        (unforeseen.e9_3_wrong_penalty_without_half, "you have half of β"),
        (unforeseen.e9_3_wrong_negative, "you have −β"),
        (penalty_direction, "you return the direction F⁻¹g"),
        (unforeseen.e9_3_wrong_root_of_entries, "you take the root entry by entry"),
    ],
    "9.4": [
        (kl_reversed, "your KL is KL(new‖old): "),
        (kl_plain_mean, "your mean is plain, over all states"),
        (kl_live_mean, "your mean is plain, over the live states"),
        (kl_sum, "your mean is a sum over visits ρ: "),
        (kl_one_minus_gamma, "you weigh by (1−γ)ρ"),
        (kl_new_visits, "you average over the new policy's visits"),
        (kl_at_the_start, "your mean is that of the start states"),
        (kl_past_the_end, "your largest KL is that of a state that absorbs"),
        (kl_in_bits, "your logarithm has base 2"),
        (kl_total_variation, "you have total variation"),
        (kl_weighted_maximum, "your largest is that of visits times KL"),
        (kl_swapped, "the two are swapped"),
        (kl_mean_alone, "return 2 values, not 1"),
        (kl_sum_over_all, "divided by the number of states"),
        (kl_sum_over_live, "divided by the number of live states"),
        (kl_sum_of_states, "your mean is a sum over states"),
        (kl_divided_twice, "your mean is divided by Z twice"),
        (kl_squared_visits, "you weigh by the squares of the visits"),
        (kl_new_visits_summed, "you add up over the new policy's visits"),
        (kl_visits_of_both, "you average over the visits of both policies"),
        (kl_mixed_visits, "by the number of the new one's"),
        (unforeseen.e9_4_wrong_mask_inverted, "your mask is turned round"),
        (kl_reversed_past_the_end, "your KL is KL(new‖old), and states that absorb"),
        (kl_differences, "you have the sum of the probabilities' differences"),
        (kl_squared_differences, "you have the squared differences of the probabilities"),
        (unforeseen.e9_4_wrong_quadratic_model, "you have a quadratic model of the KL"),
        (kl_chi_squared, "you have the χ² distance"),
        (unforeseen.e9_4_wrong_log_ratio_unweighted, "your logarithms have no weights"),
        (kl_mean_logarithm, "you average log(old/new) over the actions alike"),
        (kl_mean_over_actions, "you average over the actions too"),
        (kl_new_weights, "your logarithm is weighted by the new policy"),
        (kl_negative, "your logarithm is that of new/old"),
        (kl_absolute, "you take the absolute value of each logarithm"),
        (kl_cross_entropy, "you have the cross-entropy"),
        (kl_mean_of_both, "you have the mean of KL(old‖new) and KL(new‖old)"),
        (kl_sum_of_both, "you have the sum of KL(old‖new) and KL(new‖old)"),
        (kl_maximum_of_rho, "your largest is that of ρ times KL"),
        (unforeseen.e9_4_wrong_largest_single_term, "your largest is that of a single action's term"),
        (kl_largest_logarithm, "your largest is that of a single ratio's logarithm"),
        (unforeseen.e9_4_wrong_index_of_the_largest, "you return which state has the largest KL"),
        (unforeseen.e9_4_wrong_ratio, "your first value is the largest KL divided by the mean"),
        (unforeseen.e9_4_wrong_most_visited_state, "your largest is the KL of the most visited state"),
        (kl_of_first_state, "your largest is the KL of the first state"),
        (kl_of_start, "your largest is the KL of the start states"),
        (kl_smallest, "your first value is the smallest KL of a live state"),
        (kl_smallest_of_all, "your first value is the smallest KL, the 0"),
        (kl_summed, "your first value is the sum over the states"),
        (kl_mean_twice, "your first value is the mean as well"),
    ],
}
