"""Games from their pixels: the frames, the network, and the same update, loop and command line as for everything."""

import json

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from trpobook.__main__ import main
from trpobook.agents import environments
from trpobook.agents.environments import Environments
from trpobook.agents.games import ATARI_TASKS
from trpobook.agents.networks import ConvNet
from trpobook.agents.normalisers import RawPixels
from trpobook.agents.policies import (
    BernoulliPolicy,
    CategoricalPolicy,
    GaussianPolicy,
    MultiCategoricalPolicy,
    make_policy,
)
from trpobook.agents.rollouts import Sampler, evaluate
from trpobook.agents.value_function import ValueFunction
from trpobook.agents.video import film
from trpobook.algorithms.fisher import explicit_fisher, fisher_vector_product, fisher_vector_product_by_double_backward
from trpobook.algorithms.trpo import trpo_update
from trpobook.runs.front import load
from trpobook.runs.settings import settings_for
from trpobook.runs.trainer import Trainer

pytest.importorskip("envpool", reason="EnvPool has no wheel for this platform")

SMALL = {"num_envs": 2, "batch_size": 128, "checkpoint_steps": 500, "hidden": (16,), "value_epochs": 1}


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


def frames(n, generator, shape=(2, 18, 18)):
    return torch.randint(0, 256, (n, *shape), generator=generator, dtype=torch.uint8)


def stirred(module, generator):
    """Give every weight, the all but zero last layer's too, something to add."""
    with torch.no_grad():
        for p in module.parameters():
            p += 0.1 * torch.randn(p.shape, generator=generator)
    return module


def play(made, steps, seed=0):
    """Return (observations, rewards, terminated, truncated, game over) of random actions, each (steps, copies, …)."""
    rng, rows = np.random.default_rng(seed), []
    made.reset()
    for _ in range(steps):
        step = made.step(rng.integers(made.action_space.n, size=made.num_envs))
        rows.append([np.copy(part) for part in (*step, made.game_over)])
    made.close()
    return [np.stack(part) for part in zip(*rows, strict=True)]


@pytest.mark.parametrize("task", ATARI_TASKS)
def test_every_game_gives_four_small_grey_frames_as_bytes(task):
    made = Environments(task, 2, 0)
    observations = made.reset()
    made.close()
    assert (observations.shape, observations.dtype) == ((2, 4, 42, 42), np.uint8)
    assert observations.std() > 10


def test_the_same_seed_gives_the_same_game():
    first, again, other = (play(Environments("Breakout-v5", 2, seed), 120) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_an_episode_is_a_life_and_a_game_five_of_them():
    _, rewards, terminated, truncated, over = play(Environments("Breakout-v5", 4, 0), 400)
    assert over.any() and not truncated.any()
    assert (terminated | ~over).all()  # a game that is over has ended an episode
    for i in range(4):
        first_end = np.flatnonzero(over[:, i])[0]
        assert terminated[: first_end + 1, i].sum() == 5
    assert (rewards[1:][terminated[:-1]] == 0).all()  # the step after an end is a reset


def test_rewards_are_the_games_own():
    _, rewards, *_ = play(Environments("SpaceInvaders-v5", 4, 0), 200)
    assert rewards.max() >= 5


def test_a_game_without_envpool_is_refused_in_a_line(monkeypatch):
    monkeypatch.setattr(environments, "envpool", None)
    with pytest.raises(ValueError, match="Pong-v5 is a game, and games need EnvPool"):
        Environments("Pong-v5", 2, 0)


def test_the_network_is_that_of_torchs_own_convolutions(generator):
    network = ConvNet((4, 42, 42), (8, 3), 1.0, generator).double()
    ours, theirs = frames(5, generator, (4, 42, 42)), [nn.Conv2d(4, 16, 6, 4), nn.Conv2d(16, 32, 4, 2)]
    for layer, patches in zip(theirs, network.patches, strict=True):
        layer.weight.data, layer.bias.data = patches.weight.data.view(layer.weight.shape), patches.bias.data
    stacked = nn.Sequential(
        theirs[0], nn.ReLU(), theirs[1], nn.ReLU(), nn.Flatten(), network.dense[0], nn.ReLU(), network.dense[1]
    )
    assert torch.allclose(network(ours), stacked(ours.double() / 255), atol=1e-12)
    assert torch.equal(network(ours.view(5, 1, 4, 42, 42))[:, 0], network(ours))  # any leading axes


def test_a_small_games_policy_has_so_many_weights(generator):
    space = spaces.Box(0, 255, (4, 42, 42), np.uint8)
    policy = make_policy(space, spaces.Discrete(4), hidden=(64,), log_std=0.0, generator=generator)
    sizes = [4 * 6 * 6 * 16 + 16, 16 * 4 * 4 * 32 + 32, 32 * 4 * 4 * 64 + 64, 64 * 4 + 4]
    assert sum(p.numel() for p in policy.parameters()) == sum(sizes) == 43_636
    spread = policy(frames(50, generator, (4, 42, 42))).probs.std(0)
    assert (spread < 0.01).all()  # a new policy hardly looks


@pytest.mark.parametrize("sides", [(18, 18), (36, 36), (37, 50), (42, 42), (64, 96), (84, 84)])
def test_the_network_sees_every_pixel(sides, generator):
    network, pixels = ConvNet((1, *sides), (8, 1), 1.0, generator), torch.full((1, 1, *sides), 0.5)
    (gradient,) = torch.autograd.grad(network(pixels.requires_grad_()).sum(), pixels)
    assert (gradient != 0).float().mean() > 0.99


def test_a_picture_that_leaves_a_rest_is_seen_as_with_black_on_the_right_and_below(generator):
    network, larger = ConvNet((2, 84, 37), (8, 3), 1.0, generator), ConvNet((2, 90, 42), (8, 3), 1.0, generator)
    larger.load_state_dict(network.state_dict())
    small, large = frames(3, generator, (2, 84, 37)), torch.zeros(3, 2, 90, 42, dtype=torch.uint8)
    large[..., :84, :37] = small
    assert torch.equal(network(small), larger(large))


def test_bytes_are_scaled_and_floats_are_taken_as_they_come(generator):
    network, seen = ConvNet((2, 18, 18), (8, 3), 1.0, generator), frames(3, generator)
    assert torch.equal(network(seen), network(seen.float() / 255))
    assert not torch.allclose(network(seen), network(seen.float()), rtol=0.5)


@pytest.mark.parametrize("sides", [(10, 40), (40, 17)])
def test_a_picture_smaller_than_the_filters_is_refused(sides, generator):
    with pytest.raises(ValueError, match=f"frames of {sides[0]} × {sides[1]} pixels: a ConvNet needs at least 18"):
        ConvNet((1, *sides), (1,), 1.0, generator)


class Tiny(CategoricalPolicy):
    """A CNN of 47 weights: small enough to write its Fisher matrix down."""

    linearise = None  # as a policy that knows no sweeps of its own

    def __init__(self, generator):
        nn.Module.__init__(self)
        self.logits = nn.Sequential(nn.Conv2d(1, 2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
        stirred(self.logits, generator)


def test_the_fisher_vector_product_of_a_cnn_is_the_explicit_matrix_times_the_vector(generator, float64):
    policy, states = Tiny(generator), torch.randn(4, 1, 5, 5, generator=generator)
    size = sum(p.numel() for p in policy.parameters())
    F = torch.zeros(size, size)
    for state in states:
        for a, p in enumerate(policy(state[None]).probs[0].detach()):
            log_prob = policy(state[None]).log_prob(torch.tensor([a])).sum()
            score = torch.cat([g.flatten() for g in torch.autograd.grad(log_prob, list(policy.parameters()))])
            F += p * torch.outer(score, score) / len(states)
    product = fisher_vector_product(policy, states, damping=0.1)
    columns = torch.stack([product(column) for column in torch.eye(size)])
    assert torch.allclose(columns, F + 0.1 * torch.eye(size), atol=1e-12) and F.norm() > 0.1
    assert torch.allclose(explicit_fisher(policy, states), F, atol=1e-12)


@pytest.mark.parametrize(
    "make",
    [
        lambda state, generator: GaussianPolicy(state, 2, (8,), -0.5, generator),
        lambda state, generator: CategoricalPolicy(state, 4, (8,), generator),
        lambda state, generator: MultiCategoricalPolicy(state, (2, 3), (8,), generator),
        lambda state, generator: BernoulliPolicy(state, 3, (8,), generator),
    ],
    ids=["gaussian", "categorical", "multi-categorical", "bernoulli"],
)
def test_the_product_by_two_sweeps_is_the_one_by_two_backward_passes(make, generator, float64):
    policy = stirred(make((2, 18, 20), generator), generator)
    states = frames(6, generator, (2, 18, 20))
    v = torch.randn(sum(p.numel() for p in policy.parameters()), generator=generator)
    swept, twice = fisher_vector_product(policy, states)(v), fisher_vector_product_by_double_backward(policy, states)(v)
    assert torch.allclose(swept, twice, atol=1e-10) and swept.norm() > 0


def test_the_very_same_update_moves_a_cnn_to_the_border_of_the_trust_region(generator):
    policy = CategoricalPolicy((2, 18, 18), 3, (16,), generator)
    states = frames(300, generator)
    actions = policy.sample(states, generator)
    advantages = (actions == (states[:, 0, 0, 0] > 127)).float()
    record = trpo_update(policy, states, actions, advantages - advantages.mean(), delta=0.01)
    assert record.accepted and 0.005 < record.kl <= 0.01 and record.gain > 0


def test_a_value_function_of_frames_learns(generator):
    value = ValueFunction((2, 18, 18), (16,), 1e-3, generator)
    states = frames(200, generator)
    states[:, 1] //= 4
    states[:100, 1] += 128
    targets = (states[:, 1, 0, 0] > 100).float()
    before = (value(states) - targets).square().mean()
    value.fit(states, targets, 20, 50, generator)
    assert (value(states) - targets).square().mean() < 0.1 * before
    assert value(states.view(20, 10, 2, 18, 18)).shape == (20, 10)


def test_frames_stay_bytes_from_the_game_to_the_network(generator):
    made = Environments("Breakout-v5", 4, 0)
    policy = make_policy(made.observation_space, made.action_space, hidden=(16,), log_std=0.0, generator=generator)
    batch = Sampler(made).collect(policy, RawPixels(), 30, generator)
    assert batch.states.dtype == torch.uint8 and batch.states.shape == (31, 4, 4, 42, 42)
    assert np.array_equal(batch.states[:-1].numpy(), batch.observations)


def test_scores_are_of_whole_games_and_true_while_the_sign_is_learned_from():
    trainer = Trainer("SpaceInvaders-v5", seed=0, settings=settings_for("SpaceInvaders-v5", **SMALL))
    seen = []
    original = trainer._update_return_scale
    trainer._update_return_scale = lambda batch: (seen.append(batch.rewards), original(batch))
    batch = trainer.sampler.collect(trainer.policy, trainer.observation_moments, 500, trainer.generator)
    trainer._advantages(batch)
    assert set(seen[0].unique().tolist()) <= {-1.0, 0.0, 1.0} and batch.rewards.max() >= 5
    assert batch.episode_returns and all(score % 5 == 0 for score in batch.episode_returns)
    ends = [np.flatnonzero(column) for column in batch.terminated.numpy().T]
    copy_number = next(i for i, lives in enumerate(ends) if len(lives) >= 3)  # three lives are a game
    score = batch.rewards[: ends[copy_number][2] + 1, copy_number].sum().item()
    assert score in batch.episode_returns and score not in seen[0].sum(0).tolist()


@pytest.mark.parametrize("algo", ["npg", "ppo", "ppo-kl", "reinforce"])
def test_every_update_along_a_gradient_plays(algo):
    settings = SMALL | ({"epochs": 1} if algo.startswith("ppo") else {})
    trainer = Trainer("Pong-v5", algo, settings=settings)
    (row,) = list(trainer.updates(1))
    assert np.isfinite(row["kl"]) and row["step_norm"] > 0


@pytest.mark.parametrize("algo", ["cem", "cma-es", "vine"])
def test_what_cannot_play_says_so_in_a_line(algo, tmp_path, capsys):
    arguments = ["train", "--env", "Breakout-v5", "--algo", algo, "--steps", "100", "--out", str(tmp_path / "run")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error == (
        f"trpobook train: Breakout-v5 is a game, which {algo} does not play; choose trpo, or another with a gradient\n"
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_the_command_line_trains_resumes_evaluates_and_films_a_game(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("trpobook.runs.front.EVALUATION_EPISODES", 2)
    out, clip = str(tmp_path / "run"), tmp_path / "clip.mp4"
    small = [part for name, value in SMALL.items() for part in ("--set", f"{name}={str(value).strip('(,)')}")]
    command = ["train", "--env", "Breakout-v5", "--seed", "1", "--out", out, *small]
    assert main([*command, "--steps", "400"]) == 0
    assert main([*command, "--steps", "700", "--resume"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["steps"] >= 700
    assert main(["evaluate", out, "--episodes", "2"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["return_mean"] == load(tmp_path / "run").evaluate(2).mean()
    assert main(["record", out, "--out", str(clip)]) == 0 and clip.stat().st_size > 1000


def test_a_game_is_filmed_as_the_agent_sees_it(generator):
    policy = CategoricalPolicy((4, 42, 42), 4, (16,), generator)
    clip = film(policy, RawPixels(), "Breakout-v5", 0, seconds=2)
    assert clip.shape == (50, 320, 320, 3) and clip.dtype == np.uint8
    first = Environments("Breakout-v5", 1, 0).reset()[0, -1]
    assert np.array_equal(np.unique(clip[0]), np.unique(first))


def test_an_evaluation_plays_whole_games_with_drawn_actions(generator):
    policy = CategoricalPolicy((4, 42, 42), 4, (16,), generator)
    scores = evaluate(policy, RawPixels(), "Breakout-v5", 3, 0)
    assert len(set(scores.tolist())) > 1 and (scores >= 0).all()
    assert np.array_equal(scores, evaluate(policy, RawPixels(), "Breakout-v5", 3, 0))
