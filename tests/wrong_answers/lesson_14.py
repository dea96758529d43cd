"""Wrong answers to the exercises of lesson 14."""

import numpy as np


def _tilt(reference, reward, beta):
    with np.errstate(divide="ignore"):
        exponent = np.log(reference) + reward / beta
    top = exponent.max()
    log_z = top + np.log(np.exp(exponent - top).sum())
    return np.exp(exponent - log_z), log_z


def tilt_overflows(reference, reward, beta):
    w = reference * np.exp(reward / beta)
    return w / np.sum(w), beta * np.log(np.sum(w))


def tilt_times_beta(reference, reward, beta):
    pi, log_z = _tilt(reference, reward * beta**2, beta)
    return pi, log_z / beta


def tilt_wrong_sign(reference, reward, beta):
    pi, log_z = _tilt(reference, -reward, beta)
    return pi, beta * log_z


def tilt_without_reference(reference, reward, beta):
    n = len(reference)
    pi, log_z = _tilt(np.ones(n) / n, reward, beta)
    return pi, beta * log_z


def tilt_without_beta(reference, reward, beta):
    pi, log_z = _tilt(reference, reward, 1.0)
    return pi, beta * log_z


def tilt_log_z(reference, reward, beta):
    return _tilt(reference, reward, beta)


def tilt_z(reference, reward, beta):
    pi, log_z = _tilt(reference, reward, beta)
    return pi, np.exp(np.minimum(log_z, 700))


def tilt_expected_reward(reference, reward, beta):
    pi, _ = _tilt(reference, reward, beta)
    return pi, np.sum(pi * reward)


def tilt_unnormalised(reference, reward, beta):
    return reference * np.exp(np.minimum(reward / beta, 700)), beta * _tilt(reference, reward, beta)[1]


def tilt_greedy(reference, reward, beta):
    pi = np.zeros(len(reference))
    pi[np.argmax(np.where(reference > 0, reward, -np.inf))] = 1.0
    return pi, beta * _tilt(reference, reward, beta)[1]


def tilt_policy_only(reference, reward, beta):
    return (_tilt(reference, reward, beta)[0],)


def group_nan(rewards, divide):
    a = rewards - rewards.mean(axis=1, keepdims=True)
    return a / rewards.std(axis=1, keepdims=True) if divide else a


def _group(rewards, spread):
    a = rewards - rewards.mean(axis=1, keepdims=True)
    return a / np.where(spread > 1e-12, spread, 1)


def group_ddof(rewards, divide):
    return _group(rewards, np.std(rewards, axis=1, keepdims=True, ddof=1) if divide else 1.0)


def group_variance(rewards, divide):
    return _group(rewards, np.var(rewards, axis=1, keepdims=True) if divide else 1.0)


def group_of_batch_deviation(rewards, divide):
    return _group(rewards, np.std(rewards) if divide else 1.0)


def group_absolute(rewards, divide):
    a = np.abs(rewards - rewards.mean(axis=1, keepdims=True)).mean(axis=1, keepdims=True)
    return _group(rewards, a if divide else 1.0)


def group_of_batch_mean(rewards, divide):
    spread = np.std(rewards, axis=1, keepdims=True)
    return (rewards - np.mean(rewards)) / (np.where(spread > 1e-12, spread, 1) if divide else 1.0)


def group_wrong_axis(rewards, divide):
    spread = np.std(rewards, axis=0)
    return (rewards - rewards.mean(axis=0)) / (np.where(spread > 1e-12, spread, 1) if divide else 1.0)


def group_uncentred(rewards, divide):
    spread = np.std(rewards, axis=1, keepdims=True)
    return rewards / (np.where(spread > 1e-12, spread, 1) if divide else 1.0)


def group_always_divided(rewards, divide):
    return _group(rewards, np.std(rewards, axis=1, keepdims=True))


def group_never_divided(rewards, divide):
    return rewards - rewards.mean(axis=1, keepdims=True)


def group_sign(rewards, divide):
    return -_group(rewards, np.std(rewards, axis=1, keepdims=True) if divide else 1.0)


def group_flat(rewards, divide):
    return _group(rewards, np.std(rewards, axis=1, keepdims=True) if divide else 1.0).ravel()


def _factors(z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    log_r = np.log(reference / pi)
    return pi, np.eye(len(z)) - pi, log_r


def _mean(kind, z, reference, k1=None, k2=None, k3=None):
    pi, score, log_r = _factors(z, reference)
    usual = {"k1": np.ones(len(z)), "k2": -log_r, "k3": 1 - np.exp(log_r)}
    other = {"k1": k1, "k2": k2, "k3": k3}[kind]
    return (pi * (usual[kind] if other is None else other(pi, log_r))) @ score


def k1_of_the_kl(kind, z, reference):
    return _mean(kind, z, reference, k1=lambda pi, log_r: -log_r)


def k3_of_the_kl(kind, z, reference):
    return _mean(kind, z, reference, k3=lambda pi, log_r: -log_r)


def all_of_the_kl(kind, z, reference):
    return _mean("k2", z, reference)


def k2_and_k3_exchanged(kind, z, reference):
    return _mean({"k1": "k1", "k2": "k3", "k3": "k2"}[kind], z, reference)


def k2_without_half(kind, z, reference):
    return _mean(kind, z, reference, k2=lambda pi, log_r: -2 * log_r)


def ks_wrong_sign(kind, z, reference):
    return -_mean(kind, z, reference)


def k3_wrong_sign(kind, z, reference):
    return _mean(kind, z, reference, k3=lambda pi, log_r: np.exp(log_r) - 1)


def k2_unweighted(kind, z, reference):
    return _mean(kind, z, reference, k2=lambda pi, log_r: -log_r / pi)


def k1_log_pi(kind, z, reference):
    return np.log(_factors(z, reference)[0]) if kind == "k1" else _mean(kind, z, reference)


def ks_one_number(kind, z, reference):
    return float(np.sum(_mean(kind, z, reference)))


def mirror_exponential(pi, A, alpha):
    q = pi * np.exp(alpha * A)
    return q / np.sum(q)


def mirror_first_order(pi, A, alpha):
    return pi + alpha * pi * A


def _bisect(pi, A, price):
    low, high = np.max(A + price * pi), np.max(A) + price
    for _ in range(200):
        nu = (low + high) / 2
        low, high = (nu, high) if np.sum(price * pi / (nu - A)) > 1 else (low, nu)
    return price * pi / (nu - A)


def mirror_alpha_upside_down(pi, A, alpha):
    return _bisect(pi, A, alpha)


def mirror_wrong_sign(pi, A, alpha):
    return _bisect(pi, -A, 1 / alpha)


def mirror_without_old(pi, A, alpha):
    return _bisect(np.ones(len(pi)) / len(pi), A, 1 / alpha)


def mirror_fixed_nu(pi, A, alpha):
    q = pi / (np.max(A) + 1 / alpha - A)
    return q / q.sum()


def mirror_unnormalised(pi, A, alpha):
    return pi / (1 + alpha * (np.max(A) - A))


def mirror_squared(pi, A, alpha):
    q = pi / np.square(np.max(A) + 1 / alpha - A)
    return q / q.sum()


def mirror_greedy(pi, A, alpha):
    q = np.zeros(len(pi))
    q[np.argmax(A)] = 1
    return q


def mirror_only_nu(pi, A, alpha):
    return float(np.max(A) + 1 / alpha)


WRONG_ANSWERS = {
    "14.1": [
        (tilt_overflows, "your exponential overflows"),
        (tilt_times_beta, "you multiply by β"),
        (tilt_wrong_sign, "the exponent's sign is wrong"),
        (tilt_without_reference, "you left out the reference"),
        (tilt_without_beta, "you left out β in the exponent"),
        (tilt_log_z, "your value is log Z"),
        (tilt_z, "your value is Z"),
        (tilt_expected_reward, "your value is the expected reward"),
        (tilt_unnormalised, "your policy isn't normalised"),
        (tilt_greedy, "you return the greedy policy"),
        (tilt_policy_only, "return 2 values, not 1"),
    ],
    "14.2": [
        (group_nan, "NaN in a group whose answers all earn the same"),
        (group_ddof, "with n − 1"),
        (group_variance, "you divide by the variance"),
        (group_of_batch_deviation, "you divide by the whole batch's standard deviation"),
        (group_absolute, "you divide by the mean absolute deviation"),
        (group_of_batch_mean, "you subtract the whole batch's mean"),
        (group_wrong_axis, "you average over the groups"),
        (group_uncentred, "you don't subtract the group's mean"),
        (group_always_divided, "you divide although divide is False"),
        (group_never_divided, "you don't divide although divide is True"),
        (group_sign, "you have the mean less the reward"),
        (group_flat, "the shape is wrong: expected (1, 2), got (2,)"),
    ],
    "14.3": [
        (k1_of_the_kl, "your k1 has the gradient of the KL"),
        (k3_of_the_kl, "your k3 has the gradient of KL(π‖π_ref)"),
        (all_of_the_kl, "all three have the gradient of KL(π‖π_ref)"),
        (k2_and_k3_exchanged, "k2 and k3 are exchanged"),
        (k2_without_half, "your k2 lacks its ½"),
        (ks_wrong_sign, "the sign of k2 and k3 is wrong"),
        (k3_wrong_sign, "the sign of k3 is wrong"),
        (k2_unweighted, "your k2 isn't weighted by π"),
        (k1_log_pi, "you have log π in place of its gradient for k1"),
        (ks_one_number, "the shape is wrong: expected (2,), got ()"),
    ],
    "14.4": [
        (mirror_exponential, "you have the step with KL(new‖old)"),
        (mirror_first_order, "you have the first order only"),
        (mirror_alpha_upside_down, "α stands on the wrong side"),
        (mirror_wrong_sign, "the sign of A is wrong"),
        (mirror_without_old, "you left out the old policy"),
        (mirror_fixed_nu, "you took ν at its upper bound and normalised"),
        (mirror_unnormalised, "your new policy doesn't add up to 1"),
        (mirror_squared, "you divided by (ν − A)²"),
        (mirror_greedy, "you return the greedy policy"),
        (mirror_only_nu, "the shape is wrong"),
    ],
}
