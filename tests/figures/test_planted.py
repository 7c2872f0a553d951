import numpy as np
import pandas as pd

from lucidag.figures.planted import SHARES, planted
from lucidag.figures.style import save
from lucidag.models.planted_units import KINDS


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    keys = [
        ("labels", method, kind, measure)
        for method in ("clip-dissect", "netdissect")
        for kind in ("all", *KINDS)
        for measure in SHARES
    ]
    keys += [("effects", "beyond", "all", "auprc"), ("regions", "gradcam", "all", "auprc")]
    rows = pd.DataFrame(keys, columns=["part", "method", "kind", "measure"])
    value = rng.uniform(0.2, 0.8, len(rows))
    rows = rows.assign(value=value, low=value - 0.1, high=value + 0.1, base_rate=0.1)
    rows.loc[5, ["value", "low", "high"]] = np.nan
    return rows


def test_points_are_the_table(tmp_path):
    rows = table()
    fig = planted(rows)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["clip-dissect", "netdissect", "all kinds"]
    assert [text.get_text() for text in fig.axes[0].get_yticklabels()] == ["all", *KINDS]
    for ax in fig.axes[:2]:
        own = rows[rows["method"] == ax.get_title(loc="left")]
        drawn = {each.get_label(): each.get_offsets()[:, 0] for each in ax.collections if hasattr(each, "get_sizes")}
        for measure, words in SHARES.items():
            np.testing.assert_allclose(
                np.ma.filled(drawn[words], np.nan), own.loc[own["measure"] == measure, "value"], rtol=1e-6
            )
    names = [text.get_text() for text in fig.axes[2].get_yticklabels()]
    assert names == ["needed by class: beyond", "region: gradcam"]
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (tmp_path / "a.png").stat().st_size > 1000
