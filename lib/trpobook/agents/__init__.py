"""What acts and what estimates: environments, normalisers, policies, value functions, batches, advantages.

Nothing here changes a policy: that is the algorithms' part.
"""
