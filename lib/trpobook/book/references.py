"""The book's one bibliography, and the list that closes each lesson."""

from __future__ import annotations

from IPython.display import Markdown

CITATIONS = {
    "abdolmaleki2018": """A. Abdolmaleki, J. Springenberg, Y. Tassa, R. Munos, N. Heess, M. Riedmiller.
        [Maximum a posteriori policy optimisation](https://arxiv.org/abs/1806.06920). ICLR (2018).""",
    "achiam2017": """J. Achiam, D. Held, A. Tamar, P. Abbeel.
        [Constrained policy optimization](https://arxiv.org/abs/1705.10528). ICML (2017).""",
    "adebayo2018": """J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim.
        [Sanity checks for saliency maps](https://arxiv.org/abs/1810.03292). NeurIPS (2018).""",
    "agarwal2021": """A. Agarwal, S. Kakade, J. Lee, G. Mahajan.
        [On the theory of policy gradient methods: optimality, approximation, and distribution
        shift](https://arxiv.org/abs/1908.00261).
        *Journal of Machine Learning Research* 22 (2021), 1–76.""",
    "agarwal2021b": """R. Agarwal, M. Schwarzer, P. Castro, A. Courville, M. Bellemare.
        [Deep reinforcement learning at the edge of the statistical precipice](https://arxiv.org/abs/2108.13264).
        NeurIPS (2021).""",
    "ahmadian2024": """A. Ahmadian and others. [Back to basics: revisiting REINFORCE style optimization for
        learning from human feedback in LLMs](https://arxiv.org/abs/2402.14740). ACL (2024).""",
    "amari1998": """S. Amari. Natural gradient works efficiently in learning.
        *Neural Computation* 10 (1998), 251–276.""",
    "andrychowicz2021": """M. Andrychowicz and others.
        [What matters in on-policy reinforcement learning? A large-scale empirical
        study](https://arxiv.org/abs/2006.05990). ICLR (2021).""",
    "bagnell2003": """J. Bagnell, J. Schneider. Covariant policy search. IJCAI (2003).""",
    "baird1995": """L. Baird. Residual algorithms: reinforcement learning with function approximation. ICML (1995).""",
    "barto1983": """A. Barto, R. Sutton, C. Anderson. Neuronlike adaptive elements that can solve difficult learning
        control problems. *IEEE Transactions on Systems, Man, and Cybernetics* 13 (1983), 834–846.""",
    "baydin2018": """A. Baydin, B. Pearlmutter, A. Radul, J. Siskind.
        [Automatic differentiation in machine learning: a survey](https://arxiv.org/abs/1502.05767).
        *Journal of Machine Learning Research* 18 (2018), 1–43.""",
    "beck2003": """A. Beck, M. Teboulle. Mirror descent and nonlinear projected subgradient methods for convex
        optimization. *Operations Research Letters* 31 (2003), 167–175.""",
    "bellemare2013": """M. Bellemare, Y. Naddaf, J. Veness, M. Bowling.
        [The arcade learning environment: an evaluation platform for general agents](https://arxiv.org/abs/1207.4708).
        *Journal of Artificial Intelligence Research* 47 (2013), 253–279.""",
    "bellman1957": """R. Bellman. *Dynamic Programming*. Princeton University Press (1957).""",
    "bengio2003": """Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin. A neural probabilistic language model.
        *Journal of Machine Learning Research* 3 (2003), 1137–1155.""",
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
    "christiano2017": """P. Christiano, J. Leike, T. Brown, M. Martic, S. Legg, D. Amodei.
        [Deep reinforcement learning from human preferences](https://arxiv.org/abs/1706.03741). NeurIPS (2017).""",
    "chung2021": """W. Chung, V. Thomas, M. Machado, N. Le Roux.
        [Beyond variance reduction: understanding the true impact of baselines on policy
        optimization](https://arxiv.org/abs/2008.13773). ICML (2021).""",
    "cochran1977": """W. Cochran. *Sampling Techniques*, 3rd edition. Wiley (1977).""",
    "cover2006": """T. Cover, J. Thomas. *Elements of Information Theory*, 2nd edition. Wiley (2006).""",
    "csiszar2008": """I. Csiszár.
        [Axiomatic characterizations of information measures](https://doi.org/10.3390/e10030261).
        *Entropy* 10 (2008), 261–273.""",
    "davis2025": """D. Davis, B. Recht.
        [What is the objective of reasoning with reinforcement learning?](https://arxiv.org/abs/2510.13651) (2025).""",
    "deepseek2025": """DeepSeek-AI. [DeepSeek-R1: incentivizing reasoning capability in LLMs via reinforcement
        learning](https://arxiv.org/abs/2501.12948) (2025).""",
    "dumoulin2016": """V. Dumoulin, F. Visin.
        [A guide to convolution arithmetic for deep learning](https://arxiv.org/abs/1603.07285) (2016).""",
    "efron1979": """B. Efron. Bootstrap methods: another look at the jackknife.
        *Annals of Statistics* 7 (1979), 1–26.""",
    "engstrom2020": """L. Engstrom, A. Ilyas, S. Santurkar, D. Tsipras, F. Janoos, L. Rudolph, A. Madry.
        [Implementation matters in deep policy gradients: a case study on PPO and
        TRPO](https://arxiv.org/abs/2005.12729).
        ICLR (2020).""",
    "espeholt2018": """L. Espeholt and others. [IMPALA: scalable distributed deep-RL with importance weighted
        actor-learner architectures](https://arxiv.org/abs/1802.01561). ICML (2018).""",
    "fisher1925": """R. Fisher. Theory of statistical estimation.
        *Mathematical Proceedings of the Cambridge Philosophical Society* 22 (1925), 700–725.""",
    "fujimoto2018": """S. Fujimoto, H. van Hoof, D. Meger.
        [Addressing function approximation error in actor-critic methods](https://arxiv.org/abs/1802.09477).
        ICML (2018).""",
    "fujita2018": """Y. Fujita, S. Maeda.
        [Clipped action policy gradient](https://arxiv.org/abs/1802.07564). ICML (2018).""",
    "gao2023": """L. Gao, J. Schulman, J. Hilton.
        [Scaling laws for reward model overoptimization](https://arxiv.org/abs/2210.10760). ICML (2023).""",
    "geist2019": """M. Geist, B. Scherrer, O. Pietquin.
        [A theory of regularized Markov decision processes](https://arxiv.org/abs/1901.11275). ICML (2019).""",
    "glasserman1992": """P. Glasserman, D. Yao. Some guidelines and guarantees for common random numbers.
        *Management Science* 38 (1992), 884–908.""",
    "greenbaum1989": """A. Greenbaum. Behavior of slightly perturbed Lanczos and conjugate-gradient recurrences.
        *Linear Algebra and its Applications* 113 (1989), 7–63.""",
    "greensmith2004": """E. Greensmith, P. Bartlett, J. Baxter. Variance reduction techniques for gradient estimates in
        reinforcement learning. *Journal of Machine Learning Research* 5 (2004), 1471–1530.""",
    "haarnoja2018": """T. Haarnoja, A. Zhou, P. Abbeel, S. Levine. [Soft actor-critic: off-policy maximum entropy deep
        reinforcement learning with a stochastic actor](https://arxiv.org/abs/1801.01290). ICML (2018).""",
    "hansen2016": """N. Hansen. [The CMA evolution strategy: a tutorial](https://arxiv.org/abs/1604.00772) (2016).""",
    "henderson2018": """P. Henderson, R. Islam, P. Bachman, J. Pineau, D. Precup, D. Meger.
        [Deep reinforcement learning that matters](https://arxiv.org/abs/1709.06560). AAAI (2018).""",
    "hestenes1952": """M. Hestenes, E. Stiefel. Methods of conjugate gradients for solving linear systems.
        *Journal of Research of the National Bureau of Standards* 49 (1952), 409–436.""",
    "hoeffding1963": """W. Hoeffding. Probability inequalities for sums of bounded random variables.
        *Journal of the American Statistical Association* 58 (1963), 13–30.""",
    "howard1960": """R. Howard. *Dynamic Programming and Markov Processes*. MIT Press (1960).""",
    "hsu2020": """C. Hsu, C. Mendler-Dünner, M. Hardt.
        [Revisiting design choices in proximal policy optimization](https://arxiv.org/abs/2009.10897) (2020).""",
    "huang2022": """S. Huang and others. CleanRL: high-quality single-file implementations of deep reinforcement
        learning algorithms. *Journal of Machine Learning Research* 23 (2022), 1–18.""",
    "huang2022b": """S. Huang, R. Dossa, A. Raffin, A. Kanervisto, W. Wang. [The 37 implementation details of proximal
        policy optimization](https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/).
        ICLR, blog track (2022).""",
    "ilyas2020": """A. Ilyas, L. Engstrom, S. Santurkar, D. Tsipras, F. Janoos, L. Rudolph, A. Madry.
        [A closer look at deep policy gradients](https://arxiv.org/abs/1811.02553). ICLR (2020).""",
    "jaques2017": """N. Jaques and others. [Sequence tutor: conservative fine-tuning of sequence generation models with
        KL-control](https://arxiv.org/abs/1611.02796). ICML (2017).""",
    "kahn1953": """H. Kahn, A. Marshall. Methods of reducing sample size in Monte Carlo computations.
        *Journal of the Operations Research Society of America* 1 (1953), 263–278.""",
    "kakade2001": """S. Kakade. A natural policy gradient. NeurIPS 14 (2001).""",
    "kakade2002": """S. Kakade, J. Langford. Approximately optimal approximate reinforcement learning.
        ICML (2002).""",
    "kazemnejad2024": """A. Kazemnejad, M. Aghajohari, E. Portelance, A. Sordoni, S. Reddy, A. Courville, N. Le Roux.
        [VinePPO: unlocking RL potential for LLM reasoning through refined credit
        assignment](https://arxiv.org/abs/2410.01679) (2024).""",
    "kingma2015": """D. Kingma, J. Ba.
        [Adam: a method for stochastic optimization](https://arxiv.org/abs/1412.6980). ICLR (2015).""",
    "kong1992": """A. Kong. A note on importance sampling using standardized weights. University of Chicago, Department
        of Statistics, technical report 348 (1992).""",
    "kool2019": """W. Kool, H. van Hoof, M. Welling. Buy 4 REINFORCE samples, get a baseline for free!
        ICLR workshop (2019).""",
    "kullback1951": """S. Kullback, R. Leibler. On information and sufficiency.
        *Annals of Mathematical Statistics* 22 (1951), 79–86.""",
    "kunstner2019": """F. Kunstner, L. Balles, P. Hennig.
        [Limitations of the empirical Fisher approximation for natural gradient
        descent](https://arxiv.org/abs/1905.12558). NeurIPS (2019).""",
    "lillicrap2016": """T. Lillicrap and others.
        [Continuous control with deep reinforcement learning](https://arxiv.org/abs/1509.02971). ICLR (2016).""",
    "liu2018": """Q. Liu, L. Li, Z. Tang, D. Zhou. [Breaking the curse of horizon: infinite-horizon off-policy
        estimation](https://arxiv.org/abs/1810.12429). NeurIPS (2018).""",
    "liu2024": """J. Liu, W. Li, K. Wei.
        [Elementary analysis of policy gradient methods](https://arxiv.org/abs/2404.03372) (2024).""",
    "liu2025": """Z. Liu, C. Chen, W. Li, P. Qi, T. Pang, C. Du, W. Lee, M. Lin.
        [Understanding R1-Zero-like training: a critical perspective](https://arxiv.org/abs/2503.20783) (2025).""",
    "liu2025b": """K. Liu, J. Liu, M. Chen, Y. Liu. [Rethinking KL regularization in RLHF: from value estimation to
        gradient optimization](https://arxiv.org/abs/2510.01555) (2025).""",
    "machado2018": """M. Machado, M. Bellemare, E. Talvitie, J. Veness, M. Hausknecht, M. Bowling.
        [Revisiting the arcade learning environment](https://arxiv.org/abs/1709.06009).
        *Journal of Artificial Intelligence Research* 61 (2018), 523–562.""",
    "mania2018": """H. Mania, A. Guy, B. Recht. [Simple random search of static linear policies is competitive for
        reinforcement learning](https://arxiv.org/abs/1803.07055). NeurIPS (2018).""",
    "martens2010": """J. Martens. Deep learning via Hessian-free optimization. ICML (2010).""",
    "martens2015": """J. Martens, R. Grosse.
        [Optimizing neural networks with Kronecker-factored approximate curvature](https://arxiv.org/abs/1503.05671).
        ICML (2015).""",
    "martens2020": """J. Martens.
        [New insights and perspectives on the natural gradient method](https://arxiv.org/abs/1412.1193).
        *Journal of Machine Learning Research* 21 (2020), 1–76.""",
    "metelli2018": """A. Metelli, M. Papini, F. Faccio, M. Restelli.
        [Policy optimization via importance sampling](https://arxiv.org/abs/1809.06098). NeurIPS (2018).""",
    "mnih2013": """V. Mnih, K. Kavukcuoglu, D. Silver, A. Graves, I. Antonoglou, D. Wierstra, M. Riedmiller.
        [Playing Atari with deep reinforcement learning](https://arxiv.org/abs/1312.5602) (2013).""",
    "mnih2015": """V. Mnih and others. Human-level control through deep reinforcement learning.
        *Nature* 518 (2015), 529–533.""",
    "nemirovski1983": """A. Nemirovski, D. Yudin. *Problem Complexity and Method Efficiency in Optimization*.
        Wiley (1983).""",
    "neu2017": """G. Neu, A. Jonsson, V. Gómez.
        [A unified view of entropy-regularized Markov decision processes](https://arxiv.org/abs/1705.07798) (2017).""",
    "ng1999": """A. Ng, D. Harada, S. Russell. Policy invariance under reward transformations: theory and application to
        reward shaping. ICML (1999).""",
    "nocedal2006": """J. Nocedal, S. Wright. *Numerical Optimization*, 2nd edition. Springer (2006).""",
    "nota2020": """C. Nota, P. Thomas.
        [Is the policy gradient a gradient?](https://arxiv.org/abs/1906.07073) AAMAS (2020).""",
    "ouyang2022": """L. Ouyang and others.
        [Training language models to follow instructions with human feedback](https://arxiv.org/abs/2203.02155).
        NeurIPS (2022).""",
    "owen2013": """A. Owen. [Monte Carlo theory, methods and examples](https://artowen.su.domains/mc/) (2013).""",
    "pardo2018": """F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev.
        [Time limits in reinforcement learning](https://arxiv.org/abs/1712.00378). ICML (2018).""",
    "pearlmutter1994": """B. Pearlmutter. Fast exact multiplication by the Hessian.
        *Neural Computation* 6 (1994), 147–160.""",
    "peters2008": """J. Peters, S. Schaal. Natural actor-critic. *Neurocomputing* 71 (2008), 1180–1190.""",
    "peters2010": """J. Peters, K. Mülling, Y. Altün. Relative entropy policy search. AAAI (2010).""",
    "precup2000": """D. Precup, R. Sutton, S. Singh. Eligibility traces for off-policy policy evaluation.
        ICML (2000).""",
    "rafailov2023": """R. Rafailov, A. Sharma, E. Mitchell, S. Ermon, C. Manning, C. Finn. [Direct preference
        optimization: your language model is secretly a reward model](https://arxiv.org/abs/2305.18290).
        NeurIPS (2023).""",
    "raffin2021": """A. Raffin, A. Hill, A. Gleave, A. Kanervisto, M. Ernestus, N. Dormann.
        [Stable-Baselines3: reliable reinforcement learning implementations](https://jmlr.org/papers/v22/20-1364.html).
        *Journal of Machine Learning Research* 22 (2021), 268, 1–8.""",
    "rubinstein1999": """R. Rubinstein. The cross-entropy method for combinatorial and continuous optimization.
        *Methodology and Computing in Applied Probability* 1 (1999), 127–190.""",
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
    "shao2024": """Z. Shao and others. [DeepSeekMath: pushing the limits of mathematical reasoning in open language
        models](https://arxiv.org/abs/2402.03300) (2024).""",
    "shewchuk1994": """J. Shewchuk. An introduction to the conjugate gradient method without the agonizing pain.
        Carnegie Mellon University, report CMU-CS-94-125 (1994).""",
    "simonyan2014": """K. Simonyan, A. Vedaldi, A. Zisserman.
        [Deep inside convolutional networks: visualising image classification models and saliency
        maps](https://arxiv.org/abs/1312.6034). ICLR workshop (2014).""",
    "sobel1982": """M. Sobel. The variance of discounted Markov decision processes.
        *Journal of Applied Probability* 19 (1982), 794–802.""",
    "song2020": """H. Song and others. [V-MPO: on-policy maximum a posteriori policy optimization for discrete and
        continuous control](https://arxiv.org/abs/1909.12238). ICLR (2020).""",
    "steihaug1983": """T. Steihaug. The conjugate gradient method and trust regions in large scale optimization.
        *SIAM Journal on Numerical Analysis* 20 (1983), 626–637.""",
    "stiennon2020": """N. Stiennon and others. [Learning to summarize from human feedback](https://arxiv.org/abs/2009.01325).
        NeurIPS (2020).""",
    "sutton1988": """R. Sutton. Learning to predict by the methods of temporal differences.
        *Machine Learning* 3 (1988), 9–44.""",
    "sutton2000": """R. Sutton, D. McAllester, S. Singh, Y. Mansour. Policy gradient methods for reinforcement learning
        with function approximation. NeurIPS 12 (2000).""",
    "sutton2018": """R. Sutton, A. Barto. *Reinforcement Learning: An Introduction*, 2nd edition. MIT Press (2018).""",
    "szita2006": """I. Szita, A. Lőrincz. Learning Tetris using the noisy cross-entropy method.
        *Neural Computation* 18 (2006), 2936–2941.""",
    "tang2025": """Y. Tang, R. Munos.
        [On a few pitfalls in KL divergence gradient estimation for RL](https://arxiv.org/abs/2506.09477) (2025).""",
    "thomas2014": """P. Thomas. Bias in natural actor-critic algorithms. ICML (2014).""",
    "todorov2012": """E. Todorov, T. Erez, Y. Tassa. MuJoCo: a physics engine for model-based control. IROS (2012).""",
    "tomar2022": """M. Tomar, L. Shani, Y. Efroni, M. Ghavamzadeh.
        [Mirror descent policy optimization](https://arxiv.org/abs/2005.09814). ICLR (2022).""",
    "towers2024": """M. Towers and others.
        [Gymnasium: a standard interface for reinforcement learning environments](https://arxiv.org/abs/2407.17032)
        (2024).""",
    "tsitsiklis1996": """J. Tsitsiklis, B. Van Roy. Feature-based methods for large scale dynamic programming.
        *Machine Learning* 22 (1996), 59–94.""",
    "tsitsiklis1997": """J. Tsitsiklis, B. Van Roy. An analysis of temporal-difference learning with function
        approximation. *IEEE Transactions on Automatic Control* 42 (1997), 674–690.""",
    "tsybakov2009": """A. Tsybakov. *Introduction to Nonparametric Estimation*. Springer (2009).""",
    "vieillard2020": """N. Vieillard, T. Kozuno, B. Scherrer, O. Pietquin, R. Munos, M. Geist.
        [Leverage the average: an analysis of KL regularization in RL](https://arxiv.org/abs/2003.14089).
        NeurIPS (2020).""",
    "vojnovic2025": """M. Vojnovic, S. Yun.
        [What is the alignment objective of GRPO?](https://arxiv.org/abs/2502.18548) (2025).""",
    "wang2017": """Z. Wang and others. [Sample efficient actor-critic with experience
        replay](https://arxiv.org/abs/1611.01224). ICLR (2017).""",
    "wang2019": """Y. Wang, H. He, X. Tan.
        [Truly proximal policy optimization](https://arxiv.org/abs/1903.07940). UAI (2019).""",
    "weng2022": """J. Weng and others.
        [EnvPool: a highly parallel reinforcement learning environment execution engine](https://arxiv.org/abs/2206.10558).
        NeurIPS, datasets and benchmarks (2022).""",
    "weng2022b": """J. Weng, H. Chen, D. Yan, K. You, A. Duburcq, M. Zhang, Y. Su, H. Su, J. Zhu.
        [Tianshou: a highly modularized deep reinforcement learning library](https://arxiv.org/abs/2107.14171).
        *Journal of Machine Learning Research* 23 (2022), 267, 1–6.""",
    "williams1992": """R. Williams. Simple statistical gradient-following algorithms for connectionist reinforcement
        learning. *Machine Learning* 8 (1992), 229–256.""",
    "wu2017": """Y. Wu, E. Mansimov, S. Liao, R. Grosse, J. Ba.
        [Scalable trust-region method for deep reinforcement learning using Kronecker-factored
        approximation](https://arxiv.org/abs/1708.05144). NeurIPS (2017).""",
    "yu2025": """Q. Yu and others. [DAPO: an open-source LLM reinforcement learning system at
        scale](https://arxiv.org/abs/2503.14476) (2025).""",
    "zheng2025": """C. Zheng and others.
        [Group sequence policy optimization](https://arxiv.org/abs/2507.18071) (2025).""",
    "ziegler2019": """D. Ziegler, N. Stiennon, J. Wu, T. Brown, A. Radford, D. Amodei, P. Christiano, G. Irving.
        [Fine-tuning language models from human preferences](https://arxiv.org/abs/1909.08593) (2019).""",
}


def references(**where: str) -> Markdown:
    """Return the list of references of a lesson: ``references(schulman2015="equation 8", ...)``.

    Args:
        where: key of `CITATIONS` = what the lesson takes from it, and where it stands there.
    Raises: KeyError for a key that isn't in `CITATIONS`: add the citation there.
    """
    return Markdown("\n".join(f"- {' '.join(CITATIONS[key].split())} *Here:* {what}." for key, what in where.items()))
