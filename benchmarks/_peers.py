"""The programs that we are compared with: an environment for each, from pinned requirements.

An environment is built once; a file beside its interpreter says from what, and where that is no longer what
is asked for it is built anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ENVIRONMENTS", "PEERS", "PeerError", "environment", "interpreter"]

#: Where environments are built; git does not see it.
ENVIRONMENTS = Path(__file__).parent / ".environments"

#: What each environment is built from. AllenSDK 2.16.2 needs numpy below 1.24, and a statsmodels that
#: was compiled for it; NEURON is a part of allentk itself.
PEERS: Mapping[str, tuple[str, ...]] = {
    "allensdk": (
        "allensdk==2.16.2",
        "h5py==3.16.0",
        "numpy==1.23.5",
        "pandas==1.5.3",
        "scipy==1.10.1",
        "statsmodels==0.13.5",
    ),
    "ipfx": ("efel==5.7.34", "ipfx==2.1.2", "numpy==2.4.6", "pandas==2.3.3", "scipy==1.17.1"),
    "bmtk": (
        "bmtk==1.2.0",
        "h5py==3.16.0",
        "libsonata==0.2.2",
        "numpy==2.4.6",
        "pandas==3.1.1",
        "scipy==1.17.1",
    ),
    "nest": ("nest-simulator==3.10.0", "numpy==2.4.6"),
    "brian2": ("brian2==2.9.0", "numpy==2.3.5"),
}


class PeerError(Exception):
    """An environment could not be built; the message ends with what pip said."""


def interpreter(folder: Path) -> Path:
    """Return the Python of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(name: str, folder: Path) -> Path:
    """Return the Python of a peer's environment, which is built where there is none.

    Parameters
    ----------
    name : str
        A key of `PEERS`.
    folder : Path
        Where environments lie; that of the peer is a folder of its name in it.

    Raises
    ------
    PeerError
        If the environment cannot be made or a requirement not be installed.
    """
    place, asked = folder / name, "\n".join(PEERS[name]) + "\n"
    built = place / "requirements.txt"
    if built.exists() and built.read_text(encoding="utf-8") == asked:
        return interpreter(place)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    _do(name, [sys.executable, "-m", "venv", str(place)])
    pip = [str(interpreter(place)), "-m", "pip", "install", "--quiet"]
    _do(name, [*pip, "--disable-pip-version-check", *PEERS[name]])
    built.write_text(asked, encoding="utf-8")
    return interpreter(place)


def _do(name: str, command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise PeerError(f"the environment of {name} cannot be built: {' '.join(said[-3:])}")
