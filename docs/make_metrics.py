"""Write ``docs/metrics.md``: every column of every definition of responses, and every quirk.

python -m docs.make_metrics
"""

from __future__ import annotations

from pathlib import Path

from allentk.responses.definition import Metric
from allentk.responses.definitions import DEFINITIONS, STIMULI
from allentk.responses.metrics import all_metrics, all_quirks

PAGE = Path(__file__).resolve().with_name("metrics.md")

_SAID = {
    "trial-mean": "ours and the default: the mean dF/F or spike rate in the presentation, over trials",
    "warehouse": "the two-photon Observatory's tables (AllenSDK)",
    "paper2020": "de Vries et al. 2020, of events",
    "neuropixels": "the Neuropixels Observatory's tables (AllenSDK)",
    "layer4": "the model of layer 4, Arkhipov et al. 2018",
    "v1-2026": "the biorealistic model of V1 and its benchmark",
}


def page() -> str:
    """Return the page as Markdown."""
    metrics = all_metrics()
    lines = [
        "# Metrics of responses",
        "",
        "Made by `python -m docs.make_metrics` from what the definitions say of themselves. One name is",
        "computed in different ways by different definitions: never compare across them. How they are",
        "called is in [responses.md](responses.md). A unit of 1 is a pure number.",
        "",
        "| `definition=` | what it is | stimuli |",
        "|---|---|---|",
    ]
    for name in DEFINITIONS:
        has = [s for s in STIMULI if any((m.definition, m.stimulus) == (name, s) for m in metrics)]
        lines.append(f'| `"{name}"` | {_SAID[name]} | {", ".join(has)} |')
    for definition in dict.fromkeys([*DEFINITIONS, *(m.definition for m in metrics)]):
        lines += _definition(definition, [m for m in metrics if m.definition == definition])
    return "\n".join([*lines, ""])


def _definition(definition: str, metrics: list[Metric]) -> list[str]:
    if not metrics:
        return []
    lines = ["", f"## {definition}"]
    for stimulus in dict.fromkeys(metric.stimulus for metric in metrics):
        of = [metric for metric in metrics if metric.stimulus == stimulus]
        sources = list(dict.fromkeys(metric.source for metric in of if metric.source))
        one = len(sources) == 1
        title = stimulus.replace("_", " ")
        lines += ["", *([f"### {definition}: {title}", ""] if title else [])]
        lines += [f"Source: {sources[0]}.".replace("..", "."), ""] if one else []
        head = ["column", "unit", "formula and input", "no value where", "source"]
        lines += [_row(head[: 4 if one else 5]), "|" + "---|" * (4 if one else 5)]
        for m in of:
            cells = [f"`{m.name}`", m.unit, m.formula, m.excluded, m.source]
            lines.append(_row(cells[: 4 if one else 5]))
    quirks = [quirk for quirk in all_quirks() if quirk.definition == definition]
    if quirks:
        lines += ["", f"### {definition}: quirks", ""]
        lines += ['Off unless named in `quirks=`; `quirks="published"` turns all of them on.', ""]
        lines += ["| name | stimulus | the published program | without |", "|---|---|---|---|"]
        lines += [_row([f"`{q.name}`", q.stimulus, q.published, q.mended]) for q in quirks]
    return lines


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
