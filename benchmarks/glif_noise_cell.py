"""One recorded cell: fitted on 0-12 s of frozen noise, scored on 12-20 s, once per release of the method.

Nine repeats of a layer 5 pyramidal cell (Pozzorini et al. 2015, from the GIF toolbox). Every choice is made
by cross-validation inside 0-12 s; looking at the rest more than once would make it a part of the fit.

    python -m benchmarks.glif_noise_cell --recording gif_pozzorini_test9.npz
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import numpy as np

from allentk.data import Sweep
from allentk.fitting import GLIFFitter, fit_levels
from benchmarks._paired import processor, versions

RESULTS = Path(__file__).parent / "results" / "glif_noise_cell.md"
CUT_S = 12.0


def parts(path: Path) -> tuple[list[Sweep], list[Sweep]]:
    """Return the sweeps before and after the cut."""
    with np.load(path) as data:
        voltage, current, rate = data["v_mV"], data["i_pA"], 1 / float(data["dt_s"])
    cut = round(CUT_S * rate)
    made = [
        [
            Sweep(v[part], i[part], rate, number=n, source="frozen noise")
            for n, (v, i) in enumerate(zip(voltage, current, strict=True))
        ]
        for part in (slice(None, cut), slice(cut, None))
    ]
    return made[0], made[1]


def lines_of(path: Path, evaluations: int, seed: int) -> list[str]:
    """Fit the first part and score the second; return the lines of the table and what it cost."""
    train, test = parts(path)
    start = time.process_time()
    found = fit_levels(train, max_evaluations=evaluations, seed=seed)
    cpu_s = time.process_time() - start
    lines = []
    for level, result in found.fits.items():
        scores = GLIFFitter.of(result).evaluate(test)
        lines.append(
            f"| {level}{' (chosen)' if level == found.chosen else ''} | {result.cv_score:.3f} | "
            f"{result.score:.3f} | {scores['ratio']:.3f} | {result.reason.name.lower()} |"
        )
    return [*lines, "", f"CPU seconds of all five levels: {cpu_s:.0f}."]


def main() -> None:
    """Fit, score, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recording", type=Path, required=True)
    parser.add_argument("--evaluations", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    text = "\n".join(
        [
            "# A recorded cell on frozen noise",
            "",
            "Explained-variance ratio at 10 ms; fitted on 0-12 s, scored on 12-20 s of the same nine "
            "repeats. "
            f"max_evaluations={options.evaluations}, seed {options.seed}. Made by "
            "`python -m benchmarks.glif_noise_cell`.",
            "",
            f"- machine: {processor()}, {platform.system()} {platform.machine()}",
            f"- {versions(sys.executable, ('allentk', 'numpy', 'numba', 'scipy', 'cma'))}",
            "",
            "| level | cross-validated | training | held out | stopped |",
            "|---|---|---|---|---|",
            *lines_of(options.recording, options.evaluations, options.seed),
            "",
        ]
    )
    options.out.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
