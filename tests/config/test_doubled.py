"""A key that stands twice in a map is refused, at any depth."""

import pytest

from lucidag.config.doubled import check_doubled
from lucidag.ground.errors import InputError

TWICE = {
    "models: {}\nmodels: {}\n": ("models", 1, 2),
    "models:\n  m: {dataset: d}\n  n: {}\n  m: {dataset: e}\n": ("models.m", 2, 4),
    "models:\n  m:\n    train:\n      epochs: 1\n      lr: 2\n      epochs: 3\n": ("models.m.train.epochs", 4, 6),
    "a: {b: 1, c: 2, b: 3}\n": ("a.b", 1, 1),
    "a:\n  - {x: 1}\n  - x: 1\n    'x': 2\n": ("a.1.x", 3, 4),
    "a: {yes: 1, true: 2}\n": ("a.true", 1, 1),
    '{"a": {"b": 1,\n "b": 2}}': ("a.b", 1, 2),
    "base: &b {x: 1}\nother: {<<: *b, x: 2, x: 3}\n": ("other.x", 2, 2),
    "a: &b {x: 1, x: 2}\nother: *b\n": ("a.x", 1, 1),
    "圆: 1\n圆: 2\n": ("圆", 1, 2),
}
ONCE = [
    "",
    "a: 1\n",
    "a: {x: 1}\nb: {x: 1}\n",
    "base: &b {x: 1, y: 2}\nother: {<<: *b, x: 2}\nthird: *b\n",
    "a: {1: one, '1': one}\n",
    "a: [x, x]\n",
    "a: [\n",
    "a: &a [*a]\n",
]


@pytest.mark.parametrize("text", TWICE)
def test_a_doubled_key_is_named_with_its_path_and_lines(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    path, first, again = TWICE[text]
    with pytest.raises(InputError) as caught:
        check_doubled(tmp_path / "c.yaml")
    assert str(caught.value) == f"{tmp_path / 'c.yaml'}: {path}: given twice, in lines {first} and {again}; keep one"


@pytest.mark.parametrize("text", ONCE)
def test_other_files_pass(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    check_doubled(tmp_path / "c.yaml")
    check_doubled(tmp_path / "none.yaml")


def test_the_configurations_that_ship_have_no_doubled_key(root):
    files = sorted((root / "config").glob("*.yaml"))
    assert len(files) > 3
    for file in files:
        check_doubled(file)
