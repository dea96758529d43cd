"""Search without gradients: a population of policies is played, and the next is drawn near the best of it."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from trpobook.agents.environments import Environments
from trpobook.agents.normalisers import RunningMoments
from trpobook.agents.policies import Policy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # on optional packages of its own
    import cma

EXTRA_NOISE_FADES_AFTER = 100  # generations


class CrossEntropy:
    """The cross-entropy method: each weight a Gaussian, fitted anew to the best fifth of the population.

    The fitted variance gets an addition that fades linearly: without it the population shrinks to a point long before
    it has found anything. Source: Szita & Lőrincz 2006.
    """

    def __init__(self, start: np.ndarray, spread: float, population: int, seed: int):
        """Begin at `start` (p,) with standard deviation `spread` in each weight."""
        self.rng, self.population, self.extra = np.random.default_rng(seed), population, spread**2
        self.mean, self.std = start, np.full(start.shape, spread)
        self.generations = 0

    def ask(self) -> np.ndarray:
        """Return the next population, (population, p)."""
        self.candidates = self.mean + self.std * self.rng.standard_normal((self.population, len(self.mean)))
        return self.candidates

    def tell(self, returns: np.ndarray) -> None:
        """Take in the returns (population,) of the population asked for last.

        Raises: FloatingPointError when one is a NaN or an infinity.
        """
        _refuse_infinities(returns)
        elite = self.candidates[np.argsort(returns)[-max(2, self.population // 5) :]]
        self.generations += 1
        fading = self.extra * max(0.0, 1 - self.generations / EXTRA_NOISE_FADES_AFTER)
        self.mean, self.std = elite.mean(axis=0), np.sqrt(elite.var(axis=0) + fading)


class CovarianceAdaptation:
    """CMA-ES, by the package of its author: a full covariance of the weights is learned. Source: Hansen 2016."""

    def __init__(self, start: np.ndarray, spread: float, population: int, seed: int):
        """Begin at `start` (p,) with standard deviation `spread` in each weight."""
        rng = np.random.default_rng(seed)
        options = {
            "popsize": population,
            "seed": np.nan,  # leave NumPy's global generator alone
            "randn": lambda *shape: rng.standard_normal(shape),
            "verbose": -9,
            "verb_log": 0,
        }
        self.strategy = cma.CMAEvolutionStrategy(start, spread, options)

    @property
    def mean(self) -> np.ndarray:
        mean: np.ndarray = self.strategy.mean
        return mean

    def ask(self) -> np.ndarray:
        """Return the next population, (population, p)."""
        self.candidates = self.strategy.ask()
        return np.array(self.candidates)

    def tell(self, returns: np.ndarray) -> None:
        """Take in the returns (population,) of the population asked for last.

        Raises: FloatingPointError when one is a NaN or an infinity.
        """
        _refuse_infinities(returns)
        self.strategy.tell(self.candidates, (-returns).tolist())


def _refuse_infinities(returns: np.ndarray) -> None:
    if not np.isfinite(returns).all():
        raise FloatingPointError("the task's rewards sum to NaN or infinity; no update is made")


class Population(nn.Module):
    """One policy with many sets of weights at once. `log_std` is left out: candidates act without noise.

    Of the policy only `mode` is asked, in a form that torch.func.vmap can batch over its weights.
    """

    def __init__(self, policy: Policy):
        super().__init__()
        self.policy = policy
        self.searched = {
            name: parameter
            for name, parameter in policy.named_parameters()
            if parameter.requires_grad and name.rpartition(".")[2] != "log_std"
        }

    def weights(self) -> np.ndarray:
        """Return the policy's own weights, (p,)."""
        pieces = [parameter.detach().reshape(-1) for parameter in self.searched.values()]
        theta: np.ndarray = torch.cat(pieces).double().numpy()
        return theta

    def set_weights(self, theta: np.ndarray) -> None:
        """Give the policy the weights theta, (p,)."""
        with torch.no_grad():
            for name, piece in self._pieces(theta[None]).items():
                self.searched[name].copy_(piece[0])

    def forward(self, states: Tensor) -> Tensor:
        return self.policy.mode(states[None])[0]

    @torch.no_grad()
    def play(
        self, thetas: np.ndarray, environments: Environments, moments: RunningMoments
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Play one episode with each row of thetas (n, p), each in its own one of n environments.

        Returns: undiscounted returns (n,), lengths (n,) and the observations of these episodes (Σ lengths, …).
        Raises: FloatingPointError when the task hands out a NaN or an infinity.
        """
        pieces = {f"policy.{name}": piece for name, piece in self._pieces(thetas).items()}
        act = vmap(lambda weights, state: functional_call(self, weights, (state,)))
        observations, seen = environments.reset(), []
        returns, lengths = np.zeros(len(thetas)), np.zeros(len(thetas), dtype=int)
        running = np.ones(len(thetas), dtype=bool)
        while running.any():
            seen.append(observations[running])
            states = torch.from_numpy(moments.normalise(observations))
            observations, rewards, terminated, truncated = environments.step(act(pieces, states).numpy())
            for name, values in (("observations", observations), ("rewards", rewards)):
                if not np.isfinite(values[running]).all():  # what comes after a member's episode counts for nothing
                    raise FloatingPointError(f"the task's {name} contain NaN or infinity; no update is made")
            returns[running] += rewards[running]
            lengths += running
            running &= ~(terminated | truncated)
        return returns, lengths, np.concatenate(seen)

    def _pieces(self, thetas: np.ndarray) -> dict[str, Tensor]:
        """Return the rows' weights by name, each (n, *shape)."""
        pieces = torch.split(torch.from_numpy(thetas), [p.numel() for p in self.searched.values()], dim=1)
        return {
            name: piece.to(p.dtype).reshape(-1, *p.shape)
            for (name, p), piece in zip(self.searched.items(), pieces, strict=True)
        }
