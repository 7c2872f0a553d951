"""Near relatives are known by name, and are those that one job makes."""

from lucidag.explain.families import RELATED, relatives
from lucidag.explain.methods.registry import DEFAULT, FAMILIES, METHODS


def test_relatives_are_the_families_of_the_registry() -> None:
    assert {family: set(names) for family, names in RELATED.items()} == {
        family: set(names) for family, names in FAMILIES.items()
    }
    assert all(len(each) > 1 for each in relatives(METHODS))


def test_one_of_a_family_has_no_relative_and_the_order_is_that_asked_for() -> None:
    assert relatives(["lime", "gradcam", "attn_lrp"]) == []
    assert relatives(["layercam", "lime", "gradcam", "my_method"]) == [["layercam", "gradcam"]]
    assert not any("lime" in family for family in relatives(DEFAULT))
