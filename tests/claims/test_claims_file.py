"""The shipped claims, and what a file of claims may say."""

import re
from pathlib import Path

import pytest
import yaml

from lucidag.claims.ledger import evaluate, json_of, measure_of, table_of, write_ledger
from lucidag.claims.read import read_claims
from lucidag.claims.reader import Reader, by_key
from lucidag.claims.registry import MEASURES
from lucidag.claims.rule import NOT_HERE, STATUSES
from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table

CLAIM = {"id": "a", "project": "000", "text": "x", "claimed": {"value": 1}, "measure": {"name": "accuracy", "of": "m"}}


def file_with(folder: Path, **changes) -> Path:
    path = folder / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [{**CLAIM, **changes}]}))
    return path


def test_the_shipped_claims_are_enough_and_each_names_a_measure(root):
    claims = read_claims(root / "config/claims.yaml")
    assert len(claims) >= 45
    assert {claim.project for claim in claims} == {"000", "001", "002", "003", "004"}
    assert {measure_of(claim) for claim in claims} <= set(MEASURES)
    for claim in claims:
        if measure_of(claim) == "by_test":
            assert all((root / file).is_file() for file in claim.measure.of), claim.id
        if claim.configuration:
            assert (root / claim.configuration).is_file(), claim.id


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"measure": {"name": "acuracy", "of": "m"}},
            "claim 'a'.measure: measure 'acuracy' does not exist .*'accuracy'",
        ),
        ({"measure": {"name": "curve_value", "of": "m"}}, "claim 'a'.measure.k: Field required"),
        ({"measure": {"name": "curve_value", "of": "m", "k": -1}}, "claim 'a'.measure.k: .*greater than or equal to 0"),
        ({"measure": {"name": "accuracy", "of": "m", "splt": "val"}}, r"claim 'a'.measure.splt: unknown key.*'split'"),
        ({"measure": {"name": "accuracy", "of": []}}, "claim 'a'.measure.of: "),
        ({"claimed": {}}, "claim 'a'.claimed: give exactly one of value, above, below"),
        ({"claimd": 1}, r"claim 'a'.claimd: unknown key \(did you mean 'claimed'\?\)"),
        ({"claimed": {"value": "__import__('os')"}}, "claim 'a'.claimed.value: .*valid number"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_a_mistake_is_one_sentence_with_the_claim_and_the_key(tmp_path, changes, said):
    with pytest.raises(InputError, match=said) as told:
        read_claims(file_with(tmp_path, **changes))
    assert "\n" not in str(told.value)


def test_two_claims_of_one_id_and_a_missing_file_are_refused(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [CLAIM, CLAIM]}))
    with pytest.raises(InputError, match="the id 'a' stands twice"):
        read_claims(path)
    with pytest.raises(InputError, match=r"gone\.yaml does not exist"):
        read_claims(tmp_path / "gone.yaml")
    path.write_text("claims: [")
    with pytest.raises(InputError, match="cannot be read"):
        read_claims(path)


def test_hostile_words_stay_words(tmp_path):
    text = "=1+1 __import__('os').system('touch gone') {{ 7*7 }} <script>alert(1)</script> ![](x) a,b\n\"c\""
    claims = read_claims(file_with(tmp_path, text=text))
    entries = evaluate(claims, {"a": text}, Reader({}, "results"))
    write_ledger(str(tmp_path / "claims.csv"), entries)
    row = read_table(tmp_path / "claims.csv").iloc[0]
    assert (row["text"], row["reason"], row["status"]) == (text, text, NOT_HERE)
    assert json_of(entries, "c")["claims"]["a"]["text"] == text


def test_nothing_in_the_room_runs_words(root):
    for file in sorted((root / "lucidag/claims").rglob("*.py")):
        assert not re.search(r"\b(eval|exec|compile|__import__)\(|yaml\.load\(|pickle", file.read_text()), file


def test_a_ledger_counts_each_claim_once(tmp_path):
    claims = read_claims(file_with(tmp_path))
    entries = evaluate(claims, {}, Reader({}, "results"))
    about = json_of(entries, "config/x.yaml")
    assert list(about["counts"]) == list(STATUSES)
    assert sum(about["counts"].values()) == len(table_of(entries)) == 1
    assert set(about["columns"]) == set(table_of(entries).columns)


def test_files_come_back_by_their_keys():
    found = by_key(["x", "y", "z"], {"sweep:a": 1, "records:a:lime": 2}, ["t.csv"])
    assert found == {"sweep:a": ["x"], "records:a:lime": ["y", "z"], "published:t.csv": ["t.csv"]}
