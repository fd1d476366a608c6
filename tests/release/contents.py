"""What a wheel and a source archive must carry, read from setup.cfg and the folders."""

import configparser
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The largest wheel, in bytes.
LARGEST_WHEEL = 15_000_000

_MADE = (".pyc", ".nbi", ".nbc")


def settings(root: Path = ROOT) -> configparser.ConfigParser:
    """Return setup.cfg of a checkout or of a copy of it."""
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg")
    return config


def folder_of(package: str, root: Path = ROOT) -> Path:
    """Return the folder of a package; that of the cassettes stands outside allentk."""
    mapped = settings(root)["options"]["package_dir"].replace(" ", "").split()
    places = dict(line.split("=") for line in mapped)
    return root / places.get(package, package.replace(".", "/"))


def tracked() -> list[str]:
    """Return the files that git keeps and that are there, by their paths in the checkout."""
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def shipped(root: Path = ROOT) -> set[str]:
    """Return the files that a wheel carries, by their names in it."""
    config, names = settings(root), set()
    for package in config["options"]["packages"].split():
        patterns = ["*.py"]
        patterns += config["options.package_data"].get(package, "").replace(",", " ").split()
        folder = folder_of(package, root)
        files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
        names |= {f"{package.replace('.', '/')}/{path.relative_to(folder)}" for path in files}
    return names


def present() -> set[str]:
    """Return the files in the packages' folders, by the names they would have in a wheel."""
    names = set()
    for root, home in ((ROOT / "allentk", "allentk"), (ROOT / "cassettes", "allentk/cassettes")):
        for path in root.rglob("*"):
            inner = path.relative_to(root)
            if path.is_file() and path.suffix not in _MADE and inner.parts[0] != "make":
                names.add(f"{home}/{inner}")
    return names
