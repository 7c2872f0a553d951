"""What is paired by place is of the same images, or is refused."""

import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.pairs import check_same


def test_the_same_images_pass():
    check_same(("a", "b"), ["a", "b"], "one", "other")
    check_same([], (), "one", "other")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("abc", "abd", "one and other are not of the same images: 3 and 3, and in row 3 'c' and 'd'"),
        ("abc", "acb", "in row 2 'b' and 'c'"),
        ("abc", "ab", "3 and 2, and in row 3 'c' and no image"),
        ("bc", "abc", "2 and 3, and in row 1 'b' and 'a'"),
        ("", "a", "0 and 1, and in row 1 no image and 'a'"),
    ],
)
def test_others_are_refused_with_the_first_difference(one, other, said):
    with pytest.raises(InputError) as caught:
        check_same(list(one), list(other), "one", "other")
    assert said in str(caught.value)
