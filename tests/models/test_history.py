"""Histories of trainings that somebody edited: what is foreign is ignored, what is wrong is named."""

from pathlib import Path

import pandas as pd
import pytest

from lucidag.ground.errors import InputError
from lucidag.models.history import HISTORY_COLUMNS, read_history
from lucidag.models.keeping import summary

TEXT = """\
epoch,lr,train_loss,train_accuracy,val_loss,val_accuracy,kept,ended
1,0.01,0.7,0.5,0.71,0.33,True,
2,0.01,0.5,0.8,0.72,0.33,False,epochs
"""


def read(folder: Path, text: str) -> pd.DataFrame:
    (folder / "history.csv").write_text(text, encoding="utf-8")
    return read_history(folder / "history.csv")


def test_foreign_columns_and_another_order_change_nothing(tmp_path: Path) -> None:
    own = read(tmp_path, TEXT)
    rows = [line.split(",")[::-1] for line in TEXT.splitlines()]
    turned = "\n".join(",".join([f"x{number}" if number else "note", *row]) for number, row in enumerate(rows))
    pd.testing.assert_frame_equal(read(tmp_path, turned + "\n"), own)
    assert tuple(own.columns) == HISTORY_COLUMNS
    assert summary(own) == {"epochs": 2, "kept_epoch": 1, "ended": "epochs"}


def test_a_training_that_diverged_or_had_no_validation_is_read(tmp_path: Path) -> None:
    own = read(tmp_path, TEXT.replace("0.71,0.33", ",").replace("0.72,0.33", ",").replace("0.5,0.8", "inf,0.8"))
    assert own["val_loss"].isna().all()
    assert read(tmp_path, TEXT.replace("True", "False"))["epoch"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("val_loss", "loss", "has no column 'val_loss'"),
        ("0.7,0.5", "good,0.5", "column 'train_loss' holds something else than numbers"),
        ("\n2,", "\n3,", "column 'epoch' must count from 1"),
        ("\n2,", "\n1,", "column 'epoch' must count from 1"),
        ("False", "True", "column 'kept' must be True in one row at most"),
        ("False", "perhaps", "column 'kept' must be True in one row at most"),
        (TEXT[TEXT.index("\n1") :], "\n", "column 'epoch' must count from 1"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, why: str) -> None:
    with pytest.raises(InputError, match=rf"history\.csv:? .*{why}|history\.csv has no") as told:
        read(tmp_path, TEXT.replace(old, new))
    assert why in str(told.value)
