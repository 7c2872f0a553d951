"""Every table of every stage comes back from its file with its types, whatever its words and numbers look like."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lucidag.ground.errors import InputError
from lucidag.ground.tables import read_table, write_rows, write_table
from lucidag.report.contents import SETUP

LOOKS = (
    *("", "null", "NULL", "None", "NA", "N/A", "<NA>", "nan", "NaN", "-nan", "inf", "-inf", "True", "False", "true"),
    *("0", "7", "007", "1e5", "-1", "+1", "1.0", "1_000", "0x1F", "1,5", "2024-02-29", "29.2.2024", "12:30", "1/2"),
    *(" ", " a ", "a;b", 'say "a"', "two\nlines", "\t", "#", "ä", "\N{ARABIC-INDIC DIGIT SEVEN}", "=1+1"),
    *("\r", "old\rMac", "of\r\nDOS"),
)
NUMBERS = (
    0.0,
    -0.0,
    0.1 + 0.2,
    1.0,
    -3.0,
    1e-300,
    5e-324,
    1.7976931348623157e308,
    math.pi,
    math.inf,
    -math.inf,
    np.nan,
)

# By file: the columns that hold words (w), numbers (n), whole numbers (i), those with gaps (g), and True or False (b).
TABLES = {
    "models/{model}/history.csv": "i:epoch n:lr n:train_loss n:train_accuracy n:val_loss n:val_accuracy b:kept w:ended",
    "experiments.csv": "w:model w:family w:block w:status g:seed i:epochs g:kept_epoch w:ended w:data w:code "
    "n:train.lr w:architecture n:data.corrupt_labels w:worst_group n:test_accuracy n:test_accuracy_low n:gap "
    "n:confirmed:clip-dissect:a_concept "
    "n:localisation:image",
    "experiments/costs.csv": "w:model i:jobs n:train_seconds n:seconds n:peak_mb w:device",
    "experiments/factors.csv": "w:family w:factor w:level w:against w:outcome i:networks i:combinations i:seeds "
    "i:left_out n:mean n:mean_against n:effect n:low n:high n:p n:p_holm b:found n:visible n:share n:share_chance "
    "n:share_seeds n:share_rest n:seed_sd n:seed_sd_low n:seed_sd_high w:reason",
    "claims.csv": "w:id w:project w:text w:claimed n:measured n:low n:high n:n i:subjects w:status w:reason w:differs "
    "w:measure w:file w:link",
    "rof/{model}/ranking.csv": "w:split w:method g:seed i:rank i:unit n:score",
    "rof/{model}/sweep.csv": "w:split w:method g:seed i:k n:accuracy n:loss n:worst_accuracy n:accuracy_group:image "
    "n:accuracy_class:a_concept n:accuracy_class:a_rank n:accuracy_class:nan",
    "rof/{model}/bands.csv": "w:split w:method g:seed i:k w:metric n:low n:high",
    "rof/{model}/selection.csv": "w:ranked_on w:split w:method g:seed i:k n:accuracy n:loss_low n:loss_high",
    "rof/{model}/points.csv": "w:split w:method i:k n:accuracy n:loss",
    "rof/{model}/confusion.csv": "w:split i:k w:true w:predicted i:images",
    "rof/{model}/roles.csv": "i:unit w:role w:role_accuracy w:role_loss i:rank_train i:rank_test n:score_train "
    "n:score_test n:gain_train_accuracy n:gain_test_accuracy n:gain_train_loss n:gain_test_loss w:flags",
    "generalisation/{study}/roles.csv": "w:model w:family g:seed w:metric n:train_accuracy n:test_accuracy n:gap "
    "n:share_both n:share_train_only n:share_test_only n:share_neither i:n0_train i:n0_test",
    "agreement/{model}.csv": "w:image w:method_a w:method_b w:threshold n:iou n:dice n:area_a n:area_b n:control "
    "w:no_class",
    "agreement/{model}-spearman.csv": "w:image w:method_a w:method_b n:spearman n:control w:no_class",
    "agreement/{model}-summary.csv": "w:method_a w:method_b w:measure w:threshold n:mean n:low n:high i:n i:undefined "
    "w:reason n:control n:control_low n:control_high n:over_control n:over_control_low n:over_control_high w:no_class",
    "localisation/{model}.csv": "w:image w:prediction w:method w:metric w:threshold n:value w:no_class",
    "localisation/{model}-summary.csv": "w:prediction w:method w:metric w:threshold n:mean n:low n:high i:n "
    "i:undefined w:reason n:over_centre n:over_centre_low n:over_random n:over_random_high n:p_holm b:beats_both "
    "w:no_class",
    "explanations/{model}/checks.csv": "w:image w:method w:library w:version n:difference n:ours n:theirs w:note",
    "explanations/{model}/lime/tuning.csv": "i:trial n:iou i:undefined n:held_out_iou i:held_out_undefined "
    "b:chosen w:settings",
    "explanations/{model}/lime/seconds.csv": "i:trial n:seconds b:front",
    "faithfulness/{model}.csv": "w:image w:method w:metric n:value w:settings w:better w:note",
    "faithfulness/{model}-curves.csv": "w:image w:method w:curve n:share w:step n:value",
    "faithfulness/{model}-pairs.csv": "w:metric w:method_a w:method_b n:advantage n:low n:high i:n w:reason n:p "
    "n:p_holm b:distinguishable w:no_class",
    "faithfulness/{model}-ranking.csv": "w:metric w:better w:method b:control n:mean n:low n:high i:n i:undefined "
    "w:reason i:opposite n:rank w:better_than w:not_told_apart w:no_class",
    "faithfulness/{model}-floors.csv": "w:method w:floor n:mean n:low n:high i:n i:undefined w:reason w:no_class",
    "clip/{clip}/history.csv": "i:batch n:loss",
    "dissect/{model}/{layer}.csv": "w:method i:unit w:concept w:category n:score n:strength "
    "n:strength_random w:next_concept w:verdict w:why w:judged_by n:auprc n:p w:second w:second_category "
    "n:second_score w:second_verdict w:second_why w:second_judged_by n:second_lift b:second_chance "
    "w:fifth_concept n:own_iou b:detector w:object_concept n:object_iou",
    "dissect/{model}/{layer}-untrained.csv": "w:method i:unit w:concept w:category n:score n:strength w:next_concept "
    "w:fifth_concept b:detector w:object_concept n:object_iou",
    "dissect/{model}/{layer}-ranking.csv": "i:unit n:mean n:peak n:sparseness n:inside n:inside_chance g:mean_rank "
    "g:peak_rank g:sparseness_rank g:inside_rank",
    "dissect/{model}/unit_roles.csv": "w:method i:unit w:role i:rank_train i:rank_test w:concept w:category n:score "
    "b:labelled w:flags",
    "dissect/{model}/concept_roles.csv": "w:method w:concept w:category i:units i:both i:train_only i:test_only "
    "i:neither n:score i:rank_train_best n:rank_train_mean i:rank_test_best n:rank_test_mean",
    "units/{model}/effects.csv": "w:split i:unit w:kind w:name i:images n:loss n:loss_low n:loss_high n:margin "
    "n:accuracy n:accuracy_high n:beyond n:p n:p_fdr b:found n:selectivity",
    "units/{model}/{layer}.csv": "i:unit w:words_concept w:words_category n:words_score n:words_strength "
    "n:words_strength_random w:words_next_concept w:words_second w:words_second_category n:words_second_score "
    "w:words_second_verdict w:words_second_why w:words_second_judged_by n:words_second_p b:words_second_chance "
    "w:pixels_second w:pixels_second_category w:pixels_second_verdict w:pixels_second_why w:pixels_second_judged_by "
    "w:words_verdict w:words_why w:words_judged_by n:words_auprc n:words_auprc_low n:words_p "
    "w:pixels_concept w:pixels_category b:pixels_detector w:pixels_verdict w:pixels_why w:pixels_judged_by "
    "n:zero_all_loss n:zero_all_loss_low w:zero_first_class n:zero_first_loss b:zero_first_found w:zero_second_class "
    "w:zero_third_class w:zero_confirmed w:mean_first_class w:mean_second_class w:mean_third_class w:mean_confirmed "
    "n:selectivity w:role w:role_supported n:role_stability n:role_null i:train_rank:l1 n:relevance:a_concept "
    "n:relevance_low:null w:reference_images n:share_active g:nearest_unit n:nearest_correlation g:nearest_by_images "
    "n:shared_images w:top_images n:mean g:mean_rank w:warnings",
    "units/{model}/inner/{layer}.csv": "w:baseline w:split i:unit w:kind w:name i:images n:loss n:loss_low n:loss_high "
    "n:margin n:accuracy n:accuracy_high n:beyond n:p n:p_fdr b:found n:selectivity",
    "units/{model}/sets.csv": "w:name w:set w:members i:images n:loss n:loss_low n:loss_high n:accuracy "
    "n:others_loss n:others_accuracy n:p n:p_fdr",
    "units/{model}/images.csv": "w:layer i:unit n:clarity n:clarity_random b:clear g:clusters n:separation "
    "n:separation_random g:alike n:similarity",
    "units/{model}/search.csv": "w:text i:rank w:layer i:unit n:similarity",
    "planted/{model}/truth.csv": "i:unit w:kind w:concept w:category w:second_concept w:second_category n:source "
    "w:name n:weight n:auprc n:base_rate n:lift b:verified w:reason",
    "planted/{model}/relevance.csv": "i:unit w:name n:relevance n:contribution",
    "planted/{model}/regions.csv": "w:image w:method w:kind n:unit w:concept w:name n:auprc n:base_rate n:share",
    "planted/{model}/labels.csv": "w:method i:unit w:kind w:concept w:category w:labelled_concept b:right w:verdict "
    "b:confirmed n:score n:lift n:chance w:labelled_second b:second_right b:second_confirmed n:second_lift "
    "b:second_chance",
    "planted/{model}/scores.csv": "w:part w:method w:kind w:measure i:n n:positives n:value n:low n:high n:base_rate "
    "w:reason",
    "planted/summary.csv": "w:part w:method w:kind w:measure i:n n:positives n:value n:low n:high n:base_rate w:reason",
    "artefacts/{dataset}.csv": "w:image n:ring_score i:ring_found",
    "shortcuts/{study}/relevance.csv": "w:model w:image w:method w:artefact n:share n:area n:concentration",
    "shortcuts/{study}/probabilities.csv": "w:model w:image w:artefact n:before n:after n:control",
    "discovery/{model}.csv": "i:proposal w:kind w:name g:clusters i:cluster i:images i:inside i:between n:p n:p_holm "
    "b:proposed n:stability i:gap_clusters n:gap_p w:side w:column n:precision n:recall n:recall_of_all n:p_column",
    "discovery/{model}-images.csv": "w:image w:name i:proposal b:member n:place",
    "discovery/{model}-units.csv": "i:unit w:kind w:name i:images n:auc_picked n:auc n:p n:p_fdr b:found",
    "shortcuts/{study}/proposals.csv": "w:proposer i:proposal w:name w:side w:edit w:set i:networks i:images i:units "
    "n:change n:change_low n:control_high n:beyond w:reason",
    "shortcuts/{study}/proposals-images.csv": "w:proposer i:proposal w:name w:side w:edit w:set w:model w:image "
    "n:before n:after n:control",
    "repair/{repair}/effects.csv": "w:set w:artefact i:networks i:images n:change n:change_low n:beyond w:reason "
    "n:less_original n:less_without n:p",
    "repair/{repair}/accuracy.csv": "w:set w:kind w:name i:networks i:images n:accuracy n:accuracy_low w:reason "
    "n:less_original",
    "repair/{repair}/probabilities.csv": "w:set w:model w:image w:artefact n:before n:after n:control",
    "shortcuts/{study}/removal.csv": "w:model w:image w:artefact n:before n:after n:control",
}
# The columns of a data set are the user's: all hold words.
MANIFEST = "w:image w:path w:label w:split w:id w:seed w:site w:score w:a_rank w:mask w:digest"


def drawn(columns: str, seed: int, rows: int = 60) -> pd.DataFrame:
    """Draw a table of these columns; a first row has no gap, as a column of gaps alone has no type."""
    rng = np.random.default_rng(seed)
    makers = {
        "w": lambda: pd.array(["a", *rng.choice(LOOKS, rows - 1)], dtype="str"),
        "n": lambda: np.array(
            [0.5, *np.where(rng.random(rows - 1) < 0.5, rng.choice(NUMBERS, rows - 1), rng.random())]
        ),
        "i": lambda: rng.integers(-(2**62), 2**62, rows),
        "g": lambda: pd.array([None if n % 3 else n for n in range(rows)], dtype="Int64"),
        "b": lambda: np.arange(rows) % 3 == 0,
    }
    return pd.DataFrame({name[2:]: makers[name[0]]() for name in columns.split()})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("file", TABLES)
def test_every_table_comes_back_with_its_types(tmp_path, file, seed):
    table = drawn(TABLES[file], seed)
    write_table(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", table.columns), table, check_exact=True)


@pytest.mark.parametrize("seed", range(3))
def test_a_data_set_has_words_in_every_column(tmp_path, seed):
    table = drawn(MANIFEST, seed)
    write_table(tmp_path / "t.csv", table)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.csv", words=True), table)


@pytest.mark.parametrize("file", TABLES)
def test_a_cell_of_the_report_reads_the_same_words_and_numbers(tmp_path, file):
    table = drawn(TABLES[file], 3)
    write_table(tmp_path / "t.csv", table)
    names: dict = {}
    exec(SETUP.source, names)
    gaps = {name: "float64" for name, kind in table.dtypes.items() if kind == "Int64"}
    pd.testing.assert_frame_equal(names["read_table"](tmp_path / "t.csv"), table.astype(gaps), check_exact=True)


def test_every_table_that_a_rule_writes_is_here(root: Path) -> None:
    text = "".join(file.read_text() for file in sorted((root / "rules").glob("*.smk")))
    written = {path.replace("{{", "{").replace("}}", "}") for path in re.findall(r"\{R\}/([^\"']+\.csv)", text)}
    shards = {path for path in written if "/shards/" in path}
    assert written - shards == set(TABLES)  # sources say by themselves that they write a manifest


def test_a_detector_that_only_one_method_knows_stays_true_or_false(tmp_path):
    table = pd.DataFrame({"unit": [0, 1, 2], "detector": [True, np.nan, False]}, dtype=object).astype({"unit": int})
    write_table(tmp_path / "t.csv", table)
    back = read_table(tmp_path / "t.csv")["detector"]
    assert back[0] is True
    assert back[2] is False
    assert np.isnan(back[1])


def test_rows_are_written_as_python_writes_them(tmp_path):
    rows = [{"image": "1", "value": 0.1 + 0.2}, {"image": 'x, "y"', "value": None}, {"image": "", "value": 3}]
    write_rows(tmp_path / "t.csv", ["image", "value"], rows)
    assert (tmp_path / "t.csv").read_bytes() == b'image,value\n1,0.30000000000000004\n"x, ""y""",\n,3\n'
    back = read_table(tmp_path / "t.csv")
    assert back["image"].tolist() == ["1", 'x, "y"', ""]
    assert back["value"].isna().tolist() == [False, True, False]


def test_what_is_no_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv does not exist"):
        read_table(tmp_path / "gone.csv")
    (tmp_path / "t.csv").write_text("image,value\na,1\nb,2,3\n")
    with pytest.raises(InputError, match=r"t\.csv is not a table of lucidag"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("")
    for words in (False, True):
        with pytest.raises(InputError, match=r"t\.csv is not a table of lucidag"):
            read_table(tmp_path / "t.csv", words=words)
    (tmp_path / "t.csv").write_text("image,seed\na,1.5\n")
    with pytest.raises(InputError, match=r"t\.csv is not a table of lucidag"):
        read_table(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text("image,value\na,1\n")
    with pytest.raises(InputError, match=r"t\.csv has no column 'note'; it must have image, note"):
        read_table(tmp_path / "t.csv", ["image", "note"])
