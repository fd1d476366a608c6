"""``python -m cassettes.make [FOLDER]``: make the demo cassette anew."""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cassettes.make.build import build

DEMO = Path(__file__).resolve().parents[1] / "demo"


def main(folder: Path = DEMO) -> None:
    """Build the cassette aside, then put it in the place of the old one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent) as aside:
        build(Path(aside) / "new", folder)
        if (folder / "index.json").is_file():
            folder.rename(Path(aside) / "old")
        shutil.move(Path(aside) / "new", folder)
    print(folder)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
