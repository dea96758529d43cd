"""Wrong answers to the exercises of lesson 08."""

import torch

# 8.1, the lowest point along a direction


def search_uphill(matvec, x, r, p):
    Fp = matvec(p)
    step = -torch.dot(r, p) / torch.dot(p, Fp)
    return x + step * p, r - step * Fp


def search_euclidean(matvec, x, r, p):
    step = r @ p / p.norm() ** 2
    return x + step * p, r - step * matvec(p)


def search_with_rr(matvec, x, r, p):
    Fp = matvec(p)
    step = r @ r / (p @ Fp)
    return x + step * p, r - step * Fp


def search_upside_down(matvec, x, r, p):
    Fp = matvec(p)
    step = p @ Fp / (r @ p)
    return x + step * p, r - step * Fp


def search_full_step(matvec, x, r, p):
    return x + p, r - matvec(p)


def search_doubled(matvec, x, r, p):
    step = r @ p / (p @ matvec(p) / 2)
    return x + step * p, r - step * matvec(p)


def search_halved(matvec, x, r, p):
    step = r @ p / (2 * (p @ matvec(p)))
    return x + step * p, r - step * matvec(p)


def search_old_residual(matvec, x, r, p):
    return x + (r @ p) / (p @ matvec(p)) * p, r


def search_residual_along_p(matvec, x, r, p):
    step = r @ p / (p @ matvec(p))
    return x + step * p, r - step * p


def search_residual_grows(matvec, x, r, p):
    Fp = matvec(p)
    step = r @ p / (p @ Fp)
    return x + step * p, r + step * Fp


def search_in_place(matvec, x, r, p):
    Fp = matvec(p)
    step = r @ p / (p @ Fp)
    x += step * p
    r -= step * Fp
    return x, r


def search_point_only(matvec, x, r, p):
    return x + r @ p / (p @ matvec(p)) * p


# 8.2, the next direction


def direction_inverted(r_new, r, p):
    return r_new + (r @ r) / (r_new @ r_new) * p


def direction_steepest(r_new, r, p):
    return r_new.clone()


def direction_beta_one(r_new, r, p):
    return r_new + p


def direction_unsquared(r_new, r, p):
    return r_new + r_new.norm() / r.norm() * p


def direction_subtracted(r_new, r, p):
    return r_new - (r_new @ r_new) / (r @ r) * p


def direction_from_old_residual(r_new, r, p):
    return r + (r_new @ r_new) / (r @ r) * p


def direction_same_line(r_new, r, p):
    return (r_new @ r_new) / (r @ r) * p


def direction_unscaled(r_new, r, p):
    return r_new + (r_new @ r_new) * p


def direction_number_by_number(r_new, r, p):
    return r_new + r_new**2 / r**2 * p


def direction_ratio_only(r_new, r, p):
    return (r_new @ r_new) / (r @ r)


# 8.3, F v from scores


def scores_summed(scores, probabilities, v):
    return torch.einsum("na,nak,na->k", probabilities, scores, scores @ v)


def scores_alike(scores, probabilities, v):
    return (scores * (scores @ v)[..., None]).mean((0, 1))


def scores_unweighted(scores, probabilities, v):
    return (scores * (scores @ v)[..., None]).sum(1).mean(0)


def scores_averaged_first(scores, probabilities, v):
    mean = (probabilities[..., None] * scores).sum(1)
    return (mean * (mean @ v)[:, None]).mean(0)


def scores_diagonal(scores, probabilities, v):
    return (probabilities[..., None] * scores**2).sum(1).mean(0) * v


def scores_once(scores, probabilities, v):
    return (probabilities[..., None] * scores * v).sum(1).mean(0)


def scores_weighted_twice(scores, probabilities, v):
    weighted = probabilities[..., None] * scores
    return torch.einsum("nak,na->k", weighted, weighted @ v) / len(scores)


def scores_of_likeliest(scores, probabilities, v):
    likeliest = scores[torch.arange(len(scores)), probabilities.argmax(-1)]
    return likeliest.T @ (likeliest @ v) / len(scores)


def scores_number(scores, probabilities, v):
    return (probabilities * (scores @ v) ** 2).sum(-1).mean()


# 8.4, F v by differentiating the KL divergence twice


def _twice(kl, theta, v):
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def _both(log_probs, theta):
    theta = theta.clone().requires_grad_()
    new = log_probs(theta)
    return theta, new, new.detach()


def product_undetached(log_probs, theta, v):
    theta = theta.clone().requires_grad_()
    old, new = log_probs(theta), log_probs(theta)
    return _twice((old.exp() * (old - new)).sum(-1).mean(), theta, v)


def product_of_gradient_once(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return torch.autograd.grad((old.exp() * (old - new)).sum(-1).mean(), theta)[0]


def product_weights_undetached(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((new.exp() * (old - new)).sum(-1).mean(), theta, v)


def product_summed(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (old - new)).sum(), theta, v)


def product_averaged_over_actions(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (old - new)).mean(), theta, v)


def product_unweighted(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old - new).sum(-1).mean(), theta, v)


def product_of_entropy(log_probs, theta, v):
    theta, new, _ = _both(log_probs, theta)
    return _twice(-(new.exp() * new).sum(-1).mean(), theta, v)


def product_of_squares(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (new - old).square()).sum(-1).mean(), theta, v)


def product_of_probabilities(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((new.exp() - old.exp()).square().sum(-1).mean(), theta, v)


def product_without_graph(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    (gradient,) = torch.autograd.grad((old.exp() * (old - new)).sum(-1).mean(), theta)
    return torch.autograd.grad(gradient @ v, theta)[0]


def product_without_v(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    (gradient,) = torch.autograd.grad((old.exp() * (old - new)).sum(-1).mean(), theta, create_graph=True)
    return torch.autograd.grad(gradient.sum(), theta)[0]


WRONG_ANSWERS = {
    "8.1": [
        (search_uphill, "your step goes the wrong way"),
        (search_euclidean, "you divide by pᵀp"),
        (search_with_rr, "you have rᵀr on top"),
        (search_upside_down, "your fraction is upside down"),
        (search_full_step, "you take p as it is"),
        (search_doubled, "your step is twice as long"),
        (search_halved, "your step is half as long"),
        (search_old_residual, "you return the old residual"),
        (search_residual_along_p, "your residual moves with αp"),
        (search_residual_grows, "your residual grows"),
        (search_in_place, "your function changes its arguments"),
        (search_point_only, "return 2 values, not 1"),
    ],
    "8.2": [
        (direction_inverted, "your β is upside down"),
        (direction_steepest, "you leave p out"),
        (direction_beta_one, "you add p itself"),
        (direction_unsquared, "your β lacks its squares"),
        (direction_subtracted, "you subtract βp"),
        (direction_from_old_residual, "you start from the old residual"),
        (direction_same_line, "you return βp alone"),
        (direction_unscaled, "your β is the new rᵀr alone"),
        (direction_number_by_number, "the sign is wrong"),
        (direction_ratio_only, "the shape is wrong: expected (2,), got ()"),
    ],
    "8.3": [
        (scores_summed, "you sum over the states"),
        (scores_alike, "all actions count alike"),
        (scores_unweighted, "you forgot the probabilities"),
        (scores_averaged_first, "your product is 0, as the mean score is"),
        (scores_diagonal, "you multiply number by number"),
        (scores_once, "your product is 0, as the mean score is"),
        (scores_weighted_twice, "the probabilities come in twice"),
        (scores_of_likeliest, "you take the likeliest action alone"),
        (scores_number, "the shape is wrong"),
    ],
    "8.4": [
        (product_undetached, "your product is 0 whatever v is"),
        (product_of_gradient_once, "your product is 0 whatever v is"),
        (product_weights_undetached, "you have −Fv"),
        (product_summed, "you sum over the states"),
        (product_averaged_over_actions, "you average over the actions too"),
        (product_unweighted, "your logarithms have no weights"),
        (product_of_entropy, "you differentiate the entropy"),
        (product_of_squares, "you differentiate the mean squared difference"),
        (product_of_probabilities, "you differentiate the difference of the probabilities"),
        (product_without_graph, "does not require grad"),
        (product_without_v, "not yet"),
    ],
}
