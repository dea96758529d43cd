"""The book's one bibliography, and the list that closes each lesson."""

from __future__ import annotations

from IPython.display import Markdown

CITATIONS = {
    "amari1998": """S. Amari. Natural gradient works efficiently in learning.
        *Neural Computation* 10 (1998), 251–276.""",
    "bretagnolle1979": """J. Bretagnolle, C. Huber. Estimation des densités : risque minimax.
        *Zeitschrift für Wahrscheinlichkeitstheorie und verwandte Gebiete* 47 (1979), 119–137.""",
    "canonne2022": """C. Canonne. [A short note on an inequality between KL and TV](https://arxiv.org/abs/2202.07198)
        (2022).""",
    "chan1979": """T. Chan, G. Golub, R. LeVeque. Updating formulae and a pairwise algorithm for computing sample
        variances. Stanford University, report STAN-CS-79-773 (1979).""",
    "cover2006": """T. Cover, J. Thomas. *Elements of Information Theory*, 2nd edition. Wiley (2006).""",
    "csiszar2008": """I. Csiszár.
        [Axiomatic characterizations of information measures](https://doi.org/10.3390/e10030261).
        *Entropy* 10 (2008), 261–273.""",
    "engstrom2020": """L. Engstrom, A. Ilyas, S. Santurkar, D. Tsipras, F. Janoos, L. Rudolph, A. Madry.
        [Implementation matters in deep policy gradients: a case study on PPO and
        TRPO](https://arxiv.org/abs/2005.12729).
        ICLR (2020).""",
    "fujita2018": """Y. Fujita, S. Maeda.
        [Clipped action policy gradient](https://arxiv.org/abs/1802.07564). ICML (2018).""",
    "henderson2018": """P. Henderson, R. Islam, P. Bachman, J. Pineau, D. Precup, D. Meger.
        [Deep reinforcement learning that matters](https://arxiv.org/abs/1709.06560). AAAI (2018).""",
    "hestenes1952": """M. Hestenes, E. Stiefel. Methods of conjugate gradients for solving linear systems.
        *Journal of Research of the National Bureau of Standards* 49 (1952), 409–436.""",
    "kullback1951": """S. Kullback, R. Leibler. On information and sufficiency.
        *Annals of Mathematical Statistics* 22 (1951), 79–86.""",
    "nota2020": """C. Nota, P. Thomas.
        [Is the policy gradient a gradient?](https://arxiv.org/abs/1906.07073) AAMAS (2020).""",
    "pardo2018": """F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev.
        [Time limits in reinforcement learning](https://arxiv.org/abs/1712.00378). ICML (2018).""",
    "pearlmutter1994": """B. Pearlmutter. Fast exact multiplication by the Hessian.
        *Neural Computation* 6 (1994), 147–160.""",
    "schulman2015": """J. Schulman, S. Levine, P. Moritz, M. Jordan, P. Abbeel.
        [Trust region policy optimization](https://arxiv.org/abs/1502.05477). ICML (2015).""",
    "schulman2016": """J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel.
        [High-dimensional continuous control using generalized advantage estimation](https://arxiv.org/abs/1506.02438).
        ICLR (2016).""",
    "schulman2017": """J. Schulman, F. Wolski, P. Dhariwal, A. Radford, O. Klimov.
        [Proximal policy optimization algorithms](https://arxiv.org/abs/1707.06347) (2017).""",
    "schulman2020": """J. Schulman. [Approximating KL divergence](http://joschu.net/blog/kl-approx.html) (2020).""",
    "shannon1948": """C. Shannon. A mathematical theory of communication.
        *Bell System Technical Journal* 27 (1948), 379–423.""",
    "todorov2012": """E. Todorov, T. Erez, Y. Tassa. MuJoCo: a physics engine for model-based control. IROS (2012).""",
    "towers2024": """M. Towers and others.
        [Gymnasium: a standard interface for reinforcement learning environments](https://arxiv.org/abs/2407.17032)
        (2024).""",
    "tsybakov2009": """A. Tsybakov. *Introduction to Nonparametric Estimation*. Springer (2009).""",
    "weng2022": """J. Weng and others.
        [EnvPool: a highly parallel reinforcement learning environment execution engine](https://arxiv.org/abs/2206.10558).
        NeurIPS, datasets and benchmarks (2022).""",
}


def references(**where: str) -> Markdown:
    """Return the list of references of a lesson: ``references(schulman2015="equation 8", ...)``.

    Args:
        where: key of `CITATIONS` = what the lesson takes from it, and where it stands there.
    Raises: KeyError for a key that isn't in `CITATIONS`: add the citation there.
    """
    return Markdown("\n".join(f"- {' '.join(CITATIONS[key].split())} *Here:* {what}." for key, what in where.items()))
