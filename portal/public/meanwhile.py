"""What the applicant must do between filing and decision, read from the catalogue and the process itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from portal.situations.needs import Document, Needs
from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import limit_words
from services.catalogue.enums import Necessity
from services.catalogue.limit_rules import MONTHS, Period
from services.catalogue.models import ServiceVersion
from workflows.queries.definitions import UnknownProcessError, graph_of, published_definition

APPLICANT = "applicant"
#: The step in which she answers a notice: it has a sentence of its own, which every process shares.
SUPPLEMENT = "supplement"


@dataclass(frozen=True)
class Duty:
    """Something she may have to do. icon: of bootstrap-icons. certain: it comes in any case."""

    icon: str
    text: str
    certain: bool


def duties_of(needs: Needs) -> list[Duty]:
    """Return what she must do meanwhile, what comes for certain first. One query per process involved: one or two."""
    duties = [
        *_steps(needs),
        *_visits(part.version for part in needs.applicable),
        *_deferred(needs),
        *_payment(needs),
        *_supplement(part.version for part in needs.applicable),
    ]
    return sorted(duties, key=lambda duty: not duty.certain)


def _steps(needs: Needs) -> Iterator[Duty]:
    """Yield the steps of the offer's own process that are hers."""
    try:
        graph = graph_of(published_definition(needs.offer.process_key).pk)
    except UnknownProcessError:
        return
    for node in graph.nodes.values():
        if node.role == APPLICANT and node.id != SUPPLEMENT:
            words = bilingual({"zh": node.name_zh, "en": node.name_en})
            yield Duty("check2-square", gettext("On your case's page: %(step)s.") % {"step": words}, certain=False)


def _visits(services: Iterable[ServiceVersion]) -> Iterator[Duty]:
    reasons = dict.fromkeys(bilingual(one, "visits_reason") for one in services if one.visits)
    for reason in reasons:
        yield Duty("geo-alt", gettext("Come in person: %(reason)s") % {"reason": reason}, certain=True)


def _deferred(needs: Needs) -> Iterator[Duty]:
    later = [one for one in needs.yours if one.material.necessity == Necessity.DEFERRABLE]
    for version in {service.pk: service for one in later for service in one.used_by}.values():
        span = version.rules.deferred
        names = [_name(one) for one in later if version in one.used_by]
        if span and names:
            text = gettext("What may follow later, you hand in within %(limit)s: %(documents)s.")
            words = {"limit": span_words(span), "documents": gettext(", ").join(names)}
            yield Duty("hourglass-split", text % words, certain=False)


def _name(document: Document) -> str:
    return bilingual(document.material, "name")


def _payment(needs: Needs) -> Iterator[Duty]:
    if needs.charges:
        certain = any(charge.needed for charge in needs.charges)
        yield Duty("cash", gettext("Pay the fee when you are asked to; paying never holds up the filing."), certain)


def _supplement(services: Iterable[ServiceVersion]) -> Iterator[Duty]:
    limits = {span_words(one.rules.notice) for one in services}
    text = gettext(
        "If something is missing, you are told everything at once within %(limit)s of filing. The limit of the "
        "decision begins when it is complete, so the sooner you answer, the sooner it is decided."
    )
    yield Duty("chat-left-text", text % {"limit": gettext(", ").join(sorted(limits))}, certain=False)


def span_words(span: Period) -> str:
    """Return how long a rule gives, months too."""
    if span.unit == MONTHS:
        return ngettext("%(count)d month", "%(count)d months", span.amount) % {"count": span.amount}
    return limit_words(span.amount, span.unit)
