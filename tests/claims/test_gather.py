"""Ledgers of several runs put together, and the parts of documents that are made of them."""

from statistics import fmean, stdev

import pytest

from lucidag.claims.__main__ import main
from lucidag.claims.found import Measured
from lucidag.claims.gather import gather, read_run
from lucidag.claims.ledger import Entry, json_of
from lucidag.claims.page import counts_by_project, pages, replaced
from lucidag.claims.rule import NOT_HERE, REFUTED, REPRODUCED, decide
from lucidag.claims.settings import Claim
from lucidag.ground.errors import InputError
from lucidag.ground.files import write_json
from lucidag.ground.tables import read_table

ONE, TWO = (0.929, 0.684, 0.960), (0.947, 0.973, 0.852)
CLAIMS = [
    Claim.model_validate(
        {
            **{"id": name, "project": "003", "text": f"text of {name}", "configuration": "config/mnist.yaml"},
            "claimed": {"value": 0.877, "tolerance": 0.01},
            "measure": {"name": "accuracy", "of": "net"},
        }
    )
    for name in ("baseline", "other")
]


def ledger(path, configuration, *values, low=None, high=None):
    named = {f"net-s{seed}": value for seed, value in enumerate(values)}
    ends = (min(values), max(values)) if len(values) > 1 else (low, high)
    found = Measured(sum(values) / len(values), *ends, 1000, named) if values else None
    entries = [Entry(CLAIMS[0], found, decide(CLAIMS[0].claimed, "", found, "no model"), ())]
    entries.append(Entry(CLAIMS[1], None, decide(CLAIMS[1].claimed, "", None, "no model 'net'"), ()))
    path.mkdir(parents=True)
    write_json(path / "claims.json", json_of(entries, configuration))
    return path


def test_two_machines_are_one_row_with_both_spreads(tmp_path):
    one = ledger(tmp_path / "one", "config/mnist.yaml", *ONE)
    two = ledger(tmp_path / "two", "config/mnist.yaml", *TWO)
    table = gather([read_run(one), read_run(two)])
    row = table.iloc[0]
    assert (row["runs"], row["subjects"], row["low"], row["high"]) == (2, 6, 0.684, 0.973)
    assert row["measured"] == pytest.approx(fmean(ONE + TWO))
    assert row["run_sd"] == pytest.approx(stdev([fmean(ONE), fmean(TWO)]))
    assert row["seed_sd"] == pytest.approx((0.15115 + 0.06354) / 2, rel=1e-3)
    assert row["values"] == f"{one}: 0.929, 0.684, 0.96; {two}: 0.947, 0.973, 0.852"
    assert row["status"] == REPRODUCED
    other = table.iloc[1]
    assert (other["status"], other["configuration"], other["reason"]) == (NOT_HERE, "", "no model 'net'")


def test_configurations_are_rows_of_their_own_the_nearest_first(tmp_path):
    far = ledger(tmp_path / "far", "config/config.yaml", 0.5)
    near = ledger(tmp_path / "near", "config/mnist.yaml", 0.87)
    none = ledger(tmp_path / "none", "config/isic.yaml")
    table = gather([read_run(each) for each in (far, near, none)])
    rows = table[table["id"] == "baseline"]
    assert rows["configuration"].tolist() == ["config/mnist.yaml", "config/config.yaml"]
    assert rows["status"].tolist() == [REPRODUCED, REFUTED]


def test_a_figure_of_a_document_alone_is_gathered_with_the_others(tmp_path):
    one = ledger(tmp_path / "one", "config/mnist.yaml", 0.929)
    told = {"run": "told", "configuration": "config/mnist.yaml", "claims": {}}
    told["claims"]["baseline"] = {"value": 0.9, "values": {"net-s0": 0.9}}
    write_json(tmp_path / "told.json", told)
    row = gather([read_run(one), read_run(tmp_path / "told.json")]).iloc[0]
    assert (row["runs"], row["low"], row["high"]) == (2, 0.9, 0.929)
    assert "told: 0.9" in row["values"]
    told["claims"] = {"unknown": told["claims"]["baseline"]}
    write_json(tmp_path / "told.json", told)
    with pytest.raises(InputError, match="told: claim 'unknown' is in none of the runs"):
        gather([read_run(one), read_run(tmp_path / "told.json")])


def test_the_command_writes_one_table(tmp_path, capsys):
    one = ledger(tmp_path / "one", "config/mnist.yaml", 0.88)
    main(["gather", str(one), str(tmp_path / "all.csv")])
    assert read_table(tmp_path / "all.csv")["id"].tolist() == ["baseline", "other"]
    assert capsys.readouterr().out.startswith("2 claims: 1 reproduced, 0 refuted")
    with pytest.raises(SystemExit, match="does not exist: run the configuration"):
        main(["gather", str(tmp_path), str(tmp_path / "all.csv")])
    (tmp_path / "claims.json").write_text("{}")
    with pytest.raises(SystemExit, match="is no ledger of claims"):
        main(["gather", str(tmp_path), str(tmp_path / "all.csv")])


def test_the_documents_are_what_the_gathered_ledger_gives(root):
    table = read_table(root / "docs/ledger/claims.csv")
    page = (root / "docs/results.md").read_text()
    for name, part in pages(table).items():
        assert replaced(page, name, part, root / "docs/results.md") == page, name
    readme = (root / "README.md").read_text()
    assert replaced(readme, "counts", counts_by_project(table), root / "README.md") == readme
    assert table["id"].nunique() >= 45


def test_words_of_a_claim_are_words_in_a_page(tmp_path):
    one = ledger(tmp_path / "one", "config/mnist.yaml", 0.5)
    table = gather([read_run(one)]).assign(text="![](x) <script>|")
    assert r"\!\[" not in pages(table)["003"]
    assert r"!\[\](x) \<script\>\|" in pages(table)["003"]
