"""Procfile, Dockerfile, docker-compose.yml, .env.example and docs/running.md agree with the settings and each other."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[1]
OURS = {"migrate", "web", "worker", "beat", "sweepd"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::[?-][^}]*)?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: command for name, _, command in (line.partition(": ") for line in lines)}


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """Return the instructions, each on one line, without comments."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def _settings_variables() -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "portal" / "settings").glob("*.py"))
    read = set(re.findall(r"os\.environ(?:\.get)?[(\[]\s*[\"']([A-Z_]+)", sources))
    required = re.search(r"for name in \(([^)]*)\)", sources)
    assert required is not None
    return read | set(re.findall(r'"([A-Z_]+)"', required[1]))


def _example_variables() -> dict[str, str]:
    lines = [line.lstrip("#") for line in (ROOT / ".env.example").read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def test_compose_keeps_to_the_specification(compose: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests" / "compose.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(compose, schema)


def test_the_schema_refuses_mistakes(compose: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests" / "compose.schema.json").read_text())
    for mistake in ({"comand": "x"}, {"restart": "sometimes"}, {"healthcheck": {"interval": "1s"}}, {"ports": ["80"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"services": {"web": {"image": "one-stop", **mistake}}}, schema)


def test_every_process_runs_the_command_of_the_procfile(
    compose: dict[str, Any], procfile: dict[str, str], dockerfile: list[str]
) -> None:
    assert set(procfile) == OURS
    for name in OURS:
        assert compose["services"][name]["command"] == procfile[name]
    started = next(line for line in dockerfile if line.startswith("CMD "))
    assert json.loads(started.removeprefix("CMD ")) == shlex.split(procfile["web"])


def test_commands_exist(procfile: dict[str, str]) -> None:
    for command in procfile.values():
        program, *words = shlex.split(command)
        if program == "python":
            assert words[0] == "manage.py"
            assert words[1] in get_commands()
        else:
            assert (ROOT / ".venv" / "bin" / program).exists()


def test_what_services_name_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in services
            if how["condition"] == "service_healthy":
                assert services[needed].get("healthcheck", {}).get("test"), f"{name} waits for {needed}'s health"
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in compose["volumes"]
        assert set(service.get("secrets", [])) <= set(compose["secrets"])


def test_every_lasting_service_has_a_health_check(compose: dict[str, Any], dockerfile: list[str]) -> None:
    in_image = any(line.startswith("HEALTHCHECK ") for line in dockerfile)
    for name, service in compose["services"].items():
        own = "test" in service.get("healthcheck", {})
        assert own or name in {"migrate", "mirror"} or (name == "web" and in_image), name


def test_secrets_are_never_in_the_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY", name):
                assert str(value).startswith(("${", "/run/secrets/")), name


def test_images_are_pinned(compose: dict[str, Any]) -> None:
    for name in set(compose["services"]) - OURS:
        assert not compose["services"][name]["image"].endswith(":latest")
        assert ":" in compose["services"][name]["image"]


def test_our_processes_get_all_that_production_demands(compose: dict[str, Any]) -> None:
    demanded = {"SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SITE_URL"}
    for name in OURS:
        given = set(compose["services"][name]["environment"]) | set(_example_variables())
        assert demanded <= given


def test_variables_are_read_by_somebody(compose: dict[str, Any]) -> None:
    known = _settings_variables()
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= known
    used_by_compose = set(VARIABLE.findall((ROOT / "docker-compose.yml").read_text()))
    unread = set(_example_variables()) - known - used_by_compose
    assert not unread, f".env.example sets what nobody reads: {unread}"
    assert used_by_compose <= set(_example_variables())


def test_documentation_names_every_variable() -> None:
    internal = {"PYTEST_XDIST_WORKER", "LOCALE_DIR", "CRASH_AT"}
    text = (ROOT / "docs" / "running.md").read_text()
    missing = {name for name in _settings_variables() - internal if f"`{name}`" not in text}
    assert not missing


def test_dockerfile_copies_what_exists_and_is_sent(dockerfile: list[str]) -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for line in dockerfile:
        words = line.split()
        if words[0] == "COPY" and not words[1].startswith("--from"):
            for source in words[1:-1]:
                assert (ROOT / source).exists(), source
                assert source.split("/")[0] in sent, f"{source} is kept back by .dockerignore"


def test_dockerfile_runs_as_an_ordinary_user_with_locked_packages(dockerfile: list[str]) -> None:
    last_stage = dockerfile[max(at for at, line in enumerate(dockerfile) if line.startswith("FROM ")) :]
    user = next(line.split()[1] for line in last_stage if line.startswith("USER "))
    assert user not in {"root", "0"}
    assert any(f"useradd --system --uid 10001 --gid {user}" in line for line in last_stage)
    assert any("--require-hashes --no-deps --requirement requirements/production.txt" in line for line in dockerfile)
    assert any("npm ci" in line for line in dockerfile)


def test_image_lacks_the_demo() -> None:
    assert "portal/demo" in (ROOT / ".dockerignore").read_text().splitlines()


def test_locks_name_no_registry() -> None:
    for path in (*(ROOT / "requirements").glob("*.txt"), ROOT / "package-lock.json"):
        text = path.read_text()
        assert "://" not in re.sub(r'"(url|homepage)": "[^"]*"', "", text), path.name
        assert "index-url" not in text
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()
