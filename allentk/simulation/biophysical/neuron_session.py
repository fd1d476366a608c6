"""NEURON, loaded on first use with allentk's mechanisms: the only place that imports it.

Two things about NEURON decide how it is loaded. At its import it loads a library that happens to
lie in the current directory (``x86_64/libnrnmech.so``), which is code that nobody asked for: it
does not where it is told which library to load, so it is told ours. Its own files (``import3d.hoc``)
it looks for there as well; they are loaded from its own folder. And all its settings, among them
time, temperature and integrator, are global: `session` puts them back, so that a model of your own in
the same process finds them as they were.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allentk.errors import MissingExtraError, SimulationError
from allentk.models.channels import CAI0_MM, CAO_MM
from allentk.simulation.biophysical.mechanisms import mechanism_library, missing

__all__ = ["DT_S", "LIMIT_MV", "MAXSTEP_MS", "neuron", "quiet", "session", "set_up"]

#: Time step of NEURON where none is given, in seconds.
DT_S = 2.5e-5
#: A soma beyond this is no cell any more, in mV.
LIMIT_MV = 1e3
#: Longest variable step, and longest stretch between two looks at events, in ms.
MAXSTEP_MS = 10.0

_GLOBALS = ("t", "dt", "celsius", "secondorder", "cai0_ca_ion", "cao0_ca_ion")
_CVODE = ("atol", "rtol", "maxstep", "minstep", "active")
_OPTIONS = "NEURON_MODULE_OPTIONS"
_log = logging.getLogger(__name__)
# NEURON holds one model at one time, whoever asks.
_alone = threading.RLock()


@contextmanager
def session() -> Iterator[Any]:
    """Yield NEURON (its ``h``) for one run; put its settings back afterwards, and delete what was made.

    Sections that are made inside do not outlive it. Another model in the same process is integrated
    along, with a warning; its voltages, states and time are put back, what it recorded is not.

    Raises
    ------
    MissingExtraError
        Where NEURON is not installed; it has no wheels for Windows.
    SimulationError
        Where its library of mechanisms cannot be made or loaded.
    """
    with _alone:
        h = neuron()
        before = list(h.allsec())
        settings, others = _settings(h), _states(h, before)
        try:
            yield h
        finally:
            for section in [one for one in h.allsec() if one not in before]:
                h.delete_section(sec=section)
            settings()
            others()


def _settings(h: Any) -> Callable[[], None]:
    """Return a function that puts NEURON's settings back to what they are now."""
    integrator = h.CVode()
    values = {name: getattr(h, name) for name in _GLOBALS}
    settings = {name: getattr(integrator, name)() for name in _CVODE}
    scale = integrator.atolscale("cai")
    local = integrator.use_local_dt()
    threads = h.ParallelContext().nthread()

    def restore() -> None:
        for name, value in settings.items():
            getattr(integrator, name)(value)
        integrator.atolscale("cai", scale)
        if local:
            integrator.use_local_dt(local)
        if h.ParallelContext().nthread() != threads:
            h.ParallelContext().nthread(threads)
        # Last, because a change of integrator changes the step.
        for name, value in values.items():
            setattr(h, name, value)

    return restore


def set_up(h: Any, *, celsius: float, variable: bool) -> None:
    """Set what every run sets, inside a `session`.

    Parameters
    ----------
    h : hoc.HocObject
        NEURON.
    celsius : float
        Temperature in degrees Celsius.
    variable : bool
        Whether the step is variable (CVODE); one step for all cells in any case.
    """
    integrator, context = h.CVode(), h.ParallelContext()
    h.celsius = celsius
    h.cai0_ca_ion, h.cao0_ca_ion = CAI0_MM, CAO_MM
    # One tree is one thread; a variable step gets ten times slower with more.
    if context.nthread() != 1:
        context.nthread(1)
    if integrator.use_local_dt():
        integrator.use_local_dt(0)
    integrator.active(int(variable))
    context.set_maxstep(MAXSTEP_MS)


def _states(h: Any, sections: list[Any]) -> Callable[[], None]:
    """Return a function that puts another model's voltages and states back to what they are now."""
    if sections:
        warnings.warn(
            f"NEURON already holds a model of {len(sections)} sections, which is integrated along and "
            f"put back afterwards; what it recorded is lost. Delete it, or run this in a process of "
            f"its own",
            stacklevel=5,
        )
    segments = [segment for section in sections for segment in section]
    voltages = [segment.v for segment in segments]
    kept = [(segment, _copied(h, one.name(), segment)) for segment in segments for one in segment]

    def restore() -> None:
        for segment, voltage in zip(segments, voltages, strict=True):
            segment.v = voltage
        for segment, values in kept:
            values.out(segment)

    return restore


def _copied(h: Any, mechanism: str, segment: Any) -> Any:
    values = h.MechanismStandard(mechanism, 0)
    values._in(segment)
    return values


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what NEURON prints off the terminal; it goes to the log."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    finally:
        if said.getvalue().strip():
            _log.debug("NEURON: %s", said.getvalue().strip())


@functools.cache
def neuron() -> Any:
    """Return NEURON's ``h`` with every mechanism there; loaded once in a process.

    Raises
    ------
    MissingExtraError
        Where NEURON is not installed; it has no wheels for Windows.
    SimulationError
        Where its library of mechanisms cannot be made or loaded.
    """
    library = mechanism_library()
    h = _imported(library)
    with quiet():
        if missing(h):
            loaded = h.nrn_load_dll(str(library))
            _log.debug("loaded %s: %s", library, loaded)
        # NEURON would take a file of this name in the current directory first, and run it.
        with contextlib.chdir(Path(h.neuronhome()) / "lib" / "hoc"):
            h.load_file("import3d.hoc")
    if lacking := missing(h):
        raise SimulationError(
            f"NEURON {h.nrnversion(0)} loaded {library}, but does not know {', '.join(lacking)}: the "
            f"library is for another version of NEURON, or damaged. Delete the folder "
            f"{library.parent} and run again: it is made anew"
        )
    return h


def _imported(library: Path) -> Any:
    loaded = sys.modules.get("neuron")
    if loaded is not None:
        return loaded.h
    before = os.environ.get(_OPTIONS)
    os.environ[_OPTIONS] = " ".join([*([before] if before else []), *_options(library, before)])
    try:
        with quiet():
            from neuron import h
    except ImportError as error:
        raise MissingExtraError(
            "running the whole cell needs NEURON, which is not installed or cannot be loaded "
            f"({error}): pip install neuron (there are no wheels for Windows), or take "
            "backend='reduced' for a perisomatic model, 'tree' for any other single cell"
        ) from error
    finally:
        if before is None:
            del os.environ[_OPTIONS]
        else:
            os.environ[_OPTIONS] = before
    return h


def _options(library: Path, before: str | None) -> Iterator[str]:
    if before is None and "DISPLAY" not in os.environ:
        yield "-nogui"
    if "-dll" not in (before or ""):
        quote = '"' if "'" in str(library) else "'"
        yield f"-dll {quote}{library}{quote}"
