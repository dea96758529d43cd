"""Wrong answers to the exercises of lesson 14."""

import numpy as np

from unforeseen import lesson_14 as unforeseen


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


def tilted_by(exponent):
    """Return an answer with other exponents."""

    def optimal_policy(reference, reward, beta):
        with np.errstate(divide="ignore"):
            x = exponent(reference, reward, beta)
        log_z = np.logaddexp.reduce(x)
        return np.exp(x - log_z), beta * log_z

    return optimal_policy


def tilted_but_pi(law):
    return lambda reference, reward, beta: (
        law(reference, reward, beta),
        beta * _tilt(reference, reward, beta)[1],
    )


def tilted_but_value(value):
    return lambda reference, reward, beta: (
        _tilt(reference, reward, beta)[0],
        value(reference, reward, beta),
    )


def _exponents(reference, reward, beta):
    with np.errstate(divide="ignore"):
        return np.log(reference) + reward / beta


def _price(reference, reward, beta):
    pi = _tilt(reference, reward, beta)[0]
    used = pi > 0
    return np.sum(pi[used] * np.log(pi[used] / reference[used]))


def _earned(reference, reward, beta):
    return _tilt(reference, reward, beta)[0] @ reward


def _entropy(reference, reward, beta):
    pi = _tilt(reference, reward, beta)[0]
    return -np.sum(pi[pi > 0] * np.log(pi[pi > 0]))


def tilt_cut_off(reference, reward, beta):
    weights = reference * np.exp(np.clip(reward / beta, None, 700))
    return weights / np.sum(weights), beta * np.log(np.sum(weights))


def tilt_without_exponential(reference, reward, beta):
    weights = reference * reward / beta
    return weights / weights.sum(), beta * np.log(weights.sum())


def tilt_log_times_reward(reference, reward, beta):
    pi, possible = np.zeros(len(reference)), reference > 0
    x = np.log(reference[possible]) * reward[possible] / beta
    log_z = np.logaddexp.reduce(x)
    pi[possible] = np.exp(x - log_z)
    return pi, beta * log_z


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


def group_over(spread, of=lambda rewards: rewards - rewards.mean(axis=1, keepdims=True)):
    """Return an answer with another measure of spread, and another centre."""

    def group_advantages(rewards, divide):
        centred = of(rewards)
        if not divide:
            return centred
        scale = spread(rewards) + 0 * centred
        return np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 1e-12)

    return group_advantages


def _std(rewards):
    return np.std(rewards, axis=1, keepdims=True)


def _std_with_n_minus_1(rewards):
    return np.std(rewards, axis=1, ddof=1, keepdims=True)


def _centred_rows(rewards):
    return rewards - rewards.mean(axis=1, keepdims=True)


def _without_the_mean_of_others(rewards):
    n = rewards.shape[1]
    return rewards - (n * rewards.mean(axis=1, keepdims=True) - rewards) / (n - 1)


def group_columns_over_rows(rewards, divide):
    spread = _std(rewards)
    return (rewards - rewards.mean(axis=0)) / (np.where(spread > 1e-12, spread, 1) if divide else 1)


def group_of_batch(rewards, divide):
    return (rewards - rewards.mean()) / (rewards.std() if divide else 1)


def group_ranks(rewards, divide):
    ranks = rewards.argsort(axis=1).argsort(axis=1) * 1.0
    return group_over(_std)(ranks, divide)


def group_ddof_always(rewards, divide):
    return group_over(_std_with_n_minus_1)(rewards, True)


def group_ddof_nan(rewards, divide):
    return _centred_rows(rewards) / _std_with_n_minus_1(rewards) if divide else _centred_rows(rewards)


def group_then(change):
    return lambda rewards, divide: change(group_over(_std)(rewards, divide))


def _factors(z, reference):
    pi = np.exp(z - z.max())
    pi = pi / pi.sum()
    log_w = np.log(reference / pi)
    return pi, np.eye(len(z)) - pi, log_w


def _mean(kind, z, reference, k1=None, k2=None, k3=None):
    pi, score, log_w = _factors(z, reference)
    usual = {"k1": np.ones(len(z)), "k2": -log_w, "k3": 1 - np.exp(log_w)}
    other = {"k1": k1, "k2": k2, "k3": k3}[kind]
    return (pi * (usual[kind] if other is None else other(pi, log_w))) @ score


def k1_of_the_kl(kind, z, reference):
    return _mean(kind, z, reference, k1=lambda pi, log_w: -log_w)


def k3_of_the_kl(kind, z, reference):
    return _mean(kind, z, reference, k3=lambda pi, log_w: -log_w)


def all_of_the_kl(kind, z, reference):
    return _mean("k2", z, reference)


def k2_and_k3_exchanged(kind, z, reference):
    return _mean({"k1": "k1", "k2": "k3", "k3": "k2"}[kind], z, reference)


def k2_without_half(kind, z, reference):
    return _mean(kind, z, reference, k2=lambda pi, log_w: -2 * log_w)


def ks_wrong_sign(kind, z, reference):
    return -_mean(kind, z, reference)


def k3_wrong_sign(kind, z, reference):
    return _mean(kind, z, reference, k3=lambda pi, log_w: np.exp(log_w) - 1)


def k2_unweighted(kind, z, reference):
    return _mean(kind, z, reference, k2=lambda pi, log_w: -log_w / pi)


def k1_log_pi(kind, z, reference):
    return np.log(_factors(z, reference)[0]) if kind == "k1" else _mean(kind, z, reference)


def ks_by(gradient):
    """Return an answer from π, the scores, log w and the usual factor."""

    def kl_loss_gradient(kind, z, reference):
        pi, score, log_w = _factors(z, reference)
        return gradient(pi, score, log_w, {"k1": np.ones(len(z)), "k2": -log_w, "k3": 1 - np.exp(log_w)}[kind])

    return kl_loss_gradient


def ks_of_pairs(**other):
    """Return an answer that takes one kind for another; "0" is none."""

    def kl_loss_gradient(kind, z, reference):
        return sum(
            (_mean(each, z, reference) for each in other.get(kind, [kind]) if each != "0"),
            start=np.zeros(len(z)),
        )

    return kl_loss_gradient


def ks_with_policy(law):
    def kl_loss_gradient(kind, z, reference):
        pi = law(z)
        w = reference / pi
        factor = {"k1": np.ones(len(z)), "k2": -np.log(w), "k3": 1 - w}[kind]
        return (pi * factor) @ (np.eye(len(z)) - pi)

    return kl_loss_gradient


def k2_not_centred(kind, z, reference):
    pi, _, log_w = _factors(z, reference)
    return {"k1": 0 * z, "k2": -pi * log_w, "k3": pi - reference}[kind]


def k2_without_pi(kind, z, reference):
    pi, _, log_w = _factors(z, reference)
    return {"k1": 0 * z, "k2": pi @ log_w - log_w, "k3": pi - reference}[kind]


def ks_mean_value(kind, z, reference):
    pi, _, log_w = _factors(z, reference)
    return np.sum(pi * {"k1": -log_w, "k2": log_w**2 / 2, "k3": np.expm1(log_w) - log_w}[kind])


def k1_of_the_kl_k2_doubled(kind, z, reference):
    return _mean("k2", z, reference) * {"k1": 1, "k2": 2}[kind] if kind != "k3" else _mean(kind, z, reference)


def k1_of_the_kl_k3_wrong_sign(kind, z, reference):
    return -_mean(kind, z, reference) if kind == "k3" else _mean("k2", z, reference)


def ks_one_number(kind, z, reference):
    return float(np.sum(_mean(kind, z, reference)))


def _clipped(w, A, clip):
    """The slope of the clipped gain by log π, of one word."""
    if (A > 0 and w > 1 + clip) or (A < 0 and w < 1 - clip):
        return 0.0
    return w * A


def _standard(group, divide, n=None):
    """The advantages of one group."""
    centred = np.array(group) - np.mean(group)
    spread = np.sqrt(np.sum(centred**2) / (n or len(group)))
    return centred / spread if divide and spread > 1e-12 else centred * (not divide or spread > 1e-12)


def _by_rows(rewards, divide):
    return np.array([_standard(group, divide) for group in rewards])


def grpo_word_by_word(
    earned=lambda rewards, old, ref, written, beta: rewards,
    advantages=_by_rows,
    ratio=lambda new, old, ref: np.exp(new - old),
    push=_clipped,
    pull=lambda new, old, ref, w, A, clip: np.exp(ref - new) - 1,
    weight=lambda beta: beta,
    counts=lambda written: written,
    share=lambda written, i, j, average: 1 / (written.sum(axis=2)[i, j] if average else 1) / written[..., 0].size,
    give=lambda slope, epochs: slope,
    fresh=True,
):
    """Return the update, written word by word; the arguments are what may be wrong in it."""

    def grpo_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
        new = log_old
        A = advantages(earned(rewards, log_old, log_ref, written, beta), divide)
        for _ in range(epochs):
            slope = np.zeros(log_old.shape)
            for i, j, t in np.argwhere(counts(written)):
                a, o, r = new[i, j, t], log_old[i, j, t], log_ref[i, j, t]
                w = ratio(a, o, r)
                up = push(w, A[i, j], clip) + weight(beta) * pull(a, o, r, w, A[i, j], clip)
                slope[i, j, t] = up * share(written, i, j, average)
            after = ascend(give(slope, epochs))
            new = after if fresh else log_old
        return after

    return grpo_update


def _minus(mean):
    """Advantages with something else taken off; divided as they should be."""

    def advantages(rewards, divide):
        spread = np.std(rewards, axis=1, keepdims=True)
        off = (rewards - mean(rewards)) / np.where(divide & (spread > 1e-12), spread, 1)
        return off * ((spread > 1e-12) | (not divide))

    return advantages


def _over(spread):
    """Advantages divided by something else."""

    def advantages(rewards, divide):
        centred = rewards - np.mean(rewards, axis=1, keepdims=True)
        if not divide:
            return centred
        by = spread(rewards) + 0 * centred
        return np.divide(centred, by, out=np.zeros_like(centred), where=by > 1e-12)

    return advantages


def _over_or_one(mean):
    """Advantages with something else taken off, undivided where there is no spread."""

    def advantages(rewards, divide):
        by = np.std(rewards, axis=1, keepdims=True)
        return (rewards - mean(rewards)) / (np.where(by < 1e-12, 1, by) if divide else 1)

    return advantages


def _undivided_zero(rewards, divide):
    return np.array([(g - np.mean(g)) / (np.std(g) if divide else 1) for g in rewards])


def _exact_zero(rewards, divide):
    return np.array([(g - np.mean(g)) / (np.std(g) if divide and np.std(g) > 0 else 1) for g in rewards])


def grpo_of_answers(mean):
    """Return the update with one ratio an answer."""

    def grpo_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
        new, A = log_old, _by_rows(rewards, divide)
        lengths = written.sum(axis=2)
        for _ in range(epochs):
            slope = np.zeros(new.shape)
            for i, j in np.ndindex(rewards.shape):
                log_w = ((new - log_old) * written)[i, j].sum()
                up = _clipped(np.exp(log_w / (lengths[i, j] if mean else 1)), A[i, j], clip)
                slope[i, j] = up + beta * np.expm1(log_ref[i, j] - new[i, j])
                slope[i, j] *= written[i, j] / (lengths[i, j] if average else 1) / rewards.size
            new = ascend(slope)
        return new

    return grpo_update


def grpo_with_shares(shares):
    """Return the update with another weight of each word, of the table `written`."""

    def grpo_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
        new, A = log_old, _by_rows(rewards, divide)[:, :, None] + 0 * log_old
        for _ in range(epochs):
            push = np.vectorize(_clipped)(np.exp(new - log_old), A, clip)
            new = ascend((push + beta * np.expm1(log_ref - new)) * shares(written, average))
        return new

    return grpo_update


def grpo_by_terms(
    push=lambda written, average: _in_answer(written, average) / written[..., 0].size,
    pull=lambda written, average: _in_answer(written, average) / written[..., 0].size,
    begin=lambda old, ref: old,
    counted=lambda rewards: 1.0,
    behind=0.0,
):
    """Return the update with a weight of its own for the push and for the pull of each word."""

    def grpo_update(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
        new, A = begin(log_old, log_ref), _by_rows(rewards, divide)[:, :, None] + 0 * log_old
        for _ in range(epochs):
            up = np.vectorize(_clipped)(np.exp(new - log_old), A, clip) * push(written, average)
            up = (up + beta * np.expm1(log_ref - new) * pull(written, average)) * counted(rewards)
            new = ascend(np.where(written, up, up + behind))
        return new

    return grpo_update


def grpo_of_useful_groups(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    useful = [i for i, group in enumerate(rewards) if np.ptp(group) > 1e-12]
    new = log_old
    for _ in range(epochs):
        slope = np.zeros(log_old.shape)
        rows = (array[useful] for array in (new, log_old, log_ref, written, rewards))
        slope[useful] = _one_epoch(*rows, beta, clip, divide, average)
        new = ascend(slope)
    return new


def grpo_chained(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    new = log_old
    for _ in range(epochs):
        slope = _one_epoch(new, log_old, log_ref, written, rewards, beta, clip, divide, average)
        log_old, new = new, ascend(slope)
    return new


def _one_epoch(new, old, ref, written, rewards, beta, clip, divide, average):
    A = _by_rows(rewards, divide)[:, :, None] + 0 * old
    slope = np.vectorize(_clipped)(np.exp(new - old), A, clip) + beta * np.expm1(ref - new)
    return slope * written / (written.sum(axis=2, keepdims=True) if average else 1) / rewards.size


def _in_answer(written, average):
    return written / np.sum(written, axis=2, keepdims=True) ** (1 if average else 0)


def _whole(written, average):
    return written / written[..., 0].size


def _every_place(written, average):
    lengths = np.sum(written, axis=2, keepdims=True)
    return (np.ones(written.shape) / lengths if average else np.ones(written.shape)) / written[..., 0].size


def grpo_returns_nothing(*args):
    grpo_word_by_word()(*args)


def grpo_returns_the_old(log_old, *args):
    grpo_word_by_word()(log_old, *args)
    return log_old


def grpo_returns_a_ratio(log_old, *args):
    return np.exp(grpo_word_by_word()(log_old, *args) - log_old)


def grpo_one_epoch(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    return ascend(_one_epoch(log_old, log_old, log_ref, written, rewards, beta, clip, divide, average))


def grpo_never_climbs(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    return log_old + _one_epoch(log_old, log_old, log_ref, written, rewards, beta, clip, divide, average)


def grpo_flat_slopes(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    flat = lambda slope: ascend(slope.reshape(rewards.size, -1))  # noqa: E731
    return grpo_word_by_word()(log_old, log_ref, written, rewards, flat, beta, clip, epochs, divide, average)


def grpo_in_place(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average):
    rewards -= rewards.mean(axis=1, keepdims=True)
    return grpo_word_by_word()(log_old, log_ref, written, rewards, ascend, beta, clip, epochs, divide, average)


def _no_pull(new, old, ref, w, A, clip):
    return 0.0


def _less(price):
    return lambda rewards, old, ref, written, beta: rewards - beta * (price(ref - old) * written).sum(axis=2)


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


def mirror_searched(low=None, high=None, halvings=100, shown="middle"):
    """Return an answer that searches elsewhere, or not long enough."""

    def mirror_step(pi, A, alpha):
        below = np.max(A + pi / alpha) if low is None else low(pi, A, alpha)
        above = np.max(A) + 1 / alpha if high is None else high(pi, A, alpha)
        for _ in range(halvings):
            nu = below + (above - below) / 2
            if np.sum(pi / (nu - A)) > alpha:
                below = nu
            else:
                above = nu
        return pi / (alpha * ({"middle": nu, "low": below, "high": above}[shown] - A))

    return mirror_step


def mirror_then(change):
    return lambda pi, A, alpha: change(pi, _bisect(pi, A, 1 / alpha))


def mirror_cut_sum(pi, A, alpha):
    moved = np.clip(pi + alpha * A, 0, None)
    return moved / moved.sum()


def mirror_first_order_cut(pi, A, alpha):
    return np.clip(pi * (1 + alpha * A), 0, None)


def mirror_first_order_cut_and_normalised(pi, A, alpha):
    q = mirror_first_order_cut(pi, A, alpha)
    return q / q.sum()


def mirror_softmax(pi, A, alpha):
    q = np.exp(alpha * A)
    return q / q.sum()


def mirror_exponential_over_alpha(pi, A, alpha):
    q = pi * np.exp(A / alpha)
    return q / q.sum()


def mirror_nu_first_order(pi, A, alpha):
    return pi / (1 - alpha * A)


def mirror_nu_first_order_normalised(pi, A, alpha):
    q = pi / (1 - alpha * A)
    return q / q.sum()


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
        (unforeseen.e14_1_wrong_greedy, "your policy is the greedy one"),
        (unforeseen.e14_1_wrong_times_beta, "you multiply by β"),
        (unforeseen.e14_1_wrong_no_reference, "you left out the reference"),
        (tilt_without_exponential, "you left out the exponential"),
        (tilted_but_pi(lambda p, r, b: p), "you left out the reward"),
        (tilted_but_pi(lambda p, r, b: p * (b + r) / np.sum(p * (b + r))), "you have the first order only"),
        (unforeseen.e14_1_wrong_reference_tempered, "you divide the reference's logarithm by β too"),
        (tilt_log_times_reward, "you multiply the reference's logarithm by R/β"),
        (tilted_by(lambda p, r, b: r / b - np.log(p)), "you subtract the reference's logarithm"),
        (tilted_by(lambda p, r, b: p + r / b), "you add the reference, where its logarithm belongs"),
        (unforeseen.e14_1_wrong_log_base_two, "the logarithm of your reference has base 2"),
        (unforeseen.e14_1_wrong_reference_made_positive, "you put a small number where the reference is 0"),
        (tilted_by(lambda p, r, b: np.log(p + 1e-12) + r / b), "you put a small number where the reference is 0"),
        (unforeseen.e14_1_wrong_largest_reward_subtracted, "you subtract the largest reward of all"),
        (unforeseen.e14_1_wrong_other_direction, "for the other KL"),
        (
            lambda p, r, b: (_tilt(p, r, b)[0], _tilt(p, r, b)[1] - _exponents(p, r, b).max()),
            "you don't add the largest exponent back, and",
        ),
        (tilt_cut_off, "you cut the exponents off at 700"),
        (unforeseen.e14_1_wrong_top_not_added_back, "the largest exponent and don't add it back"),
        (
            tilted_but_value(
                lambda p, r, b: _exponents(p, r, b).max() + b * (_tilt(p, r, b)[1] - _exponents(p, r, b).max())
            ),
            "you add the largest exponent back without β",
        ),
        (
            tilted_but_value(lambda p, r, b: b * _tilt(p, r, b)[1] - np.max(r[p > 0])),
            "the largest reward and don't add it back",
        ),
        (unforeseen.e14_1_wrong_not_normalised, "your policy isn't normalised"),
        (
            tilted_but_pi(lambda p, r, b: np.mean([p * np.exp(np.minimum(r / b, 700))], axis=0) / p.size),
            "divided by the number of answers",
        ),
        (tilted_but_value(lambda p, r, b: _tilt(p, r, b)[1] / b), "your value is divided by β"),
        (tilted_but_value(lambda p, r, b: -b * _tilt(p, r, b)[1]), "your value has its sign turned round"),
        (tilted_but_value(lambda p, r, b: b * np.exp(min(700, _tilt(p, r, b)[1]))), "your value is βZ"),
        (tilted_but_value(lambda p, r, b: b * (_tilt(p, r, b)[1] - np.log(p.size))), "your Z is a mean"),
        (tilted_but_value(lambda p, r, b: np.sum(p * r)), "the reference's expected reward"),
        (tilted_but_value(lambda p, r, b: max(r[p > 0])), "your value is the largest reward, the limit"),
        (tilted_but_value(lambda p, r, b: max(r)), "your value is the largest reward of all"),
        (tilted_but_value(lambda p, r, b: _earned(p, r, b) - _price(p, r, b)), "the price of your KL lacks its β"),
        (unforeseen.e14_1_wrong_zero_times_infinity, "your value is NaN where the reference is 0"),
        (tilted_but_value(lambda p, r, b: _earned(p, r, b) + b * _price(p, r, b)), "you add the price of the KL"),
        (tilted_but_value(lambda p, r, b: b * _price(p, r, b)), "your value is the price alone"),
        (tilted_but_value(_price), "your value is KL(π*‖π_ref)"),
        (tilted_but_value(lambda p, r, b: _earned(p, r, b) + b * _entropy(p, r, b)), "adds β times the entropy"),
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
        (group_flat, "your array is flat"),
        (unforeseen.e14_2_wrong_small_spread_is_no_zero, "you catch a spread of exactly 0 only"),
        (group_over(lambda r: _std(r) ** 0.5), "one root too many"),
        (group_over(lambda r: np.std(_centred_rows(r))), "of all centred rewards together"),
        (group_over(lambda r: np.std(r, axis=0)), "the standard deviation along the columns"),
        (
            group_over(lambda r: np.sum(_centred_rows(r) ** 2, axis=1, keepdims=True) ** 0.5),
            "the length of the centred",
        ),
        (group_over(lambda r: np.mean(r * r, axis=1, keepdims=True) ** 0.5), "by the root of the mean square"),
        (group_over(lambda r: r.max(axis=1, keepdims=True) - r.min(axis=1, keepdims=True)), "by the range, largest"),
        (group_over(lambda r: np.max(np.abs(_centred_rows(r)), axis=1, keepdims=True)), "by the largest size in a row"),
        (group_over(lambda r: np.mean(r, axis=1, keepdims=True)), "you divide by the mean; divide"),
        (group_over(lambda r: np.array([[float(r.shape[1])]])), "you divide by the number of answers; divide"),
        (unforeseen.e14_2_wrong_tenth_added, "you add a small number to the standard deviation"),
        (
            lambda r, divide: _centred_rows(r) / (_std(r) + 1e-4) if divide else _centred_rows(r),
            "you add a small number to the standard deviation",
        ),
        (group_of_batch, "you subtract the whole batch's mean, and divide by its"),
        (group_columns_over_rows, "you subtract the mean along the columns, and divide"),
        (unforeseen.e14_2_wrong_mean_of_the_others, "you subtract the mean of the other answers, as RLOO"),
        (group_over(_std_with_n_minus_1, _without_the_mean_of_others), "other answers, and your deviation has n − 1"),
        (unforeseen.e14_2_wrong_median, "you subtract the median"),
        (group_over(_std, lambda r: r - r.max(axis=1, keepdims=True)), "you subtract the group's largest"),
        (group_over(_std, lambda r: r - r.min(axis=1, keepdims=True)), "you subtract the group's smallest"),
        (
            group_over(lambda r: np.ptp(r, axis=1, keepdims=True), lambda r: r - r.min(axis=1, keepdims=True)),
            "you put the rewards between 0 and 1",
        ),
        (group_over(_std, lambda r: r - np.sum(r, axis=1, keepdims=True)), "you subtract the group's sum"),
        (unforeseen.e14_2_wrong_divided_before_centring, "you divide the reward alone"),
        (group_ranks, "you put ranks in the place"),
        (unforeseen.e14_2_wrong_flag_turned_round, "you divide where divide is False"),
        (group_ddof_always, "and you divide where divide is False too"),
        (group_ddof_nan, "your deviation has n − 1, and a group of equal"),
        (group_over(lambda r: np.std(r), lambda r: r + 0.0), "you don't subtract the mean, and you divide"),
        (group_then(lambda a: a * (a > 0)), "your advantages are never negative"),
        (group_then(lambda a: (a * a) ** 0.5), "you have lost the signs"),
        (group_then(lambda a: a.clip(-1, 1)), "you clip the advantages"),
        (group_then(lambda a: a / len(a[0])), "you divide the advantages by the number of answers too"),
        (lambda rewards, divide: rewards.mean(axis=1), "you return the groups' means"),
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
        (unforeseen.e14_3_wrong_k2_downhill, "the sign of k2 is wrong"),
        (unforeseen.e14_3_wrong_half_k2, "your k2 has a ½ too many"),
        (
            lambda kind, z, p: _mean(kind, z, p, k2=lambda pi, log_w: log_w**2 / 2),
            "your k2 isn't differentiated",
        ),
        (k2_not_centred, "your k2 isn't centred"),
        (k2_without_pi, "your k2 lacks the π in front"),
        (
            lambda kind, z, p: _mean(kind, z, p, k3=lambda pi, log_w: np.expm1(log_w) - log_w),
            "your k3 isn't differentiated",
        ),
        (unforeseen.e14_3_wrong_in_the_reward, "you use k as a reward"),
        (unforeseen.e14_3_wrong_samples_move_too, "you differentiate the law of the samples too"),
        (ks_of_pairs(k1=["k2"], k2=["k1"]), "k1 and k2 are exchanged"),
        (ks_of_pairs(k1=["k3"], k3=["k1"]), "k1 and k3 are exchanged"),
        (ks_of_pairs(k2=["k3"]), "your k2 has the gradient of KL(π_ref‖π)"),
        (ks_of_pairs(k2=["k2", "k3"], k3=["k2", "k3"]), "your k2 and k3 add both directions up"),
        (ks_of_pairs(k3=["k2", "k3"]), "your k3 has the gradients of both directions"),
        (unforeseen.e14_3_wrong_ratio_upside_down, "your ratio is upside down"),
        (ks_by(lambda pi, score, log_w, factor: (pi * factor * np.exp(-log_w)) @ score), "you differentiate by w"),
        (unforeseen.e14_3_wrong_mean_under_the_reference, "you average over the reference"),
        (unforeseen.e14_3_wrong_plain_mean, "all outcomes count alike"),
        (ks_by(lambda pi, score, log_w, factor: score.T @ factor), "without their probabilities"),
        (ks_by(lambda pi, score, log_w, factor: (pi**2 * factor) @ score), "by π twice"),
        (
            ks_by(lambda pi, score, log_w, factor: np.mean((pi * factor)[:, None] * score, axis=0)),
            "weighing by π is the",
        ),
        (unforeseen.e14_3_wrong_in_probabilities, "you return the factors themselves"),
        (unforeseen.e14_3_wrong_score_not_centred, "− π is missing in the score"),
        (ks_by(lambda pi, score, log_w, factor: (pi * factor) @ (np.eye(len(pi)) + pi)), "your score has + π"),
        (ks_by(lambda pi, score, log_w, factor: score @ (pi * factor)), "π stands in the columns of your score"),
        (ks_by(lambda pi, score, log_w, factor: (pi * factor) @ (score / pi)), "you divide the score by π"),
        (unforeseen.e14_3_wrong_of_each_sample, "one gradient for each outcome; take"),
        (ks_by(lambda pi, score, log_w, factor: np.diag(pi * factor) @ score), "weighed by π; add them up"),
        (ks_mean_value, "you have the mean of k, a number"),
        (unforeseen.e14_3_wrong_logits_as_probabilities, "without the exponential"),
        (ks_with_policy(lambda z: 1.0 * z), "you use the logits as probabilities"),
        (ks_with_policy(lambda z: np.exp(z)), "your π isn't divided by its sum"),
        (lambda kind, z, p: _mean(kind, z, p, k2=lambda pi, log_w: -log_w / np.log(2)), "your k2 has base 2"),
        (k1_of_the_kl_k2_doubled, "of the KL, and your k2 has twice"),
        (k1_of_the_kl_k3_wrong_sign, "of the KL, and the sign of your k3"),
        (lambda kind, z, p: 0 * z, "all three are 0"),
    ],
    "14.4": [
        (grpo_word_by_word(advantages=_minus(lambda r: 0)), "your rewards lose no mean"),
        (grpo_word_by_word(advantages=_minus(np.mean)), "you take off the whole batch's mean"),
        (
            grpo_word_by_word(
                advantages=_minus(lambda r: (r.sum(axis=1, keepdims=True) - r) / (len(r[0]) - 1)),
            ),
            "you take off the mean of the other answers",
        ),
        (grpo_word_by_word(advantages=_minus(lambda r: r.mean(axis=0))), "you take off the mean over the groups"),
        (grpo_word_by_word(advantages=lambda r, divide: _by_rows(r, True)), "where `divide` is False too"),
        (grpo_word_by_word(advantages=lambda r, divide: _by_rows(r, False)), "you never divide by the standard"),
        (grpo_word_by_word(advantages=lambda r, divide: _by_rows(r, not divide)), "where `divide` is False, and don't"),
        (
            grpo_word_by_word(advantages=lambda r, divide: np.array([_standard(g, divide, len(g) - 1) for g in r])),
            "your standard deviation has n − 1",
        ),
        (grpo_word_by_word(advantages=_over(np.std)), "the whole batch's standard deviation"),
        (grpo_word_by_word(advantages=_over(lambda r: np.var(r, axis=1, keepdims=True))), "divide by the variance"),
        (grpo_word_by_word(advantages=_exact_zero), "of exactly 0 only"),
        (grpo_word_by_word(advantages=_undivided_zero), "a group of equal rewards"),
        *(
            (
                grpo_word_by_word(
                    advantages=lambda r, divide, eps=eps: (
                        (r - r.mean(axis=1, keepdims=True)) / (r.std(axis=1, keepdims=True) + eps if divide else 1)
                    )
                ),
                "you add a small number to the standard deviation",
            )
            for eps in (1e-4, 1e-8)
        ),
        (
            grpo_word_by_word(advantages=lambda r, divide: _by_rows(r, divide).clip(0)),
            "what is below the group's mean",
        ),
        (grpo_word_by_word(ratio=lambda new, old, ref: np.exp(old) / np.exp(new)), "your ratio is upside down"),
        (grpo_word_by_word(ratio=lambda new, old, ref: np.exp(new - ref)), "your ratio is that to the reference"),
        (grpo_word_by_word(ratio=lambda new, old, ref: new - old), "your ratio is a difference of logarithms"),
        (grpo_word_by_word(push=lambda w, A, clip: A), "w is 1 with you in every epoch, or missing"),
        (grpo_of_answers(mean=False), "the product of its words'"),
        (grpo_of_answers(mean=True), "the geometric mean of its words'"),
        (grpo_word_by_word(push=lambda w, A, clip: w * A), "your ratios aren't clipped"),
        (grpo_word_by_word(push=lambda w, A, clip: w * A * (abs(w - 1) < clip)), "whatever the sign of A: it stops"),
        (
            grpo_word_by_word(push=lambda w, A, clip: _clipped(2 - w, A, clip) / (2 - w) * w),
            "you have the larger of w·A and clip(w)·A",
        ),
        (
            grpo_word_by_word(push=lambda w, A, clip: w * A if A < 0 else _clipped(w, A, clip)),
            "you stop the push at 1 + ε only",
        ),
        (
            grpo_word_by_word(push=lambda w, A, clip: w * A if A > 0 else _clipped(w, A, clip)),
            "you stop the push at 1 − ε only",
        ),
        (grpo_word_by_word(push=lambda w, A, clip: w * A * (w < 1 + clip)), "above 1 + ε only, and whatever the sign"),
        (
            grpo_word_by_word(push=lambda w, A, clip: min(max(w, 1 - clip), 1 + clip) * A),
            "your slope is clip(w)·A",
        ),
        (
            grpo_word_by_word(push=lambda w, A, clip: min(w * A, min(max(w, 1 - clip), 1 + clip) * A)),
            "the clipped gain itself",
        ),
        (grpo_word_by_word(push=lambda w, A, clip: _clipped(w, A, clip) / w), "your slope is by w"),
        (
            grpo_word_by_word(push=lambda w, A, clip: _clipped(w, A, clip if A > 0 else 1 - 1 / (1 + clip))),
            "your lower edge is 1/(1 + ε)",
        ),
        (
            grpo_word_by_word(
                push=lambda w, A, clip: w * A if np.sign(A) * np.log(w) <= clip else 0.0,
            ),
            "your band is that of the logarithm",
        ),
        (grpo_word_by_word(pull=_no_pull), "the reference doesn't pull"),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: 1 - np.exp(ref - new)),
            "the reference pushes away",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: ref - new - np.expm1(ref - new)),
            "k3 isn't differentiated",
        ),
        (grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: ref - new), "you have the slope of k2"),
        (grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: -1), "you have the slope of k1"),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: 1 - np.exp(new) / np.exp(ref)),
            "the ratio of your k3 is upside down",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: np.exp(ref) / np.exp(new)),
            "the 1 is missing in k3's slope",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: np.expm1(ref - old)),
            "you charge the old policy in each epoch",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: np.exp(ref - old) - w),
            "you weigh k3 by the ratio w",
        ),
        (
            grpo_word_by_word(
                pull=lambda new, old, ref, w, A, clip: np.expm1(ref - new) * (_clipped(w, A, clip) != 0 or A == 0),
            ),
            "you stop the reference's pull",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: A * np.expm1(ref - new)),
            "you multiply k3 by the advantage",
        ),
        (grpo_word_by_word(weight=lambda beta: 1), "β is left out"),
        (grpo_word_by_word(weight=lambda beta: -beta), "the reference pushes away"),
        (grpo_word_by_word(weight=lambda beta: beta**2), "you multiply k3 by β twice"),
        (
            grpo_word_by_word(earned=_less(lambda log_w: -log_w), pull=_no_pull),
            "by β times the answer's log(π/π_ref), and not in the loss",
        ),
        (grpo_word_by_word(earned=_less(lambda log_w: -log_w)), "you charge the reference twice"),
        (
            grpo_word_by_word(earned=_less(lambda log_w: np.exp(log_w) - 1 - log_w), pull=_no_pull),
            "you take β k3 off the reward",
        ),
        (grpo_word_by_word(counts=np.ones_like), "what stands behind an answer's end counts: multiply"),
        (
            grpo_with_shares(
                lambda written, average: written / (len(written[0, 0]) if average else 1) / written[..., 0].size
            ),
            "you divide an answer's sum by the number of places",
        ),
        (
            grpo_with_shares(
                lambda written, average: np.ones(written.shape) / (written.size if average else written[..., 0].size)
            ),
            "counts, and you average over all places",
        ),
        (
            grpo_word_by_word(share=lambda written, i, j, average: 1 / written[i, j].sum() / written[..., 0].size),
            "you average over the words where `average` is False too",
        ),
        (
            grpo_word_by_word(share=lambda written, i, j, average: 1 / written[..., 0].size),
            "you never average over the words",
        ),
        (
            grpo_word_by_word(
                share=lambda written, i, j, average: (1 if average else 1 / written[i, j].sum()) / written[..., 0].size,
            ),
            "where `average` is False, and don't",
        ),
        (
            grpo_word_by_word(
                share=lambda written, i, j, average: 1 / (written.sum() if average else written[..., 0].size),
            ),
            "you average over all words of the batch",
        ),
        (
            grpo_word_by_word(share=lambda written, i, j, average: 1 / written.sum()),
            "you divide by the number of words of the batch",
        ),
        (grpo_with_shares(lambda written, average: _in_answer(written, average)), "you add the answers up"),
        (
            grpo_with_shares(lambda written, average: _in_answer(written, average) / len(written)),
            "you divide by the number of groups",
        ),
        (
            grpo_with_shares(lambda written, average: _in_answer(written, average) / len(written[0])),
            "you divide by the answers of one group",
        ),
        (
            grpo_word_by_word(share=lambda written, i, j, average: 1 / written.size),
            "you divide by all places, words or not",
        ),
        (grpo_word_by_word(give=lambda slope, epochs: -slope), "you go down"),
        (grpo_word_by_word(fresh=False), "all your epochs have the first one's slope"),
        (grpo_word_by_word(give=lambda slope, epochs: slope / epochs), "by the number of epochs"),
        (grpo_chained, "your ratio compares with the epoch before"),
        (grpo_returns_nothing, "your function returns nothing"),
        (grpo_returns_the_old, "from before the last step"),
        (grpo_returns_a_ratio, "what you return isn't what the last call"),
        (grpo_one_epoch, "your function calls `ascend` once in 3 epochs"),
        (grpo_never_climbs, "your function never calls `ascend`"),
        (grpo_flat_slopes, "you give `ascend` an array of shape (2, 1)"),
        (grpo_in_place, "your function changes its argument `rewards`"),
        (unforeseen.e14_4_wrong_advantage_clipped, "you clip the advantage"),
        (unforeseen.e14_4_wrong_k3_sampled_from_old, "and differentiate that too"),
        (unforeseen.e14_4_wrong_lengths_of_the_group, "you average over all words of a group"),
        (unforeseen.e14_4_wrong_square_root_of_the_length, "by the root of an answer's number of words"),
        (unforeseen.e14_4_wrong_end_counts, "you count one place too many"),
        (unforeseen.e14_4_wrong_last_word_left_out, "you leave out the last word"),
        (
            grpo_word_by_word(advantages=_over_or_one(lambda r: 0.0)),
            "your rewards lose no mean",
        ),
        (grpo_word_by_word(advantages=_over_or_one(np.mean)), "you take off the whole batch's mean"),
        (unforeseen.e14_4_wrong_mean_over_groups, "you take mean and standard deviation over the groups"),
        (unforeseen.e14_4_wrong_pull_missing_in_wasted_groups, "you leave a group of equal rewards out"),
        (grpo_of_useful_groups, "you leave groups of equal rewards out and count the other answers only"),
        (unforeseen.e14_4_wrong_slope_by_probability, "your slope is by the probability π"),
        (grpo_by_terms(begin=lambda old, ref: ref), "you begin at the reference"),
        (
            grpo_word_by_word(push=lambda w, A, clip: A if 1 - clip < w < 1 + clip else 0.0),
            "your push is A inside the band",
        ),
        (unforeseen.e14_4_wrong_wider_upwards, "your band is wider upwards"),
        *(
            (
                grpo_word_by_word(push=lambda w, A, clip, edge=edge: _clipped(w, A, edge(clip) if A > 0 else clip)),
                "your band is wider upwards",
            )
            for edge in (lambda clip: 0.28, lambda clip: 2 * clip, lambda clip: 3 * clip / 2)
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: new - ref),
            "you have the slope of k2 with the wrong sign",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: np.exp(new) / np.exp(ref) - 1),
            "your pull is β(π/π_ref − 1)",
        ),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: np.expm1(ref - new) - ref + new),
            "you add β k3 itself",
        ),
        (grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: 1), "your pull is +β everywhere"),
        (
            grpo_word_by_word(pull=lambda new, old, ref, w, A, clip: -np.exp(ref) / np.exp(new)),
            "your pull is −β π_ref/π",
        ),
        (unforeseen.e14_4_wrong_length_for_the_push_only, "you divide the push by the answer's length and not the"),
        (grpo_by_terms(push=_whole), "you divide the pull by the answer's length and not the"),
        (
            grpo_by_terms(pull=lambda written, average: _in_answer(written, True) / written[..., 0].size),
            "you average the pull over an answer's words where `average` is False too",
        ),
        (grpo_by_terms(pull=_in_answer), "you don't divide the pull by the number of answers"),
        (
            grpo_by_terms(pull=lambda written, average: written * 1.0),
            "you don't divide the pull by the number of answers",
        ),
        (unforeseen.e14_4_wrong_only_the_push_is_cut, "only the push is cut behind an answer's end"),
        (grpo_by_terms(push=_every_place), "only the pull is cut behind an answer's end"),
        (
            grpo_with_shares(
                lambda written, average: (
                    _in_answer(written, True) / written[..., 0].size if average else written / written.size
                )
            ),
            "you divide by all places where `average` is False",
        ),
        (
            grpo_with_shares(
                lambda written, average: (
                    _in_answer(written, True) / written[..., 0].size if average else written / written.sum()
                )
            ),
            "you divide by the batch's number of words where `average` is False",
        ),
        (
            grpo_with_shares(lambda written, average: _in_answer(written, average) / written.size),
            "you take a mean over the places as well",
        ),
        (unforeseen.e14_4_wrong_switches_swapped, "`divide` and `average` have changed places"),
        (grpo_by_terms(behind=np.nan), "your slope is NaN behind an answer's end (group 0, answer 1, place 1)"),
        (grpo_by_terms(behind=np.inf), "your slope is infinite behind an answer's end"),
        (unforeseen.e14_4_wrong_result_of_ascend_ignored, "you add the slope to log π yourself"),
        (unforeseen.e14_4_wrong_returns_the_last_slope, "you return the last slope"),
    ],
    "14.5": [
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
        (lambda pi, A, alpha: pi.copy(), "you return the old policy"),
        (lambda pi, A, alpha: pi * np.exp(alpha * A), "and don't divide it by its sum"),
        (mirror_exponential_over_alpha, "and its exponent is A/α"),
        (mirror_softmax, "you have the softmax of αA"),
        (mirror_first_order_cut_and_normalised, "normalised after what is negative was cut off"),
        (mirror_first_order_cut, "with what is negative cut off"),
        (mirror_nu_first_order, "its value to first order: the one"),
        (mirror_nu_first_order_normalised, "its value to first order, and you normalise"),
        (unforeseen.e14_5_wrong_old_policy_forgotten, "you left out the old policy"),
        (unforeseen.e14_5_wrong_alpha_left_out, "α is left out"),
        (unforeseen.e14_5_wrong_lower_end_normalised, "you took ν at its lower bound"),
        (unforeseen.e14_5_wrong_upper_end_too_low, "your ν is max(A + π/α)"),
        (unforeseen.e14_5_wrong_half_turned_round, "you keep the wrong half"),
        (mirror_searched(halvings=1), "your bisection ends too early"),
        (unforeseen.e14_5_wrong_five_halvings, "your bisection ends too early"),
        (mirror_searched(halvings=10), "your bisection ends too early"),
        (mirror_searched(halvings=6, shown="low"), "your bisection ends too early"),
        (mirror_searched(halvings=8, shown="high"), "your bisection ends too early"),
        (unforeseen.e14_5_wrong_lower_end_too_high, "your lower end is max A + max π/α"),
        (mirror_searched(low=lambda pi, A, alpha: np.min(A)), "your interval begins below max A"),
        (mirror_searched(low=lambda pi, A, alpha: 0), "your interval begins at 0"),
        (
            mirror_searched(low=lambda pi, A, alpha: np.max(A), high=lambda pi, A, alpha: 1 / alpha),
            "your ν is 1/α",
        ),
        (mirror_searched(high=lambda pi, A, alpha: np.max(A) + 1), "your upper end is max A + 1,"),
        (mirror_searched(high=lambda pi, A, alpha: np.max(A) + alpha), "your upper end is max A + α"),
        (unforeseen.e14_5_wrong_euclidean, "you project π + αA onto the simplex"),
        (mirror_cut_sum, "you cut π + αA at 0 and normalise"),
        (unforeseen.e14_5_wrong_multiplier_returned, "you return ν; the policy"),
        (mirror_then(lambda pi, q: q / pi), "you return the ratios"),
        (mirror_then(lambda pi, q: q - pi), "you return the change"),
        (lambda pi, A, alpha: _bisect(pi, np.abs(A), 1 / alpha), "you use the size of A"),
        (lambda pi, A, alpha: _bisect(pi, -A, alpha), "and the sign of A is wrong"),
    ],
}
