"""Answers to the exercises of lesson 08, written by somebody who knows the lesson and not its checks."""

import numpy as np
import torch


# 8.1 search_along
def e8_1_wrong_residual_sign(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return x + step * p, r + step * Fp


def e8_1_wrong_slope_of_cg_only(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ r) / (p @ Fp)
    return x + step * p, r - step * Fp


def e8_1_wrong_no_curvature(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ p)
    return x + step * p, r - step * Fp


def e8_1_wrong_other_way(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return x - step * p, r - step * Fp


def e8_1_wrong_residual_without_step(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return x + step * p, r - Fp


def e8_1_wrong_residual_without_matrix(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return x + step * p, r - step * p


def e8_1_wrong_curvature_over_slope(matvec, x, r, p):
    Fp = matvec(p)
    step = (p @ Fp) / (r @ p)
    return x + step * p, r - step * Fp


def e8_1_wrong_mixed_curvature(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (r @ Fp)
    return x + step * p, r - step * Fp


def e8_1_wrong_squared_product(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ Fp) / (Fp @ Fp)
    return x + step * p, r - step * Fp


def e8_1_wrong_half_the_step(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (2 * (p @ Fp))
    return x + step * p, r - step * Fp


def e8_1_wrong_added_constant(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp + 1e-8)
    return x + step * p, r - step * Fp


def e8_1_wrong_product_at_x(matvec, x, r, p):
    Fx = matvec(x)
    step = (r @ p) / (p @ Fx)
    return x + step * p, r - step * Fx


def e8_1_wrong_residual_without_g(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    x_new = x + step * p
    return x_new, -matvec(x_new)


def e8_1_wrong_downhill_for_p(matvec, x, r, p):
    Fr = matvec(r)
    step = (r @ r) / (r @ Fr)
    return x + step * r, r - step * Fr


def e8_1_wrong_full_step(matvec, x, r, p):
    return x + p, r - matvec(p)


def e8_1_wrong_order(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    return r - step * Fp, x + step * p


def e8_1_wrong_point_only(matvec, x, r, p):
    Fp = matvec(p)
    return x + (r @ p) / (p @ Fp) * p


def e8_1_wrong_writes_into_the_arguments(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    x += step * p
    r -= step * Fp
    return x, r


def e8_1_wrong_three_products(matvec, x, r, p):
    step = (r @ p) / (p @ matvec(p))
    g = r + matvec(x)
    x_new = x + step * p
    return x_new, g - matvec(x_new)


def e8_1_right_numpy(matvec, x, r, p):
    Fp = matvec(p)
    step = (r * p).sum() / (p * Fp).sum()
    return x + step * p, r - step * Fp


def e8_1_right_loops(matvec, x, r, p):
    Fp, size = matvec(p), len(p)
    slope, curvature = 0.0, 0.0
    for i in range(size):
        slope += float(r[i]) * float(p[i])
        curvature += float(p[i]) * float(Fp[i])
    step = slope / curvature
    x_new, r_new = 1 * x, 1 * r
    for i in range(size):
        x_new[i] = x[i] + step * p[i]
        r_new[i] = r[i] - step * Fp[i]
    return x_new, r_new


def e8_1_right_torch(matvec, x, r, p):
    product = torch.as_tensor(matvec(p), dtype=torch.float64)
    x, r, p = (torch.as_tensor(vector, dtype=torch.float64) for vector in (x, r, p))
    step = torch.dot(r, p) / torch.dot(p, product)
    return torch.add(x, p, alpha=step.item()), torch.sub(r, product, alpha=step.item())


def e8_1_right_float32(matvec, x, r, p):
    Fp = torch.as_tensor(matvec(p)).float()
    x32, r32, p32 = (torch.as_tensor(vector).float() for vector in (x, r, p))
    step = (r32 @ p32) / (p32 @ Fp)
    return (x32 + step * p32).double(), (r32 - step * Fp).double()


def e8_1_right_in_place(matvec, x, r, p):
    Fp = matvec(p)
    step = (r @ p) / (p @ Fp)
    x_new, r_new = 1 * x, 1 * r
    x_new += step * p
    r_new -= step * Fp
    return x_new, r_new


def e8_1_right_direction_of_curvature_one(product, point, residual, direction):
    curved = product(direction)
    length = (direction @ curved) ** 0.5
    unit, curved = direction / length, curved / length
    slope = residual @ unit
    return point + slope * unit, residual - slope * curved


def e8_1_right_list(matvec, x, r, p):
    Fp = matvec(p)
    step = (p @ r) / (Fp @ p)
    return [step * p + x, -step * Fp + r]


# 8.2 next_direction
def e8_2_wrong_old_over_new(r_new, r, p):
    return r_new + (r @ r) / (r_new @ r_new) * p


def e8_2_wrong_old_residual(r_new, r, p):
    return r + (r_new @ r_new) / (r @ r) * p


def e8_2_wrong_minus(r_new, r, p):
    return r_new - (r_new @ r_new) / (r @ r) * p


def e8_2_wrong_lengths_not_squared(r_new, r, p):
    return r_new + ((r_new @ r_new) / (r @ r)) ** 0.5 * p


def e8_2_wrong_product_of_both_residuals(r_new, r, p):
    return r_new + (r_new @ r) / (r @ r) * p


def e8_2_wrong_over_the_direction(r_new, r, p):
    return r_new + (r_new @ r_new) / (p @ p) * p


def e8_2_wrong_beta_on_the_residual(r_new, r, p):
    return (r_new @ r_new) / (r @ r) * r_new + p


def e8_2_wrong_steepest_descent(r_new, r, p):
    return 1 * r_new


def e8_2_wrong_beta_one(r_new, r, p):
    return r_new + p


def e8_2_wrong_beta_alone(r_new, r, p):
    return (r_new @ r_new) / (r @ r)


def e8_2_wrong_difference_of_squares(r_new, r, p):
    return r_new + (r_new @ r_new - r @ r) / (r @ r) * p


def e8_2_wrong_entry_by_entry(r_new, r, p):
    return r_new + (r_new * r_new) / (r * r) * p


def e8_2_wrong_sums_without_squares(r_new, r, p):
    return r_new + r_new.sum() / r.sum() * p


def e8_2_wrong_beta_squared(r_new, r, p):
    return r_new + ((r_new @ r_new) / (r @ r)) ** 2 * p


def e8_2_wrong_old_residual_for_direction(r_new, r, p):
    return r_new + (r_new @ r_new) / (r @ r) * r


def e8_2_wrong_orthogonal_for_conjugate(r_new, r, p):
    return r_new - (r_new @ p) / (p @ p) * p


def e8_2_wrong_absolute_tolerance(r_new, r, p):
    return r_new + (r_new @ r_new) / (r @ r + 1e-3) * p


def e8_2_wrong_writes_into_the_direction(r_new, r, p):
    beta = (r_new @ r_new) / (r @ r)
    p *= beta
    p += r_new
    return p


def e8_2_right_numpy(r_new, r, p):
    return p * ((r_new**2).sum() / (r**2).sum()) + r_new


def e8_2_right_loops(r_new, r, p):
    new_square, old_square = 0.0, 0.0
    for i in range(len(r)):
        new_square += float(r_new[i]) ** 2
        old_square += float(r[i]) ** 2
    direction = 1 * r_new
    for i in range(len(r)):
        direction[i] = r_new[i] + new_square / old_square * p[i]
    return direction


def e8_2_right_torch(r_new, r, p):
    r_new, r, p = (torch.as_tensor(vector, dtype=torch.float64) for vector in (r_new, r, p))
    beta = torch.dot(r_new, r_new) / torch.dot(r, r)
    return torch.lerp(r_new, r_new + p, beta)


def e8_2_right_float32(r_new, r, p):
    r_new, r, p = (torch.as_tensor(vector).float() for vector in (r_new, r, p))
    return (r_new + (r_new @ r_new) / (r @ r) * p).double()


def e8_2_right_in_place(r_new, r, p):
    direction = 1 * p
    direction *= (r_new @ r_new) / (r @ r)
    direction += r_new
    return direction


def e8_2_right_scaled_first(after, before, direction):
    # the squares of very short residuals could underflow: divide before squaring
    size = abs(before).max()
    ratio = ((after / size) @ (after / size)) / ((before / size) @ (before / size))
    return after + ratio * direction


def e8_2_right_polak_and_ribiere(r_new, r, p):
    # by (8.6) the residuals are orthogonal, so that r_new @ r may be taken off the numerator
    return r_new + (r_new @ (r_new - r)) / (r @ r) * p


def e8_2_right_norms(r_new, r, p):
    length = sum(abs(x) ** 2 for x in r_new) ** 0.5 / sum(abs(x) ** 2 for x in r) ** 0.5
    return r_new + length**2 * p


# 8.3 score_product
def e8_3_wrong_mean_over_actions(scores, probabilities, v):
    weights = probabilities * (scores @ v)
    return (weights[..., None] * scores).mean(1).mean(0)


def e8_3_wrong_sum_over_states(scores, probabilities, v):
    weights = probabilities * (scores @ v)
    return (weights[..., None] * scores).sum(1).sum(0)


def e8_3_wrong_no_probabilities(scores, probabilities, v):
    return ((scores @ v)[..., None] * scores).sum(1).mean(0)


def e8_3_wrong_actions_alike(scores, probabilities, v):
    return ((scores @ v)[..., None] * scores).mean(1).mean(0)


def e8_3_wrong_probabilities_twice(scores, probabilities, v):
    weighted = probabilities[..., None] * scores
    return ((weighted @ v)[..., None] * weighted).sum(1).mean(0)


def e8_3_wrong_squared_products(scores, probabilities, v):
    weights = probabilities * (scores @ v) ** 2
    return (weights[..., None] * scores).sum(1).mean(0)


def e8_3_wrong_mean_score_first(scores, probabilities, v):
    mean = (probabilities[..., None] * scores).sum(1)
    return ((mean @ v)[:, None] * mean).mean(0)


def e8_3_wrong_one_number(scores, probabilities, v):
    return (probabilities * (scores @ v) ** 2).sum(1).mean(0)


def e8_3_wrong_second_score_missing(scores, probabilities, v):
    weights = (probabilities * (scores @ v)).sum(1)
    return weights.mean() * v


def e8_3_wrong_damped(scores, probabilities, v):
    weights = probabilities * (scores @ v)
    return (weights[..., None] * scores).sum(1).mean(0) + 0.1 * v


def e8_3_wrong_likeliest_action(scores, probabilities, v):
    chosen = scores[torch.arange(len(scores)), probabilities.argmax(1)]
    return ((chosen @ v)[:, None] * chosen).mean(0)


def e8_3_wrong_absolute_products(scores, probabilities, v):
    weights = probabilities * (scores @ v).abs()
    return (weights[..., None] * scores).sum(1).mean(0)


def e8_3_wrong_states_averaged_first(scores, probabilities, v):
    psi, chance = scores.mean(0), probabilities.mean(0)
    return ((chance * (psi @ v))[:, None] * psi).sum(0)


def e8_3_wrong_roots_of_probabilities(scores, probabilities, v):
    weights = probabilities.sqrt() * (scores @ v)
    return (weights[..., None] * scores).sum(1).mean(0)


def e8_3_wrong_one_row_a_state(scores, probabilities, v):
    weights = probabilities * (scores @ v)
    return (weights[..., None] * scores).sum(1)


def e8_3_wrong_axes_swapped(scores, probabilities, v):
    weights = probabilities * (scores @ v)
    return (weights[..., None] * scores).sum(0).mean(0)


def e8_3_wrong_direction_of_length_one(scores, probabilities, v):
    weights = probabilities * (scores @ (v / v.norm()))
    return (weights[..., None] * scores).sum(1).mean(0)


def e8_3_wrong_entry_by_entry(scores, probabilities, v):
    return (probabilities[..., None] * scores * scores * v).sum(1).mean(0)


def e8_3_right_torch(scores, probabilities, v):
    return torch.einsum("sa,sak,sal,l->k", probabilities, scores, scores, v) / scores.shape[0]


def e8_3_right_numpy(scores, probabilities, v):
    psi, chance, direction = scores.numpy(), probabilities.numpy(), v.numpy()
    weights = chance * np.tensordot(psi, direction, axes=1)
    return np.tensordot(weights, psi, axes=2) / len(psi)


def e8_3_right_loops(scores, probabilities, v):
    states, actions, size = scores.shape
    total = [0.0] * size
    for s in range(states):
        for a in range(actions):
            moved = sum(float(scores[s, a, k]) * float(v[k]) for k in range(size))
            weight = float(probabilities[s, a]) * moved / states
            for k in range(size):
                total[k] += weight * float(scores[s, a, k])
    return total


def e8_3_right_float32(scores, probabilities, v):
    psi, chance, direction = scores.float(), probabilities.float(), v.float()
    return ((chance * (psi @ direction))[..., None] * psi).sum(1).mean(0)


def e8_3_right_in_place(scores, probabilities, v):
    weights = (scores @ v).clone()
    weights *= probabilities
    total = torch.zeros_like(v)
    for weight, psi in zip(weights, scores, strict=True):
        total += psi.T @ weight
    total /= len(scores)
    return total


def e8_3_right_flattened(psi, chances, direction):
    rows = psi.reshape(-1, psi.shape[-1])
    return rows.T @ (chances.reshape(-1) * (rows @ direction)) / len(psi)


def e8_3_right_root_of_the_weights(scores, probabilities, v):
    rows = (probabilities / len(scores)).sqrt()[..., None] * scores
    return ((rows @ v)[..., None] * rows).sum(dim=(0, 1))


# 8.4 curvature_product
def e8_4_wrong_nothing_detached(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    old, new = log_probs(theta), log_probs(theta)
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta, allow_unused=True, materialize_grads=True)[0]


def e8_4_wrong_sum_over_states(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_mean_over_actions_too(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_first_derivative(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta)
    return gradient


def e8_4_wrong_graph_not_kept(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_no_probabilities(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old - new).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_logarithms_as_weights(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_damped(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0] + 0.1 * v


def e8_4_wrong_entropy(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    negative_entropy = (new.exp() * new).sum(-1).mean()
    (gradient,) = torch.autograd.grad(negative_entropy, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_one_number(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return v @ torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_sign(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (new - old)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_squares_without_half(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    distance = (old.exp() * (new - old) ** 2).sum(-1).mean()
    (gradient,) = torch.autograd.grad(distance, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_weights_follow(log_probs, theta, v):
    # the new policy's probabilities weigh log(old/new), so the signs don't belong together
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (new.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_gradient_a_whole_step_away(log_probs, theta, v):
    old = log_probs(theta).detach()
    there = (theta + v).detach().requires_grad_()
    kl = (old.exp() * (old - log_probs(there))).sum(-1).mean()
    return torch.autograd.grad(kl, there)[0]


def e8_4_wrong_summed_hessian_times_v(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient.sum(), theta)[0] * v


def e8_4_wrong_outer_product_of_mean_scores(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    (score,) = torch.autograd.grad(log_probs(theta).sum(-1).mean(), theta)
    return score * (score @ v)


def e8_4_wrong_curvature_of_the_likeliest_action(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    loss = -log_probs(theta).max(-1).values.mean()
    (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_everything_detached(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta).detach()
    kl = (new.exp() * (new - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_wrong_waits_for_a_distance(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    old = log_probs(theta).detach()
    kl = torch.zeros(())
    while kl <= 0:
        new = log_probs(theta)
        kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


def e8_4_right_torch(log_probs, theta, v):
    theta = theta.detach().clone().requires_grad_(True)
    with torch.no_grad():
        old = log_probs(theta)
    kl = torch.nn.functional.kl_div(log_probs(theta), old, reduction="batchmean", log_target=True)
    gradient = torch.autograd.grad(kl, theta, create_graph=True)[0]
    return torch.autograd.grad(gradient, theta, grad_outputs=v)[0]


def e8_4_right_other_direction_of_the_kl(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    kl = (new.exp() * (new - old)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad((gradient * v).sum(), theta)[0]


def e8_4_right_numpy(log_probs, theta, v):
    scores = torch.autograd.functional.jacobian(log_probs, theta.detach()).detach().numpy()
    chances = log_probs(theta).detach().exp().numpy()
    product = np.einsum("sa,sak,sa->k", chances, scores, scores @ v.detach().numpy()) / len(chances)
    return torch.from_numpy(product)


def e8_4_right_loops(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    values = log_probs(theta)
    states, actions = values.shape
    total = torch.zeros_like(theta)
    for s in range(states):
        for a in range(actions):
            (score,) = torch.autograd.grad(values[s, a], theta, retain_graph=True)
            total = total + values[s, a].exp().item() / states * (score @ v) * score
    return total.detach()


def e8_4_right_float32(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta).float()
    old = new.detach()
    kl = (old.exp() * (old - new)).sum(-1).mean()
    (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
    return torch.autograd.grad(gradient.float() @ v.float(), theta)[0]


def e8_4_right_in_place(log_probs, theta, v):
    theta = theta.detach().clone().requires_grad_()
    new = log_probs(theta)
    old = new.detach().clone()
    product = torch.zeros_like(old[0, 0] * v)
    for before, after in zip(old, new, strict=True):  # one state after the other
        kl = (before.exp() * (before - after)).sum()
        (gradient,) = torch.autograd.grad(kl, theta, create_graph=True)
        product += torch.autograd.grad(gradient @ v, theta, retain_graph=True)[0]
    product /= len(old)
    return product


def e8_4_right_two_sweeps(policy, weights, direction):
    # one sweep forward for the moved log-probabilities, one back with the probabilities as weights
    weights = weights.detach()
    values, moved = torch.autograd.functional.jvp(policy, weights, direction)
    weights = weights.requires_grad_()
    objective = (values.detach().exp() * moved.detach() * policy(weights)).sum() / len(values)
    return torch.autograd.grad(objective, weights)[0]


def e8_4_right_half_the_squares(log_probs, theta, v):
    theta = theta.detach().requires_grad_()
    new = log_probs(theta)
    old = new.detach()
    distance = (old.exp() * (new - old) ** 2 / 2).sum(-1).mean()
    (gradient,) = torch.autograd.grad(distance, theta, create_graph=True)
    return torch.autograd.grad(gradient @ v, theta)[0]


WRONG = {
    "8.1": [
        (e8_1_wrong_residual_sign, "the new residual is r + αFp instead of r − αFp"),
        (e8_1_wrong_slope_of_cg_only, "rᵀr for rᵀp (wrong only when p isn't a direction of conjugate gradients)"),
        (e8_1_wrong_no_curvature, "divides by pᵀp: the curvature is missing"),
        (e8_1_wrong_other_way, "walks in the opposite direction, x − αp"),
        (e8_1_wrong_residual_without_step, "forgets α in the residual"),
        (e8_1_wrong_residual_without_matrix, "takes αp off the residual instead of αFp"),
        (e8_1_wrong_curvature_over_slope, "curvature over slope: the quotient is upside down"),
        (e8_1_wrong_mixed_curvature, "rᵀFp instead of pᵀFp in the denominator"),
        (e8_1_wrong_squared_product, "minimises the residual's length instead of the bowl's height"),
        (e8_1_wrong_half_the_step, "a factor ½ too much: half the walk"),
        (
            e8_1_wrong_added_constant,
            "adds a constant to the denominator (wrong only when the curvature along p is small)",
        ),
        (e8_1_wrong_product_at_x, "multiplies x by the matrix instead of p"),
        (e8_1_wrong_residual_without_g, "the residual is −F x_new: forgets g"),
        (e8_1_wrong_downhill_for_p, "walks along r whatever p is (wrong only when p isn't parallel to r)"),
        (e8_1_wrong_full_step, "goes the whole of p: no step length"),
        (e8_1_wrong_order, "returns residual and point in the wrong order"),
        (e8_1_wrong_point_only, "returns the point without its residual"),
        (e8_1_wrong_writes_into_the_arguments, "writes into the caller's x and r"),
        (e8_1_wrong_three_products, "the numbers are right, but it asks for three products instead of one"),
    ],
    "8.2": [
        (e8_2_wrong_old_over_new, "β is old over new instead of new over old"),
        (e8_2_wrong_old_residual, "starts from the old residual"),
        (e8_2_wrong_minus, "takes βp off instead of adding it"),
        (e8_2_wrong_lengths_not_squared, "β is the quotient of lengths, not of their squares"),
        (e8_2_wrong_product_of_both_residuals, "r_newᵀr in the numerator, which is 0"),
        (e8_2_wrong_over_the_direction, "pᵀp in the denominator (wrong only when p isn't r)"),
        (e8_2_wrong_beta_on_the_residual, "β stands at the residual instead of at the direction"),
        (e8_2_wrong_steepest_descent, "forgets βp: steepest descent"),
        (e8_2_wrong_beta_one, "β = 1: forgets the quotient"),
        (e8_2_wrong_beta_alone, "returns β instead of the direction"),
        (e8_2_wrong_difference_of_squares, "takes rᵀr off the numerator instead of r_newᵀr"),
        (e8_2_wrong_entry_by_entry, "divides entry by entry: a β for each coordinate"),
        (e8_2_wrong_sums_without_squares, "sums of the entries instead of their squares"),
        (e8_2_wrong_beta_squared, "squares β"),
        (
            e8_2_wrong_old_residual_for_direction,
            "adds βr instead of βp (wrong only when p isn't r, from the second walk on)",
        ),
        (e8_2_wrong_orthogonal_for_conjugate, "makes the direction orthogonal to p instead of conjugate"),
        (
            e8_2_wrong_absolute_tolerance,
            "adds a constant to the denominator (wrong only when the residual isn't large)",
        ),
        (e8_2_wrong_writes_into_the_direction, "writes into the caller's p: the list of directions is spoiled"),
    ],
    "8.3": [
        (e8_3_wrong_mean_over_actions, "averages over the actions after weighing them: divides once too often"),
        (e8_3_wrong_sum_over_states, "adds up the states instead of averaging"),
        (e8_3_wrong_no_probabilities, "forgets the probabilities"),
        (
            e8_3_wrong_actions_alike,
            "averages over the actions alike instead of by π (wrong only when π isn't uniform)",
        ),
        (e8_3_wrong_probabilities_twice, "weighs by the probabilities twice"),
        (e8_3_wrong_squared_products, "squares ψᵀv"),
        (e8_3_wrong_mean_score_first, "averages the scores before the product, which leaves 0"),
        (e8_3_wrong_one_number, "returns vᵀFv, one number"),
        (e8_3_wrong_second_score_missing, "multiplies v by the mean of ψᵀv: the second ψ is missing"),
        (e8_3_wrong_damped, "adds damping that nobody asked for"),
        (e8_3_wrong_likeliest_action, "only the likeliest action instead of the mean over all"),
        (e8_3_wrong_absolute_products, "takes the absolute value of ψᵀv"),
        (
            e8_3_wrong_states_averaged_first,
            "averages scores and probabilities over the states first (wrong only with several states)",
        ),
        (e8_3_wrong_roots_of_probabilities, "weighs by the roots of the probabilities"),
        (e8_3_wrong_one_row_a_state, "forgets the mean over the states"),
        (
            e8_3_wrong_axes_swapped,
            "adds up states and averages actions (wrong only when there aren't as many states as actions)",
        ),
        (e8_3_wrong_direction_of_length_one, "scales v to length 1 first (wrong only when it hasn't that length)"),
        (e8_3_wrong_entry_by_entry, "multiplies entry by entry: keeps only the diagonal of F"),
    ],
    "8.4": [
        (e8_4_wrong_nothing_detached, "the old policy isn't detached: 0 for every v"),
        (e8_4_wrong_sum_over_states, "adds up the states instead of averaging"),
        (e8_4_wrong_mean_over_actions_too, "averages over states and actions: divides by the number of actions too"),
        (e8_4_wrong_first_derivative, "returns the gradient of the KL, which is 0"),
        (e8_4_wrong_graph_not_kept, "create_graph is missing: the second derivative fails"),
        (e8_4_wrong_no_probabilities, "the KL without the old probabilities"),
        (e8_4_wrong_logarithms_as_weights, "weighs by log-probabilities instead of probabilities"),
        (e8_4_wrong_damped, "adds damping, which the text excludes"),
        (e8_4_wrong_entropy, "the Hessian of the negative entropy instead of the KL"),
        (e8_4_wrong_one_number, "returns vᵀFv, one number"),
        (e8_4_wrong_sign, "log(new/old) for log(old/new): −Fv"),
        (e8_4_wrong_squares_without_half, "mean square of the log-ratio without its ½: 2Fv"),
        (e8_4_wrong_weights_follow, "new probabilities with log(old/new): the sign is wrong"),
        (
            e8_4_wrong_gradient_a_whole_step_away,
            "the KL's gradient at θ + v: a difference with too large a step (wrong only when v isn't tiny)",
        ),
        (e8_4_wrong_summed_hessian_times_v, "row sums of F times v, entry by entry"),
        (e8_4_wrong_outer_product_of_mean_scores, "outer product of the mean score over all actions alike"),
        (
            e8_4_wrong_curvature_of_the_likeliest_action,
            "curvature of −log π for the likeliest action alone (right only where θ holds the logits themselves)",
        ),
        (e8_4_wrong_everything_detached, "both policies are detached: nothing to differentiate"),
        (e8_4_wrong_waits_for_a_distance, "waits until the KL is above 0, which it never is at θ: never ends"),
    ],
}

RIGHT = {
    "8.1": [
        (e8_1_right_numpy, "numpy"),
        (e8_1_right_loops, "loops"),
        (e8_1_right_torch, "torch"),
        (e8_1_right_float32, "float32"),
        (e8_1_right_in_place, "in-place"),
        (e8_1_right_direction_of_curvature_one, "scales the direction to curvature 1, parameters renamed"),
        (e8_1_right_list, "a list instead of a tuple"),
    ],
    "8.2": [
        (e8_2_right_numpy, "numpy"),
        (e8_2_right_loops, "loops"),
        (e8_2_right_torch, "torch"),
        (e8_2_right_float32, "float32"),
        (e8_2_right_in_place, "in-place"),
        (e8_2_right_scaled_first, "scaled before squaring, parameters renamed"),
        (e8_2_right_polak_and_ribiere, "the lesson's other β, for residuals of conjugate gradients"),
        (e8_2_right_norms, "by the residuals' lengths"),
    ],
    "8.3": [
        (e8_3_right_torch, "torch"),
        (e8_3_right_numpy, "numpy"),
        (e8_3_right_loops, "loops, list"),
        (e8_3_right_float32, "float32"),
        (e8_3_right_in_place, "in-place"),
        (e8_3_right_flattened, "one row for each state and action, parameters renamed"),
        (e8_3_right_root_of_the_weights, "other algebra: rows times the root of their weight"),
    ],
    "8.4": [
        (e8_4_right_torch, "torch, with kl_div"),
        (e8_4_right_other_direction_of_the_kl, "other algebra: KL(new‖old)"),
        (e8_4_right_numpy, "numpy, scores by a Jacobian"),
        (e8_4_right_loops, "loops over states and actions"),
        (e8_4_right_float32, "float32"),
        (e8_4_right_in_place, "in-place, state by state"),
        (e8_4_right_two_sweeps, "one sweep forward and one back, parameters renamed"),
        (e8_4_right_half_the_squares, "other algebra: half the mean square of the log-ratio"),
    ],
}
