"""Write ``docs/efel.md``: every eFEL name there is, with unit, definition and difference.

python -m docs.make_efel
"""

from __future__ import annotations

from pathlib import Path

from allentk.features._efel.catalogue import CATALOGUE, SECTIONS

PAGE = Path(__file__).resolve().with_name("efel.md")

INTRODUCTION = f"""\
# Features by eFEL's names

Made by `python -m docs.make_efel` from the catalogue the code reads.

`features.efel(sweep, names)` measures {len(CATALOGUE)} features of
[eFEL](https://github.com/openbraininstitute/eFEL) 5.7 by their names, definitions and units. eFEL draws
every trace anew in steps of 0.1 ms first; here the sweep is taken as it was sampled, so that values are
those of eFEL with `interp_step` at the sampling interval. How the two compare on real recordings is in
`benchmarks/results/efel_parity.md`.

## From eFEL to allentk

```python
# efel.get_feature_values([{{"T": t, "V": v, "stim_start": [500], "stim_end": [1500]}}], names)[0]
sweep = atk.Sweep(v, i, 1000 / (t[1] - t[0]), start_s=0.5, stop_s=1.5)
features.efel(sweep, names)
# efel.set_setting("Threshold", -10); efel.set_setting("strict_stiminterval", True)
features.efel(sweep, names, threshold_mv=-10, settings=features.EfelSettings(strict_stiminterval=True))
```

`v` in mV, `i` in pA (eFEL: nA), one step in `t`; times come back in ms from the start of the sweep.
Settings belong to the call, not to the process. The current of the step is `amplitude_pa` of the sweep, or
`EfelSettings.stimulus_current_na`. What cannot be measured is None, as in eFEL; a name that there is not
raises an error that says which ones are near.

- Indices are samples of the sweep, and "the first" or "the last" is of the values that there are.
- A spike goes above -20 mV and back; `threshold_mv` sets another threshold.
- "In the stimulus" counts its start and its end, for voltages the end does not count.

At fine steps eFEL takes ripples of the recording for minima, and a flat top of a spike for its
afterhyperpolarisation: depths of +30 mV and half widths of seconds. A minimum here lies 2 mV or more below
the peak, and nothing lower follows within 0.03 ms, which are eFEL's two samples at 50 kHz.
"""


def _table(rows: list[tuple[str, ...]], *titles: str) -> list[str]:
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def page() -> str:
    """Return the page as Markdown."""
    lines = [INTRODUCTION]
    for title, section in SECTIONS.items():
        rows = [(f"`{name}`", one.unit, one.definition) for name, one in section.items()]
        lines += [f"## {title}", "", *_table(rows, "name", "unit", "definition")]
    lines += ["## Where values differ from eFEL's", ""]
    lines += _table(
        [(f"`{name}`", one.difference) for name, one in CATALOGUE.items() if one.difference],
        "name",
        "difference",
    )
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
