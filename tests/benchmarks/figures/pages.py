"""Pages over HTTP, each beside its floor: a bare view that sends the same HTML through the same middleware."""

from __future__ import annotations

import gzip
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import Client

from portal.demo.servers import LOOPBACK, free_port
from services.catalogue.queries import published_items
from tests.benchmarks import town
from tests.benchmarks.figure import Figure, Size
from tests.benchmarks.figures.sixty_fields import drawn
from tests.benchmarks.ground import Ground
from tests.factories.applications import user

BUNDLES = ("open-restaurant", "new-baby", "house-transfer", "start-company", "construction-permit-stage")
MOST_TIMES_THE_FLOOR = 2.0
SEEDS = 4
READY_WITHIN_SECONDS = 60


@dataclass
class Site:
    """The server that is measured. address: host and port. bodies: where the bare views find what they send."""

    address: str
    bodies: Path
    place: town.Town

    def __post_init__(self) -> None:
        """Keep one connection open, as browsers do."""
        self.http = http.client.HTTPConnection(self.address, timeout=30)

    def ask(self, path: str, cookie: str = "") -> tuple[float, float, bytes]:
        """Return the milliseconds until the first and the last byte of an answer, and it. Fails unless it is a page."""
        headers = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin", "Accept-Language": "zh-CN"}
        began = time.perf_counter()
        self.http.request(
            "GET", quote(path, safe="/?=&"), headers={**headers, **({"Cookie": cookie} if cookie else {})}
        )
        answer = self.http.getresponse()
        begun = answer.read(1)
        first = (time.perf_counter() - began) * 1000
        body = begun + answer.read()
        last = (time.perf_counter() - began) * 1000
        assert answer.status == 200, f"{path} answered {answer.status}"
        return first, last, body


def _copies(size: Size) -> int:
    return 100 if size.quick else 1_000


@contextmanager
def _site(ground: Ground, size: Size) -> Iterator[Site]:
    """Fill a database and serve it by one gunicorn worker, until the block ends."""
    with ground.fresh_database(), tempfile.TemporaryDirectory() as bodies:
        place = town.build(seeds=SEEDS, copies=_copies(size))
        port = free_port()
        address = f"{LOOPBACK}:{port}"
        environment = {
            **os.environ,
            "BARE_BODIES": bodies,
            "DATABASE_URL": _url(),
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare_settings",
            "LOG_LEVEL": "ERROR",
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--workers", "1", "--threads", "1"]
        command += ["--worker-class", "gthread", "--bind", address, "--log-level", "warning"]
        server = subprocess.Popen(command, env=environment)
        try:
            _wait(address)
            yield Site(address, Path(bodies), place)
        finally:
            server.terminate()
            server.wait(timeout=20)


def _url() -> str:
    given = connection.settings_dict
    password = f":{quote(given['PASSWORD'])}" if given["PASSWORD"] else ""
    return f"postgres://{given['USER']}{password}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def _wait(address: str) -> None:
    end = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            ready = http.client.HTTPConnection(address, timeout=5)
            ready.request("GET", "/healthz/live")
            assert ready.getresponse().status == 200
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _session(name: str) -> str:
    """Return the cookie of somebody who signed in; the server has the keys of this process."""
    client = Client()
    client.force_login(user(name), backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _figure(name: str, title: str, site: Site, size: Size, paths: list[str], cookie: str = "") -> Figure:
    """Ask for the pages and the floor in turn; the figure is how many times the floor's median the page's is."""
    first, _, body = site.ask(paths[0], cookie)
    html = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
    (site.bodies / f"{name}.html").write_bytes(html)
    bare = f"/bare/{'person' if cookie else 'visitor'}/{name}/"
    turns = cycle(paths)
    for _ in range(5):
        site.ask(bare, cookie)
        site.ask(next(turns), cookie)
    rounds: list[dict[str, float]] = []
    last: dict[str, list[float]] = {"floor": [], "page": []}
    for _ in range(size.rounds):
        took: dict[str, list[float]] = {"floor": [], "page": []}
        for _ in range(size.cases):
            for key, path in (("floor", bare), ("page", next(turns))):
                begun, ended, _body = site.ask(path, cookie)
                took[key].append(begun)
                last[key].append(ended)
        rounds.append({key: median(values) for key, values in took.items()})
    ratio = median(each["page"] / each["floor"] for each in rounds)
    return Figure(
        name=name,
        title=f"{title}: first byte, times that of a bare view with the same HTML",
        unit="times",
        value=ratio,
        must=MOST_TIMES_THE_FLOOR,
        hope=1.5,
        rounds={key: [round(each[key], 2) for each in rounds] for key in ("floor", "page")},
        detail={
            "html_bytes": len(html),
            "sent_bytes": len(body),
            "addresses_in_turn": len(paths),
            "applications": site.place.applications,
            "first_ms": round(first, 1),
            "last_byte_ms": {key: round(median(values), 1) for key, values in last.items()},
        },
    )


def _measured(
    name: str, title: str, paths_of: Callable[[Site], list[str]], *, signed_in: bool, ground: Ground, size: Size
) -> Figure:
    with _site(ground, size) as site:
        cookie = _session(site.place.owner) if signed_in else ""
        return _figure(name, title, site, size, paths_of(site), cookie)


def _guides(_site: Site) -> list[str]:
    return [f"/guide/{version.code}/" for version in published_items()]


_VISITORS = partial(_measured, signed_in=False)
_PERSONS = partial(_measured, signed_in=True)


def catalogue(ground: Ground, size: Size) -> Figure:
    """The list of all services, as a visitor reads it."""
    pages = ["/services/", "/services/?page=2", "/services/?audience=business", "/services/?once=1"]
    return _VISITORS("catalogue", "catalogue", lambda _: pages, ground=ground, size=size)


def guide_item(ground: Ground, size: Size) -> Figure:
    """The guides of all services in turn, as a visitor reads them."""
    return _VISITORS("guide_item", "guide of a service", _guides, ground=ground, size=size)


def guide_bundle(ground: Ground, size: Size) -> Figure:
    """The guides of all bundles in turn, as a visitor reads them."""
    pages = [f"/guide/{code}/" for code in BUNDLES]
    return _VISITORS("guide_bundle", "guide of a bundle", lambda _: pages, ground=ground, size=size)


def section(ground: Ground, size: Size) -> Figure:
    """A section of the form, of another draft each time."""
    return _PERSONS("section", "section of a form", lambda site: site.place.sections, ground=ground, size=size)


def timeline(ground: Ground, size: Size) -> Figure:
    """The timeline of an application with four departments, another each time."""
    return _PERSONS("timeline", "timeline", lambda site: site.place.timelines, ground=ground, size=size)


def sixty_fields(_ground: Ground, size: Size) -> Figure:
    """The form of sixty fields, which needs no database."""
    return drawn(size)
