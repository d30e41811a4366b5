"""Install what the project needs into `.venv` and `node_modules`; done already, it takes no time.

Run by the Makefile with any Python that the machine has, hence the standard library only. Every expected obstacle
ends in one sentence that says what to do.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = ROOT / "var" / "log" / "install.log"
NEEDED_GIGABYTES = 2.0
NO_NETWORK = (
    "Temporary failure in name resolution", "Failed to establish a new connection", "Network is unreachable",
    "Connection refused", "ConnectTimeout", "Max retries exceeded", "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED",
    "ETIMEDOUT", "ENETUNREACH", "NewConnectionError", "Read timed out", "(from versions: none)",
)  # fmt: skip
NO_SPACE = ("No space left on device", "ENOSPC", "Disk quota exceeded")


class ObstacleError(Exception):
    """Something this machine lacks. The message is the one sentence for the person at the terminal."""


def require_python(version: tuple[int, int]) -> None:
    """Refuse a Python that is too old. version: (major, minor) of the Python that is asked."""
    if version < (3, 11):
        raise ObstacleError(
            f"Python {version[0]}.{version[1]} is too old: install Python 3.11 or newer (with its venv module), "
            "or name one: make PYTHON=/path/to/python3.11"
        )


def require_space(folder: Path, gigabytes: float) -> None:
    """Refuse to begin what cannot end. gigabytes: how much must be free on the disk of `folder`."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise ObstacleError(
            f"There is too little disk space: {gigabytes:.0f} GB must be free at {folder}, {free:.1f} GB are."
        )


def sentence_for(output: str, what: str, log: Path) -> str:
    """Return the sentence that explains the failed step `what`, judged by what it printed."""
    if any(sign in output for sign in NO_SPACE):
        return f"The disk is full: free {NEEDED_GIGABYTES:.0f} GB and run the same command again."
    if any(sign in output for sign in NO_NETWORK):
        return f"{what} failed: the package registry cannot be reached; check the network or the proxy and try again."
    return f"{what} failed: the reason stands at the end of {log}."


def fingerprint(*files: Path) -> str:
    """Return a short hash of the contents of `files`."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:16]


def run(what: str, *command: str | Path, **environment: str) -> None:
    """Run one step, its output in the log. Raises ObstacleError with one sentence when it fails."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(word) for word in command], cwd=ROOT, env={**os.environ, **environment}, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"== {what}\n{done.stdout}\n")
    if done.returncode:
        raise ObstacleError(sentence_for(done.stdout, what, LOG.relative_to(ROOT)))


def install_python_packages() -> None:
    """Create `.venv` and install exactly the locked packages, every file checked by its hash."""
    lock = ROOT / "requirements" / "development.txt"
    stamp = VENV / f".installed-{fingerprint(lock)}"
    if stamp.exists() and PYTHON.exists():
        return
    require_space(ROOT, NEEDED_GIGABYTES)
    if not PYTHON.exists():
        if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
            raise ObstacleError(
                "This Python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv) "
                "and try again."
            )
        run("Creating .venv", sys.executable, "-m", "venv", VENV)
    print("Installing the Python packages (once, some minutes) …", flush=True)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input")
    # --no-deps: the lock names every package. Without it pip refuses an extra of one (coverage[toml]) as not pinned.
    run("Installing the Python packages", *pip, "install", "--require-hashes", "--no-deps", "--requirement", lock)
    for old in VENV.glob(".installed-*"):
        old.unlink()
    stamp.touch()


def install_front_end_packages() -> None:
    """Install exactly the locked front-end packages, by the npm that came with the Python packages."""
    lock, folder = ROOT / "package-lock.json", ROOT / "node_modules"
    stamp = folder / f".installed-{fingerprint(lock)}"
    if stamp.exists():
        return
    print("Installing the front-end packages (once, some seconds) …", flush=True)
    # npm starts `node` by its name, which stands beside it.
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    run("Installing the front-end packages", VENV / "bin" / "npm", "ci", "--ignore-scripts", PATH=path)
    stamp.touch()


def main() -> int:
    """Install what is missing; return the process's exit status."""
    try:
        require_python(sys.version_info[:2])
        install_python_packages()
        install_front_end_packages()
    except ObstacleError as obstacle:
        print(obstacle, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The installation stopped: {error}. Check disk space and permissions of {ROOT}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
