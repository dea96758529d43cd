"""Solvers that know no reinforcement learning, and one update of a policy for each algorithm.

Nothing here steps an environment, but for the vine and the search, whose updates are made of rollouts.
"""
