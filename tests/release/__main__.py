"""Build what would be published, look into it, install it elsewhere and run the demo from there.

``make release``, a few minutes; needs git and a package index. What git keeps is copied and built
from the copy, so that nothing else that lies in the checkout gets in. The archives are left in ``dist/``.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

from tests.release import contents

_PIP_QUIET = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command away from the checkout's own settings; end with its status where it fails."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    print("+", *command, flush=True)
    done = subprocess.run(command, cwd=cwd, env=kept, check=False)
    if done.returncode:
        sys.exit(f"failed with status {done.returncode}")


def environment(folder: Path) -> Path:
    """Make a virtual environment; return its Python."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


def copy(work: Path) -> Path:
    """Copy the files that git keeps into a folder of their own."""
    source = work / "source"
    for name in contents.tracked():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(contents.ROOT / name, source / name)
    return source


def build(source: Path, work: Path) -> tuple[Path, Path]:
    """Build the source archive, the wheel from it, and check both; return wheel and archive."""
    python, out = environment(work / "tools"), work / "dist"
    run(python, *_PIP_QUIET, "build", "twine", cwd=work)
    run(python, "-m", "build", "--outdir", out, source, cwd=work)
    (wheel,), (archive,) = out.glob("*.whl"), out.glob("*.tar.gz")
    run(python, "-m", "twine", "check", "--strict", wheel, archive, cwd=work)
    return wheel, archive


def wheel_faults(wheel: Path, source: Path = contents.ROOT) -> list[str]:
    """Return what is wrong with the files in a wheel, and with its size."""
    with zipfile.ZipFile(wheel) as opened:
        names = {name for name in opened.namelist() if ".dist-info/" not in name}
    wanted = contents.shipped(source)
    faults = [f"wheel lacks {name}" for name in sorted(wanted - names)]
    faults += [f"wheel should not carry {name}" for name in sorted(names - wanted)]
    if (size := wheel.stat().st_size) > contents.LARGEST_WHEEL:
        faults.append(f"wheel has {size} bytes, more than {contents.LARGEST_WHEEL}")
    return faults


def archive_faults(archive: Path) -> list[str]:
    """Return the files of the repository that a source archive lacks."""
    with tarfile.open(archive) as opened:
        names = {member.name.partition("/")[2] for member in opened}
    return [f"source archive lacks {name}" for name in sorted(set(contents.tracked()) - names)]


def try_out(wheel: Path, work: Path) -> None:
    """Install the wheel in an environment of its own and run the demo; resolve every extra."""
    python, away = environment(work / "user"), work / "away"
    away.mkdir()
    run(python, *_PIP_QUIET, wheel, cwd=away)
    run(python, "-m", "allentk", "demo", "--cache-dir", away / "cache", cwd=away)
    run(python, "-m", "allentk", "doctor", "--offline", cwd=away)
    report = away / "allentk-demo" / "report.html"
    if not report.is_file():
        sys.exit(f"the demo left no {report}")
    for extra in contents.settings()["options.extras_require"]:
        run(python, *_PIP_QUIET, "--dry-run", f"{wheel}[{extra}]", cwd=away)


def main() -> None:
    """Do all of it."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source = copy(work)
        wheel, archive = build(source, work)
        if faults := [*wheel_faults(wheel, source), *archive_faults(archive)]:
            sys.exit("\n".join(faults))
        try_out(wheel, work)
        dist = contents.ROOT / "dist"
        dist.mkdir(exist_ok=True)
        for path in (wheel, archive):
            print(f"dist/{path.name}: {path.stat().st_size / 1e6:.1f} MB")
            (dist / path.name).write_bytes(path.read_bytes())


if __name__ == "__main__":
    main()
