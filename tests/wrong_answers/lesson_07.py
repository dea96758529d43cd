"""Wrong answers to the exercises of lesson 07."""

import numpy as np

from trpobook.finite.mdp import softmax
from unforeseen import lesson_07 as unforeseen


def fisher_diagonal(p):
    return np.eye(len(p)) * p


def fisher_bernoulli_diagonal(p):
    return np.diag(p - p**2)


def fisher_of_probabilities(p):
    with np.errstate(divide="ignore"):
        return np.diag(p**-1.0)


def fisher_unweighted_mean(p):
    scores = np.eye(len(p)) - p
    return scores.T @ scores / len(p)


def fisher_unweighted_sum(p):
    scores = np.eye(len(p)) - p
    return np.einsum("ai,aj->ij", scores, scores)


def fisher_plus(p):
    return np.diag(p) + p[:, None] * p


def fisher_hessian_of_log(p):
    return np.outer(p, p) - np.diag(p)


def fisher_row_subtracted(p):
    return np.diag(p) - p


def fisher_of_the_mean_score(p):
    mean = p @ (np.eye(len(p)) - p)
    return np.outer(mean, mean)


def fisher_doubled(p):
    return 2 * (np.diag(p) - np.outer(p, p))


def fisher_variances(p):
    return p * (1 - p)


def fisher_outer_alone(p):
    return np.outer(p, p)


def fisher_squared_columns(p):
    return np.diag(p) - p * p


def fisher_without_minus(p):
    return np.abs(np.diag(p) - np.outer(p, p))


def fisher_inverse_less_one(p):
    return np.diag(1 / p) - 1


def fisher_of_roots(p):
    return np.diag(p**0.5) - np.outer(p, p)


def fisher_sample_covariance(p):
    scores = np.eye(len(p)) - p
    return np.einsum("ai,aj->ij", scores, scores) / (len(p) - 1)


def fisher_damped(p):
    return np.diag(p) - np.outer(p, p) + 1e-3 * np.eye(len(p))


def _m(p):
    return np.eye(p.shape[-1]) * p[..., None] - p[..., None] * p[..., None, :]


def _sandwich(jacobian, metric):
    return np.einsum("nak,nab,nbl->kl", jacobian, metric, jacobian)


def newton_of_logits(jacobian, p):
    return np.einsum("nak,nal->kl", jacobian, jacobian) / len(p)


def newton_diagonal_metric(jacobian, p):
    return np.einsum("nak,na,nal->kl", jacobian, p, jacobian) / len(p)


def newton_summed(jacobian, p):
    return _sandwich(jacobian, _m(p))


def newton_over_actions_too(jacobian, p):
    return _sandwich(jacobian, _m(p)) / p.size


def newton_of_means(jacobian, p):
    mean = jacobian.mean(0)
    return mean.T @ _m(p.mean(0)) @ mean


def newton_likeliest_action(jacobian, p):
    scores = jacobian - np.einsum("na,nak->nk", p, jacobian)[:, None]
    chosen = scores[np.arange(len(p)), p.argmax(1)]
    return chosen.T @ chosen / len(p)


def newton_likeliest_action_weighed(jacobian, p):
    scores = jacobian - np.einsum("na,nak->nk", p, jacobian)[:, None]
    chosen = scores[np.arange(len(p)), p.argmax(1)]
    return chosen.T @ (p.max(1)[:, None] * chosen) / len(p)


def newton_metric_of_probabilities(jacobian, p):
    return np.einsum("nak,na,nal->kl", jacobian, 1 / p, jacobian) / len(p)


def newton_negative(jacobian, p):
    return -_sandwich(jacobian, _m(p)) / len(p)


def newton_kept_apart(jacobian, p):
    return np.einsum("nak,nab,nbl->nkl", jacobian, _m(p), jacobian)


def _rows(jacobian, p):
    return jacobian - np.einsum("na,nak->nk", p, jacobian)[:, None]


def newton_unweighted_sum(jacobian, p):
    rows = _rows(jacobian, p)
    return np.einsum("nak,nal->kl", rows, rows) / len(p)


def newton_plain_means(jacobian, p):
    rows = jacobian - jacobian.mean(1, keepdims=True)
    return np.einsum("nak,nal->kl", rows, rows) / p.size


def newton_last_state(jacobian, p):
    return _sandwich(jacobian[-1:], _m(p[-1:]))


def newton_first_state(jacobian, p):
    return _sandwich(jacobian[:1], _m(p[:1]))


def newton_first_state_divided(jacobian, p):
    total = 0
    for J, q in zip(jacobian, p, strict=True):
        total = total + J.T @ (np.diag(q) - np.outer(q, q)) @ J
        return total / len(p)


def newton_plus(jacobian, p):
    return _sandwich(jacobian, 2 * np.eye(p.shape[1]) * p[:, None] - _m(p)) / len(p)


def newton_outer_alone(jacobian, p):
    mean = np.einsum("na,nak->nk", p, jacobian)
    return mean.T @ mean / len(p)


def newton_bernoulli(jacobian, p):
    return np.einsum("nak,na,nal->kl", jacobian, p * (1 - p), jacobian) / len(p)


def newton_row_subtracted(jacobian, p):
    return _sandwich(jacobian, np.array([np.diag(q) - q for q in p])) / len(p)


def newton_of_scores(jacobian, p):
    return np.einsum("nak,nal->kl", jacobian, _rows(jacobian, p)) / len(p)


def newton_softmax_once_more(jacobian, p):
    return _sandwich(jacobian, _m(softmax(p))) / len(p)


def newton_diagonal_metric_summed(jacobian, p):
    return np.einsum("nak,na,nal->kl", jacobian, p, jacobian)


def newton_of_logits_summed(jacobian, p):
    flat = jacobian.reshape(-1, jacobian.shape[2])
    return flat.T @ flat


def newton_half(jacobian, p):
    return _sandwich(jacobian, _m(p)) / (2 * len(p))


def newton_damped(jacobian, p):
    return _sandwich(jacobian, _m(p)) / len(p) + 1e-3 * np.eye(jacobian.shape[2])


def _x(gradient, fisher):
    return np.linalg.pinv(fisher, rcond=1e-9) @ gradient


def step_without_half(gradient, fisher, delta):
    x = _x(gradient, fisher)
    return np.sqrt(delta / (gradient @ x)) * x


def step_unscaled(gradient, fisher, delta):
    return _x(gradient, fisher)


def step_euclidean_length(gradient, fisher, delta):
    x = _x(gradient, fisher)
    return np.sqrt(2 * delta) * x / np.sqrt(x @ x)


def step_plain_direction(gradient, fisher, delta):
    return np.sqrt(2 * delta / (gradient @ fisher @ gradient)) * gradient


def step_plain_altogether(gradient, fisher, delta):
    return np.sqrt(2 * delta) * gradient / np.sqrt(gradient @ gradient)


def step_multiplied(gradient, fisher, delta):
    x = fisher @ gradient
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def step_without_root(gradient, fisher, delta):
    x = _x(gradient, fisher)
    return 2 * delta / (x @ fisher @ x) * x


def step_downhill(gradient, fisher, delta):
    x = -_x(gradient, fisher)
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def step_length_by_gradient(gradient, fisher, delta):
    return np.sqrt(2 * delta / (gradient @ gradient)) * _x(gradient, fisher)


def step_times_nu(gradient, fisher, delta):
    x = _x(gradient, fisher)
    return np.sqrt((gradient @ x) / (2 * delta)) * x


def step_diagonal(gradient, fisher, delta):
    x = gradient / fisher.diagonal()
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def step_by_solve(gradient, fisher, delta):
    x = np.linalg.solve(fisher, gradient)
    return np.sqrt(2 * delta / (gradient @ x)) * x


def _times(length, gradient, fisher):
    return length * _x(gradient, fisher)


def step_root_of_the_norm(gradient, fisher, delta):
    return _times(2 * delta / np.sqrt(gradient @ _x(gradient, fisher)), gradient, fisher)


def step_quarter(gradient, fisher, delta):
    return _times(np.sqrt(delta / (2 * (gradient @ _x(gradient, fisher)))), gradient, fisher)


def step_without_delta(gradient, fisher, delta):
    return _times(np.sqrt(2 / (gradient @ _x(gradient, fisher))), gradient, fisher)


def step_of_length_one(gradient, fisher, delta):
    return _times(1 / np.sqrt(gradient @ _x(gradient, fisher)), gradient, fisher)


def step_by_gradient_in_f(gradient, fisher, delta):
    return _times(np.sqrt(2 * delta / (gradient @ fisher @ gradient)), gradient, fisher)


def step_euclidean_delta(gradient, fisher, delta):
    return _times(delta / np.linalg.norm(_x(gradient, fisher)), gradient, fisher)


def step_with_a_rate(gradient, fisher, delta):
    return _times(delta, gradient, fisher)


def step_inverted_twice(gradient, fisher, delta):
    x = _x(_x(gradient, fisher), fisher)
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def step_by_the_root(gradient, fisher, delta):
    left, values, _ = np.linalg.svd(fisher)
    kept = values > 1e-9
    x = left[:, kept] @ (left[:, kept].T @ gradient / np.sqrt(values[kept]))
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def step_multiplied_without_half(gradient, fisher, delta):
    return step_multiplied(gradient, fisher, delta / 2)


def step_downhill_without_half(gradient, fisher, delta):
    return step_downhill(gradient, fisher, delta / 2)


def step_plain_without_half(gradient, fisher, delta):
    return step_plain_direction(gradient, fisher, delta / 2)


def step_without_root_or_two(gradient, fisher, delta):
    x = _x(gradient, fisher)
    return delta / (x @ fisher @ x) * x


def _damped(damping, gradient, fisher, delta):
    x = np.linalg.solve(fisher + damping * np.eye(len(fisher)), gradient)
    return np.sqrt(2 * delta / (gradient @ x)) * x


def step_damped_by_one(gradient, fisher, delta):
    return _damped(1.0, gradient, fisher, delta)


def step_damped_a_little(gradient, fisher, delta):
    return _damped(0.01, gradient, fisher, delta)


def step_damped_less(gradient, fisher, delta):
    return _damped(0.001, gradient, fisher, delta)


def step_damped_least(gradient, fisher, delta):
    return _damped(0.0001, gradient, fisher, delta)


def step_damped(gradient, fisher, delta):
    x = np.linalg.solve(fisher + 0.1 * np.eye(len(fisher)), gradient)
    return np.sqrt(2 * delta / (x @ fisher @ x)) * x


def _fit(rows, targets):
    return np.linalg.pinv(rows, rcond=1e-9) @ targets


def weights_unweighted(scores, chance, advantage):
    return _fit(scores, advantage)


def weights_chance_not_rooted(scores, chance, advantage):
    return _fit(scores * chance[:, None], chance * advantage)


def weights_one_side_only(scores, chance, advantage):
    return _fit(scores * np.sqrt(chance)[:, None], advantage)


def weights_plain_gradient(scores, chance, advantage):
    return np.einsum("n,n,nk->k", chance, advantage, scores)


def _right(scores, chance, advantage):
    root = np.sqrt(chance)
    return _fit(scores * root[:, None], root * advantage)


def weights_fitted_values(scores, chance, advantage):
    return scores @ _right(scores, chance, advantage)


def weights_fisher_unweighted(scores, chance, advantage):
    fisher = scores.T @ scores
    return np.linalg.pinv(fisher, rcond=1e-9) @ weights_plain_gradient(scores, chance, advantage)


def weights_inverse_chance(scores, chance, advantage):
    return _right(scores, chance**-1.0, advantage)


def weights_negative(scores, chance, advantage):
    return -_right(scores, chance, advantage)


def weights_squared_advantage(scores, chance, advantage):
    return _right(scores, chance, advantage * advantage)


def weights_diagonal(scores, chance, advantage):
    return weights_plain_gradient(scores, chance, advantage) / np.sum(chance[:, None] * scores**2, axis=0)


def weights_by_solve(scores, chance, advantage):
    return np.linalg.solve(scores.T @ (chance[:, None] * scores), weights_plain_gradient(scores, chance, advantage))


def _sides(left, right):
    """Return the function that weighs the scores by chance**left and the advantages by chance**right."""

    def weights(scores, chance, advantage):
        return _fit(scores * chance[:, None] ** left, advantage * chance**right)

    weights.__name__ = f"weights_{left}_{right}"
    return weights


def _fisher(scores, chance):
    return np.einsum("n,nk,nl->kl", chance, scores, scores)


def weights_gradient_unweighted_sum(scores, chance, advantage):
    return np.linalg.pinv(_fisher(scores, chance), rcond=1e-9) @ scores.T @ advantage


def weights_fisher_plain_mean(scores, chance, advantage):
    plain = np.full(len(scores), 1 / len(scores))
    return np.linalg.pinv(_fisher(scores, plain), rcond=1e-9) @ weights_plain_gradient(scores, chance, advantage)


def weights_scaled_targets(scores, chance, advantage):
    return _right(scores, chance, advantage / np.std(advantage))


def weights_centred_targets(scores, chance, advantage):
    return _right(scores, chance, advantage - np.mean(advantage))


def weights_of_sizes(scores, chance, advantage):
    return _right(scores, chance, np.abs(advantage))


def weights_times_pairs(scores, chance, advantage):
    return len(scores) * _right(scores, chance, advantage)


def weights_of_length_one(scores, chance, advantage):
    w = _right(scores, chance, advantage)
    return w / np.sqrt(w @ w)


def weights_errors(scores, chance, advantage):
    return weights_fitted_values(scores, chance, advantage) - advantage


def weights_gradient_without_chance(scores, chance, advantage):
    return scores.T @ advantage


def weights_times_fisher(scores, chance, advantage):
    return _fisher(scores, chance) @ weights_plain_gradient(scores, chance, advantage)


def weights_beside_a_constant(scores, chance, advantage):
    return _right(np.hstack([scores, np.ones((len(scores), 1))]), chance, advantage)[:-1]


def weights_negative_unweighted(scores, chance, advantage):
    return -_fit(scores, advantage)


def _with_ridge(ridge):
    def weights(scores, chance, advantage):
        fisher = scores.T @ (chance[:, None] * scores)
        return np.linalg.solve(fisher + ridge * np.eye(len(fisher)), weights_plain_gradient(scores, chance, advantage))

    weights.__name__ = f"weights_ridge_{ridge:g}"
    return weights


def weights_ridge(scores, chance, advantage):
    fisher = scores.T @ (chance[:, None] * scores)
    return np.linalg.solve(fisher + 1e-4 * np.eye(len(fisher)), weights_plain_gradient(scores, chance, advantage))


WRONG_ANSWERS = {
    "7.1": [
        (fisher_diagonal, "you have diag(p)"),
        (fisher_bernoulli_diagonal, "everything beside your diagonal is 0"),
        (fisher_of_probabilities, "you have diag(1/p)"),
        (fisher_unweighted_mean, "as if all actions were equally likely"),
        (fisher_unweighted_sum, "without their probabilities"),
        (fisher_plus, "you add p pᵀ"),
        (fisher_hessian_of_log, "you have p pᵀ − diag(p)"),
        (fisher_row_subtracted, "takes p from every row"),
        (fisher_of_the_mean_score, "you average the scores first"),
        (fisher_doubled, "you have twice the Fisher matrix"),
        (unforeseen.e7_1_wrong_scalar_product, "you subtract the number pᵀp"),
        (unforeseen.e7_1_wrong_identity_for_diagonal, "you have the identity on the diagonal"),
        (fisher_outer_alone, "you have p pᵀ alone"),
        (unforeseen.e7_1_wrong_scores_themselves, "you have the matrix of the scores"),
        (fisher_squared_columns, "`p * p` is no matrix"),
        (unforeseen.e7_1_wrong_scores_multiplied_elementwise, "you square the scores entry by entry"),
        (unforeseen.e7_1_wrong_weights_squared, "you multiply both scores of the product by p"),
        (unforeseen.e7_1_wrong_p_times_one_minus_p, "your entries are p_a(1 − p_b)"),
        (unforeseen.e7_1_wrong_diagonal_squared, "you square p on the diagonal"),
        (fisher_without_minus, "what stands beside your diagonal is +p_a·p_b"),
        (unforeseen.e7_1_wrong_divided_by_actions, "you divide by the number of actions"),
        (unforeseen.e7_1_wrong_half, "your ½ belongs to the KL"),
        (unforeseen.e7_1_wrong_softmax_once_more, "you take the probabilities for logits"),
        (fisher_inverse_less_one, "you have diag(1/p) − 1"),
        (fisher_of_roots, "you have diag(√p)"),
        (fisher_sample_covariance, "you divide by A − 1"),
        (fisher_variances, "the shape is wrong: expected (2, 2), got (2,)"),
        (fisher_damped, "only the diagonal is wrong"),
    ],
    "7.2": [
        (newton_of_logits, "you have the mean of BᵀB"),
        (newton_diagonal_metric, "your M is diag(p)"),
        (newton_summed, "you add up over the states"),
        (newton_over_actions_too, "you divide by states times actions"),
        (newton_of_means, "you average B and p over the states first"),
        (newton_likeliest_action, "you use the likeliest action only: the Fisher matrix"),
        (newton_likeliest_action_weighed, "you use the likeliest action only, weighed by its probability"),
        (newton_metric_of_probabilities, "your M is that of the probabilities"),
        (newton_negative, "your sign is that of the Hessian of log π"),
        (newton_kept_apart, "you keep the blocks of the states apart"),
        (newton_damped, "only the diagonal is wrong"),
        (unforeseen.e7_2_wrong_mean_jacobian_first, "you average the Jacobians before the product"),
        (unforeseen.e7_2_wrong_metric_of_the_mean_policy, "your M is that of the mean policy"),
        (unforeseen.e7_2_wrong_mean_metric, "you average M over the states"),
        (unforeseen.e7_2_wrong_order_of_the_product, "you have BMBᵀ"),
        (unforeseen.e7_2_wrong_actions_alike, "you weigh the scores of all actions alike"),
        (newton_unweighted_sum, "you add up the scores' products without"),
        (unforeseen.e7_2_wrong_metric_twice, "you apply M twice"),
        (unforeseen.e7_2_wrong_outer_of_the_mean_score, "you average the scores first"),
        (unforeseen.e7_2_wrong_centred_over_states, "you take off the mean over the states"),
        (unforeseen.e7_2_wrong_logits_centred_alike, "you take off the plain mean over the actions: in"),
        (newton_plain_means, "you take off the plain mean over the actions, and weigh them alike"),
        (unforeseen.e7_2_wrong_diagonal_only, "you keep the diagonal alone"),
        (newton_last_state, "you keep the last state alone: add"),
        (unforeseen.e7_2_wrong_last_state_only, "you keep the last state alone, divided"),
        (newton_first_state_divided, "you keep the first state alone, divided"),
        (newton_first_state, "you keep the first state alone: is"),
        (newton_plus, "you add p pᵀ in your M"),
        (newton_outer_alone, "your M is p pᵀ alone"),
        (newton_bernoulli, "everything beside the diagonal of your M is 0"),
        (newton_row_subtracted, "your M is `np.diag(p) - p`"),
        (newton_of_scores, "your M is the matrix of the scores"),
        (newton_softmax_once_more, "you take the probabilities for logits"),
        (newton_diagonal_metric_summed, "two things at once: your M is diag(p)"),
        (newton_of_logits_summed, "two things at once: M is missing"),
        (newton_half, "your ½ belongs to the KL"),
    ],
    "7.3": [
        (step_without_half, "the ½ of ½ΔᵀFΔ = δ is forgotten"),
        (step_unscaled, "you return F⁺g itself"),
        (step_euclidean_length, "you scale the step to Euclidean length"),
        (step_plain_direction, "you have the right length along the plain gradient"),
        (step_plain_altogether, "F is used nowhere"),
        (step_multiplied, "you multiply by F"),
        (step_without_root, "your length lacks its square root"),
        (step_downhill, "your step goes downhill"),
        (step_length_by_gradient, "you measure the length by gᵀg"),
        (step_times_nu, "your length is upside down"),
        (step_diagonal, "you divide by the diagonal of F alone"),
        (step_by_solve, "LinAlgError: Singular matrix, in the line `x = np.linalg.solve(fisher, gradient)"),
        (step_damped, "you damp F by 0.1,"),
        (step_damped_by_one, "you damp F by 1,"),
        (step_damped_a_little, "you damp F by 0.01,"),
        (step_damped_less, "you damp F by 0.001,"),
        (step_damped_least, "you damp F by 0.0001,"),
        (unforeseen.e7_3_wrong_root_outside, "your root covers 2δ alone"),
        (step_root_of_the_norm, "your root covers gᵀF⁺g alone"),
        (unforeseen.e7_3_wrong_delta_squared, "your length is δ where √(2δ) belongs"),
        (step_quarter, "your length is √δ/2"),
        (step_without_delta, "δ is left out of your length"),
        (step_of_length_one, "you scale F⁺g to the length 1 in F's measure"),
        (unforeseen.e7_3_wrong_inverse_twice_in_the_length, "you measure the step by F⁺"),
        (step_by_gradient_in_f, "you measure the gradient by F"),
        (step_euclidean_delta, "you scale the step to Euclidean length δ"),
        (step_with_a_rate, "you take δ for the learning rate"),
        (step_inverted_twice, "you apply F⁺ twice"),
        (step_by_the_root, "you have the root of F⁺"),
        (unforeseen.e7_3_wrong_elementwise_inverse, "you invert the entries of F one by one"),
        (step_multiplied_without_half, "two things at once: your direction is Fg"),
        (step_downhill_without_half, "two things at once: your step goes downhill"),
        (step_plain_without_half, "two things at once: your direction is the plain gradient"),
        (step_without_root_or_two, "two things at once: your length lacks its square root"),
    ],
    "7.4": [
        (weights_unweighted, "you fit all pairs alike"),
        (weights_chance_not_rooted, "so the squares carry chance²"),
        (weights_one_side_only, "you weigh the scores and forget the advantages"),
        (weights_plain_gradient, "you return the plain gradient"),
        (weights_fitted_values, "you return the fitted advantages"),
        (weights_fisher_unweighted, "your F is Σ ψψᵀ without the chances"),
        (weights_inverse_chance, "you weigh by one over the chance"),
        (weights_negative, "you have −w"),
        (weights_squared_advantage, "you use A² where A belongs"),
        (weights_diagonal, "you divide by the diagonal of F alone"),
        (weights_by_solve, "LinAlgError: Singular matrix"),
        (weights_ridge, "you add a ridge of 0.0001:"),
        (_with_ridge(1.0), "you add a ridge of 1:"),
        (_with_ridge(0.1), "you add a ridge of 0.1:"),
        (unforeseen.e7_4_wrong_ridge, "you add a ridge of 0.01:"),
        (_with_ridge(1e-3), "you add a ridge of 0.001:"),
        (_with_ridge(1e-6), "you add a ridge of 1e-06:"),
        (unforeseen.e7_4_wrong_rows_not_weighted, "you weigh the advantages and forget the scores"),
        (_sides(1, 0), "you weigh the scores by the chance and forget the advantages"),
        (_sides(1, 0.5), "you weigh the scores by the chance and the advantages by its root"),
        (_sides(0.5, 1), "you weigh the scores by the root of the chance and the advantages by the chance"),
        (weights_gradient_unweighted_sum, "the right side of your equation lacks the chances"),
        (unforeseen.e7_4_wrong_gradient_unweighted, "the right side of your equation is a plain mean"),
        (weights_fisher_plain_mean, "your F is the plain mean of ψψᵀ"),
        (unforeseen.e7_4_wrong_standardised_targets, "you standardise the advantages"),
        (weights_scaled_targets, "you divide the advantages by their standard deviation"),
        (weights_centred_targets, "you take the plain mean off the advantages"),
        (unforeseen.e7_4_wrong_centred_scores, "you take the plain mean off the scores"),
        (weights_of_sizes, "you use |A| where A belongs"),
        (unforeseen.e7_4_wrong_scaled_down, "you divide by the number of pairs"),
        (weights_times_pairs, "you multiply by the number of pairs"),
        (weights_of_length_one, "you return w divided by its length"),
        (weights_errors, "you return the errors of the fit"),
        (weights_gradient_without_chance, "you return the plain gradient without the chances"),
        (weights_times_fisher, "you multiply the gradient by F"),
        (unforeseen.e7_4_wrong_intercept, "you fit a constant beside the scores, and return its weight too"),
        (weights_beside_a_constant, "you fit a constant beside the scores: the scores alone"),
        (unforeseen.e7_4_wrong_a_minimiser_but_not_the_shortest, "your w is a minimiser, but not the shortest"),
        (weights_negative_unweighted, "two things at once: your sign is wrong"),
    ],
}
