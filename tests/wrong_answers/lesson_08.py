"""Wrong answers to the exercises of lesson 08."""

import torch

from unforeseen import lesson_08 as unforeseen

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


def _alpha(matvec, r, p):
    return (r @ p) / (p @ matvec(p))


def _walk(matvec, x, r, p, step):
    return x + step * p, r - step * matvec(p)


def search_with_steep_product(matvec, x, r, p):
    return _walk(matvec, x, r, p, (r @ p) / matvec(p).square().sum())


def search_with_rFp(matvec, x, r, p):
    return _walk(matvec, x, r, p, (r @ matvec(p)) / (p @ matvec(p)))


def search_per_length(matvec, x, r, p):
    return _walk(matvec, x, r, p, _alpha(matvec, r, p) / p.norm())


def search_root(matvec, x, r, p):
    return _walk(matvec, x, r, p, (r @ p) / (p @ matvec(p)).sqrt())


def search_without_slope(matvec, x, r, p):
    return _walk(matvec, x, r, p, 1 / (p @ matvec(p)))


def search_without_curvature(matvec, x, r, p):
    return _walk(matvec, x, r, p, r @ p)


def search_absolute(matvec, x, r, p):
    return _walk(matvec, x, r, p, _alpha(matvec, r, p).abs())


def search_between(matvec, x, r, p):
    return _walk(matvec, x, r, p, _alpha(matvec, r, p).clamp(0, 1))


def search_at_most_p(matvec, x, r, p):
    return _walk(matvec, x, r, p, _alpha(matvec, r, p).clamp(max=1))


def search_walk_alone(matvec, x, r, p):
    step = _alpha(matvec, r, p)
    return step * p, r - step * matvec(p)


def search_old_point(matvec, x, r, p):
    return x.clone(), r - _alpha(matvec, r, p) * matvec(p)


def search_point_without_step(matvec, x, r, p):
    return x + p, r - _alpha(matvec, r, p) * matvec(p)


def search_change_of_residual(matvec, x, r, p):
    step = _alpha(matvec, r, p)
    return x + step * p, -step * matvec(p)


def search_gradient(matvec, x, r, p):
    step = _alpha(matvec, r, p)
    return x + step * p, step * matvec(p) - r


def search_projected(matvec, x, r, p):
    return x + _alpha(matvec, r, p) * p, r - (r @ p) / (p @ p) * p


def search_step_squared(matvec, x, r, p):
    step = _alpha(matvec, r, p)
    return x + step * p, r - step * matvec(step * p)


def search_new_point_off(matvec, x, r, p):
    x_new = x + _alpha(matvec, r, p) * p
    return x_new, r - matvec(x_new)


def search_p_for_g(matvec, x, r, p):
    x_new = x + _alpha(matvec, r, p) * p
    return x_new, p - matvec(x_new)


def search_product_of_r(matvec, x, r, p):
    Fr = matvec(r)
    step = (r @ p) / (p @ Fr)
    return x + step * p, r - step * Fr


def search_slope_of_g(matvec, x, r, p):
    g = r + matvec(x)
    return _walk(matvec, x, r, p, (g @ p) / (p @ matvec(p)))


def search_residual_again(matvec, x, r, p):
    return _walk(matvec, x, r, p, ((r - matvec(x)) @ p) / (p @ matvec(p)))


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


def direction_capped(r_new, r, p):
    return r_new + min(float(r_new @ r_new / (r @ r)), 1.0) * p


def direction_ratio_only(r_new, r, p):
    return (r_new @ r_new) / (r @ r)


def direction_one_over_old(r_new, r, p):
    return r_new + p / (r @ r)


def _beta(r_new, r):
    return (r_new @ r_new) / (r @ r)


def direction_one_less_beta(r_new, r, p):
    return r_new + (1 - _beta(r_new, r)) * p


def direction_mean(r_new, r, p):
    return torch.lerp(r_new, p, _beta(r_new, r))


def direction_over_both(r_new, r, p):
    return r_new + (r_new @ r_new) / (r_new @ r_new + r @ r) * p


def direction_absolute_sums(r_new, r, p):
    return r_new + r_new.norm(1) / r.norm(1) * p


def direction_inverted_unsquared(r_new, r, p):
    return r_new + r.norm() / r_new.norm() * p


def direction_inverted_subtracted(r_new, r, p):
    return r_new - p / _beta(r_new, r)


def direction_of_new_residual(r_new, r, p):
    return r_new + _beta(r_new, r) * r_new


def direction_uphill(r_new, r, p):
    return -r_new + _beta(r_new, r) * p


def direction_of_difference(r_new, r, p):
    return r_new - r + _beta(r_new, r) * p


def direction_from_p(r_new, r, p):
    return p + _beta(r_new, r) * p


def direction_of_length_one(r_new, r, p):
    new = r_new + _beta(r_new, r) * p
    return new / new.norm()


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


def _scored(scores, weights, numbers):
    """Return the sum over states and actions of weight·number·score."""
    return torch.einsum("na,na,nak->k", weights, numbers, scores)


def scores_unweighted_sum(scores, probabilities, v):
    return ((scores @ v)[..., None] * scores).sum((0, 1))


def scores_less_one(scores, probabilities, v):
    return _scored(scores, probabilities, scores @ v) / (len(scores) - 1)


def scores_alike_summed(scores, probabilities, v):
    return ((scores @ v)[..., None] * scores).mean(1).sum(0)


def scores_twice_summed(scores, probabilities, v):
    return _scored(scores, probabilities**2, scores @ v)


def scores_times_v(scores, probabilities, v):
    return (probabilities * (scores @ v) ** 2).sum(-1).mean() * v


def scores_of_themselves(scores, probabilities, v):
    return _scored(scores, probabilities, scores.square().sum(-1)) / len(scores)


def scores_of_length_one(scores, probabilities, v):
    unit = scores / scores.norm(dim=-1, keepdim=True)
    return _scored(unit, probabilities, unit @ v) / len(scores)


def scores_times_v_each(scores, probabilities, v):
    return _scored(scores, probabilities, scores @ v) / len(scores) * v


def scores_without_v(scores, probabilities, v):
    return _scored(scores, probabilities, scores.sum(-1)) / len(scores)


def scores_by_logarithm(scores, probabilities, v):
    return _scored(scores, probabilities.log(), scores @ v) / len(scores)


def scores_by_surprise(scores, probabilities, v):
    return _scored(scores, -probabilities.log(), scores @ v) / len(scores)


def scores_by_the_rest(scores, probabilities, v):
    return _scored(scores, 1 - probabilities, scores @ v) / len(scores)


def scores_by_entropy(scores, probabilities, v):
    return _scored(scores, -probabilities * probabilities.log(), scores @ v) / len(scores)


def scores_by_inverse(scores, probabilities, v):
    return _scored(scores, 1 / probabilities, scores @ v) / len(scores)


def scores_normalised_over_states(scores, probabilities, v):
    return _scored(scores, probabilities / probabilities.sum(0), scores @ v)


def scores_of_first_state(scores, probabilities, v):
    return scores[0].T @ (probabilities[0] * (scores[0] @ v))


def scores_of_first_action(scores, probabilities, v):
    return scores[:, 0].T @ (probabilities[:, 0] * (scores[:, 0] @ v)) / len(scores)


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


def product_averaged_actions_summed_states(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (old - new)).mean(1).sum(0), theta, v)


def product_unweighted_mean(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old - new).mean(), theta, v)


def product_unweighted_sum(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old - new).sum(), theta, v)


def product_weighted_twice(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice(((2 * old).exp() * (old - new)).sum(-1).mean(), theta, v)


def _right(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (old - new)).sum(-1).mean(), theta, v)


def product_halved(log_probs, theta, v):
    return 0.5 * _right(log_probs, theta, v)


def product_of_unweighted_squares(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((new - old).square().sum(-1).mean(), theta, v)


def product_of_mean_squares(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice(torch.nn.functional.mse_loss(new, old), theta, v)


def product_of_mean_probabilities(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice(torch.nn.functional.mse_loss(new.exp(), old.exp()), theta, v)


def product_of_first_state(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp() * (old - new)).sum(-1)[0], theta, v)


def product_of_mean_state(log_probs, theta, v):
    theta, new, old = _both(log_probs, theta)
    return _twice((old.exp().mean(0) * (old.mean(0) - new.mean(0))).sum(), theta, v)


def product_of_the_diagonal(log_probs, theta, v):
    units = torch.eye(len(theta), dtype=theta.dtype)
    return torch.stack([_right(log_probs, theta, unit)[i] for i, unit in enumerate(units)]) * v


def product_twice(log_probs, theta, v):
    return _right(log_probs, theta, _right(log_probs, theta, v))


def product_with_unit(log_probs, theta, v):
    return _right(log_probs, theta, v / v.norm())


def product_solved(log_probs, theta, v):
    F = torch.stack([_right(log_probs, theta, unit) for unit in torch.eye(len(theta), dtype=theta.dtype)])
    return torch.linalg.lstsq(F, v[:, None], rcond=1e-10, driver="gelsd").solution[:, 0]


def product_of_likeliest_gradient(log_probs, theta, v):
    theta, new, _ = _both(log_probs, theta)
    (score,) = torch.autograd.grad(new.max(-1).values.mean(), theta)
    return score * (score @ v)


def product_of_entropy_gradient(log_probs, theta, v):
    theta, new, _ = _both(log_probs, theta)
    (gradient,) = torch.autograd.grad(-(new.exp() * new).sum(-1).mean(), theta)
    return gradient * (gradient @ v)


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
        (search_in_place, "work on a copy"),
        (search_point_only, "return 2 values, not 1"),
        (unforeseen.e8_1_wrong_mixed_curvature, "you have rᵀFp below"),
        (unforeseen.e8_1_wrong_squared_product, "you make the new residual as short as it can be"),
        (search_with_steep_product, "you divide by the squared length of Fp"),
        (search_with_rFp, "you have rᵀFp on top"),
        (search_per_length, "you divide by the length of p too"),
        (search_root, "you take the root of pᵀFp"),
        (search_without_slope, "you forgot the slope"),
        (search_without_curvature, "you forgot the curvature"),
        (search_absolute, "you take |rᵀp|"),
        (search_between, "you keep α between 0 and 1"),
        (search_at_most_p, "you go no further than p itself"),
        (unforeseen.e8_1_wrong_added_constant, "you add a small number to the denominator"),
        (unforeseen.e8_1_wrong_other_way, "your point goes the wrong way and your residual the right one"),
        (search_walk_alone, "your new point is the walk αp alone"),
        (search_old_point, "you return the old point"),
        (unforeseen.e8_1_wrong_residual_without_step, "α is missing in your residual"),
        (search_point_without_step, "α is missing in your point"),
        (search_change_of_residual, "your second value is −αFp"),
        (search_gradient, "your second value is the gradient"),
        (search_projected, "you take from r its share along p"),
        (search_step_squared, "your residual moves by α²Fp"),
        (unforeseen.e8_1_wrong_residual_without_g, "your residual is −Fx, without the g"),
        (search_new_point_off, "you take F times the whole new point from r"),
        (search_p_for_g, "your residual is p less F times the new point"),
        (unforeseen.e8_1_wrong_product_at_x, "you multiply x by F"),
        (search_product_of_r, "you multiply r by F"),
        (unforeseen.e8_1_wrong_downhill_for_p, "you walk along the residual"),
        (search_slope_of_g, "your slope is that of r + Fx"),
        (search_residual_again, "you take Fx off r once more"),
        (unforeseen.e8_1_wrong_three_products, "you ask `matvec` more than once"),
    ],
    "8.2": [
        (direction_inverted, "your β is upside down: new"),
        (direction_steepest, "your direction is the bare residual"),
        (direction_beta_one, "you add p itself"),
        (direction_unsquared, "your β lacks its squares"),
        (direction_subtracted, "you subtract βp"),
        (direction_from_old_residual, "you start from the old residual"),
        (direction_same_line, "you return βp alone"),
        (direction_unscaled, "your β is the new rᵀr alone"),
        (direction_number_by_number, "you divide entry by entry"),
        (unforeseen.e8_2_wrong_product_of_both_residuals, "your direction is the bare residual"),
        (direction_one_over_old, "your β is 1 over the old rᵀr"),
        (unforeseen.e8_2_wrong_over_the_direction, "you divide by pᵀp"),
        (unforeseen.e8_2_wrong_beta_on_the_residual, "your β stands at the residual"),
        (unforeseen.e8_2_wrong_difference_of_squares, "your β is too small by 1"),
        (direction_one_less_beta, "you have 1 − β in front of p"),
        (direction_mean, "you take the mean of r_new and p"),
        (direction_over_both, "you have new rᵀr over new plus old"),
        (unforeseen.e8_2_wrong_sums_without_squares, "you divide the sums of the entries: "),
        (direction_absolute_sums, "you divide the sums of the entries' absolute values"),
        (unforeseen.e8_2_wrong_beta_squared, "you square β"),
        (direction_inverted_unsquared, "your β is upside down and lacks its squares"),
        (direction_inverted_subtracted, "your β is upside down, and βp is subtracted"),
        (unforeseen.e8_2_wrong_old_residual_for_direction, "you add β times the old residual"),
        (direction_of_new_residual, "you add β times the new residual"),
        (direction_uphill, "you start from −r_new"),
        (direction_of_difference, "you start from r_new − r"),
        (direction_from_p, "you start from p"),
        (direction_of_length_one, "your direction is scaled to length 1"),
        (unforeseen.e8_2_wrong_absolute_tolerance, "you add a small number to the denominator"),
        (direction_capped, "you keep β at 1 at most"),
        (direction_ratio_only, "the shape is wrong: expected (2,), got ()"),
    ],
    "8.3": [
        (scores_summed, "you sum over the states"),
        (scores_alike, "all actions count alike"),
        (scores_unweighted, "you forgot the probabilities: "),
        (scores_averaged_first, "your product is 0, as the mean score is"),
        (scores_diagonal, "you multiply number by number"),
        (scores_once, "your product is 0, as the mean score is"),
        (scores_weighted_twice, "the probabilities come in twice: "),
        (scores_of_likeliest, "you take the likeliest action alone"),
        (scores_number, "the shape is wrong"),
        (unforeseen.e8_3_wrong_mean_over_actions, "you divide by the number of actions too"),
        (unforeseen.e8_3_wrong_axes_swapped, "you divide by the number of actions, and sum over the states"),
        (scores_unweighted_sum, "you forgot the probabilities, and sum over the states"),
        (scores_less_one, "you divide by the number of states less one"),
        (scores_alike_summed, "your actions count alike, and you sum over the states"),
        (scores_twice_summed, "the probabilities come in twice, and you sum"),
        (unforeseen.e8_3_wrong_squared_products, "you square ψᵀv"),
        (unforeseen.e8_3_wrong_absolute_products, "you take |ψᵀv|"),
        (scores_times_v, "your last factor is v"),
        (scores_of_themselves, "you multiply each score by its own squared length"),
        (unforeseen.e8_3_wrong_direction_of_length_one, "you scale v to length 1"),
        (scores_of_length_one, "you scale the scores to length 1"),
        (scores_times_v_each, "v comes in twice"),
        (scores_without_v, "your v is left out"),
        (unforeseen.e8_3_wrong_roots_of_probabilities, "you weigh by the roots"),
        (scores_by_logarithm, "you weigh by log π"),
        (scores_by_surprise, "you weigh by −log π"),
        (scores_by_the_rest, "you weigh by 1 − π"),
        (scores_by_entropy, "you weigh by −π log π"),
        (scores_by_inverse, "you weigh by 1/π"),
        (scores_normalised_over_states, "you divide the probabilities by their sum over the states"),
        (scores_of_first_state, "you use the first state alone"),
        (scores_of_first_action, "you use the first action of each state alone"),
        (unforeseen.e8_3_wrong_states_averaged_first, "over the states first"),
        (unforeseen.e8_3_wrong_damped, "you add damping"),
    ],
    "8.4": [
        (product_undetached, "your product is 0 whatever v is"),
        (product_of_gradient_once, "your product is 0 whatever v is"),
        (product_weights_undetached, "you have −Fv"),
        (product_summed, "you sum over the states"),
        (product_averaged_over_actions, "you average over the actions too"),
        (product_unweighted, "your logarithms have no weights: "),
        (product_of_entropy, "you differentiate the entropy"),
        (product_of_squares, "you have 2Fv"),
        (product_of_probabilities, "you differentiate the difference of the probabilities"),
        (product_without_graph, "does not require grad"),
        (product_without_v, "v is left out"),
        (product_averaged_actions_summed_states, "you average over the actions, and sum over the states"),
        (product_unweighted_mean, "your logarithms have no weights, and you average over the actions"),
        (product_unweighted_sum, "your logarithms have no weights, and you sum over the states"),
        (unforeseen.e8_4_wrong_logarithms_as_weights, "you weigh by log-probabilities"),
        (product_weighted_twice, "the weights come in twice"),
        (unforeseen.e8_4_wrong_entropy, "you differentiate the entropy"),
        (product_halved, "you have ½Fv"),
        (product_of_unweighted_squares, "your squared differences of the logarithms have no weights"),
        (product_of_mean_squares, "you average the squared differences over the actions alike"),
        (product_of_mean_probabilities, "you differentiate the mean of the probabilities' squared differences"),
        (unforeseen.e8_4_wrong_curvature_of_the_likeliest_action, "you differentiate the likeliest action's log π"),
        (product_of_first_state, "you use the first state alone"),
        (product_of_mean_state, "you average the logarithms over the states first"),
        (unforeseen.e8_4_wrong_gradient_a_whole_step_away, "you have the KL's gradient a whole v away"),
        (unforeseen.e8_4_wrong_summed_hessian_times_v, "you have the sums of F's rows"),
        (product_of_the_diagonal, "you have the diagonal of F times v"),
        (product_twice, "you multiply by F twice"),
        (product_with_unit, "you scale v to length 1"),
        (product_solved, "you have F⁻¹v in place of Fv"),
        (unforeseen.e8_4_wrong_outer_product_of_mean_scores, "of one gradient, in which all scores"),
        (product_of_likeliest_gradient, "of one gradient, that of the likeliest actions"),
        (product_of_entropy_gradient, "the outer product of the entropy's gradient"),
        (unforeseen.e8_4_wrong_damped, "you add damping"),
    ],
}
