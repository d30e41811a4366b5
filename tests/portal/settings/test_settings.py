"""Production refuses to start half configured, and is strict when it does; the suite's settings stay honest."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import override_settings

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def in_production(tmp_path: Path) -> Run:
    keys = tmp_path / "keys.json"
    key = base64.b64encode(bytes(range(32))).decode()
    other = base64.b64encode(bytes(range(1, 33))).decode()
    keys.write_text(json.dumps({"active": "1", "keys": {"1": key}, "index": other}))
    complete = {
        "DJANGO_SETTINGS_MODULE": "portal.settings.production",
        "SECRET_KEY": "x1Y-zQ9_" * 9,
        "FIELD_KEYS": str(keys),
        "DATABASE_URL": "postgres://one_stop@127.0.0.1:1/one_stop",
        "REDIS_URL": "redis://127.0.0.1:1",
        "ALLOWED_HOSTS": "one-stop.example",
        "SITE_URL": "https://one-stop.example",
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
    }

    def run(*words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in {**complete, **changes}.items() if value is not None}
        command = [sys.executable, *words]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    return run


def test_production_passes_the_deployment_checks(in_production: Run) -> None:
    done = in_production("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SITE_URL"])
def test_production_names_what_is_missing(in_production: Run, name: str) -> None:
    done = in_production("manage.py", "check", **{name: None})
    assert done.returncode != 0
    assert f"Set {name} in the environment" in done.stderr.splitlines()[-1]


def test_production_refuses_unreadable_keys(in_production: Run) -> None:
    done = in_production("manage.py", "check", FIELD_KEYS="/nowhere/keys.json")
    assert "FIELD_KEYS must name a readable JSON file" in done.stderr.splitlines()[-1]


def test_production_cookies_and_headers(in_production: Run) -> None:
    done = in_production(
        "-c",
        "import django, json; django.setup(); from django.conf import settings as s; print(json.dumps({name: "
        "getattr(s, name) for name in ['SESSION_COOKIE_NAME', 'CSRF_COOKIE_NAME', 'LANGUAGE_COOKIE_NAME', "
        "'SESSION_COOKIE_SECURE', 'CSRF_COOKIE_SECURE', 'SESSION_COOKIE_HTTPONLY', 'SECURE_HSTS_SECONDS', 'DEBUG', "
        "'SECURE_SSL_REDIRECT', 'PASSWORD_HASHERS', 'SESSION_COOKIE_DOMAIN', 'SESSION_COOKIE_PATH']}))",
    )
    found = json.loads(done.stdout)
    for cookie in ("SESSION", "CSRF", "LANGUAGE"):
        assert found[f"{cookie}_COOKIE_NAME"].startswith("__Host-")
    # A browser takes a __Host- cookie only when it is secure, for the whole site and for no other host.
    assert (found["SESSION_COOKIE_SECURE"], found["SESSION_COOKIE_PATH"], found["SESSION_COOKIE_DOMAIN"]) == (
        True, "/", None,
    )  # fmt: skip
    assert found["CSRF_COOKIE_SECURE"]
    assert found["SESSION_COOKIE_HTTPONLY"]
    assert found["SECURE_HSTS_SECONDS"] >= 31_536_000
    assert found["SECURE_SSL_REDIRECT"]
    assert not found["DEBUG"]
    assert "Argon2" in found["PASSWORD_HASHERS"][0]


def test_static_files_of_production_are_complete(in_production: Run, tmp_path: Path) -> None:
    """The manifest refuses a style sheet that refers to a file which is not there."""
    if not Path(settings.NODE_MODULES, "bootstrap").exists():
        pytest.skip("the front-end packages are not installed: make install")
    done = in_production("manage.py", "collectstatic", "--noinput", "--verbosity", "0", STATIC_ROOT=str(tmp_path / "s"))
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "s" / "staticfiles.json").read_text())["paths"]
    used = set(re.findall(r"""\{%\s*static\s+['"]([^'"]+)['"]""", _all_templates()))
    assert used <= set(manifest), f"templates use files that are not there: {sorted(used - set(manifest))}"


def _all_templates() -> str:
    return "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))


def test_templates_use_vendor_files_that_exist() -> None:
    if not Path(settings.NODE_MODULES, "bootstrap").exists():
        pytest.skip("the front-end packages are not installed: make install")
    for path in ("vendor/htmx/htmx.min.js", "vendor/bootstrap/css/bootstrap.min.css", "vendor/echarts/echarts.min.js"):
        assert finders.find(path)
    assert finders.find("vendor/bootstrap/package.json") is None
    assert finders.find("vendor/bootstrap/../../htmx.org/package.json") is None


@pytest.mark.django_db
@pytest.mark.parametrize(("setting", "value"), [("lock_timeout", "3s"), ("idle_in_transaction_session_timeout", "30s")])
def test_database_sessions_are_limited(setting: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"show {setting}")
        assert cursor.fetchone() == (value,)


def test_celery_is_set_for_hints_that_may_be_lost() -> None:
    app = import_module("portal.celery").app
    conf = app.conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.task_ignore_result
    assert (conf.task_time_limit, conf.task_soft_time_limit) == (300, 240)
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
    assert conf.broker_transport_options["socket_timeout"] == 1
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_publish_retry is False
    assert conf.accept_content == ["json"]


def test_beat_names_tasks_that_exist() -> None:
    app = import_module("portal.celery").app
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled <= set(app.tasks), f"nobody has {sorted(scheduled - set(app.tasks))}"
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] <= entry["schedule"]


@pytest.mark.parametrize(
    "weak", ["short1x", "password123", "1234567890123", "zhengzhou2026", "woaini1314", "Qq123456789"]
)
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(weak)


@pytest.mark.parametrize("good", ["correct horse battery staple", "早上七点半出摊卖豆浆油条", "x" * 30 + "yz" * 17])
def test_long_passwords_need_no_kinds_of_characters(good: str) -> None:
    validate_password(good)


def test_real_password_hash_is_argon2() -> None:
    from portal.settings import security

    with override_settings(PASSWORD_HASHERS=security.PASSWORD_HASHERS):
        assert make_password("a long enough one").startswith("argon2")


def test_content_security_policy_has_no_holes() -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    said = json.dumps({name: [str(source) for source in sources] for name, sources in directives.items()})
    assert "unsafe" not in said
    assert "http" not in said
    assert "*" not in said
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert directives[name] == ["'none'"]
    assert "CONTENT_SECURITY_POLICY_REPORT_ONLY" not in dir(settings)
