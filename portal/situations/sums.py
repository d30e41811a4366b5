"""What once saves, in words, with the sum behind each number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext, pgettext

from portal.ui.templatetags.ui import bilingual
from portal.ui.wording import limit_words
from services.catalogue.models import ServiceVersion
from services.catalogue.savings import Item, Saving, Savings, Why
from services.forms.dictionary import dictionary


@dataclass(frozen=True)
class Line:
    """One summand: what, who asks it, how often separately and once, and why."""

    name: str
    services: str
    separately: str
    once: str
    why: str


@dataclass(frozen=True)
class Sum:
    """One number with its sum. key: for the page's anchors. explanation: how it is counted, in one or two sentences."""

    key: str
    word: str
    saving: Saving
    explanation: str
    lines: tuple[Line, ...]


def sums_of(savings: Savings, services: Mapping[str, ServiceVersion]) -> list[Sum]:
    """Return applications, fields, documents, visits and days with their sums. services: by the part's key."""
    return [
        _applications(savings, services),
        _fields(savings, services),
        _documents(savings, services),
        _visits(savings, services),
        _days(savings, services),
    ]


def _applications(savings: Savings, services: Mapping[str, ServiceVersion]) -> Sum:
    lines = tuple(
        Line(_name(services, one.key), bilingual(services[one.key].item.department, "name"), "1", "", "")
        for one in savings.efforts
    )
    text = gettext("Each service has its own application; here you file one for all of them.")
    return Sum("applications", gettext("applications"), savings.applications, text, lines)


def _fields(savings: Savings, services: Mapping[str, ServiceVersion]) -> Sum:
    names = {
        use.element.code: bilingual(use.element.label)
        for version in services.values()
        for use in dictionary().form(version.form, service=version.code).uses
    }
    text = gettext(
        "Separately, every service's form asks its own fields. Here each is asked once, and what one of the services "
        "results in is not asked at all. Repeated groups count the fields of one row."
    )
    if count := savings.own_fields:
        more = ngettext(
            "%(count)d field is asked here in addition.", "%(count)d fields are asked here in addition.", count
        )
        text = f"{text} {more % {'count': count}}"
    return Sum(
        "fields", gettext("fields to fill in"), savings.fields, text, _items(savings.field_items, names, services)
    )


def _documents(savings: Savings, services: Mapping[str, ServiceVersion]) -> Sum:
    names = {
        material.code: bilingual(material, "name")
        for version in services.values()
        for material in version.materials.all()
    }
    text = gettext(
        "Separately, every service asks for its own set. Here each document is handed in once; what the government "
        "holds is fetched, and application forms are made from your answers."
    )
    lines = _items(savings.document_items, names, services)
    return Sum("documents", gettext("documents to hand in"), savings.documents, text, lines)


def _items(items: Iterable[Item], names: Mapping[str, str], services: Mapping[str, ServiceVersion]) -> tuple[Line, ...]:
    return tuple(
        Line(
            name=names[item.code],
            services=_listed(_name(services, key) for key in item.asked_by),
            separately=str(item.separately),
            once=str(item.once),
            why=_why(item.why),
        )
        for item in items
    )


def _why(why: Why) -> str:
    return {
        Why.SAME: "",
        Why.SHARED: gettext("asked once for all of them"),
        Why.GIVEN: gettext("comes from the service that is granted before"),
        Why.FETCHED: gettext("the government holds it: we fetch it"),
        Why.MADE: gettext("made from your answers"),
    }[why]


def _visits(savings: Savings, services: Mapping[str, ServiceVersion]) -> Sum:
    lines = tuple(
        Line(_name(services, one.key), "", str(one.visits_alone), str(one.visits), _reason(services[one.key]))
        for one in savings.efforts
    )
    text = gettext(
        "Separately, you come to each counter twice, to file and to collect; once where it is decided while you wait. "
        "Here you come only where the law wants you in person, and one visit serves all of them."
    )
    return Sum("visits", gettext("visits"), savings.visits, text, lines)


def _reason(version: ServiceVersion) -> str:
    return bilingual(version, "visits_reason") if version.visits else ""


def _days(savings: Savings, services: Mapping[str, ServiceVersion]) -> Sum:
    lines = tuple(
        Line(
            name=_name(services, one.key),
            services="",
            separately=limit_words(services[one.key].promised_amount, services[one.key].promised_unit),
            once=pgettext("in the sum of days", "counts")
            if one.key in savings.longest
            else pgettext("in the sum of days", "runs beside"),
            why="",
        )
        for one in savings.efforts
    )
    chain = " → ".join(_name(services, key) for key in savings.longest)
    text = gettext(
        "The promised limits. Separately, one is filed after the other, so they add up. Here they run side by side, "
        "and the longest chain of services that wait for each other decides: %(chain)s. Calendar days count as 22 "
        "working days in 30. Whoever filed everything at all counters on the same days would wait no longer than here."
    ) % {"chain": chain}
    return Sum("days", gettext("working days at most"), savings.days, text, lines)


def _name(services: Mapping[str, ServiceVersion], key: str) -> str:
    return bilingual(services[key], "name")


def _listed(names: Iterable[str]) -> str:
    return gettext(", ").join(names)


def shown(sums: Sequence[Sum]) -> list[Sum]:
    """Return the sums in which once saves something, or that are the same and not nothing."""
    return [one for one in sums if one.saving.separately]
