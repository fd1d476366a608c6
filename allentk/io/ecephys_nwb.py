"""Neuropixels sessions of the Allen Institute (Visual Coding, Visual Behavior), NWB 2.

What is read beside `behavior_nwb`::

    units/{id, spike_times, spike_times_index, ...}              one row per unit; seconds
    general/extracellular_ephys/electrodes                       one row per channel
    general/extracellular_ephys/<probe>                          attributes of a probe
    acquisition/probe_<id>_lfp/probe_<id>_lfp_data               LFP, samples x channels; V
    processing/optotagging/optogenetic_stimulation               light pulses (older files add a letter)
    processing/{filtered, raw}_gaze_mapping                      where the eye looks

Spike times of a unit are read without those of the others. The LFP of a probe is usually a file of
its own, `ProbeLFP`.

References
----------
Siegle et al. 2021, Nature 592:86-92; Allen Institute, "Visual Coding - Neuropixels" and "Visual
Behavior - Neuropixels", technical white papers; https://nwb-schema.readthedocs.io.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from allentk.data import SpikeTrains, Traces
from allentk.data._html import synthetic_end
from allentk.errors import DataError, FormatError
from allentk.io.behavior_nwb import BehaviorSession, read_head
from allentk.io.dynamic_table import ragged_bounds, read_table, row_ids, table_group
from allentk.io.eye_tracking import gaze
from allentk.io.hdf5 import dataset, member, members
from allentk.io.lfp_nwb import probe_lfp
from allentk.io.probes_nwb import CHANNEL_PLACES, electrodes, probes
from allentk.io.remote import RangedFile, open_place, place_of
from allentk.io.unit_quality import passing

__all__ = ["EcephysSession", "read_ecephys_session"]

_WHAT = "an NWB 2 file of a Neuropixels session"
_UNITS = "units"
_OPTOTAGGING = "processing/optotagging"


@dataclass(frozen=True, slots=True, repr=False)
class EcephysSession(BehaviorSession):
    """A Neuropixels session; what is asked for is read from the file.

    Parameters
    ----------
    place, stimulus_names, metadata
        As in `BehaviorSession`.
    unit_ids : tuple of int
        Every unit in the file, in its order.
    """

    unit_ids: tuple[int, ...] = ()

    def units(
        self,
        *,
        quality: str | None = None,
        amplitude_cutoff_max: float | None = None,
        presence_ratio_min: float | None = None,
        isi_violations_max: float | None = None,
    ) -> pd.DataFrame:
        """Return the units, one row each, with where their peak channel is.

        Parameters
        ----------
        quality : str, optional
            Only units of this quality: ``"good"`` or ``"noise"``.
        amplitude_cutoff_max, presence_ratio_min, isi_violations_max : float, optional
            Only units within these bounds; the Allen Institute takes 0.1, 0.95 and 0.5.

        Returns
        -------
        DataFrame
            `nwb2_columns.UNITS`.

        Raises
        ------
        DataError
            On a bound for a column that the file does not have.
        FormatError
            Where a column does not fit.
        """
        with open_place(self.place, _WHAT) as file:
            table = read_table(table_group(file, _UNITS, self.path), self.path, key="unit_id")
            channels = electrodes(file, self.path).set_index("channel_id")
        if "peak_channel_id" in table:
            taken = [name for name in CHANNEL_PLACES if name in channels and name not in table]
            rows = channels[taken].reindex(table["peak_channel_id"])
            table = pd.concat([table, rows.reset_index(drop=True)], axis=1)
        keep = passing(
            table,
            self.path,
            quality=quality,
            amplitude_cutoff_max=amplitude_cutoff_max,
            presence_ratio_min=presence_ratio_min,
            isi_violations_max=isi_violations_max,
        )
        return table[keep].reset_index(drop=True)

    def spike_times_s(self, unit_id: int) -> NDArray[np.float64]:
        """Return the spike times of one unit in seconds, sorted; only they are read.

        Raises
        ------
        DataError
            Where there is no such unit.
        FormatError
            Where the file's index does not fit its spikes.
        """
        row = self._row(unit_id)
        with open_place(self.place, _WHAT) as file:
            return self._spikes(table_group(file, _UNITS, self.path), row)

    def spikes(self, unit_ids: Sequence[int] | None = None) -> SpikeTrains:
        """Return the spikes of units; id ``i`` of the trains is ``unit_ids[i]``.

        Parameters
        ----------
        unit_ids : sequence of int, optional
            Some of `unit_ids`, in any order; by default all of them, noise included.

        Raises
        ------
        DataError
            Where there is no such unit.
        FormatError
            Where the file's index does not fit its spikes.
        """
        rows = [self._row(unit) for unit in (self.unit_ids if unit_ids is None else unit_ids)]
        with open_place(self.place, _WHAT) as file:
            group = table_group(file, _UNITS, self.path)
            return SpikeTrains.from_lists([self._spikes(group, row) for row in rows])

    def _row(self, unit_id: int) -> int:
        try:
            return self.unit_ids.index(int(unit_id))
        except ValueError as error:
            raise DataError(
                f"{self.path}: no unit {unit_id}; the {len(self.unit_ids)} units are in "
                f"session.unit_ids"
            ) from error

    def _spikes(self, group: h5py.Group, row: int) -> NDArray[np.float64]:
        first, last = ragged_bounds(group, "spike_times", row, self.path)
        times = np.sort(dataset(group, "spike_times", self.path)[first:last].astype(float))
        if not np.isfinite(times).all():
            raise FormatError(
                f"{self.path}: /{_UNITS}/spike_times: unit {self.unit_ids[row]} has times that are not "
                f"finite; the file is damaged"
            )
        return times

    def electrodes(self) -> pd.DataFrame:
        """Return the channels, one row each: `nwb2_columns.ELECTRODES`."""
        with open_place(self.place, _WHAT) as file:
            return electrodes(file, self.path)

    def probes(self) -> pd.DataFrame:
        """Return the probes, one row each: `nwb2_columns.PROBES`."""
        with open_place(self.place, _WHAT) as file:
            return probes(file, self.path)

    def lfp(
        self, probe: int, start_s: float, stop_s: float, *, channels: Sequence[int] | None = None
    ) -> Traces:
        """Return the LFP of a probe from `start_s` to before `stop_s`, in mV.

        Parameters
        ----------
        probe : int
            Id of the probe.
        start_s, stop_s : float
            Window in seconds; only this much is read.
        channels : sequence of int, optional
            Some of the channels, in this order; by default all.

        Raises
        ------
        DataError
            Where the LFP is not in this file, as usual: it is one of its own, and is opened by
            `read_probe_lfp`; on an unknown channel; and on a window without samples.
        """
        with open_place(self.place, _WHAT) as file:
            found = probe_lfp(file, self.place, probe)
        if found is None:
            raise DataError(
                f"{self.path}: no LFP of probe {probe} in this file: it lies in one of its own. Take "
                f"probe_lfp({probe}) of allentk.Neuropixels or allentk.VisualBehavior, or "
                f"allentk.io.read_probe_lfp(path)"
            )
        return found.read(start_s, stop_s, channels=channels)

    def optotagging(self) -> pd.DataFrame:
        """Return the light pulses, one row each: `nwb2_columns.OPTOTAGGING`.

        Raises
        ------
        DataError
            Where there were none.
        """
        with open_place(self.place, _WHAT) as file:
            for _, table in members(member(file, _OPTOTAGGING)):
                if isinstance(table, h5py.Group) and "start_time" in table:
                    return read_table(table, self.path).drop(columns="id")
        raise self._without("optotagging", _OPTOTAGGING)

    def gaze(self, *, filtered: bool = True) -> pd.DataFrame:
        """Return where the eye looks, one row per camera frame: `nwb2_columns.GAZE`.

        Parameters
        ----------
        filtered : bool
            Without blinks and outliers.

        Raises
        ------
        DataError
            Where the eye was not filmed, or its gaze is not in the file.
        """
        folder = f"processing/{'filtered' if filtered else 'raw'}_gaze_mapping"
        with open_place(self.place, _WHAT) as file:
            table = gaze(file, folder, self.path)
        if table is None:
            raise self._without("gaze", folder)
        return table

    def __repr__(self) -> str:
        return (
            f"<EcephysSession {Path(self.path).name}: {len(self.unit_ids)} units, "
            f"{', '.join(self.stimulus_names) or 'no stimuli'}{synthetic_end(self.synthetic)}>"
        )


def read_ecephys_session(source: str | os.PathLike[str] | RangedFile) -> EcephysSession:
    """Open a Neuropixels session; what is asked for is read later.

    Parameters
    ----------
    source : path or RangedFile
        The session's NWB 2 file.

    Raises
    ------
    FormatError
        Where the file is missing, no NWB 2, cut off, has no units, or two of one id; names the file,
        what was found and the next step.
    """
    place = place_of(source)
    with open_place(place, _WHAT) as file:
        head = read_head(file, str(place))
        if _UNITS not in file:
            lfp = [name for name in file.get("acquisition", ()) if "lfp" in name]
            step = (
                "the LFP of a probe is opened by read_probe_lfp" if lfp else "is it the right file?"
            )
            raise FormatError(f"{place}: expected {_WHAT}, but there are no /{_UNITS}; {step}")
        group = table_group(file, _UNITS, str(place))
        for name in ("spike_times", "spike_times_index"):
            dataset(group, name, str(place))
        ids = tuple(row_ids(group).tolist())
        twice = [one for one, count in Counter(ids).items() if count > 1]
        if twice:
            raise FormatError(
                f"{place}: /{_UNITS}/id: the id {twice[0]} is there twice, so it names no unit; the file "
                f"is damaged"
            )
        return EcephysSession(place, *head, unit_ids=ids)
