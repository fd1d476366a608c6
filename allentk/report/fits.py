"""The section of the fitted models: hold-out voltage and spikes, scores, parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from allentk.models import GLIFParameters
from allentk.report.blocks import Block, Cell, Heading, Picture, Prose, Section, Table
from allentk.report.figures import image
from allentk.report.fit_figures import Holdout, holdout, holdout_figure
from allentk.report.pages import CellPage
from allentk.report.text import counted, listed, number

__all__ = ["fits_section", "has_holdout"]

_SCORE_COLUMNS = (
    "cell",
    "model",
    "variance ratio, hold-out",
    "reliability of the data",
    "variance ratio, training",
    "spikes, model",
    "spikes, data",
    "trials",
    "evaluations",
    "seed",
    "stopped because",
)

_PARAMETER_COLUMNS = (
    "cell",
    "model",
    "C (pF)",
    "R (MΩ)",
    "rest E L (mV)",
    "threshold (mV)",
    "refractory (ms)",
    "after-spike currents (pA, ms)",
)


def fits_section(pages: Sequence[CellPage]) -> Section:
    """Return scores and parameters of all fits, and each cell's hold-out stretch."""
    fitted = [page for page in pages if page.fits]
    blocks: list[Block] = [
        Prose(
            "The models were fitted to one noise stimulus and are judged on another. The "
            "variance ratio is the explained variance of the recorded spike trains at a "
            "resolution of 10 ms, as a share of what the trials' own mean explains: 1 is as good "
            "as the data allow, 0 is chance. Reliability is the same share for one trial by "
            "another; a model can exceed it, because it has no noise."
        ),
        _scores(fitted),
    ]
    without = [page.name for page in fitted if not has_holdout(page)]
    if without:
        blocks.append(
            Prose(
                f"No stimulus was held out for {listed(without)}: those models are scored on "
                "sweeps they were fitted to, which flatters them."
            )
        )
    for page in fitted:
        held = holdout(page.sweeps, page.fits)
        if held is not None:
            blocks += [Heading(page.name, page.synthetic), _picture(page, held)]
    blocks.append(_parameters(fitted))
    return Section("fits", "Fits", blocks)


def has_holdout(page: CellPage) -> bool:
    """Whether every fit has sweeps of its hold-out stimulus; without them it is scored on all there are."""
    shown = set(page.sweeps.where(clamp="current").table["stimulus"])
    return all(fit.test in shown and fit.test != fit.train for fit in page.fits.values())


def _scores(pages: Sequence[CellPage]) -> Table:
    reasons = {fit.result_.reason for page in pages for fit in page.fits.values()}
    return Table(
        "Scores of the fits",
        _SCORE_COLUMNS,
        [row for page in pages for row in _score_rows(page)],
        n_text=2,
        n_tail=1,
        note=" ".join(
            f"{reason.name.lower()}: {reason.value}." for reason in sorted(reasons, key=str)
        ),
    )


def _score_rows(page: CellPage) -> Iterator[tuple[Cell, ...]]:
    name: tuple[Cell, ...] = (Cell(page.name, rows=len(page.fits)),)
    for level, fit in sorted(page.fits.items()):
        score, result = page.scores.get(level, {}), fit.result_
        trials = score.get("n_trials")
        yield (
            *name,
            Cell(f"GLIF{level}"),
            Cell(number(score.get("ratio"), 2)),
            Cell(number(score.get("reliability"), 2)),
            Cell(number(result.score, 2)),
            Cell(number(score.get("n_spikes_model"))),
            Cell(number(score.get("n_spikes_data"))),
            Cell("–" if trials is None else number(int(trials))),
            Cell(number(result.evaluations)),
            Cell(str(result.seed)),
            Cell(result.reason.name.lower()),
        )
        name = ()


def _picture(page: CellPage, held: Holdout) -> Picture:
    start, stop = held.span_s
    models = listed(
        f"GLIF{level} {((r.spike_times_s >= start) & (r.spike_times_s < stop)).sum()} spikes"
        for level, r in held.models.items()
    )
    recorded = [int(((train >= start) & (train < stop)).sum()) for train in held.trials_s]
    made = "synthetic" if page.synthetic else "recorded"
    return Picture(
        image(holdout_figure(held, synthetic=page.synthetic)),
        alt=f"{page.name}, {start:.2f} to {stop:.2f} s of {held.sweep.stimulus}: {made} voltage "
        f"and the models' voltage; spikes of {counted(len(recorded), 'trial')} "
        f"({listed(recorded)} spikes) and of the models ({models}).",
        caption=f"{page.name}: {made} (grey) and fitted (coloured) voltage in "
        f"{held.sweep.stimulus}, {start:.2f} to {stop:.2f} s, about the median recorded spike. A "
        "GLIF model has no voltage during a spike.",
    )


def _parameters(pages: Sequence[CellPage]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for page in pages:
        models = [(f"GLIF{level}", fit.model_) for level, fit in sorted(page.fits.items())]
        models += [(f"published GLIF{k}", model) for k, model in sorted(page.published.items())]
        first, *others = (_parameter_row(name, model) for name, model in models)
        rows += [(Cell(page.name, rows=len(models)), *first), *others]
    published = any(page.published for page in pages)
    made_up = published and any(page.synthetic for page in pages)
    return Table(
        "Fitted parameters" + (" and the published models of the same cells" if published else ""),
        _PARAMETER_COLUMNS,
        rows,
        n_text=2,
        note="The threshold is the resting threshold, absolute. After-spike currents: amplitude "
        "at the end of the refractory time, and time constant."
        + (" A synthetic recording was made from its published GLIF3." if made_up else ""),
    )


def _parameter_row(name: str, model: GLIFParameters) -> tuple[Cell, ...]:
    currents = "\n".join(
        f"{number(amp)} at {number(tau * 1e3)}"
        for amp, tau in zip(model.asc_amp_pa, model.asc_tau_s, strict=True)
    )
    numbers = (model.C_pf, model.R_mohm, model.E_L_mv, model.threshold_mv, model.t_ref_s * 1e3)
    texts = (name, *(number(x) for x in numbers), currents or "–")
    return tuple(Cell(text, "aside" if name.startswith("published") else "") for text in texts)
