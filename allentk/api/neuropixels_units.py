"""Tables of Neuropixels units: where units are, and two columns under each other's names."""

from __future__ import annotations

import pandas as pd

from allentk.api.neuropixels_columns import UNIT_PLACES

__all__ = ["mended", "placed"]

_SWAPPED = ("on_screen_rf", "p_value_rf")


def placed(units: pd.DataFrame, channels: pd.DataFrame, probes: pd.DataFrame) -> pd.DataFrame:
    """Return units with the place of their channel, their probe and their session.

    Parameters
    ----------
    units, channels, probes : DataFrame
        `neuropixels_columns.UNITS`, ``CHANNELS`` and ``PROBES``.

    Returns
    -------
    DataFrame
        The units, in their order; what is not known of a place is missing.
    """
    of_channel = channels.set_index("id").reindex(units["ecephys_channel_id"])
    of_probe = (
        probes.rename(columns={"name": "probe_name"})
        .set_index("id")
        .reindex(of_channel["ecephys_probe_id"])
    )
    added = {}
    for name in UNIT_PLACES:
        source = of_probe if name in ("ecephys_session_id", "probe_name") else of_channel
        if name in source and name not in units:
            values = source[name].reset_index(drop=True)
            added[name] = values.astype("Int64") if UNIT_PLACES[name].kind == "int" else values
    return pd.concat([units.reset_index(drop=True), pd.DataFrame(added)], axis=1)


def mended(table: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return metrics with ``on_screen_rf`` and ``p_value_rf`` under their own names, and what was done.

    The warehouse gave each under the other's name. Which is which shows in the values: one is true or
    false, the other a probability.

    Examples
    --------
    >>> table = pd.DataFrame({"on_screen_rf": [0.25, 0.5], "p_value_rf": ["True", "False"]})
    >>> mended(table)[0]["p_value_rf"].tolist()
    [0.25, 0.5]
    """
    if not set(_SWAPPED) <= set(table.columns):
        return table, ""
    on_screen, p_value = (table[name] for name in _SWAPPED)
    if _is_truth(on_screen) or not _is_truth(p_value):
        return table, ""
    exchanged = table.assign(on_screen_rf=p_value, p_value_rf=on_screen)
    return exchanged, "on_screen_rf and p_value_rf came under each other's names and were exchanged"


def _is_truth(values: pd.Series) -> bool:
    """Whether a column holds nothing but true and false, written in any way."""
    words = set(values.dropna().astype(str).str.strip().str.lower())
    return bool(words) and words <= {"true", "false", "0", "1", "0.0", "1.0"}
