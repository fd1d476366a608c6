"""Recorded cells that biophysical models are fitted to and judged on: published numbers of their sweeps.

No raw sweep of them is at hand: counts of spikes and mean voltages of every long square come from the
analysis files of the Allen Institute NeuroML repository, nine features of the largest step from the
table of the all-active models (Nandi et al. 2022).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allentk.data import Morphology
from allentk.fitting.biophysical.measured import EFEL_NINE
from allentk.fitting.biophysical.measured_targets import targets_from_table
from allentk.fitting.biophysical.targets import Targets
from allentk.io import read_biophysical_model, read_swc
from allentk.models import BiophysicalModel

__all__ = ["CELLS", "Membrane", "RecordedCell"]

_MODELS = "models/biophysical"
_FEATURES = f"{_MODELS}/allactive_2022/train_ephys_max_amp.csv"


@dataclass(frozen=True, slots=True)
class Membrane:
    """Axial resistance and capacitances of a published passive fit."""

    ra_ohm_cm: float
    cm_by_section: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class RecordedCell:
    """Where the published numbers of a cell are, in the folder of real data."""

    specimen_id: int
    analysis: str
    swc: str
    dendrite_type: str
    model: str = ""

    def targets(self, data: Path) -> Targets:
        """Return what was recorded at every long square."""
        rows = [*self._steps(data), self._largest(data)]
        return targets_from_table(rows, source=f"published numbers of cell {self.specimen_id}")

    def morphology(self, data: Path) -> Morphology:
        """Return the reconstruction."""
        return read_swc(data / self.swc)

    def published(self, data: Path) -> BiophysicalModel | None:
        """Return the published perisomatic model; None where there is none at hand."""
        return read_biophysical_model(data / self.model) if self.model else None

    def membrane(self, data: Path) -> Membrane | None:
        """Return what the published passive fit found; None where it is not at hand."""
        model = self.published(data)
        if model is None:
            return None
        sections = model.parameters.sections
        cm = {name: one.cm_uf_per_cm2 for name, one in sections.items()}
        return Membrane(sections["soma"].ra_ohm_cm, cm)

    def _steps(self, data: Path) -> Iterator[dict[str, Any]]:
        document = json.loads((data / self.analysis).read_text())
        for number, sweep in document["sweeps"].items():
            metadata, found = sweep["sweep_metadata"], sweep["pyelectro_iclamp_analysis"]
            if metadata["aibs_stimulus_name"] != "Long Square":
                continue
            spikes = found.get(f"{number}:max_peak_no") or 0
            yield {
                "amplitude_pa": round(metadata["aibs_stimulus_amplitude_pa"], 2),
                "number": int(number),
                "n_spikes": spikes,
                "v_baseline": None if spikes else found.get(f"{number}:average_100_200"),
                # 1.00 to 1.20 s of a clock on which the step begins at 0.27 s
                "v_mean_0.73_0.93": None if spikes else found[f"{number}:average_1000_1200"],
            }

    def _largest(self, data: Path) -> dict[str, Any]:
        with (data / _FEATURES).open(newline="") as lines:
            for row in csv.DictReader(lines):
                if row["Cell_id"] == str(self.specimen_id):
                    features = {name: float(row[name]) for name in EFEL_NINE}
                    pa = round(float(row["amp"]) * 1e3, 2)
                    return {"amplitude_pa": pa, "corrected": True, **features}
        raise LookupError(f"cell {self.specimen_id} is not in {_FEATURES}")


CELLS = {
    one.specimen_id: one
    for one in (
        RecordedCell(
            479704527,
            f"{_MODELS}/479704527_analysis.json",
            f"{_MODELS}/osb_483108201/reconstruction.swc",
            "spiny",
            f"{_MODELS}/osb_483108201",
        ),
        RecordedCell(
            464198958,
            f"{_MODELS}/464198958_analysis.json",
            f"{_MODELS}/osb_472450023/reconstruction.swc",
            "aspiny",
            f"{_MODELS}/osb_472450023",
        ),
        RecordedCell(
            480353286,
            "models/osb_f_i/480353286_analysis.json",
            "cell_types/morphologies/specimen_480353286_reconstruction.swc",
            "spiny",
        ),
    )
}
