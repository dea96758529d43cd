"""Answers to the exercises of lesson 07, written by somebody who knows the lesson and not its checks."""

import numpy as np
import torch

from trpobook.finite.mdp import softmax


# 7.1 fisher_softmax
def e7_1_wrong_outer_product_missing(p):
    return np.diag(p)


def e7_1_wrong_sign(p):
    return np.outer(p, p) - np.diag(p)


def e7_1_wrong_plus(p):
    return np.diag(p) + np.outer(p, p)


def e7_1_wrong_diagonal_only(p):
    return np.diag(p * (1 - p))


def e7_1_wrong_vector(p):
    return p * (1 - p)


def e7_1_wrong_scalar_product(p):
    return np.diag(p) - p @ p


def e7_1_wrong_probabilities_as_coordinates(p):
    return np.diag(1 / p)


def e7_1_wrong_identity_for_diagonal(p):
    return np.eye(len(p)) - np.outer(p, p)


def e7_1_wrong_scores_themselves(p):
    return np.eye(len(p)) - p


def e7_1_wrong_scores_weighted_alike(p):
    psi = np.eye(len(p)) - p
    return psi.T @ psi / len(p)


def e7_1_wrong_scores_summed(p):
    psi = np.eye(len(p)) - p
    return psi.T @ psi


def e7_1_wrong_scores_multiplied_elementwise(p):
    psi = np.eye(len(p)) - p
    return p[:, None] * psi * psi


def e7_1_wrong_weights_squared(p):
    psi = p[:, None] * (np.eye(len(p)) - p)
    return psi.T @ psi


def e7_1_wrong_p_times_one_minus_p(p):
    return np.outer(p, 1 - p)


def e7_1_wrong_diagonal_squared(p):
    return np.diag(p**2) - np.outer(p, p)


def e7_1_wrong_divided_by_actions(p):
    return (np.diag(p) - np.outer(p, p)) / len(p)


def e7_1_wrong_half(p):
    return 0.5 * (np.diag(p) - np.outer(p, p))


def e7_1_wrong_softmax_once_more(p):
    q = softmax(p)
    return np.diag(q) - np.outer(q, q)


def e7_1_right_numpy(p):
    return np.eye(len(p)) * p - p[:, None] * p


def e7_1_right_loops(p):
    actions = range(len(p))
    return [[p[a] * ((a == b) - p[b]) for b in actions] for a in actions]


def e7_1_right_torch(p):
    q = torch.tensor(p, dtype=torch.float64)
    return torch.diag(q) - torch.outer(q, q)


def e7_1_right_float32(p):
    q = np.float32(p)
    return np.diag(q) - np.outer(q, q)


def e7_1_right_in_place(p):
    matrix = -np.outer(p, p)
    matrix[np.diag_indices(len(p))] += p
    return matrix


def e7_1_right_covariance_of_scores(probabilities):
    psi = np.eye(len(probabilities)) - probabilities
    return np.einsum("a,ak,al->kl", probabilities, psi, psi)


def e7_1_right_differences(p):
    # vᵀFv is the mean of (v_a − v_b)²/2 over two independent draws: add up the pairs
    matrix = np.zeros((len(p), len(p)))
    for a in range(len(p)):
        for b in range(a):
            way = np.zeros(len(p))
            way[a], way[b] = 1, -1
            matrix += p[a] * p[b] * np.outer(way, way)
    return matrix


# 7.2 gauss_newton
def e7_2_wrong_sum_over_states(jacobian, p):
    return sum(J.T @ (np.diag(q) - np.outer(q, q)) @ J for J, q in zip(jacobian, p, strict=True))


def e7_2_wrong_metric_without_outer(jacobian, p):
    return sum(J.T @ np.diag(q) @ J for J, q in zip(jacobian, p, strict=True)) / len(p)


def e7_2_wrong_no_metric(jacobian, p):
    return sum(J.T @ J for J in jacobian) / len(p)


def e7_2_wrong_mean_over_actions_too(jacobian, p):
    pulled_back = [J.T @ (np.diag(q) - np.outer(q, q)) @ J for J, q in zip(jacobian, p, strict=True)]
    return sum(pulled_back) / p.size


def e7_2_wrong_mean_jacobian_first(jacobian, p):
    J = jacobian.mean(axis=0)
    M = sum(np.diag(q) - np.outer(q, q) for q in p) / len(p)
    return J.T @ M @ J


def e7_2_wrong_metric_of_the_mean_policy(jacobian, p):
    q = p.mean(axis=0)
    M = np.diag(q) - np.outer(q, q)
    return sum(J.T @ M @ J for J in jacobian) / len(p)


def e7_2_wrong_mean_metric(jacobian, p):
    M = sum(np.diag(q) - np.outer(q, q) for q in p) / len(p)
    return sum(J.T @ M @ J for J in jacobian) / len(p)


def e7_2_wrong_order_of_the_product(jacobian, p):
    return sum(J @ (np.diag(q) - np.outer(q, q)) @ J.T for J, q in zip(jacobian, p, strict=True)) / len(p)


def e7_2_wrong_metric_inverted(jacobian, p):
    return sum(J.T @ np.diag(1 / q) @ J for J, q in zip(jacobian, p, strict=True)) / len(p)


def e7_2_wrong_likeliest_action_only(jacobian, p):
    total = 0
    for J, q in zip(jacobian, p, strict=True):
        score = J[q.argmax()] - q @ J
        total = total + np.outer(score, score)
    return total / len(p)


def e7_2_wrong_actions_alike(jacobian, p):
    scores = jacobian - np.einsum("sa,sak->sk", p, jacobian)[:, None, :]
    return np.einsum("sak,sal->kl", scores, scores) / p.size


def e7_2_wrong_metric_twice(jacobian, p):
    total = 0
    for J, q in zip(jacobian, p, strict=True):
        M = np.diag(q) - np.outer(q, q)
        total = total + J.T @ M @ M @ J
    return total / len(p)


def e7_2_wrong_outer_of_the_mean_score(jacobian, p):
    scores = jacobian - np.einsum("sa,sak->sk", p, jacobian)[:, None, :]
    mean = np.einsum("sa,sak->sk", p, scores)
    return mean.T @ mean / len(p)


def e7_2_wrong_centred_over_states(jacobian, p):
    centred = jacobian - jacobian.mean(axis=0)
    return np.einsum("sa,sak,sal->kl", p, centred, centred) / len(p)


def e7_2_wrong_logits_centred_alike(jacobian, p):
    centred = jacobian - jacobian.mean(axis=1, keepdims=True)
    return np.einsum("sa,sak,sal->kl", p, centred, centred) / len(p)


def e7_2_wrong_diagonal_only(jacobian, p):
    pulled_back = [J.T @ (np.diag(q) - np.outer(q, q)) @ J for J, q in zip(jacobian, p, strict=True)]
    return np.diag(np.diag(sum(pulled_back) / len(p)))


def e7_2_wrong_one_matrix_a_state(jacobian, p):
    return np.array([J.T @ (np.diag(q) - np.outer(q, q)) @ J for J, q in zip(jacobian, p, strict=True)])


def e7_2_wrong_last_state_only(jacobian, p):
    for J, q in zip(jacobian, p, strict=True):
        F = J.T @ (np.diag(q) - np.outer(q, q)) @ J
    return F / len(p)


def e7_2_right_numpy(jacobian, p):
    metric = np.eye(p.shape[1]) * p[:, None, :] - p[:, :, None] * p[:, None, :]
    return (jacobian.swapaxes(1, 2) @ metric @ jacobian).mean(axis=0)


def e7_2_right_loops(jacobian, p):
    states, actions, size = jacobian.shape
    F = [[0.0] * size for _ in range(size)]
    for s in range(states):
        mean = [sum(p[s, a] * jacobian[s, a, k] for a in range(actions)) for k in range(size)]
        for a in range(actions):
            score = [jacobian[s, a, k] - mean[k] for k in range(size)]
            for k in range(size):
                for m in range(size):
                    F[k][m] += p[s, a] * score[k] * score[m] / states
    return F


def e7_2_right_torch(jacobian, p):
    J, q = torch.tensor(jacobian, dtype=torch.float64), torch.tensor(p, dtype=torch.float64)
    M = torch.diag_embed(q) - q[:, :, None] * q[:, None, :]
    return torch.einsum("sak,sab,sbl->skl", J, M, J).mean(0)


def e7_2_right_float32(jacobian, p):
    J, q = np.float32(jacobian), np.float32(p)
    scores = J - np.einsum("sa,sak->sk", q, J)[:, None, :]
    return np.einsum("sa,sak,sal->kl", q, scores, scores) / np.float32(len(q))


def e7_2_right_in_place(jacobian, p):
    F = np.zeros((jacobian.shape[2], jacobian.shape[2]))
    for J, q in zip(jacobian, p, strict=True):
        scores = J.copy()
        scores -= q @ J
        scores *= np.sqrt(q)[:, None]
        F += scores.T @ scores
    F /= len(p)
    return F


def e7_2_right_difference_of_moments(slopes, probabilities):
    second = np.einsum("sa,sak,sal->kl", probabilities, slopes, slopes)
    first = np.einsum("sa,sak->sk", probabilities, slopes)
    return (second - first.T @ first) / len(probabilities)


# 7.3 natural_step
def e7_3_wrong_two_forgotten(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(delta / (gradient @ direction)) * direction


def e7_3_wrong_plain_inverse(gradient, fisher, delta):
    direction = np.linalg.inv(fisher) @ gradient
    return np.sqrt(2 * delta / (gradient @ direction)) * direction


def e7_3_wrong_direction_alone(gradient, fisher, delta):
    return np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient


def e7_3_wrong_euclidean_length(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(2 * delta) * direction / np.linalg.norm(direction)


def e7_3_wrong_no_root(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return 2 * delta / (gradient @ direction) * direction


def e7_3_wrong_plain_gradient(gradient, fisher, delta):
    return np.sqrt(2 * delta / (gradient @ fisher @ gradient)) * gradient


def e7_3_wrong_times_nu(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(gradient @ direction / (2 * delta)) * direction


def e7_3_wrong_gradient_length(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(2 * delta / (gradient @ gradient)) * direction


def e7_3_wrong_fisher_instead_of_inverse(gradient, fisher, delta):
    direction = fisher @ gradient
    return np.sqrt(2 * delta / (direction @ fisher @ direction)) * direction


def e7_3_wrong_downhill(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return -np.sqrt(2 * delta / (gradient @ direction)) * direction


def e7_3_wrong_diagonal_of_fisher(gradient, fisher, delta):
    direction = gradient / np.diag(fisher)
    return np.sqrt(2 * delta / (direction @ fisher @ direction)) * direction


def e7_3_wrong_damped(gradient, fisher, delta):
    direction = np.linalg.solve(fisher + 0.1 * np.eye(len(gradient)), gradient)
    return np.sqrt(2 * delta / (direction @ fisher @ direction)) * direction


def e7_3_wrong_delta_squared(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return delta * direction / np.sqrt(gradient @ direction)


def e7_3_wrong_root_outside(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(2 * delta) / (gradient @ direction) * direction


def e7_3_wrong_inverse_twice_in_the_length(gradient, fisher, delta):
    inverse = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True)
    direction = inverse @ gradient
    return np.sqrt(2 * delta / (direction @ inverse @ direction)) * direction


def e7_3_wrong_promise(gradient, fisher, delta):
    direction = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    return np.sqrt(2 * delta * (gradient @ direction))


def e7_3_wrong_elementwise_inverse(gradient, fisher, delta):
    direction = fisher ** (-1.0) @ gradient
    return np.sqrt(2 * delta / abs(direction @ fisher @ direction)) * direction


def e7_3_right_numpy(gradient, fisher, delta):
    x = np.linalg.lstsq(fisher, gradient, rcond=1e-10)[0]
    return x * np.sqrt(2 * delta / np.dot(gradient, x))


def e7_3_right_loops(gradient, fisher, delta):
    values, vectors = np.linalg.eigh(fisher)
    size = len(gradient)
    step, squared = [0.0] * size, 0.0
    for i in range(size):
        if values[i] > 1e-10 * values[-1]:
            share = sum(vectors[k, i] * gradient[k] for k in range(size))
            squared += share**2 / values[i]
            step = [step[k] + share / values[i] * vectors[k, i] for k in range(size)]
    length = (2 * delta / squared) ** 0.5
    return [float(length * x) for x in step]


def e7_3_right_torch(gradient, fisher, delta):
    g, F = torch.tensor(gradient, dtype=torch.float64), torch.tensor(fisher, dtype=torch.float64)
    x = torch.linalg.pinv(F, rtol=1e-10, hermitian=True) @ g
    return (2 * delta / (g @ x)).sqrt() * x


def e7_3_right_float32(gradient, fisher, delta):
    g, F = np.float32(gradient), np.float32(fisher)
    x = np.linalg.pinv(F, rcond=1e-5, hermitian=True) @ g
    return np.sqrt(np.float32(2 * delta) / (g @ x)) * x


def e7_3_right_in_place(gradient, fisher, delta):
    step = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    cost = 0.5 * step @ fisher @ step
    step *= np.sqrt(delta / cost)
    return step


def e7_3_right_by_the_price(slope, metric, budget):
    values, vectors = np.linalg.eigh(metric)
    kept = values > 1e-10 * values.max()
    shares = vectors[:, kept].T @ slope
    price = np.sqrt(np.sum(shares**2 / values[kept]) / (2 * budget))
    return vectors[:, kept] @ (shares / values[kept]) / price


def e7_3_right_direction_of_length_one(gradient, fisher, delta):
    x = np.linalg.pinv(fisher, rcond=1e-10, hermitian=True) @ gradient
    x = x / np.linalg.norm(x)
    return x * np.sqrt(2 * delta) / np.sqrt(x @ fisher @ x)


# 7.4 compatible_weights
def e7_4_wrong_unweighted(scores, chance, advantage):
    return np.linalg.lstsq(scores, advantage, rcond=1e-10)[0]


def e7_4_wrong_chance_not_rooted(scores, chance, advantage):
    return np.linalg.lstsq(chance[:, None] * scores, chance * advantage, rcond=1e-10)[0]


def e7_4_wrong_target_not_weighted(scores, chance, advantage):
    return np.linalg.lstsq(np.sqrt(chance)[:, None] * scores, advantage, rcond=1e-10)[0]


def e7_4_wrong_rows_not_weighted(scores, chance, advantage):
    return np.linalg.lstsq(scores, np.sqrt(chance) * advantage, rcond=1e-10)[0]


def e7_4_wrong_right_side_only(scores, chance, advantage):
    return scores.T @ (chance * advantage)


def e7_4_wrong_intercept(scores, chance, advantage):
    root = np.sqrt(chance)
    rows = np.column_stack([scores, np.ones(len(scores))])
    return np.linalg.lstsq(root[:, None] * rows, root * advantage, rcond=1e-10)[0]


def e7_4_wrong_importance_weights(scores, chance, advantage):
    with np.errstate(divide="ignore"):
        root = np.where(chance > 0, 1 / np.sqrt(chance), 0)
    return np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)[0]


def e7_4_wrong_ridge(scores, chance, advantage):
    F = scores.T @ (chance[:, None] * scores)
    return np.linalg.solve(F + 0.01 * np.eye(len(F)), scores.T @ (chance * advantage))


def e7_4_wrong_fisher_unweighted(scores, chance, advantage):
    F = scores.T @ scores / len(scores)
    return np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ (scores.T @ (chance * advantage))


def e7_4_wrong_gradient_unweighted(scores, chance, advantage):
    F = scores.T @ (chance[:, None] * scores)
    return np.linalg.pinv(F, rcond=1e-10, hermitian=True) @ (scores.T @ advantage / len(scores))


def e7_4_wrong_standardised_targets(scores, chance, advantage):
    root = np.sqrt(chance)
    targets = (advantage - advantage.mean()) / advantage.std()
    return np.linalg.lstsq(root[:, None] * scores, root * targets, rcond=1e-10)[0]


def e7_4_wrong_each_parameter_alone(scores, chance, advantage):
    squares = chance @ scores**2
    return np.where(squares > 0, scores.T @ (chance * advantage) / np.where(squares > 0, squares, 1), 0)


def e7_4_wrong_a_minimiser_but_not_the_shortest(scores, chance, advantage):
    root = np.sqrt(chance)
    rows = root[:, None] * scores
    shortest = np.linalg.lstsq(rows, root * advantage, rcond=1e-10)[0]
    free = np.eye(scores.shape[1]) - np.linalg.pinv(rows, rcond=1e-10) @ rows
    return shortest + free @ np.ones(scores.shape[1])


def e7_4_wrong_plain_solve(scores, chance, advantage):
    F = scores.T @ (chance[:, None] * scores)
    return np.linalg.inv(F) @ (scores.T @ (chance * advantage))


def e7_4_wrong_fitted_advantages(scores, chance, advantage):
    root = np.sqrt(chance)
    return scores @ np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)[0]


def e7_4_wrong_whole_answer_of_lstsq(scores, chance, advantage):
    root = np.sqrt(chance)
    return np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)


def e7_4_wrong_centred_scores(scores, chance, advantage):
    root, centred = np.sqrt(chance), scores - scores.mean(axis=0)
    return np.linalg.lstsq(root[:, None] * centred, root * advantage, rcond=1e-10)[0]


def e7_4_wrong_scaled_down(scores, chance, advantage):
    root = np.sqrt(chance)
    return np.linalg.lstsq(root[:, None] * scores, root * advantage, rcond=1e-10)[0] / len(chance)


def e7_4_wrong_gradient_descent_for_ever(scores, chance, advantage):
    w = np.zeros(scores.shape[1])
    slope = scores.T @ (chance * (scores @ w - advantage))
    while np.any(slope != 0):
        w = w - 1e-3 * slope
        slope = scores.T @ (chance * (scores @ w - advantage))
    return w


def e7_4_right_numpy(scores, chance, advantage):
    root = np.sqrt(chance)
    return np.linalg.pinv(root[:, None] * scores, rcond=1e-10) @ (root * advantage)


def e7_4_right_loops(scores, chance, advantage):
    size = scores.shape[1]
    F, right = np.zeros((size, size)), np.zeros(size)
    for psi, c, A in zip(scores, chance, advantage, strict=True):
        for k in range(size):
            right[k] += c * A * psi[k]
            for m in range(size):
                F[k, m] += c * psi[k] * psi[m]
    values, vectors = np.linalg.eigh(F)
    w = [0.0] * size
    for i in range(size):
        if values[i] > 1e-10 * values[-1]:
            share = sum(vectors[k, i] * right[k] for k in range(size)) / values[i]
            w = [float(w[k] + share * vectors[k, i]) for k in range(size)]
    return w


def e7_4_right_torch(scores, chance, advantage):
    psi, c, A = (torch.tensor(x, dtype=torch.float64) for x in (scores, chance, advantage))
    F = torch.einsum("n,nk,nl->kl", c, psi, psi)
    return torch.linalg.pinv(F, rtol=1e-10, hermitian=True) @ (psi.T @ (c * A))


def e7_4_right_float32(scores, chance, advantage):
    root = np.sqrt(np.float32(chance))
    return np.linalg.lstsq(root[:, None] * np.float32(scores), root * np.float32(advantage), rcond=1e-5)[0]


def e7_4_right_in_place(scores, chance, advantage):
    rows, targets = np.array(scores, dtype=float), np.array(advantage, dtype=float)
    rows *= np.sqrt(chance)[:, None]
    targets *= np.sqrt(chance)
    w, *_ = np.linalg.lstsq(rows, targets, rcond=1e-10)
    return w


def e7_4_right_singular_values(features, weights, targets):
    root = np.sqrt(weights)
    left, values, right = np.linalg.svd(root[:, None] * features, full_matrices=False)
    kept = values > 1e-10 * values[0]
    return right[kept].T @ ((left[:, kept].T @ (root * targets)) / values[kept])


WRONG = {
    "7.1": [
        (e7_1_wrong_outer_product_missing, "forgets to subtract ppᵀ"),
        (e7_1_wrong_sign, "the sign is wrong: ppᵀ − diag(p)"),
        (e7_1_wrong_plus, "adds ppᵀ instead of subtracting it"),
        (e7_1_wrong_diagonal_only, "only the diagonal: other entries are −p_a p_b, not 0"),
        (e7_1_wrong_vector, "only the diagonal, and as a vector"),
        (e7_1_wrong_scalar_product, "subtracts the number pᵀp instead of the matrix ppᵀ"),
        (e7_1_wrong_probabilities_as_coordinates, "diag(1/p): probabilities as coordinates instead of logits"),
        (e7_1_wrong_identity_for_diagonal, "the identity instead of diag(p)"),
        (e7_1_wrong_scores_themselves, "returns the scores e_a − p, not their covariance"),
        (
            e7_1_wrong_scores_weighted_alike,
            "averages the outer products over all actions alike (wrong only when p isn't uniform)",
        ),
        (e7_1_wrong_scores_summed, "adds up the outer products of scores without their probabilities"),
        (e7_1_wrong_scores_multiplied_elementwise, "squares the scores entry by entry: no outer product"),
        (e7_1_wrong_weights_squared, "multiplies each score by p, so that the weights are squared"),
        (e7_1_wrong_p_times_one_minus_p, "p_a(1 − p_b) in place of p_a([a=b] − p_b)"),
        (e7_1_wrong_diagonal_squared, "squares p on the diagonal, so that it is 0"),
        (e7_1_wrong_divided_by_actions, "divides by the number of actions"),
        (e7_1_wrong_half, "puts the ½ of the KL model into the matrix"),
        (e7_1_wrong_softmax_once_more, "takes the probabilities for logits"),
    ],
    "7.2": [
        (e7_2_wrong_sum_over_states, "adds up the states instead of averaging"),
        (e7_2_wrong_metric_without_outer, "M = diag(p): forgets ppᵀ"),
        (e7_2_wrong_no_metric, "JᵀJ: leaves M out"),
        (e7_2_wrong_mean_over_actions_too, "divides by states times actions"),
        (e7_2_wrong_mean_jacobian_first, "averages the Jacobians before the product"),
        (e7_2_wrong_metric_of_the_mean_policy, "M of the mean policy, the same in all states"),
        (e7_2_wrong_mean_metric, "averages M over the states before the product"),
        (e7_2_wrong_order_of_the_product, "J M Jᵀ instead of Jᵀ M J: shapes don't fit"),
        (e7_2_wrong_metric_inverted, "diag(1/p) as M: probabilities as coordinates"),
        (e7_2_wrong_likeliest_action_only, "only the score of the likeliest action"),
        (e7_2_wrong_actions_alike, "weighs the scores of all actions alike instead of by p"),
        (e7_2_wrong_metric_twice, "M is applied twice"),
        (e7_2_wrong_outer_of_the_mean_score, "outer product of the mean score, which is 0"),
        (e7_2_wrong_centred_over_states, "takes off the mean over states instead of that over actions"),
        (
            e7_2_wrong_logits_centred_alike,
            "takes off the plain mean over actions instead of that by p (wrong only when p isn't uniform)",
        ),
        (e7_2_wrong_diagonal_only, "keeps only the diagonal"),
        (e7_2_wrong_one_matrix_a_state, "forgets the mean: one matrix a state"),
        (e7_2_wrong_last_state_only, "overwrites the sum: only the last state is left"),
    ],
    "7.3": [
        (e7_3_wrong_two_forgotten, "forgets the 2: spends half of δ"),
        (e7_3_wrong_plain_inverse, "inverts F (wrong only when F is singular)"),
        (e7_3_wrong_direction_alone, "returns the direction without its length"),
        (e7_3_wrong_euclidean_length, "gives the step a length in weights instead of in nats"),
        (e7_3_wrong_no_root, "forgets the root: δ/ν² for 1/ν"),
        (e7_3_wrong_plain_gradient, "the plain gradient, scaled to δ"),
        (e7_3_wrong_times_nu, "multiplies by ν instead of dividing"),
        (e7_3_wrong_gradient_length, "gᵀg instead of gᵀF⁺g under the root"),
        (e7_3_wrong_fisher_instead_of_inverse, "multiplies by F instead of its inverse"),
        (e7_3_wrong_downhill, "sign: the steepest way down"),
        (e7_3_wrong_diagonal_of_fisher, "uses only the diagonal of F"),
        (e7_3_wrong_damped, "damps F by 0.1: turns the direction"),
        (e7_3_wrong_delta_squared, "δ instead of √(2δ)"),
        (e7_3_wrong_root_outside, "the root is over 2δ only"),
        (e7_3_wrong_inverse_twice_in_the_length, "measures the length by F⁺ instead of F"),
        (e7_3_wrong_promise, "returns the promised gain instead of the step"),
        (e7_3_wrong_elementwise_inverse, "inverts the entries of F, not the matrix"),
    ],
    "7.4": [
        (e7_4_wrong_unweighted, "forgets the weights (wrong only when the fit isn't exact, or some chance is 0)"),
        (
            e7_4_wrong_chance_not_rooted,
            "multiplies by the chance, so that squares get it twice (wrong only when the fit isn't exact)",
        ),
        (e7_4_wrong_target_not_weighted, "weighs the rows but not the targets"),
        (e7_4_wrong_rows_not_weighted, "weighs the targets but not the rows"),
        (e7_4_wrong_right_side_only, "returns g/Z: the inverse of F is missing"),
        (e7_4_wrong_intercept, "fits a constant beside the scores, and returns one weight too many"),
        (
            e7_4_wrong_importance_weights,
            "divides by the root of the chance: rare pairs count most (wrong only when the fit isn't exact)",
        ),
        (e7_4_wrong_ridge, "adds a ridge: not the minimiser"),
        (e7_4_wrong_fisher_unweighted, "F without the chances"),
        (e7_4_wrong_gradient_unweighted, "right side without the chances"),
        (e7_4_wrong_standardised_targets, "standardises the advantages first"),
        (e7_4_wrong_each_parameter_alone, "fits each parameter alone, by the diagonal of F"),
        (
            e7_4_wrong_a_minimiser_but_not_the_shortest,
            "a minimiser, but not the shortest (wrong only when the scores are linearly dependent)",
        ),
        (e7_4_wrong_plain_solve, "inverts F (wrong only when it is singular)"),
        (e7_4_wrong_fitted_advantages, "returns the fitted advantages instead of the weights"),
        (e7_4_wrong_whole_answer_of_lstsq, "returns all that lstsq returns, not its first part"),
        (e7_4_wrong_centred_scores, "takes the unweighted mean off the scores"),
        (e7_4_wrong_scaled_down, "divides by the number of pairs"),
        (e7_4_wrong_gradient_descent_for_ever, "waits until the slope is exactly 0: never ends"),
    ],
}

RIGHT = {
    "7.1": [
        (e7_1_right_numpy, "numpy"),
        (e7_1_right_loops, "loops, list of lists"),
        (e7_1_right_torch, "torch"),
        (e7_1_right_float32, "float32"),
        (e7_1_right_in_place, "in-place"),
        (e7_1_right_covariance_of_scores, "covariance of the scores by einsum, parameter renamed"),
        (e7_1_right_differences, "other algebra: a sum over pairs of actions"),
    ],
    "7.2": [
        (e7_2_right_numpy, "numpy"),
        (e7_2_right_loops, "loops, list of lists"),
        (e7_2_right_torch, "torch"),
        (e7_2_right_float32, "float32"),
        (e7_2_right_in_place, "in-place"),
        (e7_2_right_difference_of_moments, "other algebra: second moments less first; parameters renamed"),
    ],
    "7.3": [
        (e7_3_right_numpy, "numpy, least squares"),
        (e7_3_right_loops, "loops, list"),
        (e7_3_right_torch, "torch"),
        (e7_3_right_float32, "float32"),
        (e7_3_right_in_place, "in-place"),
        (e7_3_right_by_the_price, "eigenvectors and the price of a nat, parameters renamed"),
        (e7_3_right_direction_of_length_one, "direction of length 1 first"),
    ],
    "7.4": [
        (e7_4_right_numpy, "numpy, pseudo-inverse"),
        (e7_4_right_loops, "loops, normal equations, list"),
        (e7_4_right_torch, "torch"),
        (e7_4_right_float32, "float32"),
        (e7_4_right_in_place, "in-place"),
        (e7_4_right_singular_values, "singular values, parameters renamed"),
    ],
}
