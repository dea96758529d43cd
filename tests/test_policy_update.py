"""What the updates with a fixed step share: a refusal says where, and leaves the policy as it was."""

import pytest
import torch

from batches import make_batch, theta
from trpobook.algorithms.natural_gradient import natural_gradient_update
from trpobook.algorithms.reinforce import reinforce_update

pytestmark = pytest.mark.usefixtures("float64")

each_update = pytest.mark.parametrize("update", [natural_gradient_update, reinforce_update])


@each_update
@pytest.mark.parametrize("place", ["states", "actions", "advantages"])
def test_nan_in_the_batch_stops_the_update(update, place):
    policy, states, actions, advantages = make_batch(discrete=False)
    batch = {"states": states, "actions": actions, "advantages": advantages}
    batch[place].view(-1)[3] = torch.nan
    before = theta(policy)
    with pytest.raises(FloatingPointError, match=place):
        update(policy, **batch, step_size=0.1)
    assert torch.equal(theta(policy), before)


@each_update
def test_a_step_beyond_the_floats_is_taken_back(update):
    policy, states, actions, advantages = make_batch(discrete=False)
    before = theta(policy)
    with pytest.raises(FloatingPointError, match="new policy"):
        update(policy, states, actions, advantages, step_size=1e300)
    assert torch.equal(theta(policy), before)
