"""What the networks see and what the task gets, for any space: against Gymnasium's own flattening and containment."""

import io
import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trpobook.agents.spaces import fits, seen, seen_space, space_data, space_from, task_actions

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, max_side=4)
DTYPES = [
    "float16",
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "bool",
]


@st.composite
def boxes(draw, far=True):
    """Boxes of every type; `far`: with bounds anywhere, at the ends of the type's range and at infinity too."""
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    near = {"f": (-20.0, 20.0), "i": (-20, 20), "u": (0, 20), "b": (0, 1)}[dtype.kind]
    if dtype.kind == "f":
        values = st.floats(*near, width=8 * dtype.itemsize)
        values |= st.floats(width=8 * dtype.itemsize, allow_nan=False) if far else st.nothing()
    else:
        values = st.integers(*near)
        if far and dtype.kind != "b":
            ends = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
            values |= st.integers(*ends) | st.sampled_from(ends)
    low, high = np.sort(draw(hnp.arrays(dtype, (2, *draw(SHAPES)), elements=values)), axis=0)[:, None]
    if dtype.kind == "f":
        low[low == np.inf], high[high == -np.inf] = 0, np.inf  # a lowest of infinity would be no space
    return spaces.Box(low[0, ...], high[0, ...], dtype=dtype)


discretes = st.builds(
    spaces.Discrete, st.integers(1, 9), start=st.integers(-5, 5), dtype=st.sampled_from(["int64", "int32", "int16"])
)


@st.composite
def multi_discretes(draw):
    shape = draw(hnp.array_shapes(max_dims=2, max_side=3))
    nvec = draw(hnp.arrays(np.int64, shape, elements=st.integers(1, 5)))
    start = draw(hnp.arrays(np.int64, shape, elements=st.integers(-3, 3)))
    return spaces.MultiDiscrete(nvec, dtype=draw(st.sampled_from(["int64", "int32"])), start=start)


multi_binaries = st.builds(spaces.MultiBinary, st.integers(1, 4) | st.tuples(st.integers(1, 3), st.integers(1, 3)))
leaves = boxes(far=False) | discretes | multi_discretes() | multi_binaries
observation_spaces = st.recursive(
    leaves,
    lambda parts: (
        st.dictionaries(st.sampled_from("abcd"), parts, min_size=1, max_size=3).map(spaces.Dict)
        | st.lists(parts, min_size=1, max_size=3).map(spaces.Tuple)
    ),
    max_leaves=4,
)


def sampled(space, n, seed):
    """Return n observations and the batch that a vector environment makes of them."""
    space.seed(seed)
    ones = [space.sample() for _ in range(n)]
    return ones, concatenate(space, ones, create_empty_array(space, n))


def number(space):
    """Return how many numbers one of a policy's actions holds."""
    return int(np.prod(space.shape))


@settings(deadline=None, max_examples=200)
@given(boxes(), st.integers(0, 3), st.data())
def test_actions_of_any_box_lie_in_it_whatever_finite_number_was_drawn(space, n, data):
    numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-2, 2)
    drawn = data.draw(hnp.arrays(np.float64, (n, number(space)), elements=numbers))
    actions = task_actions(space, drawn)
    assert actions.shape == (n, *space.shape) and actions.dtype == space.dtype
    assert all(space.contains(np.asarray(action)) for action in actions)
    ends = [task_actions(space, np.full((1, number(space)), u))[0] for u in (-1.0, 1.0)]
    assert (ends[0] <= ends[1]).all()


@settings(deadline=None, max_examples=50)
@given(discretes | multi_discretes() | multi_binaries, st.integers(0, 5), st.integers(0, 2**31))
def test_actions_counted_from_zero_reach_every_member_of_the_space(space, n, seed):
    rng = np.random.default_rng(seed)
    one_by_one = isinstance(space, spaces.Discrete)
    sizes = [space.n] if one_by_one else getattr(space, "nvec", np.full(space.shape, 2)).ravel()
    drawn = np.stack([rng.integers(size, size=n) for size in sizes], axis=1)
    actions = task_actions(space, drawn[:, 0] if one_by_one else drawn)
    assert actions.shape == (n, *space.shape) and actions.dtype == space.dtype
    assert all(space.contains(action) for action in actions)
    for digits, action in zip(drawn, actions, strict=True):  # Gymnasium's flattening counts from the start too
        hot = gymnasium.spaces.flatten(space, action)
        if isinstance(space, spaces.MultiBinary):
            assert hot.tolist() == digits.tolist()
        else:
            assert np.flatnonzero(hot).tolist() == (digits + np.cumsum([0, *sizes[:-1]])).tolist()


@settings(deadline=None, max_examples=60)
@given(observation_spaces, st.integers(1, 3), st.integers(0, 2**31))
def test_what_is_seen_is_gymnasiums_flattening_of_one_observation_and_of_a_batch(space, n, seed):
    ones, batch = sampled(space, n, seed)
    box, flat = seen_space(space), [gymnasium.spaces.flatten(space, one) for one in ones]
    together = seen(space, batch)
    assert together.dtype == box.dtype == flat[0].dtype and together.shape == (n, *box.shape)
    assert np.array_equal(together, np.stack(flat))
    assert all(np.array_equal(seen(space, one), row) for one, row in zip(ones, flat, strict=True))
    assert all(box.contains(row) for row in together)
    assert all(fits(space, one) for one in ones)


@settings(deadline=None, max_examples=60)
@given(observation_spaces | boxes())
def test_a_space_comes_back_from_a_file_that_holds_only_data(space):
    file = io.BytesIO()
    torch.save(space_data(space), file)
    file.seek(0)
    back = space_from(torch.load(file, weights_only=True))
    assert back == space and repr(back) == repr(space) and seen_space(back) == seen_space(space)
    if isinstance(space, spaces.Box):  # Gymnasium compares bounds approximately
        assert np.array_equal(back.low, space.low) and np.array_equal(back.high, space.high)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("sides", [(36, 36), (84, 84), (96, 64)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_in_both_orders_are_seen_as_the_same_frames(dtype, sides, channels):
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, channels, *sides)).astype(dtype)
    first = spaces.Box(0, 255, (channels, *sides), dtype)
    last = spaces.Box(0, 255, (*sides, channels), dtype)
    for space, images in ((first, frames), (last, frames.transpose(0, 2, 3, 1))):
        assert seen_space(space) == first and seen_space(space).dtype == dtype
        assert np.array_equal(seen(space, images), frames) and seen(space, images).dtype == dtype
        assert np.array_equal(seen(space, images[1]), frames[1])


def test_a_matrix_of_bytes_is_an_image_of_one_channel_and_one_of_numbers_is_a_vector():
    picture = np.arange(40 * 50, dtype=np.uint8).reshape(40, 50)
    space = spaces.Box(0, 255, (40, 50), np.uint8)
    assert seen_space(space).shape == (1, 40, 50) and np.array_equal(seen(space, picture)[0], picture)
    assert seen_space(spaces.Box(-1, 1, (40, 50))).shape == (2000,)


def test_bounds_move_with_the_axes_of_an_image():
    low, high = np.zeros((36, 40, 2), np.float32), np.ones((36, 40, 2), np.float32)
    low[3, 7, 1], high[5, 2, 0] = -2, 9
    box = seen_space(spaces.Box(low, high))
    assert box.low[1, 3, 7] == -2 and box.high[0, 5, 2] == 9


def test_small_pictures_and_bytes_in_a_vector_are_numbers():
    assert seen_space(spaces.Box(0, 255, (128,), np.uint8)).shape == (128,)  # the memory of an Atari console
    assert seen_space(spaces.Box(0, 255, (35, 84, 3), np.uint8)).shape == (35 * 84 * 3,)
    assert seen(spaces.Box(0, 255, (2,), np.uint8), [7, 200]).tolist() == [7, 200]


def test_actions_from_minus_one_to_one_stay_bit_for_bit():
    drawn = np.random.default_rng(0).normal(0, 0.6, (500, 3)).astype(np.float32)
    for dtype in (np.float32, np.float64):
        actions = task_actions(spaces.Box(-1, 1, (3,), dtype), drawn)
        assert np.array_equal(actions, np.clip(drawn, -1, 1).astype(dtype))


@pytest.mark.parametrize(
    "low,high,middle", [(-2000, 2000, 0), (30, 1017, 523.5), (-0.01, 0.01, 0), (-1e300, 1e300, 0), (0.5, 0.5, 0.5)]
)
def test_minus_one_zero_and_one_are_the_ends_and_the_middle_of_a_finite_range(low, high, middle):
    space = spaces.Box(low, high, (2,), np.float64)
    drawn = np.array([[-1, 1], [-7, 7], [0, 0.5]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        actions = task_actions(space, drawn)
    assert actions[:2].tolist() == [[low, high]] * 2
    assert actions[2].tolist() == [middle, pytest.approx(middle + (high / 2 - low / 2) / 2)]


def test_each_dimension_has_bounds_of_its_own_and_without_two_it_passes_unscaled():
    low, high = np.array([-2, -np.inf, 0, -np.inf, 10]), np.array([2, np.inf, np.inf, 5, 20])
    space = spaces.Box(low, high, dtype=np.float64)
    assert task_actions(space, np.full((1, 5), 0.5)).tolist() == [[1, 0.5, 0.5, 0.5, 17.5]]
    assert task_actions(space, np.full((1, 5), 30.0)).tolist() == [[2, 30, 30, 5, 20]]
    assert task_actions(space, np.full((1, 5), -30.0)).tolist() == [[-2, -30, 0, -30, 10]]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_a_bound_at_the_end_of_the_types_range_is_none(dtype):
    limits = np.finfo(dtype) if dtype.startswith("float") else np.iinfo(dtype)
    space = spaces.Box(limits.min, limits.max, (1,), dtype)
    assert task_actions(space, np.array([[3.0]])).tolist() == [[3]]


def test_bytes_reach_from_0_to_255_and_whole_numbers_are_rounded():
    assert task_actions(spaces.Box(0, 255, (3,), np.uint8), np.array([[-1, 0.9, 1]])).tolist() == [[0, 242, 255]]
    assert task_actions(spaces.Box(-3, 3, (1,), np.int64), np.array([[0.4]])).tolist() == [[1]]


def test_actions_take_the_shape_of_the_space():
    matrix = task_actions(spaces.Box(-2, 2, (2, 3)), np.arange(6)[None] / 5)
    assert np.allclose(matrix, 2 * np.arange(6).reshape(1, 2, 3) / 5)
    assert task_actions(spaces.Box(-2, 2, ()), np.array([[0.5], [1]])).tolist() == [1, 2]
    assert task_actions(spaces.MultiDiscrete([[3, 4], [5, 6]]), np.array([[1, 2, 3, 4]])).tolist() == [[[1, 2], [3, 4]]]
    assert task_actions(spaces.Discrete(3, start=-1), np.array([0, 2])).tolist() == [-1, 1]


@pytest.mark.parametrize(
    "space,words",
    [
        (spaces.Text(5), "observation space Text"),
        (spaces.Dict(a=spaces.Discrete(2), b=spaces.Graph(spaces.Box(0, 1), None)), "observation space Dict.*Graph"),
        (spaces.Sequence(spaces.Discrete(2)), "observation space Sequence"),
        (spaces.OneOf([spaces.Discrete(2)]), "observation space OneOf"),
        (spaces.Dict({}), "0 numbers wide"),
        (spaces.Discrete(10**9), "1000000000 numbers wide"),
    ],
)
def test_what_is_not_served_is_said_in_one_line(space, words):
    with pytest.raises(ValueError, match=words) as caught:
        seen_space(space)
    assert "\n" not in str(caught.value)


def test_an_action_space_that_is_not_served_is_named():
    with pytest.raises(ValueError, match=r"action space Dict.*served are Box, Discrete"):
        task_actions(spaces.Dict(a=spaces.Discrete(2)), np.zeros((1, 1)))


@pytest.mark.parametrize(
    "space,observation,words",
    [
        (spaces.Box(-1, 1, (3,)), np.zeros(4), r"shape \(4,\), where the task's have shape \(3,\)"),
        (spaces.Box(-1, 1, (2, 3)), np.zeros(3), r"shape \(3,\), where the task's have shape \(2, 3\)"),
        (spaces.Box(0, 255, (40, 40, 3), np.uint8), np.zeros((40, 40)), r"shape \(40, 40\)"),
        (spaces.Discrete(3), 3, "none of the 3"),
        (spaces.Discrete(3), -1, "none of the 3"),  # which would else be taken for the last
    ],
)
def test_an_observation_of_another_space_is_refused(space, observation, words):
    with pytest.raises(ValueError, match=words):
        seen(space, observation)
    assert fits(space, observation) == isinstance(space, spaces.Discrete)


def test_values_outside_a_box_are_let_through():
    space = spaces.Box(-1, 1, (2,))
    assert fits(space, np.array([5.0, 0])) and fits(space, [5, 0])
    assert not fits(spaces.Dict(a=space), {"b": [0, 0]}) and not fits(spaces.Tuple([space]), ())


def test_gymnasiums_batches_are_what_seen_takes():
    space = spaces.Dict(image=spaces.Box(0, 255, (40, 40, 3), np.uint8), goal=spaces.Discrete(4, start=1))
    batch = batch_space(space, 3)
    batch.seed(0)
    assert seen(space, batch.sample()).shape == (3, 4 + 4800) == (3, *seen_space(space).shape)
