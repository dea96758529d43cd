"""The book's one bibliography, and the list that closes each lesson."""

from __future__ import annotations

from IPython.display import Markdown

CITATIONS = {
    "achiam2017": """J. Achiam, D. Held, A. Tamar, P. Abbeel.
        [Constrained policy optimization](https://arxiv.org/abs/1705.10528). ICML (2017).""",
    "agarwal2021": """A. Agarwal, S. Kakade, J. Lee, G. Mahajan.
        [On the theory of policy gradient methods: optimality, approximation, and distribution
        shift](https://arxiv.org/abs/1908.00261).
        *Journal of Machine Learning Research* 22 (2021), 1–76.""",
    "amari1998": """S. Amari. Natural gradient works efficiently in learning.
        *Neural Computation* 10 (1998), 251–276.""",
    "bagnell2003": """J. Bagnell, J. Schneider. Covariant policy search. IJCAI (2003).""",
    "barto1983": """A. Barto, R. Sutton, C. Anderson. Neuronlike adaptive elements that can solve difficult learning
        control problems. *IEEE Transactions on Systems, Man, and Cybernetics* 13 (1983), 834–846.""",
    "baydin2018": """A. Baydin, B. Pearlmutter, A. Radul, J. Siskind.
        [Automatic differentiation in machine learning: a survey](https://arxiv.org/abs/1502.05767).
        *Journal of Machine Learning Research* 18 (2018), 1–43.""",
    "bellman1957": """R. Bellman. *Dynamic Programming*. Princeton University Press (1957).""",
    "bertsekas2011": """D. Bertsekas. Approximate policy iteration: a survey and some new methods.
        *Journal of Control Theory and Applications* 9 (2011), 310–335.""",
    "bretagnolle1979": """J. Bretagnolle, C. Huber. Estimation des densités : risque minimax.
        *Zeitschrift für Wahrscheinlichkeitstheorie und verwandte Gebiete* 47 (1979), 119–137.""",
    "canonne2022": """C. Canonne. [A short note on an inequality between KL and TV](https://arxiv.org/abs/2202.07198)
        (2022).""",
    "cencov1982": """N. Čencov. *Statistical Decision Rules and Optimal Inference*. American Mathematical Society
        (1982).""",
    "chan1979": """T. Chan, G. Golub, R. LeVeque. Updating formulae and a pairwise algorithm for computing sample
        variances. Stanford University, report STAN-CS-79-773 (1979).""",
    "chung2021": """W. Chung, V. Thomas, M. Machado, N. Le Roux.
        [Beyond variance reduction: understanding the true impact of baselines on policy
        optimization](https://arxiv.org/abs/2008.13773). ICML (2021).""",
    "cover2006": """T. Cover, J. Thomas. *Elements of Information Theory*, 2nd edition. Wiley (2006).""",
    "csiszar2008": """I. Csiszár.
        [Axiomatic characterizations of information measures](https://doi.org/10.3390/e10030261).
        *Entropy* 10 (2008), 261–273.""",
    "engstrom2020": """L. Engstrom, A. Ilyas, S. Santurkar, D. Tsipras, F. Janoos, L. Rudolph, A. Madry.
        [Implementation matters in deep policy gradients: a case study on PPO and
        TRPO](https://arxiv.org/abs/2005.12729).
        ICLR (2020).""",
    "fisher1925": """R. Fisher. Theory of statistical estimation.
        *Mathematical Proceedings of the Cambridge Philosophical Society* 22 (1925), 700–725.""",
    "fujita2018": """Y. Fujita, S. Maeda.
        [Clipped action policy gradient](https://arxiv.org/abs/1802.07564). ICML (2018).""",
    "greenbaum1989": """A. Greenbaum. Behavior of slightly perturbed Lanczos and conjugate-gradient recurrences.
        *Linear Algebra and its Applications* 113 (1989), 7–63.""",
    "greensmith2004": """E. Greensmith, P. Bartlett, J. Baxter. Variance reduction techniques for gradient estimates in
        reinforcement learning. *Journal of Machine Learning Research* 5 (2004), 1471–1530.""",
    "henderson2018": """P. Henderson, R. Islam, P. Bachman, J. Pineau, D. Precup, D. Meger.
        [Deep reinforcement learning that matters](https://arxiv.org/abs/1709.06560). AAAI (2018).""",
    "hestenes1952": """M. Hestenes, E. Stiefel. Methods of conjugate gradients for solving linear systems.
        *Journal of Research of the National Bureau of Standards* 49 (1952), 409–436.""",
    "hoeffding1963": """W. Hoeffding. Probability inequalities for sums of bounded random variables.
        *Journal of the American Statistical Association* 58 (1963), 13–30.""",
    "howard1960": """R. Howard. *Dynamic Programming and Markov Processes*. MIT Press (1960).""",
    "kahn1953": """H. Kahn, A. Marshall. Methods of reducing sample size in Monte Carlo computations.
        *Journal of the Operations Research Society of America* 1 (1953), 263–278.""",
    "kakade2001": """S. Kakade. A natural policy gradient. NeurIPS 14 (2001).""",
    "kakade2002": """S. Kakade, J. Langford. Approximately optimal approximate reinforcement learning.
        ICML (2002).""",
    "kong1992": """A. Kong. A note on importance sampling using standardized weights. University of Chicago, Department
        of Statistics, technical report 348 (1992).""",
    "kullback1951": """S. Kullback, R. Leibler. On information and sufficiency.
        *Annals of Mathematical Statistics* 22 (1951), 79–86.""",
    "kunstner2019": """F. Kunstner, L. Balles, P. Hennig.
        [Limitations of the empirical Fisher approximation for natural gradient
        descent](https://arxiv.org/abs/1905.12558). NeurIPS (2019).""",
    "liu2018": """Q. Liu, L. Li, Z. Tang, D. Zhou. [Breaking the curse of horizon: infinite-horizon off-policy
        estimation](https://arxiv.org/abs/1810.12429). NeurIPS (2018).""",
    "martens2010": """J. Martens. Deep learning via Hessian-free optimization. ICML (2010).""",
    "martens2015": """J. Martens, R. Grosse.
        [Optimizing neural networks with Kronecker-factored approximate curvature](https://arxiv.org/abs/1503.05671).
        ICML (2015).""",
    "martens2020": """J. Martens.
        [New insights and perspectives on the natural gradient method](https://arxiv.org/abs/1412.1193).
        *Journal of Machine Learning Research* 21 (2020), 1–76.""",
    "metelli2018": """A. Metelli, M. Papini, F. Faccio, M. Restelli.
        [Policy optimization via importance sampling](https://arxiv.org/abs/1809.06098). NeurIPS (2018).""",
    "ng1999": """A. Ng, D. Harada, S. Russell. Policy invariance under reward transformations: theory and application to
        reward shaping. ICML (1999).""",
    "nocedal2006": """J. Nocedal, S. Wright. *Numerical Optimization*, 2nd edition. Springer (2006).""",
    "nota2020": """C. Nota, P. Thomas.
        [Is the policy gradient a gradient?](https://arxiv.org/abs/1906.07073) AAMAS (2020).""",
    "owen2013": """A. Owen. [Monte Carlo theory, methods and examples](https://artowen.su.domains/mc/) (2013).""",
    "pardo2018": """F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev.
        [Time limits in reinforcement learning](https://arxiv.org/abs/1712.00378). ICML (2018).""",
    "pearlmutter1994": """B. Pearlmutter. Fast exact multiplication by the Hessian.
        *Neural Computation* 6 (1994), 147–160.""",
    "precup2000": """D. Precup, R. Sutton, S. Singh. Eligibility traces for off-policy policy evaluation.
        ICML (2000).""",
    "schraudolph2002": """N. Schraudolph. Fast curvature matrix-vector products for second-order gradient descent.
        *Neural Computation* 14 (2002), 1723–1738.""",
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
    "shewchuk1994": """J. Shewchuk. An introduction to the conjugate gradient method without the agonizing pain.
        Carnegie Mellon University, report CMU-CS-94-125 (1994).""",
    "sobel1982": """M. Sobel. The variance of discounted Markov decision processes.
        *Journal of Applied Probability* 19 (1982), 794–802.""",
    "steihaug1983": """T. Steihaug. The conjugate gradient method and trust regions in large scale optimization.
        *SIAM Journal on Numerical Analysis* 20 (1983), 626–637.""",
    "sutton1988": """R. Sutton. Learning to predict by the methods of temporal differences.
        *Machine Learning* 3 (1988), 9–44.""",
    "sutton2000": """R. Sutton, D. McAllester, S. Singh, Y. Mansour. Policy gradient methods for reinforcement learning
        with function approximation. NeurIPS 12 (2000).""",
    "sutton2018": """R. Sutton, A. Barto. *Reinforcement Learning: An Introduction*, 2nd edition. MIT Press (2018).""",
    "thomas2014": """P. Thomas. Bias in natural actor-critic algorithms. ICML (2014).""",
    "todorov2012": """E. Todorov, T. Erez, Y. Tassa. MuJoCo: a physics engine for model-based control. IROS (2012).""",
    "towers2024": """M. Towers and others.
        [Gymnasium: a standard interface for reinforcement learning environments](https://arxiv.org/abs/2407.17032)
        (2024).""",
    "tsybakov2009": """A. Tsybakov. *Introduction to Nonparametric Estimation*. Springer (2009).""",
    "weng2022": """J. Weng and others.
        [EnvPool: a highly parallel reinforcement learning environment execution engine](https://arxiv.org/abs/2206.10558).
        NeurIPS, datasets and benchmarks (2022).""",
    "williams1992": """R. Williams. Simple statistical gradient-following algorithms for connectionist reinforcement
        learning. *Machine Learning* 8 (1992), 229–256.""",
    "wu2017": """Y. Wu, E. Mansimov, S. Liao, R. Grosse, J. Ba.
        [Scalable trust-region method for deep reinforcement learning using Kronecker-factored
        approximation](https://arxiv.org/abs/1708.05144). NeurIPS (2017).""",
}


def references(**where: str) -> Markdown:
    """Return the list of references of a lesson: ``references(schulman2015="equation 8", ...)``.

    Args:
        where: key of `CITATIONS` = what the lesson takes from it, and where it stands there.
    Raises: KeyError for a key that isn't in `CITATIONS`: add the citation there.
    """
    return Markdown("\n".join(f"- {' '.join(CITATIONS[key].split())} *Here:* {what}." for key, what in where.items()))
