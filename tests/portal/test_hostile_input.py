"""Junk in every parameter of every address of the public and the applicant's doors: refused or taken, never a fault.

The addresses and who may open them come from tests/authorisation.yaml, the fields from the forms of the pages
themselves and from the words that views ask requests for: what is new is attacked without anybody adding it here.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client

from tests.portal.everybody import addresses, make_world, routes, session_of

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
#: First words of the addresses on the applicant's side.
_PUBLIC = {
    "",
    "search",
    "services",
    "guide",
    "once-done",
    "ratings",
    "rate",
    "verify",
    "shared",
    "large-text",
    "language",
}
DOORS = frozenset(_PUBLIC | {"my", "api", "accounts"})
_ASKED_FOR = re.compile(r'(?:POST|GET|data|FILES)(?:\.get|\.getlist)?[\[(]"([\w-]+)"')
FORM = "application/x-www-form-urlencoded"
#: Sent in all fields at once.
JUNK = ("a\0b", "9" * 40, "\ud83d", "", "-1", "²", "NaN", "/", "[" * 2000, "龘" * 3000, "'\"><script>\r\nX: y")
#: Sent in one field at a time too, by the slow test.
EACH = ("", "a\0b", "9" * 40, "-1", "²", "NaN", "[]", "0000-00-00", "1e400", "龘" * 3000)
RAW = (b"%ff%fe=%c3%28&a=%", b"\xff\xfe\x00", b"{" * 3000, b'{"a":1,"a":2}')
KINDS = (FORM, "multipart/form-data", "multipart/form-data; boundary=x", "application/json")
IN_PATHS = ("%00", "a%00b", "9" * 300, quote("龘" * 50), "%ED%A0%BD", "-1", "..%2F")
HEADERS = {
    "Upload-Length": ("", "-1", "9" * 40, "²"),
    "Upload-Offset": ("", "-1", "9" * 40, "²"),
    "Upload-Metadata": (
        "filename",
        "filename ////,sha256",
        "filename /w==,filename YQ==",
        "x" * 5000,
        *(
            f"filename YS5wbmc=,{key} {b64encode(junk).decode()}"
            for key in ("filetype", "replaces", "sha256", "filename")
            for junk in (b"x" * 3000, b"a\0b", b"")
        ),
    ),
    "Tus-Resumable": ("", "9" * 40),
}


class _Fields(HTMLParser):
    """The fields of a page's forms, with what they would send."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("name") and tag in ("input", "select", "textarea", "button"):
            self.found.setdefault(str(given["name"]), given.get("value") or "")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep thousands of lines of the log out of the test's memory."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@dataclass
class _Attacker:
    """Somebody who sends junk to an address she may open, and notes what was a fault of ours."""

    client: Client
    session: str
    address: str
    faults: list[str]

    def send(self, method: str, address: str = "", **more: Any) -> HttpResponseBase:
        """Send a request and undo what it did."""
        self.client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: self.session} if self.session else {})
        point, place = transaction.savepoint(), address or self.address
        if place.startswith("/api/"):
            more["headers"] = {"Idempotency-Key": "key", **more.get("headers", {})}
        try:
            answer = self.client.generic(method, place, **more)
        finally:
            transaction.savepoint_rollback(point)
        if answer.status_code >= 500:
            what = {name: str(value)[:80] for name, value in more.items()}
            error = getattr(answer, "exc_info", None)
            self.faults.append(f"{method} {place} {what}: {error and error[1]!r}"[:400])
        return answer

    def fields(self) -> dict[str, str]:
        """Return the fields of the forms of the page."""
        page, found = self.send("GET"), _Fields()
        if "html" in page.headers.get("Content-Type", "") and not page.streaming:
            found.feed(page.content.decode())  # type: ignore[attr-defined]
        found.found.pop("csrfmiddlewaretoken", None)
        return found.found

    def send_form(self, form: dict[str, str], *, posts: bool) -> None:
        """Send fields as a query and as a form."""
        encoded = urlencode(form, errors="surrogatepass")
        self.send("GET", QUERY_STRING=encoded)
        if posts:
            self.send("POST", data=encoded.encode(), content_type=FORM)


def _asked_for() -> list[str]:
    """Return every word by which a view of ours asks a request for something."""
    files = [*ROOT.glob("portal/**/*.py"), *ROOT.glob("services/**/*.py")]
    return sorted({name for file in files for name in _ASKED_FOR.findall(file.read_text(encoding="utf-8"))})


def _attackers() -> Iterator[_Attacker]:
    """Yield one attacker for every address of the doors, as whoever may open it."""
    world, faults, seen = make_world(), list[str](), set[str]()
    sessions = {role: session_of(world["people"][role]) for role in ("citizen", "other", "anonymous")}
    for row, address in addresses(world["objects"]):
        if address.strip("/").split("/")[0] not in DOORS or address in seen:
            continue
        role = next((role for role in sessions if row.outcome(role) == "allow"), None)
        if role is not None:
            seen.add(address)
            client = Client(raise_request_exception=False)
            yield _Attacker(client=client, session=sessions[role], address=address, faults=faults)


def _attack(one: _Attacker, words: list[str], *, thorough: bool) -> None:
    """Send junk in all fields at once, broken bodies and wrong headers; thorough: every kind of it."""
    fields, posts = one.fields(), one.send("POST", data=b"", content_type=FORM).status_code != 405
    names = sorted({*fields, *words})
    one.send_form(dict(zip(names, cycle(JUNK[:4]), strict=False)), posts=posts)
    for junk in JUNK if thorough else ():
        one.send_form(dict.fromkeys(names, junk), posts=posts)
    for body in RAW[: None if thorough else 1] if posts else ():
        for kind in KINDS if thorough else KINDS[:1]:
            one.send("POST", data=body, content_type=kind)
    if one.address.startswith("/api/") and posts:
        for value in ("a\0b", "\ud83d", -1, 1e300, 10**40, None, [None], {"a": [{}]}, True):
            one.send("POST", data=json.dumps(dict.fromkeys(names, value)).encode(), content_type="application/json")
            one.send("POST", data=json.dumps(value).encode(), content_type="application/json")
    if "/parts/" in one.address:
        for header, values in HEADERS.items():
            for value in values:
                headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3", "Upload-Offset": "0", header: value}
                for method in ("POST", "PATCH", "HEAD"):
                    one.send(method, data=b"abc", content_type="application/offset+octet-stream", headers=headers)


THOROUGH = pytest.mark.parametrize("thorough", [False, pytest.param(True, marks=pytest.mark.slow)])


@THOROUGH
def test_junk_is_never_a_fault_of_ours(thorough: bool) -> None:
    words, faults = _asked_for(), list[str]()
    for one in _attackers():
        _attack(one, words, thorough=thorough)
        faults = one.faults
    assert faults == [], "\n".join(faults)


@THOROUGH
def test_junk_in_a_path_is_never_a_fault_of_ours(thorough: bool) -> None:
    one = next(attacker for attacker in _attackers() if attacker.address == "/my/")
    for route in routes():
        if route.split("/")[0] in DOORS and "<" in route and "(" not in route:
            for junk in IN_PATHS if thorough else IN_PATHS[:2]:
                address = "/" + re.sub(r"<(?:\w+:)?\w+>", junk, route)
                one.send("GET", address)
                if junk == IN_PATHS[0]:
                    one.send("POST", address, data=b"", content_type=FORM)
    assert one.faults == [], "\n".join(one.faults)


@pytest.mark.slow
def test_junk_in_one_field_at_a_time_is_never_a_fault_of_ours() -> None:
    faults = list[str]()
    for one in _attackers():
        fields = one.fields()
        for name in fields:
            for junk in EACH:
                one.send_form({**fields, name: junk}, posts=True)
        faults = one.faults
    assert faults == [], "\n".join(faults)
