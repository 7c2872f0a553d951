"""Images from agreement to disagreement."""

import pandas as pd

from lucidag.explain.agreement.agreement import AREA


def agreement_order(agreement: pd.DataFrame) -> pd.DataFrame:
    """Sort the images by the mean IoU with matched areas over all pairs of methods.

    Parameters
    ----------
    agreement
        See `lucidag.explain.agreement.agreement.agreement_table`.

    Returns
    -------
    DataFrame
        image, iou: from agreement to disagreement, equal ones by name, those where no pair has a value (NaN) last.
    """
    means = agreement[agreement["threshold"] == AREA].groupby("image")["iou"].mean().reset_index()
    # A difference in the last bit, from the order of summation, is no difference.
    key = means.assign(iou=-means["iou"].round(12))
    return means.loc[key.sort_values(["iou", "image"], na_position="last").index].reset_index(drop=True)
