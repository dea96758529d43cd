"""Wrong answers to the exercises of lesson 09."""

import numpy as np

from trpobook.finite.divergences import kl_categorical, total_variation
from trpobook.finite.mdp import softmax


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


def kl_mean_alone(mdp, old, new):
    return _kl(mdp, old, new)


WRONG_ANSWERS = {
    "9.1": [
        (step_damped, "your curvature is the damped one"),
        (step_without_half, "the ½ of ½b²·sᵀFs = δ is forgotten"),
        (step_without_root, "your length lacks its square root"),
        (step_by_euclid, "you scale s to Euclidean length"),
        (step_by_slope, "you take gᵀs for the curvature"),
        (step_less_xi, "you take off ξ in place of ξ sᵀs"),
        (step_less_xi_norm, "you take off ξ‖s‖:"),
        (step_twice_damped, "you add the damping once more"),
        (step_prediction_unscaled, "the step is right and the prediction is that of s"),
        (step_along_gradient, "you go back to the plain gradient"),
        (step_along_product, "your direction is F s"),
        (step_downhill, "your step goes downhill"),
        (step_length_alone, "the shape is wrong: expected (2,), got ()"),
        (step_alone, "return 2 values, not 1"),
    ],
    "9.2": [
        (backtrack_to_the_last, "when every candidate fails you return the last one"),
        (backtrack_without_kl, "you look only at the surrogate"),
        (backtrack_without_gain, "you look only at the KL"),
        (backtrack_any_gain, "you ask for any gain above 0"),
        (backtrack_whole_promise, "you ask for the whole promise"),
        (backtrack_without_c, "you compare with a tenth of the full step's prediction"),
        (backtrack_reversed, "your KL is KL(new‖old)"),
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
        (backtrack_in_place, "your function changes its arguments"),
    ],
    "9.3": [
        (penalty_without_half, "the ½ of ½ΔᵀFΔ = δ is forgotten"),
        (penalty_upside_down, "yours is upside down"),
        (penalty_without_root, "your square root is missing"),
        (penalty_map_reversed, "you read the map the wrong way round"),
        (penalty_by_F, "you measure g by F"),
        (penalty_by_euclid, "you measure g by Euclid"),
        (penalty_the_gain, "you return the promised gain"),
        (penalty_twice, "you have twice the price"),
        (penalty_by_diagonal, "you divide by the diagonal of F alone"),
        (penalty_damped, "you add something to F to invert it"),
        (penalty_a_step, "you return the step in place of the penalty's weight"),
        (penalty_singular, "smallest failing input: penalty_for(0.1"),
    ],
    "9.4": [
        (kl_reversed, "your KL is KL(new‖old)"),
        (kl_plain_mean, "your mean is plain, over all states"),
        (kl_live_mean, "your mean is plain, over the live states"),
        (kl_sum, "your mean is a sum over visits"),
        (kl_one_minus_gamma, "you weigh by (1−γ)ρ"),
        (kl_new_visits, "you average over the new policy's visits"),
        (kl_at_the_start, "your mean is that of the start states"),
        (kl_past_the_end, "your largest KL is that of a state that absorbs"),
        (kl_in_bits, "your logarithm has base 2"),
        (kl_total_variation, "you have total variation"),
        (kl_weighted_maximum, "your largest is that of visits times KL"),
        (kl_swapped, "the two are swapped"),
        (kl_mean_alone, "return 2 values, not 1"),
    ],
}
