"""Pictures that show nothing."""

import numpy as np
import pytest

from backlit.data import none_of_the_above
from backlit.errors import ArgumentError


def test_pictures_follow_from_the_seed():
    assert np.array_equal(none_of_the_above(9, seed=4), none_of_the_above(9, seed=4))
    assert not np.array_equal(none_of_the_above(9, seed=4), none_of_the_above(9, seed=5))


def test_pictures_are_grey_values_of_which_none_repeats():
    pictures = none_of_the_above(60, (20, 30), seed=1)
    assert pictures.shape == (60, 600)
    assert pictures.dtype == np.float32
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert len(np.unique(pictures, axis=0)) == 60
    assert pictures.std(axis=1).min() > 0.01  # none is blank


def test_the_three_kinds_take_turns():
    pictures = none_of_the_above(30, seed=2).reshape(-1, 28, 28)
    # Neighbours in a picture of noise have nothing to do with each other; in clouds and strokes they have.
    likeness = [np.corrcoef(picture[:, 1:].ravel(), picture[:, :-1].ravel())[0, 1] for picture in pictures]
    assert max(likeness[0::3]) < 0.3
    assert min(likeness[1::3]) > 0.5
    assert min(likeness[2::3]) > 0.5


@pytest.mark.parametrize("arguments", [{"count": 0}, {"count": 3, "image_shape": (28,)}, {"count": 3, "seed": -1}])
def test_settings_outside_what_is_possible_are_refused(arguments):
    with pytest.raises(ArgumentError):
        none_of_the_above(**arguments)
