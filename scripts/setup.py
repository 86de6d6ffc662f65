"""Make the virtual environment: `python3 scripts/setup.py .venv runtime|dev`.

`runtime` is what the platform needs to run, `dev` adds what its tests need (Spark, a browser's driver,
an object store). Uses uv where it is on the path (fast), else the standard venv and pip. Both install
exactly the hashes of requirements/<kind>.txt. Translations are compiled afterwards.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("runtime", "dev")


def run(*command: str | Path) -> None:
    """Run a command and stop with its exit code when it fails."""
    result = subprocess.run([str(part) for part in command], cwd=ROOT, check=False)
    if result.returncode:
        sys.exit(result.returncode)


def install(environment: Path, kind: str) -> None:
    """Install the locked dependencies and the package itself (editable) into `environment`."""
    lock = ROOT / "requirements" / f"{kind}.txt"
    python = environment / "bin" / "python"
    uv = shutil.which("uv")
    if not python.exists():
        print(f"Creating {environment}", file=sys.stderr)
        venv.create(environment, with_pip=uv is None)
    print("Installing the locked dependencies", file=sys.stderr)
    if uv:
        run(uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", lock)
        run(uv, "pip", "install", "-q", "--python", python, "--no-deps", "-e", ROOT)
        return
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    run(*pip, "--require-hashes", "-r", lock)
    run(*pip, "--no-deps", "-e", ROOT)


def compile_translations(environment: Path) -> None:
    """Compile every .po file to the .mo file Django reads."""
    for catalogue in sorted((ROOT / "src").glob("kuaidai/**/locale/*/LC_MESSAGES/django.po")):
        run(
            environment / "bin" / "pybabel", "-q", "compile",
            "-i", catalogue, "-o", catalogue.with_suffix(".mo"),
        )  # fmt: skip


def main() -> None:
    """Make or refresh the environment named on the command line."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this script meets whatever python3 there is
        sys.exit(f"kuaidai needs Python 3.11 or newer, this is {sys.version.split()[0]}")
    if len(sys.argv) != 3 or sys.argv[2] not in KINDS:
        sys.exit(f"usage: python3 scripts/setup.py FOLDER {'|'.join(KINDS)}")
    environment = ROOT / sys.argv[1]
    install(environment, sys.argv[2])
    compile_translations(environment)


if __name__ == "__main__":
    main()
