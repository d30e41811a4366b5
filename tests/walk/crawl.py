"""Walk the site in this process as its people do: from the first page along every link, and every form sent empty."""

from __future__ import annotations

import gzip
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import translation

from portal.accounts.models import User
from tests.walk.pages import Form, Page, query_names, read_page

#: So many different objects of one kind of page does one person look at; more would say nothing new.
SAME_ROUTE = 3
#: So many do all of one language look at together, after which each looks at one more: her own view of it.
SAME_ROUTE_TOGETHER = 6
#: More of what looks different by its state: a draft, a timeline, what waits for her, what is over.
MORE_OF = {"applicant:application": 20, "applicant:review": 6, "public:guide": 9}
#: Pages on the way to nowhere of ours: Django's administration and the documents of the interface for programs.
_OUTSIDE = ("/admin/", "/api/", "/static/")
_NOT_SENT = frozenset({"set_language", "account_logout", "public:set_large_text"})


@dataclass(kw_only=True)
class Walker:
    """Somebody on a walk in one language. name: her sign-in, "" for a visitor. faults: what broke on the way.

    routes: every route she opened. sent: forms that were sent already, by whomever, as (action's route, button).
    together: how many pages of a route all who share it opened, with the names of what was asked.
    """

    name: str
    language: str
    faults: list[str] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    sent: set[tuple[str, str, tuple[str, str]]] = field(default_factory=set)
    together: Counter[tuple[str, object]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Sign her in, and let her read in her language."""
        self.client = Client(headers={"sec-fetch-site": "same-origin"})
        if self.name:
            person = User.objects.get(username=self.name)
            User.objects.filter(pk=person.pk).update(language=self.language)
            self.client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            session = self.client.session  # as if she had typed her password just now, which some pages ask for
            session["account_authentication_methods"] = [
                {"method": "password", "at": time.time(), "username": self.name}
            ]
            session.save()
        self.client.cookies[settings.LANGUAGE_COOKIE_NAME] = self.language

    def walk(
        self, starts: list[str], *, door_of: Callable[[str], str], doors: Collection[str]
    ) -> Iterator[tuple[str, Page]]:
        """Yield every page that is found along links from `starts` through one of these doors, and its door.

        door_of: tells a route's door by its name in the resolver.
        """
        waiting, known = deque(starts), set(starts)
        looked: Counter[tuple[str, object]] = Counter()
        while waiting:
            address = waiting.popleft()
            match = route_of(address)
            door = door_of(match.view_name) if match else ""
            if match is None or door not in doors or address.startswith(_OUTSIDE):
                continue
            if self._has_seen_enough(looked, match, query_names(address)):
                continue
            answer = self._get(address)
            if answer is None:
                continue
            page = self._page(address, answer)
            if page is not None:
                yield door, page
            leads_to = page.links() if page is not None else [answer.headers.get("Location", "")]
            fresh = [link for link in leads_to if link.startswith("/") and link not in known]
            known.update(fresh)
            waiting.extend(fresh)

    def _has_seen_enough(
        self, looked: Counter[tuple[str, object]], match: ResolverMatch, names: tuple[str, ...]
    ) -> bool:
        """Tell whether more of the same would say nothing new, and count it."""
        route = match.route
        kinds: list[tuple[object, int]] = [((), MORE_OF.get(match.view_name, SAME_ROUTE))]
        if names:  # one for each set of names, and not too many sets
            kinds = [(names, 1)] + [("any", SAME_ROUTE)] * (not looked[route, names])
        if any(looked[route, kind] >= self._most(route, kind, most) for kind, most in kinds):
            return True
        looked.update((route, kind) for kind, _most in kinds)
        self.together.update((route, kind) for kind, _most in kinds)
        return False

    def _most(self, route: str, kind: object, most: int) -> int:
        """Return how many pages of a kind she looks at: one is enough where others looked, unless states differ."""
        return most if most > SAME_ROUTE or self.together[route, kind] < SAME_ROUTE_TOGETHER else 1

    def _get(self, address: str) -> Any:
        """Open an address, and note its route if she got what it is for: a page, a file, a way to a page of hers."""
        answer = self._ask(lambda: self.client.get(address), f"GET {address}")
        match = route_of(address)
        if answer is None or match is None:
            return None
        turned_away = answer.headers.get("Location", "").startswith(settings.LOGIN_URL)
        if answer.status_code < 400 and not turned_away:
            self.routes.add(match.route)
        return answer

    def weight(self, addresses: list[str]) -> int:
        """Return how many bytes these addresses send, compressed where that is of use."""
        bodies = [b"".join(answer) for address in addresses if (answer := self._get(address)) is not None]
        return sum(min(len(body), len(gzip.compress(body))) for body in bodies)

    def send_empty(self, form: Form, *, seen_at: str) -> Iterator[Page]:
        """Press every button of a form without having filled in anything; yield the pages that say what is missing.

        What it changed is undone. A form that was sent already from such a page is passed over.
        """
        match = route_of(form.action)
        if match is None or match.view_name in _NOT_SENT or form.action.startswith(_OUTSIDE):
            return
        here = route_of(seen_at)
        for button in form.buttons:
            key = (match.route, here.route if here else "", button)
            if key in self.sent:
                continue
            self.sent.add(key)
            page = self.send(form, {name: [""] for name in form.texts}, button)
            if page is not None:
                yield page

    def send(self, form: Form, values: dict[str, list[str]], button: tuple[str, str]) -> Page | None:
        """Send a form with some of its fields changed, undo what it did; None if the answer is no page of ours."""
        given = {**form.fields, **values, **({button[0]: [button[1]]} if button[0] else {})}
        cookies = {name: morsel.value for name, morsel in self.client.cookies.items()}
        with transaction.atomic():
            answer = self._ask(lambda: self.client.post(form.action, given), f"POST {form.action} {button}")
            page = None if answer is None else self._page(form.action, answer)
            transaction.set_rollback(True)
        self.client.cookies.clear()
        self.client.cookies.load(cookies)
        return page

    def _ask(self, request: Callable[[], Any], what: str) -> Any:
        """Make a request; an exception in the view is a fault, and no answer."""
        try:
            with transaction.atomic():
                answer = request()
                getattr(answer, "content", None)  # of a page in two parts the second is made now
        except Exception as error:  # whatever a view raises would be an error page
            self.faults.append(f"{self.name or 'anybody'} ({self.language}) {what}: {type(error).__name__}: {error}")
            return None
        finally:
            translation.deactivate()
        if answer.status_code >= 500:
            self.faults.append(f"{self.name or 'anybody'} ({self.language}) {what}: {answer.status_code}")
        return answer

    def _page(self, address: str, answer: Any) -> Page | None:
        content = getattr(answer, "content", b"")  # a file that is sent piece by piece has none
        if not answer.headers.get("Content-Type", "").startswith("text/html") or b"<html" not in content[:2000]:
            return None  # a file, a redirect, or a fragment for htmx
        return read_page(address, answer.status_code, content)


#: The pages everybody came to, each with its door, by city, name and language.
_opened: dict[tuple[str, str, str], list[tuple[str, str]]] = {}


def keep_opened(city: dict[str, list[str]], walker: Walker, pages: list[tuple[str, str]]) -> None:
    """Remember the door and address of each page somebody came to, for tests that open them in a browser.

    city: what `lively_city.build` gave, which tells one city from another.
    """
    _opened[repr(city), walker.name, walker.language] = pages


def opened(city: dict[str, list[str]], name: str, language: str) -> list[tuple[str, str]]:
    """Return the door and address of each page somebody came to in this process; none if she did not walk."""
    return _opened.get((repr(city), name, language), [])


@cache
def route_of(address: str) -> ResolverMatch | None:
    """Return what answers at an address, None if nothing does."""
    try:
        return resolve(urlsplit(address).path)
    except Resolver404:
        return None
