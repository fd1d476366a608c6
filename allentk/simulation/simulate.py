"""One function that runs whatever can be run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, overload

from numpy.typing import ArrayLike

from allentk.data import NetworkResponse, Response, Stimulus, StimulusTable, Sweep
from allentk.errors import SimulationError
from allentk.models import BiophysicalModel, BiophysicalParameters, GLIFParameters

if TYPE_CHECKING:
    from allentk.network import Network

__all__ = ["BACKENDS", "simulate"]

#: The engines there are; "auto" takes the one that fits the model.
BACKENDS = ("auto", "glif", "nest", "neuron", "reduced", "tree")

# Which engines run what, and the options that mean something there.
_GLIF = (("auto", "glif"), {"sampling_rate_hz", "throw", "compatibility", "interpolate"})
_BIOPHYSICAL = (
    ("auto", "neuron", "reduced", "tree"),
    {"sampling_rate_hz", "throw", "method", "atol", "spike_threshold_mv", "max_seconds"},
)

# What runs a network on an engine, loaded on use, and the options that mean something there.
_NETWORKS: dict[str, tuple[str, str, set[str]]] = {
    "glif": ("network_engine", "simulate_network", {"n_threads"}),
    "nest": ("nest_engine", "simulate_network_nest", {"n_threads"}),
    "neuron": (
        "biophysical.neuron_network",
        "simulate_network_neuron",
        {"spike_threshold_mv"},
    ),
}


@overload
def simulate(
    model: GLIFParameters,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = ...,
    sampling_rate_hz: float | None = ...,
    backend: str = ...,
    compatibility: Literal["allensdk"] | None = ...,
    interpolate: bool | None = ...,
    throw: bool | None = ...,
    record: str | Collection[str] = ...,
    seed: int | None = ...,
    progress: bool | None = ...,
) -> Response: ...


@overload
def simulate(
    model: BiophysicalModel,
    stimulus: Stimulus | Sweep | ArrayLike,
    *,
    dt_s: float | None = ...,
    sampling_rate_hz: float | None = ...,
    backend: str = ...,
    method: Literal["fixed", "second-order", "cvode"] | None = ...,
    atol: float | None = ...,
    spike_threshold_mv: float | None = ...,
    max_seconds: float | None = ...,
    throw: bool | None = ...,
    record: str | Collection[str] = ...,
    seed: int | None = ...,
    progress: bool | None = ...,
) -> Response: ...


@overload
def simulate(
    model: Network,
    stimulus: StimulusTable,
    *,
    dt_s: float | None = ...,
    backend: str = ...,
    spike_threshold_mv: float | None = ...,
    n_threads: int | None = ...,
    record: str | Collection[str] = ...,
    seed: int | None = ...,
    progress: bool | None = ...,
) -> NetworkResponse: ...


def simulate(
    model: GLIFParameters | BiophysicalModel | Network,
    stimulus: Stimulus | Sweep | ArrayLike | StimulusTable,
    *,
    dt_s: float | None = None,
    sampling_rate_hz: float | None = None,
    backend: str = "auto",
    compatibility: Literal["allensdk"] | None = None,
    interpolate: bool | None = None,
    method: Literal["fixed", "second-order", "cvode"] | None = None,
    atol: float | None = None,
    spike_threshold_mv: float | None = None,
    max_seconds: float | None = None,
    throw: bool | None = None,
    n_threads: int | None = None,
    record: str | Collection[str] = ("spikes",),
    seed: int | None = None,
    progress: bool | None = None,
) -> Response | NetworkResponse:
    """Run a cell model on a current, or a network on what it looks at.

    Parameters
    ----------
    model : GLIFParameters, BiophysicalModel or Network
        What to run.
    stimulus : Stimulus, Sweep, array_like or StimulusTable
        A current for a cell, presentations for a network. A sweep gives the current that was
        injected; an array is in pA.
    dt_s : float, optional
        Time step in seconds: 5e-5 for a GLIF cell, 2.5e-5 for cells with compartments, 1e-4 for a
        network of GLIF cells where not given.
    sampling_rate_hz : float, optional
        Samples per second of a current given as an array.
    backend : {"auto", "glif", "nest", "neuron", "reduced", "tree"}
        The engine. A biophysical cell with channels in its soma alone runs reduced and any other as a
        compiled tree, without NEURON, unless more is asked; see ``simulate_biophysical``.
    compatibility : {"allensdk"}, optional
        Run a GLIF cell as AllenSDK runs the published models (forward Euler).
    interpolate : bool, optional
        A GLIF cell's spike times within the crossing step; its end where not given.
    method : {"fixed", "second-order", "cvode"}, optional
        How a biophysical cell is integrated; see ``simulate_biophysical``.
    atol : float, optional
        Tolerance of NEURON's variable step.
    spike_threshold_mv : float, optional
        Voltage at which a cell with compartments spikes: -20 mV where not given.
    max_seconds : float, optional
        Wall time after which NEURON gives a cell up.
    throw : bool, optional
        Whether a cell that cannot go on is an error, as it is where not given; otherwise the response
        says why in its ``reason``.
    n_threads : int, optional
        Threads that a network of GLIF cells runs on: 1 where not given. Results are the same.
    record : str or collection of str
        What to keep besides spikes; see ``simulate_glif``, ``simulate_biophysical`` and
        ``simulate_network``.
    seed : int, optional
        Draws a network's input; a cell model draws nothing.
    progress : bool, optional
        Show a network's progress bar; by default on a terminal.

    Returns
    -------
    Response or NetworkResponse
        Voltages of biophysical cells are corrected for the liquid junction potential: add 14 mV
        (``-junction_potential_mv``) to compare with a recording.

    Raises
    ------
    SimulationError
        On an unknown model or engine, a stimulus that does not fit the model, or an option that means
        nothing to it.

    Examples
    --------
    >>> from allentk.data import LongSquare
    >>> cell = GLIFParameters(level=1, C_pf=100, R_mohm=200, E_L_mv=-70, th_inf_mv=20, t_ref_s=3e-3)
    >>> simulate(cell, LongSquare(amplitude_pa=150))
    <Response: 40 spikes in 2.52 s>
    """
    if backend not in BACKENDS:
        raise SimulationError(f"no engine {backend!r}; there are {', '.join(BACKENDS)}")
    options = {
        "sampling_rate_hz": sampling_rate_hz,
        "compatibility": compatibility,
        "interpolate": interpolate,
        "method": method,
        "atol": atol,
        "spike_threshold_mv": spike_threshold_mv,
        "max_seconds": max_seconds,
        "throw": throw,
        "n_threads": n_threads,
    }
    given = {name: value for name, value in options.items() if value is not None}
    if isinstance(model, GLIFParameters | BiophysicalModel):
        return _cell(model, stimulus, backend, {**given, "dt_s": dt_s, "record": record})
    if dt_s is not None:
        given["dt_s"] = dt_s
    return _network(model, stimulus, backend, given, record=record, seed=seed, progress=progress)


def _cell(
    model: GLIFParameters | BiophysicalModel,
    stimulus: Any,
    backend: str,
    options: Mapping[str, Any],
) -> Response:
    if isinstance(stimulus, StimulusTable):
        raise SimulationError("a cell takes a current, not presentations; build a network")
    if isinstance(model, GLIFParameters):
        from allentk.simulation.glif import simulate_glif

        _check("a GLIF cell", _GLIF, backend, options)
        return simulate_glif(model, stimulus, **options)
    from allentk.simulation.biophysical.simulate import simulate_biophysical

    _check("a biophysical cell", _BIOPHYSICAL, backend, options)
    return simulate_biophysical(model, stimulus, backend=backend, **options)


def _network(
    model: object,
    stimulus: object,
    backend: str,
    options: Mapping[str, Any],
    *,
    record: str | Collection[str],
    seed: int | None,
    progress: bool | None,
) -> NetworkResponse:
    from allentk.network import Network

    if isinstance(model, BiophysicalParameters):
        raise SimulationError(
            "cannot run parameters without their reconstruction; make a BiophysicalModel(parameters, "
            "morphology), or read both with read_biophysical_model"
        )
    meant = {"dt_s"}.union(*(names for *_, names in _NETWORKS.values()))
    for name in sorted(options.keys() - meant):
        raise SimulationError(f"{name} is an option for a cell on a current, got {options[name]!r}")
    if not isinstance(model, Network):
        raise SimulationError(
            f"cannot run a {type(model).__name__}; expected GLIFParameters, a BiophysicalModel or a "
            f"Network"
        )
    if not isinstance(stimulus, StimulusTable):
        raise SimulationError(
            f"a network takes a StimulusTable, got {type(stimulus).__name__}; make one with "
            f"allentk.visual.drifting_gratings()"
        )
    asked: dict[str, Any] = {
        "record": (record,) if isinstance(record, str) else record,
        "seed": 0 if seed is None else seed,
        "progress": progress,
    }
    kind, engines = (
        ("biophysical", ("auto", "neuron"))
        if model.compartmental
        else ("GLIF", ("auto", *_NETWORKS))
    )
    engine = ("neuron" if model.compartmental else "glif") if backend == "auto" else backend
    names = _NETWORKS[engine][2] if engine in _NETWORKS else set()
    _check(f"a network of {kind} cells", (engines, names), backend, options)
    module, function, _ = _NETWORKS[engine]
    run = getattr(import_module(f"allentk.simulation.{module}"), function)
    response: NetworkResponse = run(model, stimulus, **options, **asked)
    return response


def _check(
    what: str, known: tuple[tuple[str, ...], set[str]], backend: str, options: Mapping[str, Any]
) -> None:
    """Refuse an engine or an option that means nothing to a model."""
    engines, names = known
    if backend not in engines:
        raise SimulationError(
            f"{what} does not run on backend={backend!r}; there are {', '.join(engines)}"
        )
    for name in options:
        if name not in names and name not in ("dt_s", "record"):
            raise SimulationError(f"{name} is no option of {what}, got {options[name]!r}")
