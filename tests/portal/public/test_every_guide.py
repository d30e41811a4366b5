"""Every guide of the catalogue, item by item and bundle by bundle, says all that a guide has to say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.html import escape
from lxml import html

from services.catalogue import queries
from services.catalogue.models import BundleVersion, ServiceVersion
from services.parties.models import Department
from tests.factories.catalogue import load_shipped_catalogue
from workflows.queries.definitions import published_definition

#: schema.org, release 29: the properties of what we use.
THING = {"@context", "@type", "@id", "name", "description", "url", "identifier"}
PROPERTIES = {
    "GovernmentService": THING
    | {"serviceType", "provider", "areaServed", "audience", "offers", "availableChannel", "serviceOutput"}
    | {"isRelatedTo"},
    "GovernmentOrganization": THING | {"telephone", "address"},
    "AdministrativeArea": THING,
    "Audience": THING | {"audienceType"},
    "Offer": THING | {"price", "priceCurrency"},
    "ServiceChannel": THING | {"serviceUrl", "availableLanguage", "processingTime", "serviceLocation", "servicePhone"},
    "GovernmentOffice": THING | {"telephone", "address"},
    "ContactPoint": THING | {"telephone"},
    "GovernmentPermit": THING,
}


class Page:
    """A guide as a browser gets it."""

    def __init__(self, client: Client, code: str) -> None:
        self.source = client.get(f"/guide/{code}/").text
        self.tree = html.document_fromstring(self.source)

    def part(self, name: str) -> Any:
        """The part of the guide under an anchor."""
        (found,) = self.tree.xpath(f"//*[@id='{name}']")
        return found

    def says(self, name: str, words: Iterable[str]) -> list[str]:
        """Return the words that a part does not say."""
        said = " ".join(self.part(name).text_content().split())
        return [one for one in words if " ".join(one.split()) not in said]


@pytest.mark.django_db
def test_every_guide_says_all_that_a_guide_has_to_say(client: Client) -> None:
    call_command("load_processes", queries.SHIPPED_FOLDER / "processes", stdout=StringIO())
    load_shipped_catalogue()
    client.cookies["django_language"] = "en"
    missing: dict[str, list[str]] = defaultdict(list)
    services, bundles = list(queries.published_items()), list(queries.published_bundles())
    assert len(services) >= 40
    assert len(bundles) >= 5
    for code in (*(one.code for one in services), *(one.code for one in bundles)):
        try:
            offer: BundleVersion | ServiceVersion = queries.current_version(code)
        except ServiceVersion.DoesNotExist:
            offer = queries.current_bundle_version(code)
        missing[code] += _missing(Page(client, code), offer)
    assert {code: what for code, what in missing.items() if what} == {}


def _missing(page: Page, offer: BundleVersion | ServiceVersion) -> list[str]:
    services = [offer] if isinstance(offer, ServiceVersion) else list(queries.services_of(offer).values())
    found = [*_drawing(page, offer), *_when(page), *_machines(page), *_anchors(page)]
    found += page.says("disagree", [one.complaint_phone for one in services])
    found += page.says("disagree", [one.item.department.reconsideration_en for one in services])
    found += page.says("disagree", [one.item.department.court_en for one in services])
    found += _documents(page, services)
    for service in services:
        found += _fees(page, service)
    if isinstance(offer, ServiceVersion):
        found += _of_a_service(page, offer)
    found += [] if page.tree.xpath("//img[contains(@src, '/qr.svg')][@alt]") else ["QR code"]
    found += [] if page.tree.xpath("//button[@data-print]") else ["print button"]
    return found


def _of_a_service(page: Page, service: ServiceVersion) -> Iterator[str]:
    yield from page.says("conditions", [service.acceptance_en])
    yield from page.says("limits", ["Promised", "By law at most", str(service.get_clock_start_display())])
    yield from page.says("steps", [step.name_en for step in service.steps.all()])
    yield from page.says("result", [result.name_en for result in service.results.all()])
    yield from page.says("law", [basis.article_en for basis in service.legal_bases.all()])
    yield from page.says("faq", [faq.question_en for faq in service.faqs.all()])
    yield from page.says("faq", [faq.answer_en for faq in service.faqs.all()])
    yield from page.says("places", [service.address_en, service.hours_en, service.consult_phone])
    if not service.faqs.all() or not service.legal_bases.all() or not service.results.all():
        yield "questions, law or result"


def _documents(page: Page, services: Sequence[ServiceVersion]) -> Iterator[str]:
    """A document that several services ask for is listed once, with the basis of one of them."""
    issuers = {one.code: one.name_en for one in Department.objects.all()}
    rows = [
        " ".join(row.text_content().split()) for row in page.part("documents").xpath(".//li[@class='document-row']")
    ]
    asked: dict[str, list[Any]] = defaultdict(list)
    for material in (one for service in services for one in service.materials.all()):
        asked[material.code].append(material)
    for materials in asked.values():
        name = materials[0].name_en
        mine = [row for row in rows if any(row.startswith(one.name_en) for one in materials)]
        if not mine and len(services) == 1:
            yield name
        issuer = issuers.get(materials[0].source_department, "")
        if mine and not any(issuer in row and any(one.basis_en in row for one in materials) for row in mine):
            yield f"who issues {name}, or why it is asked"


def _fees(page: Page, service: ServiceVersion) -> Iterator[str]:
    for fee in service.fees.all():
        yield from page.says("fees", [fee.name_en, fee.rate_en, fee.basis_en, "Who pays, and when"])
        yield from page.says(
            "fees", [text for one in fee.exemptions for text in (one["name"]["en"], one["basis"]["en"])]
        )
        if not fee.exemptions and fee.reduction_en:
            yield from page.says("fees", [fee.reduction_en])
        if fee.waits:
            yield from page.says("fees", ["handed over once it is paid", fee.waits_basis_en])
    if page.says("fees", ["This costs nothing"]) and page.says("fees", ["Legal basis"]):
        yield "fee or that it is free"


def _drawing(page: Page, offer: BundleVersion | ServiceVersion) -> Iterator[str]:
    source = published_definition(offer.process_key).source
    (drawing,) = page.part("steps").xpath(".//svg[@role='img']") or [None]
    if drawing is None:
        yield "process diagram"
        return
    drawn = drawing.xpath(".//rect | .//polygon | .//circle")
    if len(drawn) != source.count("<bpmndi:BPMNShape "):
        yield f"{source.count('<bpmndi:BPMNShape ')} elements of the diagram: {len(drawn)} are drawn"
    if len(drawing.xpath(".//polyline")) != source.count("<bpmndi:BPMNEdge "):
        yield "flows of the diagram"
    if not all(drawing.xpath(f".//{tag}/text()") for tag in ("title", "desc")):
        yield "title and description of the diagram"
    if not page.part("steps").xpath(".//ol[@class='guide-steps']/li"):
        yield "the same in words"


def _when(page: Page) -> Iterator[str]:
    yield from page.says("when", ["We assume: filed today", "promised by", "What you must do meanwhile"])
    yield from page.says("when", ["Under 20 we show no figures"])
    if page.says("when", ["by law at most by"]) and page.says("when", ["no limit set by law"]):
        yield "the limit of the law"
    if not page.part("when").xpath(".//ul[@class='duties']/li"):
        yield "what to do meanwhile"
    if escape("File now → ") not in page.source:
        yield "the date on top"


def _anchors(page: Page) -> Iterator[str]:
    ids = set(page.tree.xpath("//*/@id"))
    for link in page.tree.xpath("//a[starts-with(@href, '#')]/@href"):
        if link[1:] and link[1:] not in ids:
            yield f"the part {link}"


def _machines(page: Page) -> Iterator[str]:
    (text,) = page.tree.xpath("//script[@type='application/ld+json']/text()")
    data = json.loads(text)
    for name in ("name", "description", "provider", "areaServed", "audience", "offers", "availableChannel"):
        if not data.get(name):
            yield f"JSON-LD {name}"
    yield from _unknown(data)


def _unknown(value: Any) -> Iterator[str]:
    """Yield types and properties that schema.org does not know."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for name in set(one) - PROPERTIES.get(one.get("@type", ""), set()):
                yield f"JSON-LD: {one.get('@type')} has no {name}"
            for inner in one.values():
                yield from _unknown(inner)
