"""Which engine runs a biophysical cell."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, cast

from numpy.typing import ArrayLike

from allentk.data import Response, Stimulus, Sweep
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel
from allentk.models.compartments import compartments
from allentk.simulation.biophysical.channel_tables import has_room
from allentk.simulation.biophysical.neuron_engine import simulate_neuron
from allentk.simulation.current import check_step

__all__ = ["BACKENDS", "engine_of", "simulate_biophysical"]

BACKENDS = ("auto", "neuron", "reduced", "tree")

#: What the reduced cell is known to keep without asking it.
_REDUCED_RECORDS = {"spikes", "cai", "cai_mM"}


def simulate_biophysical(
    model: BiophysicalModel,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    backend: str = "auto",
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    method: str | None = None,
    atol: float | None = None,
    record: str | Collection[str] = ("spikes",),
    spike_threshold_mv: float = -20.0,
    max_seconds: float | None = None,
    throw: bool = True,
) -> Response:
    """Run a biophysical cell on a current into the middle of its soma.

    Parameters
    ----------
    model : BiophysicalModel
        The cell.
    stimulus : Stimulus, Sweep or array_like, shape (n_samples,)
        The current, which may be that of a recorded sweep; an array is in pA.
    backend : {"auto", "reduced", "tree", "neuron"}
        ``"reduced"`` runs perisomatic cells, a hundred times as fast as NEURON: the soma as it is, the
        passive tree behind it by a few modes. ``"tree"`` runs the whole tree of any cell, compiled, and
        ``"neuron"`` in NEURON. ``"auto"`` takes the first of these that can do what is asked; see
        `engine_of`.
    dt_s : float, optional
        Time step in seconds; 2.5e-5 where not given, or the sampling interval of a sweep or an array
        where that is shorter.
    sampling_rate_hz : float, optional
        Samples per second of an array.
    method : {"fixed", "second-order", "cvode"}, optional
        Implicit Euler, Crank-Nicolson, or NEURON's variable step (NEURON only); each engine has a default.
    atol : float, optional
        Tolerance of the variable step (NEURON only).
    record : str or collection of str
        States to keep besides voltage and spikes: voltages at places, such as ``"dend[3](0.5)"``, which
        the whole tree and NEURON have; ``"cai_mM"`` of the soma, which the reduced cell and NEURON have;
        and all others of NEURON.
    spike_threshold_mv : float
        The soma spikes where its voltage reaches this from below, in mV of the model.
    max_seconds : float, optional
        Wall time after which the run is given up (NEURON only).
    throw : bool
        Raise where the run cannot go on; otherwise the response ends in NaN and has a ``reason``.

    Returns
    -------
    Response
        ``voltage_mv[k]`` is the membrane voltage of the soma at ``k dt_s``. It is corrected for the liquid
        junction potential: add 14 mV (``-junction_potential_mv``) to compare with a recording.

    Raises
    ------
    SimulationError
        On an unknown engine, an option that means nothing to it, a time step above 2e-4 s, a current or
        record that cannot be, or, with `throw`, a run that cannot go on.
    """
    if not isinstance(model, BiophysicalModel):
        raise SimulationError(
            f"cannot run a {type(model).__name__} as a biophysical cell; expected a BiophysicalModel"
        )
    if dt_s is not None:
        check_step(dt_s)
    only_neuron: dict[str, Any] = {"atol": atol, "max_seconds": max_seconds}
    common: dict[str, Any] = {
        "dt_s": dt_s,
        "sampling_rate_hz": sampling_rate_hz,
        "record": record,
        "spike_threshold_mv": spike_threshold_mv,
        "throw": throw,
    }
    if backend == "auto":
        backend = engine_of(model, method=method, record=record, atol=atol, max_seconds=max_seconds)
    if backend == "neuron":
        return simulate_neuron(model, stimulus, method=method, **only_neuron, **common)
    if backend not in BACKENDS:
        raise SimulationError(
            f"no engine {backend!r} for biophysical cells; there are {', '.join(BACKENDS)}"
        )
    for name, value in only_neuron.items():
        if value is not None:
            raise SimulationError(f"{name} is an option of backend='neuron', got {value!r}")
    if backend == "tree":
        from allentk.simulation.biophysical.tree import simulate_tree

        # Any other method it refuses itself.
        return simulate_tree(model, stimulus, method=cast("Any", method), **common)
    from allentk.simulation.biophysical.reduced import simulate_reduced

    return simulate_reduced(model, stimulus, method=method, **common)


def engine_of(
    model: BiophysicalModel,
    *,
    method: str | None = None,
    record: str | Collection[str] = ("spikes",),
    atol: float | None = None,
    max_seconds: float | None = None,
) -> str:
    """Return which engine ``backend="auto"`` takes: ``"reduced"``, ``"tree"`` or ``"neuron"``.

    The reduced cell where all channels are in a soma of one segment and it has room for them, else the
    compiled tree; NEURON where something is asked that it alone does: a variable step, a limit of time, or
    states other than the soma's calcium and voltages along the tree.
    """
    if method == "cvode" or atol is not None or max_seconds is not None:
        return "neuron"
    names = {record} if isinstance(record, str) else set(record)
    if (
        model.parameters.kind == "perisomatic"
        and names <= _REDUCED_RECORDS
        and has_room(tuple(model.parameters.sections["soma"].mechanisms))
        and _one_segment_soma(model)
    ):
        return "reduced"
    places = {name.removeprefix("voltage_mv ") for name in names - {"spikes"}}
    voltages = all(name.endswith(")") and " " not in name for name in places)
    return "tree" if voltages else "neuron"


def _one_segment_soma(model: BiophysicalModel) -> bool:
    # A model that does not say which axon it is for cannot be made.
    tree = compartments(model.morphology, axon=model.parameters.axon)  # type: ignore[arg-type]
    return int(((tree.kind == 0) & (tree.area_um2 > 0)).sum()) == 1
