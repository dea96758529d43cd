"""Wrong answers to the exercises of lesson 07."""

import numpy as np


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
        (fisher_doubled, "every value is twice the expected one"),
        (fisher_variances, "the shape is wrong: expected (2, 2), got (2,)"),
        (fisher_damped, "the value is wrong"),
    ],
    "7.2": [
        (newton_of_logits, "you have the mean of JᵀJ"),
        (newton_diagonal_metric, "your M is diag(p)"),
        (newton_summed, "you add up over the states"),
        (newton_over_actions_too, "you divide by states times actions"),
        (newton_of_means, "you average J and p over the states first"),
        (newton_likeliest_action, "you use the likeliest action only: the Fisher matrix"),
        (newton_likeliest_action_weighed, "you use the likeliest action only, weighed by its probability"),
        (newton_metric_of_probabilities, "your M is that of the probabilities"),
        (newton_negative, "your sign is that of the Hessian of log π"),
        (newton_kept_apart, "you keep the blocks of the states apart"),
        (newton_damped, "the value is wrong"),
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
        (step_damped, "the value is wrong"),
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
        (weights_ridge, "the value is wrong"),
    ],
}
