"""One walk through a lively city, of which the tests beside it each judge something."""

from __future__ import annotations

import gettext
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.cache import caches
from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import trans_real

from portal.accounts.models import User
from portal.demo.stack import ROOT
from portal.management.catalogues import compile_catalogues
from portal.ui import early
from portal.ui.icons import icon_names
from services.cases.models import Application, Hold, InformationRequest, Opinion, Supplement
from services.parties.models import Organisation, Person
from services.supervision.operations.rules import shipped_rules
from tests.factories import lively_city
from tests.journeys.language import foreign_texts, half_width
from tests.journeys.ways import LANGUAGES
from tests.walk.crawl import Walker, keep_opened, route_of
from tests.walk.pages import Form, Page
from tests.walk.weights import files_of, pictures_of, too_heavy, weights
from workflows.queries.calendars import database_now

EXCEPTIONS: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("exceptions.yaml").read_text(encoding="utf-8"))
#: Who walks, and through which doors; what belongs to no door of its own is the account's.
PEOPLE: dict[str, tuple[str, ...]] = {
    "": ("public", "accounts"),
    "owner": ("public", "applicant", "accounts"),
    "owner2": ("applicant",),
    "agent": ("applicant",),
    "foreigner": ("applicant", "accounts"),
    "grandmother": ("accounts",),
    "clerk": ("counter", "desk"),
    "city-handler": ("desk",),
    "city-checker": ("desk",),
    "city-approver": ("desk",),
    "city-head": ("desk",),
    "street-handler": ("desk",),
    "manager": ("oversight", "desk"),
    "auditor": ("oversight",),
    "admin": ("oversight",),
}
LIGHT = frozenset({"public", "applicant"})
TYPED_IN = LIGHT | {"accounts"}
OWN_DOORS = frozenset({"public", "applicant", "counter", "desk", "oversight", "api"})
STARTS = ["/", "/my/", "/counter/", "/desk/", "/oversight/", "/accounts/my-page/", "/accounts/login/", "/nowhere/"]
STARTS += ["/accounts/signup/", "/accounts/profile/", "/accounts/password/reset/", "/oversight/calendars/"]
STARTS += [f"/oversight/calendars/CN-410100/{act}/" for act in ("import", "enter", "hours", "add")]
STARTS += ["/accounts/2fa/", "/accounts/sessions/", "/accounts/email/", "/accounts/password/change/"]
# where forms lead, and a sign-in that is asked for once more
STARTS += [f"/accounts/{page}/" for page in ("inactive", "logout", "confirm-email", "password/set", "reauthenticate")]
STARTS += ["/accounts/password/reset/done/", "/accounts/password/reset/key/done/", "/my/signed-in/"]
STARTS += ["/accounts/2fa/reauthenticate/"]


@dataclass(kw_only=True)
class Walked:
    """What the walk found, each fault in words.

    reached: routes that were opened. forms: those of citizens' doors that one types into, each once, with who found it
    where. weights: of each page, bytes at first and after the home page. pages: how many were judged.
    """

    broken: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    flaws: list[str] = field(default_factory=list)
    heavy: list[str] = field(default_factory=list)
    weights: list[tuple[int, int, str]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    forms: list[tuple[Walker, str, Form]] = field(default_factory=list)
    pages: int = 0


@pytest.fixture(scope="package")
def walked(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """Walk once for all tests of this folder; what the city held is undone."""
    with django_db_blocker.unblock(), transaction.atomic(), _marked(tmp_path_factory.mktemp("marked")):
        with connection.cursor() as cursor:  # one transaction holds the whole walk, and a busy machine walks slowly
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield _walk(lively_city.build(at=database_now()))
        transaction.set_rollback(True)


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    """Show every translation between marks meanwhile."""
    compile_catalogues(ROOT, folder, marked=True)
    patch = pytest.MonkeyPatch()
    patch.setattr(settings, "LOCALE_PATHS", [folder])
    _forget_catalogues()
    yield
    patch.undo()
    _forget_catalogues()


def _forget_catalogues() -> None:
    trans_real._translations.clear()  # type: ignore[attr-defined]
    trans_real._default = None  # type: ignore[attr-defined]
    gettext._translations.clear()  # type: ignore[attr-defined]
    early._heads.clear()  # drawn with the translations of before
    caches["pages"].clear()  # and so were these; a city that is put back has the edition of the one they were made of
    translation.deactivate()


def _walk(by_message: dict[str, list[str]]) -> Walked:
    """Let everybody walk. by_message: addresses to which no page leads, by who is given them."""
    found, known, icons = Walked(), _typed(), icon_names()
    warm: set[str] = set()
    for language in LANGUAGES:
        sent: set[Any] = set()
        together: Counter[tuple[str, object]] = Counter()
        read: set[tuple[str, str]] = set()  # what stands on every page is judged once
        for name, doors in PEOPLE.items():
            walker = Walker(name=name, language=language, sent=sent, together=together)
            pages: list[tuple[str, str]] = []
            for where, page, door in _pages(walker, doors, [*STARTS, *by_message.get(name, [])]):
                pages += [(door, page.address)] if where.startswith("GET") else []
                where = f"{name or 'anybody'} ({language}) {where}"
                warm = warm or files_of(page)  # the walk begins at the home page
                fresh = set(page.texts()) - read
                read |= fresh
                found.foreign += [f"{where}: {text}" for text in foreign_texts(fresh, language=language, known=known)]
                found.foreign += [f"{where}: {text}" for text in half_width(fresh) if language.startswith("zh")]
                found.flaws += [f"{where}: {flaw}" for flaw in _flaws(page, language, icons)]
                if door in LIGHT:
                    pictures = walker.weight(pictures_of(page))
                    bytes_ = weights(page, warm, pictures)
                    found.weights.append((*bytes_, where))
                    found.heavy += too_heavy(where, page, warm, bytes_)
                found.pages += 1
                found.forms += _new_forms(found, walker, page) if door in TYPED_IN else []
            keep_opened(by_message, walker, pages)
            found.reached |= walker.routes
            found.broken += walker.faults
    return found


def _pages(walker: Walker, doors: tuple[str, ...], starts: list[str]) -> Iterator[tuple[str, Page, str]]:
    """Yield every page somebody finds, and what every form on it answers when it is sent empty, with the door."""
    for door, page in walker.walk(starts, door_of=door_of, doors=doors):
        yield f"GET {page.address}", page, door
        for form in page.forms():
            for answer in walker.send_empty(form, seen_at=page.address):
                yield f"POST {answer.address} from {page.address}", answer, door


def _new_forms(found: Walked, walker: Walker, page: Page) -> list[tuple[Walker, str, Form]]:
    """Return the forms of a page that one types into and that no page before had."""
    known = {_kind(form) for _walker, _at, form in found.forms}
    fresh = {_kind(form): form for form in page.forms() if form.texts and _kind(form) not in known}
    return [(walker, page.address, form) for form in fresh.values()]


def _kind(form: Form) -> tuple[object, ...]:
    match = route_of(form.action)
    return (match.route if match else form.action, form.texts)


def door_of(name: str) -> str:
    """Return the door of a route by its name in the resolver; what belongs to none is the account's."""
    door = name.partition(":")[0]
    return door if door in OWN_DOORS else "accounts"


def _flaws(page: Page, language: str, icons: set[str]) -> list[str]:
    spoken = str(page.tree.get("lang")).lower()
    wrong = [] if spoken.startswith(language) else [f"it says it is in {spoken}"]
    return [*page.flaws(), *(f"no icon {name}" for name in sorted(page.icons() - icons)), *wrong]


def _typed() -> set[str]:
    """Return what people typed, which stands on pages of every language as it is."""
    found = {*EXCEPTIONS["known"], *Person.objects.values_list("name", flat=True)}
    for name in ("username", "email", "name"):
        found |= set(User.objects.values_list(name, flat=True))
    found |= set(Organisation.objects.values_list("name", flat=True))
    found |= set(Hold.objects.values_list("reason", flat=True))
    found |= set(InformationRequest.objects.values_list("text", flat=True))
    found |= {rule["code"] for rule in shipped_rules()}  # managers choose what their rules are called
    found |= set(Opinion.objects.values_list("reasons", flat=True))
    found |= {item["reason"] for items in Supplement.objects.values_list("items", flat=True) for item in items}
    for answers in Application.objects.values_list("answers", flat=True):
        found |= set(_texts_in(answers))
    return {words for words in found if len(words) > 1}


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts_in(part)
