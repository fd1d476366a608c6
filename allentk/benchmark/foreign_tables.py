"""Tables of cells as the Allen Institute and the model papers publish them, and their columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["FOREIGN_TABLES", "Column", "ForeignTable", "recognised"]


@dataclass(frozen=True, slots=True)
class Column:
    """One of our metrics in another's table.

    Parameters
    ----------
    name : str
        Ours, of ``METRICS``.
    factor : float
        Ours is theirs times this.
    below : float, optional
        Where given, ours is whether theirs (a p value) lies below.
    within : mapping of str to (float, float)
        Of their columns, the values between which (without them) a cell counts; others have no value.
    """

    name: str
    factor: float = 1.0
    below: float | None = None
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTable:
    """One kind of table, and how it is known by its columns.

    Parameters
    ----------
    name, source : str
        For people: what it is, and who publishes it.
    needs : tuple of tuple of str
        Of every group one column must be there.
    columns : mapping of str to mapping of str to Column
        By stimulus, then by their column.
    definition : str
        Whose definitions they are.
    by : str
        Classes unless others are asked for.
    identity : tuple of str
        Columns that are no metrics: skipped without a word.
    cells : tuple of str
        Columns that name a cell: no two rows have the same name.
    min_peak_rate_hz : float or None
        Selectivity counts from this peak rate on; None for no such rule.
    conditions : mapping of str to float
        What the gratings were.
    quirks : str
        ``"published"`` where the numbers have the defects of the published program.
    definitions, windows : mapping of str to str
        What the metrics are, and of which stretch, where the source says so.
    hint : str
        What to do where the table cannot tell the classes.
    """

    name: str
    source: str
    needs: tuple[tuple[str, ...], ...]
    columns: Mapping[str, Mapping[str, Column]]
    definition: str
    by: str
    identity: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    min_peak_rate_hz: float | None = None
    conditions: Mapping[str, float] = field(default_factory=dict)
    quirks: str = ""
    definitions: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""


def _named(text: str, suffix: str = "") -> dict[str, Column]:
    """Return columns of lines ``theirs ours``."""
    pairs = (line.split() for line in text.strip().splitlines())
    return {f"{theirs}{suffix}": Column(ours) for theirs, ours in pairs}


_VECTOR_SUMS = ForeignTable(
    name="rates, OSI and DSI of V1 units or of a model's cells",
    source="AllenInstitute/biorealistic-v1-model (OSI_DSI_neuropixels_v4.csv, *_OSI_DSI_DF.csv)",
    needs=(("OSI",), ("DSI",), ("max_mean_rate(Hz)",), ("Ave_Rate(Hz)",)),
    columns={
        "drifting_gratings": _named(
            """
            max_mean_rate(Hz) peak_rate_hz
            Ave_Rate(Hz)      mean_rate_hz
            Spont_Rate(Hz)    spontaneous_rate_hz
            OSI               osi_vector
            DSI               dsi_vector
            """
        )
    },
    definition="v1-2026",
    by="cell_type",
    identity=("ecephys_unit_id", "node_id", "preferred_angle", "pop_name", "cell_type"),
    cells=("ecephys_unit_id",),
    min_peak_rate_hz=0.5,
    conditions={"temporal_frequency_hz": 2.0, "contrast": 0.8},
    definitions={
        "osi_vector": "abs(sum R exp(2 i theta)) / sum R over directions",
        "dsi_vector": "abs(sum R exp(i theta)) / sum R over directions",
    },
)

_L4 = ForeignTable(
    name="recordings of layer 4",
    source="Arkhipov et al. 2018, PLoS Comput Biol 14:e1006535, SI_5 (AWL4Exc.csv and others)",
    needs=(("Rmax",), ("CV_ori",), ("F1F0",)),
    columns={
        "drifting_gratings": _named(
            """
            Spont  spontaneous_rate_hz
            Rmax   peak_rate_hz
            CV_ori osi_vector
            DSI    dsi_pair
            PrefTF preferred_tf_hz
            PrefSF preferred_sf_cpd
            F1F0   f1_f0
            """
        )
    },
    definition="layer4",
    by="cell_type",
    identity=("cell_type", "state", "kind"),
    definitions={
        "osi_vector": "1 - circular variance of the orientation tuning curve",
        "dsi_pair": "(preferred - opposite) / (preferred + opposite)",
        "peak_rate_hz": "largest trial-mean rate over all conditions",
        "f1_f0": "response at the grating's frequency over the mean one",
    },
)

_CONTAINER_IDS = (
    *(
        "cell_specimen_id",
        "specimen_id",
        "experiment_container_id",
        "all_stim",
        "donor_full_genotype",
    ),
    *("failed_experiment_container", "tld1_id", "tld2_id", "tld2_name", "tlr1_id", "tlr1_name"),
    *("area", "imaging_depth", "depth_range", "tld1_name"),
)

_CELL_METRICS = ForeignTable(
    name="cell metrics of Visual Coding, two-photon",
    source="Allen Brain Observatory, ApiCamCellMetric",
    needs=(("cell_specimen_id",), ("tld1_name",), ("p_dg", "p_sg", "p_ns")),
    columns={
        "drifting_gratings": _named(
            """
            pref_dir    preferred_direction_deg
            pref_tf     preferred_tf_hz
            osi         osi
            dsi         dsi
            g_osi       g_osi
            g_dsi       g_dsi
            tfdi        tf_selectivity
            reliability reliability
            run_mod     run_modulation
            """,
            "_dg",
        )
        | {"p_dg": Column("responsive", below=0.05)},
        "static_gratings": _named(
            """
            pref_ori     preferred_orientation_deg
            pref_sf      preferred_sf_cpd
            pref_phase   preferred_phase
            osi          osi
            g_osi        g_osi
            sfdi         sf_selectivity
            reliability  reliability
            time_to_peak time_to_peak_s
            run_mod      run_modulation
            """,
            "_sg",
        )
        | {"p_sg": Column("responsive", below=0.05)},
        "natural_scenes": _named(
            """
            image_sel    image_selectivity
            reliability  reliability
            time_to_peak time_to_peak_s
            run_mod      run_modulation
            """,
            "_ns",
        )
        | {"p_ns": Column("responsive", below=0.05)},
    },
    definition="warehouse",
    quirks="published",
    by="cre",
    identity=_CONTAINER_IDS,
    cells=("cell_specimen_id",),
    definitions={"responsive": "p of the analysis of variance over conditions below 0.05"},
)

_SWDB = ForeignTable(
    name="grating metrics by Cre line and depth, two-photon",
    source="AllenInstitute/swdb_2019_student (Allen Institute Software License)",
    needs=(("cell_specimen_id",), ("tld1_name",), ("responsive_dg", "responsive_sg")),
    columns={
        "drifting_gratings": _named(
            """
            pref_dir   preferred_direction_deg
            pref_tf    preferred_tf_hz
            g_osi      g_osi
            responsive responsive
            """,
            "_dg",
        ),
        "static_gratings": _named(
            """
            pref_ori   preferred_orientation_deg
            pref_sf    preferred_sf_cpd
            pref_phase preferred_phase
            g_osi      g_osi
            responsive responsive
            """,
            "_sg",
        ),
    },
    definition="paper2020",
    by="cre",
    identity=_CONTAINER_IDS,
    cells=("cell_specimen_id",),
)

_OF_UNITS = """
    firing_rate         firing_rate_hz
    fano                fano
    lifetime_sparseness lifetime_sparseness
    run_mod             run_modulation
"""

_UNITS = ForeignTable(
    name="units of Visual Coding, Neuropixels, with analysis metrics",
    source="Allen Brain Observatory, units and session analysis metrics",
    needs=(
        ("unit_id", "ecephys_unit_id"),
        ("firing_rate_dg", "firing_rate_sg", "firing_rate_ns", "firing_rate_fl", "firing_rate_rf"),
    ),
    columns={
        "drifting_gratings": _named(_OF_UNITS, "_dg")
        | _named(
            """
            pref_ori_dg preferred_direction_deg
            pref_tf_dg  preferred_tf_hz
            g_osi_dg    g_osi
            g_dsi_dg    g_dsi
            c50_dg      c50
            f1_f0_dg    f1_f0
            mod_idx_dg  mod_idx
            """
        ),
        "static_gratings": _named(_OF_UNITS, "_sg")
        | _named(
            """
            pref_ori_sg     preferred_orientation_deg
            pref_sf_sg      preferred_sf_cpd
            pref_phase_sg   preferred_phase
            g_osi_sg        g_osi
            time_to_peak_sg time_to_peak_s
            """
        ),
        "natural_scenes": _named(_OF_UNITS, "_ns")
        | _named(
            """
            image_selectivity_ns image_selectivity
            time_to_peak_ns      time_to_peak_s
            """
        ),
        "flashes": _named(_OF_UNITS, "_fl")
        | _named(
            """
            on_off_ratio_fl  on_off_ratio
            sustained_idx_fl sustained_idx
            time_to_peak_fl  time_to_peak_s
            """
        ),
        "gabors": _named(_OF_UNITS, "_rf")
        | _named(
            """
            area_rf         area_deg2
            time_to_peak_rf time_to_peak_s
            """
        ),
    },
    definition="neuropixels",
    quirks="published",
    by="area",
    identity=(
        *("unit_id", "ecephys_unit_id", "ecephys_session_id", "ecephys_structure_acronym"),
        *("structure_acronym", "area"),
    ),
    cells=("unit_id", "ecephys_unit_id"),
)

_TIMING = ForeignTable(
    name="first spikes and time scales of units by area",
    source="AllenInstitute/neuropixels_platform_paper, figure data of Siegle et al. 2021, Nature 592:86",
    needs=(("ecephys_unit_id",), ("time_to_first_spike_fl", "timescale_ac")),
    columns={
        "flashes": {
            "time_to_first_spike_fl": Column(
                "first_spike_s", within={"time_to_first_spike_fl": (0.0, 0.1)}
            ),
            "timescale_ac": Column(
                "tau_ms",
                within={
                    "timescale_ac": (1.0, 300.0),
                    "err_ac": (-math.inf, 20.0),
                    "spike_count_ac": (50.0, math.inf),
                },
            ),
        }
    },
    definition="neuropixels",
    by="area",
    identity=(
        *("ecephys_unit_id", "area", "session", "err_ac", "spike_count_ac"),
        *("timescale_it", "err_it", "spike_count_it"),
    ),
    cells=("ecephys_unit_id",),
    definitions={
        "first_spike_s": "median over trials of the first spike after a flash, of units below 100 ms",
        "tau_ms": "decay of the autocorrelation of counts, of units with 1 to 300 ms, an error below 20 "
        "ms and more than 50 spikes",
    },
    windows={"first_spike_s": "30-200 ms after a full-field flash comes on"},
    hint="time_to_first_spike.csv names no areas: give the folder in which timescale_metrics.csv is too, "
    "or a table with both",
)

#: Every kind that is known, the most particular first.
FOREIGN_TABLES = (_VECTOR_SUMS, _L4, _SWDB, _CELL_METRICS, _TIMING, _UNITS)


def recognised(columns: Iterable[str]) -> ForeignTable | None:
    """Return the kind of table with these columns, or None.

    Examples
    --------
    >>> recognised(["cell_specimen_id", "tld1_name", "g_osi_dg", "responsive_dg"]).definition
    'paper2020'
    """
    there = set(columns)
    for kind in FOREIGN_TABLES:
        if all(there.intersection(group) for group in kind.needs):
            return kind
    return None
