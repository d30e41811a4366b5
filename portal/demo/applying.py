"""Fill in and file an application through the site's pages, as its applicant does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal.demo.samples import sample_picture, sample_value
from portal.demo.visitor import Page, VisitError, Visitor
from services.forms.dictionary import dictionary

#: Sections may show further questions once others are answered; more rounds than this is a fault.
ROUNDS = 6


def apply(
    visitor: Visitor,
    start: str,
    *,
    situation: Mapping[str, Any],
    given: Mapping[str, Any],
    today: date,
    party: str = "",
) -> str:
    """Apply for what the page `start` offers, and return the application's address.

    situation: answers to the questions about the situation, as typed. given: answers by element code where the
    sample would not do. party: whom to apply for, if there is a choice, as part of the label beside it.
    Raises VisitError when a page refuses what was filled in.
    """
    address = answer_situation(visitor, start, situation=situation, party=party)
    fill_sections(visitor, address, given=given, today=today)
    upload_documents(visitor, address)
    return address


def answer_situation(visitor: Visitor, start: str, *, situation: Mapping[str, Any], party: str = "") -> str:
    """Answer the questions that decide what applies; returns the new application's address."""
    page = visitor.open(start)
    for _ in range(ROUNDS):
        form = next(form for form in page.forms() if form.get("id") == "situation")
        names = set(form.xpath(".//@name"))
        values = {name: value for name, value in situation.items() if name in names}
        if party and "party" in names:
            values["party"] = _party_value(form, party)
        page = visitor.submit(page, form, values, button=("go", ""))
        if page.address.startswith("/my/applications/") and not page.address.endswith("/situation/"):
            return page.address
    raise VisitError(f"The questions were not accepted: {page.errors()} {page.words()[:300]}")


def _party_value(form: Any, label: str) -> str:
    for one in form.xpath(".//input[@name='party']"):
        words = " ".join(form.xpath(f".//label[@for='{one.get('id')}']")[0].text_content().split())
        if label in words:
            return str(one.get("value"))
    raise VisitError(f"Nobody called {label} can be applied for.")


def fill_sections(visitor: Visitor, address: str, *, given: Mapping[str, Any], today: date) -> None:
    """Fill in every section of an application with `given`, and with samples elsewhere."""
    for link in visitor.open(address).links("/section/"):
        page = visitor.open(link)
        for _ in range(ROUNDS):
            form = next(form for form in page.forms() if form.xpath(".//input[@name='asked']"))
            page = visitor.submit(page, form, _section_values(form, given, today), button=("save", "yes"))
            if page.address != link:
                break
        else:
            raise VisitError(f"{link} was not accepted: {page.errors()}")


def _section_values(form: Any, given: Mapping[str, Any], today: date) -> dict[str, Any]:
    asked = form.xpath(".//input[@name='asked']")[0].get("value", "").split()
    values: dict[str, Any] = {}
    for element in dictionary().elements.values():
        name = element.code.replace(".", "-")
        if element.type == "group":
            values |= _group_values(form, element, given, today)
        elif name in asked:
            value = given.get(element.code, sample_value(element, today=today))
            values[name] = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
            if element.type == "yes_no" and value in ("yes", "no"):
                values[name] = "true" if value == "yes" else "false"
    return values


def _group_values(form: Any, element: Any, given: Mapping[str, Any], today: date) -> dict[str, Any]:
    values: dict[str, Any] = {}
    prefix = element.code.replace(".", "-")
    for field in element.fields:
        name = f"{prefix}-0-{field.code}"
        if form.xpath(f".//*[@name='{name}']"):
            values[name] = given.get(f"{element.code}.{field.code}", sample_value(field, today=today))
    return values


def upload_documents(visitor: Visitor, address: str) -> None:
    """Hand in a sample of every document the application wants."""
    page = visitor.open(f"{address}documents/")
    for code in page.tree.xpath("//main//form//input[@name='material']/@value"):
        form = next(form for form in page.forms() if form.xpath(f".//input[@name='material' and @value='{code}']"))
        picture = (f"{code}.png", sample_picture(code), "image/png")
        page = visitor.submit(page, form, {"material": code}, files={"file": picture})


def review_and_submit(visitor: Visitor, address: str) -> Page:
    """Check, sign, consent and submit; returns the confirmation page. Raises VisitError if something is missing."""
    page = visitor.open(f"{address}review/")
    forms = [form for form in page.forms() if form.xpath(".//input[@name='reviewed_hash']")]
    if not forms:
        raise VisitError(f"{address} cannot be filed yet: {page.errors()}")
    values = {"signed": "yes", "consents": ["electronic_service", "data_sharing", "sensitive_data"]}
    page = visitor.submit(page, forms[0], values)
    if not page.address.endswith("/submitted/"):
        raise VisitError(f"{address} was not filed: {page.errors()} {page.words()[:300]}")
    return page
