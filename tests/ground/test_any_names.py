"""Whatever text a name is, it comes back from a table as it was, and a sentence that quotes it is one line."""

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lucidag.data.ids import is_safe, make_ids, same_file
from lucidag.ground.errors import LONGEST, InputError
from lucidag.ground.tables import read_table, write_table

QUIET = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# What a file in UTF-8 can hold, but for bytes of zero, which no table has.
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
PATHS = st.lists(NAMES.filter(lambda name: name.strip("/")), min_size=1, max_size=8, unique=True)


@QUIET
@given(st.lists(NAMES, min_size=1, max_size=6))
def test_names_come_back_from_a_table(tmp_path, names):
    write_table(tmp_path / "t.csv", pd.DataFrame({"class": names, "n": range(len(names))}))
    found = read_table(tmp_path / "t.csv", words=True)
    assert found["class"].tolist() == names


@QUIET
@given(st.text(max_size=60), st.text(max_size=60))
def test_a_sentence_is_one_line_whatever_it_quotes(one, other):
    (line,) = InputError(f"no class '{one}'; there are: {other}").lines
    assert line.isprintable()
    assert len(line) <= LONGEST
    line.encode()


@QUIET
@given(PATHS)
def test_ids_are_safe_and_differ_whatever_the_paths_are(paths):
    ids = make_ids(paths)
    assert all(map(is_safe, ids))
    assert len(set(map(same_file, ids))) == len(paths)
