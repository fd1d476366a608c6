"""Reading one sweep of an NWB file: its samples, in mV and pA, and where its stimulus is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allentk.data import Sweep
from allentk.data.window import stimulus_window
from allentk.errors import DataError, FormatError
from allentk.io.hdf5 import member, open_hdf5
from allentk.io.places import Place
from allentk.io.plausible import check_current, check_voltage, holds_si
from allentk.io.series import Series

__all__ = ["WHAT", "SweepReader"]

WHAT = "an NWB file with patch-clamp sweeps"

Samples = NDArray[np.float64]

_NO_WINDOW = (math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class SweepReader:
    """Reads the sweeps of one file by number; holds the path, so that it can be pickled."""

    path: str
    places: Mapping[int, Place]

    def __call__(self, number: int) -> Sweep:
        """Read one sweep.

        Raises
        ------
        FormatError
            Where the file has changed, or the samples cannot be used; names the sweep.
        """
        place = self.places[number]
        if place.response is None or place.clamp == "":
            raise FormatError(place.fault)
        recorded, given = self._samples(place, place.response)
        in_current_clamp = place.clamp == "current"
        voltage, current = (recorded, given) if in_current_clamp else (given, recorded)
        for values in (voltage, current):
            values.flags.writeable = False
        start_s, stop_s = self._window(place, current) if in_current_clamp else _NO_WINDOW
        try:
            return Sweep(
                voltage_mv=voltage,
                current_pa=current,
                sampling_rate_hz=place.rate_hz,
                number=place.number,
                stimulus=place.name,
                code=place.code,
                amplitude_pa=place.amplitude_pa,
                start_s=start_s,
                stop_s=stop_s,
                clamp=place.clamp,
                metadata=place.metadata,
                source=self.path,
            )
        except DataError as error:
            raise FormatError(str(error)) from error

    def _window(self, place: Place, current_pa: Samples) -> tuple[float, float]:
        silent = place.amplitude_pa == 0
        try:
            return stimulus_window(current_pa, place.rate_hz, after_s=place.after_s, silent=silent)
        except DataError as error:
            raise FormatError(f"{self.path}: sweep {place.number}: {error}") from error

    def _samples(self, place: Place, response: Series) -> tuple[Samples, Samples]:
        """Return what was recorded and what was given, in mV and pA."""
        with open_hdf5(self.path, WHAT) as file:
            for series in (response, place.stimulus):
                if series and member(file, series.path) is None:
                    raise FormatError(
                        f"{self.path}: sweep {place.number} is gone: there is no {series.path}; the "
                        f"file was changed since it was opened. Open it again"
                    )
            raw = response.raw(file)[: place.n_samples]
            command = place.stimulus.raw(file)[: place.n_samples] if place.stimulus else None
        in_current_clamp = place.clamp == "current"
        si = holds_si(raw, response, old_pipeline=place.old_pipeline, measured=in_current_clamp)
        recorded = response.scaled(raw, already_si=si)
        if place.stimulus is not None and command is not None:
            given = place.stimulus.scaled(command, already_si=si)
        else:
            # Unknown, unless the amplifier was in I = 0 mode.
            given = np.full(recorded.size, 0.0 if response.kind == "IZeroClampSeries" else math.nan)
        if in_current_clamp:
            where = f"{self.path}: sweep {place.number}"
            check_voltage(recorded, response, where, in_a_cell=_in_a_cell(place, response))
            if place.stimulus:
                check_current(given, place.stimulus, where)
        return recorded, given


def _in_a_cell(place: Place, response: Series) -> bool:
    """Whether the pipette must have been in a cell: not in I = 0 mode, and not when it blew out."""
    return response.kind != "IZeroClampSeries" and "BLWOUT" not in place.code.upper()
