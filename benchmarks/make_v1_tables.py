"""Make the tables of ``recipes.v1`` from the published ones.

    python benchmarks/make_v1_tables.py [--data FOLDER]

The folder is that of the collected data (by default ``$ALLENTK_SHARED/data``), with
``network/v1_2026`` (the ``base_props`` of AllenInstitute/biorealistic-v1-model, BSD-3-Clause),
``network/v1`` and ``models/glif``. What is written is one row per population and one per pair of
types, rounded to four digits: compilations of our own.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd

OUTPUT = Path(__file__).resolve().parents[1] / "allentk/network/recipes/tables"

#: Cre lines of the published cells that stand in for a population, by its name.
LINES = {
    "i1Htr3a": "Htr3a",
    "e23Cux2": "Cux2",
    "e4Nr5a1": "Nr5a1",
    "e4Rorb": "Rorb",
    "e4Scnn1a": "Scnn1a",
    "e4other": "Nr5a1+Rorb+Scnn1a",
    "e5IT": "Rbp4",
    "e5ET": "Rbp4",
    "e5NP": "Rbp4",
    "e5Rbp4": "Rbp4",
    "e5noRbp4": "Rbp4",
    "e6Ntsr1": "Ntsr1",
}

#: The same, by how the name of an inhibitory population ends.
ENDINGS = {"Vip": "Vip", "Htr3a": "Htr3a", "Pvalb": "Pvalb", "Sst": "Sst"}

CRE = {
    "Cux2": "Cux2-CreERT2",
    "Nr5a1": "Nr5a1-Cre",
    "Rorb": "Rorb-IRES2-Cre-D",
    "Scnn1a": "Scnn1a-Tg3-Cre",
    "Rbp4": "Rbp4-Cre_KL100",
    "Ntsr1": "Ntsr1-Cre_GN220",
    "Pvalb": "Pvalb-IRES-Cre",
    "Sst": "Sst-IRES-Cre",
    "Htr3a": "Htr3a-Cre_NO152",
    "Vip": "Vip-IRES-Cre",
}

SOURCE_2026 = (
    "# Compiled from tables of AllenInstitute/biorealistic-v1-model, base_props (BSD-3-Clause, "
    "Copyright Allen\n"
    "# Institute), which name as their sources MICrONS and Lee et al. 2010 (counts), the V1DD volume "
    "(pmax),\n"
    "# Campagnola, Seeman et al. 2022 (potentials, latencies, time constants) and Billeh et al. 2020 "
    "(LGN).\n"
)

SOURCE_2020 = (
    "# Figures of the V1 model of Billeh et al. 2020, Neuron 106:388: cells, layers, and the connection\n"
    "# probabilities of 17 classes as taken from the literature, before they are spread over distance.\n"
)

SOURCE_CELLS = (
    "# Three cells per Cre line of Teeter et al. 2018, Nature Communications 9:709 (GLIF level 3, "
    "LIF-ASC; Allen\n"
    "# Cell Types Database, Copyright Allen Institute): those nearest to the median of their line among "
    "the\n"
    "# better half by explained variance. Threshold and resistance as optimised; asc currents are kept "
    "whole.\n"
)


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(os.environ.get("ALLENTK_SHARED", "shared"))
    parser.add_argument("--data", type=Path, default=shared / "data")
    data = parser.parse_args().data
    new, old = data / "network/v1_2026", data / "network/v1"
    _write("v1_2026_populations.csv", SOURCE_2026, populations_2026(new))
    _write("v1_2026_pairs.csv", SOURCE_2026, pairs_2026(new))
    _write("v1_billeh2020_populations.csv", SOURCE_2020, populations_2020(old, new))
    _write("v1_billeh2020_probability.csv", SOURCE_2020, probability_2020(old))
    _write("published_cells.csv", SOURCE_CELLS, published_cells(data / "models/glif"))


def _write(name: str, source: str, table: pd.DataFrame) -> None:
    OUTPUT.mkdir(exist_ok=True)
    (OUTPUT / name).write_text(source + table.to_csv(index=False, float_format="%.4g"))


def _spaced(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=" ", index_col=0)


def lines(name: str) -> str:
    """Return the Cre lines whose cells stand in for a population."""
    return LINES.get(name) or next(v for k, v in ENDINGS.items() if name.endswith(k))


def cell_class(layer: str, kind: str) -> str:
    """Return the class as the reference data name it."""
    return f"L{layer} {kind}"


def populations_2026(folder: Path) -> pd.DataFrame:
    """One row per population: class, cells, depth, sizes, target rate, LGN."""
    seed = pd.read_csv(folder / "seed_counts.csv").set_index("pop_name")
    naming = _spaced(folder / "cell_type_naming_scheme.csv")
    lgn = _spaced(folder / "lgn_params.csv")
    rate = _spaced(folder / "bkg_weights_population_init.csv")["target_median_fr"]
    rows = []
    for name, row in seed.iterrows():
        named = naming.loc[name]
        kind = "Htr3a" if name == "i1Htr3a" else named["class2"]
        rows.append(
            {
                "population": name,
                "cell_class": cell_class(named["layer"], kind),
                "sign": 1 if row["ei"] == "e" else -1,
                "type": named["cell_type"],
                "lines": lines(name),
                "n_cells": int(row["pop_combined_count"]),
                "n_core": int(row["pop_core_count"]),
                "top_um": int(row["upper_bound"]),
                "bottom_um": int(row["lower_bound"]),
                "size_median": row["nsyn_lognorm_scale"],
                "size_shape": row["nsyn_lognorm_shape"],
                "rate_hz": rate[name],
                "lgn_frequency": lgn.loc[name, "poisson_parameter"],
                "lgn_on_share": lgn.loc[name, "sON_ratio"],
                "lgn_ratio": lgn.loc[name, "synapse_ratio_against_e4"],
                "lgn_yule": lgn.loc[name, "yule_parameter"],
            }
        )
    return pd.DataFrame(rows)


def pairs_2026(folder: Path) -> pd.DataFrame:
    """One row per pair of types: peak probability, potential, latency and time course."""
    naming = _spaced(folder / "cell_type_naming_scheme.csv")
    pmax = _spaced(folder / "pmax_matrix_v1dd.csv")
    lookup = _spaced(folder / "psp_lookup_table.csv")
    psp = _spaced(folder / "psp_characterization.csv")
    latency = _spaced(folder / "syn_types_latency.csv")
    fast, slow, share = (
        _spaced(folder / f"{name}.csv") for name in ("tau_syn_fast", "tau_syn_slow", "amp_slow")
    )
    of_type = {kind: naming.index[naming["cell_type"] == kind] for kind in pmax.index}
    rows = []
    for source, target in ((a, b) for a in pmax.index for b in pmax.columns):
        named = {lookup.loc[a, b] for a in of_type[source] for b in of_type[target]}
        if len(named) > 1:
            raise SystemExit(f"{source} -> {target}: populations of a type differ: {named}")
        found = psp.loc[named.pop()]
        pre = naming.loc[of_type[source][0], "cell_type_synaptic"]
        post = naming.loc[of_type[target][0], "cell_type_synaptic"]
        rows.append(
            {
                "source": source,
                "target": target,
                "pmax": pmax.loc[source, target],
                "psp_mv": float(found["logn_scale_90th"]),
                "psp_shape": float(found["logn_shape_90th"]),
                "delay_ms": latency.loc[pre, post],
                "tau_fast_ms": 1e3 * fast.loc[pre, post],
                "tau_slow_ms": 1e3 * slow.loc[pre, post],
                "slow_share": share.loc[pre, post],
            }
        )
    for target in pmax.columns:
        post = naming.loc[of_type[target][0], "cell_type_synaptic"]
        rows.append(
            {
                "source": "exc",
                "target": target,
                "tau_fast_ms": 1e3 * fast.loc["exc", post],
                "tau_slow_ms": 1e3 * slow.loc["exc", post],
                "slow_share": share.loc["exc", post],
            }
        )
    return pd.DataFrame(rows)


def populations_2020(folder: Path, newer: Path) -> pd.DataFrame:
    """One row per population: class, cells, biophysical cells, depth, background synapses."""
    counts = pd.read_csv(folder / "v1_counts.csv")
    table = pd.DataFrame([_population_2020(row) for _, row in counts.iterrows()])
    # the newer table starts from the weight of one synapse times their number; in layer 5 from a mean
    first = table["n_models"].cumsum() - table["n_models"]
    one = _spaced(folder / "glif_bkg_v1_edge_types.csv")["syn_weight"].to_numpy()[first]
    one[table["population"].isin(["e5Rbp4", "e5noRbp4"])] = one[12:14].mean()
    names = [n if n == "i1Htr3a" else n.replace("Htr3a", "Vip") for n in table["population"]]
    names = ["e5ET" if n.endswith("Rbp4") else n for n in names]
    all_of_them = _spaced(newer / "bkg_weights_population_init.csv")["syn_weight"].loc[names]
    share = all_of_them.to_numpy() / one
    if not np.allclose(share, share.round(), atol=0.02):
        raise SystemExit(f"no whole numbers of background synapses: {share}")
    return table.assign(n_background=share.round().astype(int))


def _population_2020(row: pd.Series) -> dict[str, object]:
    name, layer = row["pop_name"], {"VisL23": "2/3"}.get(row["location"], row["location"][-1])
    group = name[:2] if name[0] == "e" else f"{name[:2]}{name.lstrip('i0123456789')[0]}"
    kinds = {"Pvalb": "PV", "Sst": "SST", "Htr3a": "Htr3a"}
    kind = "Exc" if name[0] == "e" else next(v for k, v in kinds.items() if name.endswith(k))
    return {
        "population": name,
        "cell_class": cell_class(layer, kind),
        "sign": 1 if row["ei"] == "e" else -1,
        "type": group,
        "lines": lines(name),
        "n_cells": int(row["n_total"]),
        "n_biophysical": int(row["n_biophysical"]),
        "n_models": int(row["n_glif_models"]),
        "top_um": int(row["depth_min"]),
        "bottom_um": int(row["depth_max"]),
    }


def probability_2020(folder: Path) -> pd.DataFrame:
    """Probability of connection near by, a row per source class, a column per target class."""
    table = pd.read_csv(folder / "v1_connection_probability.csv")
    wide = table.set_index(["src", "trg"])["A_literature"].unstack()  # noqa: PD010
    order = list(dict.fromkeys(table["src"]))
    return wide.loc[order, order].rename_axis("source").reset_index()


def published_cells(folder: Path) -> pd.DataFrame:
    """Three cells near the median of every line."""
    table = pd.read_csv(folder / "teeter2018_all_levels.csv")
    table = table[(table["species"] == "mouse") & (table["level"] == 3)]
    made = pd.DataFrame(
        {
            "cre": table["cre"],
            "specimen_id": table["specimen_id"],
            "C_pf": table["C"] * 1e12,
            "R_mohm": table["R_input"] * 1e-6,
            "E_L_mv": table["El_reference"] * 1e3,
            "th_inf_mv": table["th_inf"] * table["coeff_th_inf"] * 1e3,
            "t_ref_ms": table["spike_cut_length"] * table["dt"] * 1e3,
            "asc_amp_1_pa": table["asc_amp_1"] * 1e12,
            "asc_tau_1_ms": table["asc_tau_1"] * 1e3,
            "asc_amp_2_pa": table["asc_amp_2"] * 1e12,
            "asc_tau_2_ms": table["asc_tau_2"] * 1e3,
            "explained": table["evr_noise2_rerun"],
        }
    )
    chosen = [_nearest(made[made["cre"] == cre]).assign(line=line) for line, cre in CRE.items()]
    columns = ["line", *(name for name in made if name not in ("cre", "explained"))]
    return pd.concat(chosen)[columns]


def _nearest(cells: pd.DataFrame) -> pd.DataFrame:
    charge = sum(cells[f"asc_amp_{i}_pa"] * cells[f"asc_tau_{i}_ms"] for i in (1, 2))
    logs = np.log(cells[["C_pf", "R_mohm", "th_inf_mv", "t_ref_ms"]].clip(lower=0.1).to_numpy())
    found = np.column_stack([logs, cells["E_L_mv"], charge])
    away = np.abs(found - np.median(found, axis=0))
    distance = np.sqrt(((away / np.median(away, axis=0)) ** 2).sum(axis=1))
    # cells that excite themselves would not stay quiet in a network
    good = (cells["explained"] >= cells["explained"].median()) & (charge < 0)
    return cells.assign(distance=distance)[good].nsmallest(3, "distance")


if __name__ == "__main__":
    main()
