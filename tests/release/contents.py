"""What a wheel and a source archive must carry, read from setup.cfg and the folders."""

import configparser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The largest wheel, in bytes.
LARGEST_WHEEL = 15_000_000

_MADE = (".pyc", ".nbi", ".nbc")


def settings() -> configparser.ConfigParser:
    """Return setup.cfg."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def folder_of(package: str) -> Path:
    """Return the folder of a package; that of the cassettes stands outside allentk."""
    mapped = settings()["options"]["package_dir"].replace(" ", "").split()
    places = dict(line.split("=") for line in mapped)
    return ROOT / places.get(package, package.replace(".", "/"))


def shipped() -> set[str]:
    """Return the files that a wheel carries, by their names in it."""
    config, names = settings(), set()
    for package in config["options"]["packages"].split():
        patterns = ["*.py"]
        patterns += config["options.package_data"].get(package, "").replace(",", " ").split()
        folder = folder_of(package)
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
