"""What a list says about an item beyond its name, in words; nothing is added to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext

from portal.ui.wording import limit_words
from services.catalogue.enums import Audience, HandlingForm, HandlingKind
from services.catalogue.models import ListedItem


def known_facts(item: ListedItem) -> list[tuple[str, str]]:
    """Return (what, words) for each further column of the list that people ask about, in the page's language."""
    rows = [(word, read(item.facts)) for word, read in _readers().items()]
    return [(word, words) for word, words in rows if words]


def _readers() -> dict[str, Callable[[Mapping[str, Any]], str]]:
    return {
        gettext("Promised"): lambda facts: _limit(facts, "promised"),
        gettext("By law at most"): lambda facts: _limit(facts, "statutory"),
        gettext("Kind of handling"): lambda facts: _labels(HandlingKind, [facts.get("handling_kind", "")]),
        gettext("Ways to apply"): lambda facts: _labels(HandlingForm, facts.get("handling_forms", ())),
        gettext("Visits"): lambda facts: str(facts.get("visits", "")),
        gettext("Who can apply"): lambda facts: _labels(Audience, facts.get("audiences", ())),
        gettext("Ask"): lambda facts: str(facts.get("consult_phone", "")),
        gettext("Complain"): lambda facts: str(facts.get("complaint_phone", "")),
    }


def _limit(facts: Mapping[str, Any], kind: str) -> str:
    amount, unit = facts.get(f"{kind}_amount", ""), facts.get(f"{kind}_unit", "")
    return limit_words(amount, unit) if amount != "" and unit else ""


def _labels(choices: Any, codes: Any) -> str:
    return gettext(", ").join(str(choices(code).label) for code in codes if code)
