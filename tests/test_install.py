"""The installation's sentences: each obstacle is told once, clearly, without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import install

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def clean_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point the installation at an empty clone that has only its lock files."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "development.txt").write_text("six==1.0 --hash=sha256:00\n")
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(install, "LOG", tmp_path / "var" / "log" / "install.log")
    return tmp_path


def _says(capsys: pytest.CaptureFixture[str], part: str) -> bool:
    said = capsys.readouterr().err
    return part in said and said.count("\n") == 1


def test_old_python_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert install.main() == 1
    assert _says(capsys, "Python 3.9 is too old: install Python 3.11 or newer")


def test_missing_venv_module_is_told(
    clean_clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = install.importlib.util.find_spec
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else find(name))
    assert install.main() == 1
    assert _says(capsys, "apt-get install python3-venv")


def test_little_disk_space_is_told(
    clean_clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "NEEDED_GIGABYTES", 1e9)
    assert install.main() == 1
    assert _says(capsys, "There is too little disk space")
    assert not (clean_clone / ".venv").exists()


def test_no_network_is_told(
    clean_clone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real pip, a registry address where nobody listens."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setattr(install, "PYTHON", Path(sys.executable))
    (clean_clone / ".venv").mkdir()
    assert install.main() == 1
    assert _says(capsys, "the package registry cannot be reached")
    assert "six" in (clean_clone / "var" / "log" / "install.log").read_text()


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code ENOTFOUND", "cannot be reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "the reason stands at the end of"),
    ],
)
def test_a_failed_step_is_explained(printed: str, told: str) -> None:
    assert told in install.sentence_for(printed, "Installing", Path("var/log/install.log"))


def test_a_second_installation_does_nothing(clean_clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def pretend(what: str, *command: object, **environment: str) -> None:
        ran.append(what)
        (install.VENV / "bin").mkdir(parents=True, exist_ok=True)
        install.PYTHON.touch()
        (clean_clone / "node_modules").mkdir(exist_ok=True)

    monkeypatch.setattr(install, "run", pretend)
    assert install.main() == 0
    assert ran == ["Creating .venv", "Installing the Python packages", "Installing the front-end packages"]
    assert install.main() == 0
    assert len(ran) == 3
    (clean_clone / "package-lock.json").write_text('{"changed": true}')
    assert install.main() == 0
    assert ran[3:] == ["Installing the front-end packages"]


def test_make_without_a_python_says_so() -> None:
    done = subprocess.run(["make", "install", "PYTHON="], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Python 3.11 or newer was not found")


def test_make_help_lists_the_two_commands() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "make demo " in done.stdout
    assert "make test " in done.stdout
