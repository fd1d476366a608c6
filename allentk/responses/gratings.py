"""Metrics of drifting gratings, one row per cell, from dF/F or from spikes."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from allentk.data import NetworkResponse, SpikeTrains, StimulusTable, Traces
from allentk.errors import DataError
from allentk.responses.conditions import Conditions, Moments, conditions, moments
from allentk.responses.selectivity import dsi_pair, dsi_vector, osi_pair, osi_vector
from allentk.responses.trials import cells_of, finite_means, trial_responses

__all__ = ["METRIC_COLUMNS", "drifting_gratings", "presentations_of"]

Array = NDArray[np.float64]
Window = tuple[float, float]

#: Columns of ``drifting_gratings`` for spikes, with units; for traces ``_rate_hz`` reads ``_response``.
METRIC_COLUMNS = {
    "cell": "id of the cell",
    "preferred_direction_deg": "direction of motion of the largest mean response, degrees",
    "preferred_tf_hz": "temporal frequency of the largest mean response, Hz",
    "peak_rate_hz": "mean response at the preferred condition",
    "mean_rate_hz": "mean over all conditions, each counted once",
    "spontaneous_rate_hz": "mean response to blanks",
    "osi_vector": "1 - circular variance of orientation at the preferred temporal frequency",
    "dsi_vector": "1 - circular variance of direction at the preferred temporal frequency",
    "osi_pair": "(pref - orth) / (pref + orth) at the preferred temporal frequency",
    "dsi_pair": "(pref - null) / (pref + null) at the preferred temporal frequency",
    "n_trials": "grating presentations measured",
}


def presentations_of(
    responses: Traces | SpikeTrains | NetworkResponse, table: StimulusTable | None
) -> StimulusTable:
    """Return `table`, or what a network was shown.

    Raises
    ------
    DataError
        Where neither is there.
    """
    if table is None and isinstance(responses, NetworkResponse):
        table = responses.presentations
    if table is None:
        raise DataError(
            f"responses: {responses!r} does not say what was shown; give a StimulusTable as the "
            f"second argument"
        )
    return table


def drifting_gratings(
    responses: Traces | SpikeTrains | NetworkResponse,
    table: StimulusTable | None = None,
    *,
    ids: ArrayLike | None = None,
    response_window_s: Window | None = None,
    spontaneous_window_s: Window | None = None,
    preferred: Literal["joint", "marginal"] = "joint",
) -> pd.DataFrame:
    """Measure the responses of every cell to drifting gratings.

    Parameters
    ----------
    responses : Traces, SpikeTrains or NetworkResponse
        Recorded dF/F, recorded or simulated spikes, or a simulated network. A trial's response is the
        mean dF/F, or the spike rate in Hz, in the presentation.
    table : StimulusTable, optional
        What was shown, with ``orientation_deg`` and ``temporal_frequency_hz``; by default what the
        network was shown. Rows named ``blank`` or ``spontaneous``, or without an orientation, are blanks.
    ids : array_like of int, optional
        Cells to measure; all by default. Not for a network.
    response_window_s : (float, float), optional
        Window of the response in seconds from the onset; by default the presentation.
    spontaneous_window_s : (float, float), optional
        Window in seconds from the onset of every grating, such as ``(-0.4, 0.0)``, in which spontaneous
        activity is measured; by default it is measured in the blanks.
    preferred : "joint" or "marginal"
        The preferred condition is that of the largest mean response (two-photon Observatory), or the
        temporal frequency and the direction of the largest marginal means (Neuropixels). The same where
        one temporal frequency was shown.

    Returns
    -------
    DataFrame
        One row per cell, columns `METRIC_COLUMNS`; for traces ``peak_response``, ``mean_response`` and
        ``spontaneous_response``, in the unit of the traces, in place of the rates. A network has also
        ``population``, the cell class of the node (``cell_class``, else the population's name), and
        ``node_population``. NaN where undefined, such as the preference of a silent cell; never infinite.
        No cells give no rows.

    Raises
    ------
    DataError
        Where there is no grating, or more than one stimulus, contrast or spatial frequency; where a
        presentation ends after the simulation; for arguments of another type.

    Notes
    -----
    These numbers are by the definition ``"trial-mean"``: a trial's mean dF/F or rate, without subtraction
    of a baseline, averaged over trials; ``"trial-mean, joint"`` or ``"trial-mean, marginal"`` where the
    preferred condition matters. The Observatory's own two-photon tables are by another, ``"warehouse"``:
    they compute from fluorescence relative to the second before each presentation, not from dF/F of the
    whole session. The formulas are these, the numbers are not.

    References
    ----------
    de Vries et al. 2020, Nature Neuroscience 23:138; Siegle et al. 2021, Nature 592:86; Billeh et al.
    2020, Neuron 106:388.

    Examples
    --------
    >>> shown = pd.DataFrame({"start_s": [0.0, 1, 2, 3], "stop_s": [1.0, 2, 3, 4],
    ...     "stimulus": "drifting_gratings", "orientation_deg": [0.0, 90, 180, 270]})
    >>> cells = drifting_gratings(SpikeTrains([0.2, 0.4, 2.5], [0, 0, 0], 1), StimulusTable(shown))
    >>> cells[["peak_rate_hz", "osi_pair"]].to_numpy().tolist()
    [[2.0, 1.0]]
    """
    shown = presentations_of(responses, table)
    windows = (response_window_s, spontaneous_window_s)
    if isinstance(responses, NetworkResponse):
        if ids is not None:
            raise DataError("drifting_gratings: ids= chooses cells of one population; give spikes")
        return _network(responses, shown, windows, preferred)
    return _cells(responses, shown, ids, windows, preferred)


def _network(
    response: NetworkResponse,
    table: StimulusTable,
    windows: tuple[Window | None, Window | None],
    preferred: str,
) -> pd.DataFrame:
    if table.duration_s > response.duration_s + 1e-6:
        raise DataError(
            f"drifting_gratings: the last presentation ends at {table.duration_s:g} s, after the "
            f"simulation's {response.duration_s:g} s; simulate longer, or leave rows out of the table"
        )
    parts = []
    for name, trains in response.spikes.items():
        part = _cells(trains, table, None, windows, preferred)
        nodes = response.nodes.get(name)
        classes: object = name
        if nodes is not None and "cell_class" in nodes:
            classes = nodes["cell_class"].to_numpy()
            if len(nodes) != trains.n_cells:
                raise DataError(
                    f"drifting_gratings: population {name!r} has {trains.n_cells} cells but "
                    f"{len(nodes)} rows in its node table"
                )
        part.insert(1, "population", classes)
        part.insert(2, "node_population", name)
        parts.append(part)
    if not parts:
        raise DataError("drifting_gratings: the network's response has no population with spikes")
    return pd.concat(parts, ignore_index=True)


def _cells(
    responses: Traces | SpikeTrains,
    table: StimulusTable,
    ids: ArrayLike | None,
    windows: tuple[Window | None, Window | None],
    preferred: str,
) -> pd.DataFrame:
    shown = conditions(table)
    _, cells = cells_of(responses, ids)
    trials = trial_responses(responses, table, window_s=windows[0], ids=cells)
    averages = moments(trials, shown)
    quiet = trials[:, shown.blank]
    if windows[1] is not None:
        gratings = StimulusTable(table.table.iloc[shown.grating])
        quiet = trial_responses(responses, gratings, window_s=windows[1], ids=cells)
    spikes = isinstance(responses, SpikeTrains)
    columns = _metrics(averages, shown, preferred, spikes)
    suffix = "rate_hz" if spikes else "response"
    names = {name: name.replace("rate_hz", suffix) for name in METRIC_COLUMNS}
    columns |= {"cell": cells, "spontaneous_rate_hz": finite_means(quiet)}
    columns["n_trials"] = averages.n.sum(axis=(1, 2))
    return pd.DataFrame({names[name]: columns[name] for name in METRIC_COLUMNS})


def _preferred(mean: Array, how: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the preferred frequency and direction of every cell."""
    n_cells, n_frequencies, n_directions = mean.shape
    if how == "joint":
        flat = mean.reshape(n_cells, n_frequencies * n_directions)
        best = np.where(np.isnan(flat), -np.inf, flat).argmax(axis=1)
        return np.divmod(best, n_directions)
    if how != "marginal":
        raise DataError(f'drifting_gratings: preferred is "joint" or "marginal", got {how!r}')
    marginals = (finite_means(mean, axis=2), finite_means(mean, axis=1))
    first, second = (np.where(np.isnan(m), -np.inf, m).argmax(axis=1) for m in marginals)
    return first, second


def _metrics(
    averages: Moments, shown: Conditions, preferred: str, spikes: bool
) -> dict[str, NDArray[np.generic]]:
    mean, cell = averages.mean, np.arange(averages.mean.shape[0])
    tf, direction = _preferred(mean, preferred)
    curve = mean[cell, tf]
    peak = mean[cell, tf, direction]
    undefined = np.isnan(peak) | ((peak <= 0) & spikes)  # a cell without a spike prefers nothing
    theta = shown.directions_deg
    at = direction if preferred == "marginal" else None
    return {
        "preferred_direction_deg": np.where(undefined, np.nan, theta[direction]),
        "preferred_tf_hz": np.where(undefined, np.nan, shown.frequencies_hz[tf]),
        "peak_rate_hz": peak,
        "mean_rate_hz": finite_means(mean, axis=(1, 2)),
        "osi_vector": osi_vector(curve, theta),
        "dsi_vector": dsi_vector(curve, theta),
        "osi_pair": osi_pair(curve, theta, preferred=at),
        "dsi_pair": dsi_pair(curve, theta, preferred=at),
    }
