"""Find what is wrong with the description of the registers before anybody is asked anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from services.exchange.adapters import ADAPTERS
from services.exchange.consents import consent_title
from services.exchange.sources import DESCRIPTION, Source, read_source
from services.forms.dictionary import dictionary

SENSITIVITIES = frozenset({"public", "personal", "sensitive"})
LONGEST_SECONDS = 30.0
_PLAIN_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")


def faults_of(description: Mapping[str, Any]) -> list[str]:
    """Return every fault of a description (the content of data/sources.yaml), each as one sentence."""
    faults: list[str] = []
    for code, one in description.items():
        try:
            source = read_source(code, one)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            faults.append(f"{code}: it lacks {error} or gives it in a wrong form.")
        else:
            faults += [f"{code}: {fault}" for fault in _faults(source)]
    return faults


def shipped_faults() -> list[str]:
    """Return every fault of the description this installation uses."""
    return faults_of(yaml.safe_load(DESCRIPTION.read_text(encoding="utf-8")))


def _faults(source: Source) -> Iterator[str]:
    if not _PLAIN_PATH.fullmatch(source.path):
        yield f"path {source.path} must be a plain path of the gateway, never another address."
    if source.adapter not in ADAPTERS:
        yield f"there is no adapter {source.adapter}."
    if source.sensitivity not in SENSITIVITIES:
        yield f"sensitivity {source.sensitivity} is not known."
    times = (source.connect_seconds, source.read_seconds, source.total_seconds)
    if not all(0 < one <= LONGEST_SECONDS for one in times) or max(times) > source.total_seconds:
        yield f"seconds must lie between 0 and {LONGEST_SECONDS:g}, and none above the total."
    if source.failures_before_rest < 1 or source.rest_seconds <= 0:
        yield "the breaker needs at least one failure and a rest."
    if not source.keys or not source.purposes:
        yield "it needs a key and a purpose."
    yield from _faults_of_elements(source)
    yield from _faults_of_documents(source)
    for purpose in source.purposes.values():
        if purpose.consent and not _has_text(purpose.code):
            yield f"purpose {purpose.code} needs consent, but consents.yaml has no text for it."


def _faults_of_elements(source: Source) -> Iterator[str]:
    known = set(dictionary().elements)
    for key in source.keys.values():
        if key.whose not in ("applicant", "typed"):
            yield f"key {key.element}: whose must be applicant or typed."
        if key.element not in known:
            yield f"key {key.element} is no data element."
        if key.whose == "typed" and source.sensitivity != "public" and not source.holder:
            yield f"key {key.element} is typed, so personal entries need a holder."
        for element in key.elements.values():
            if element not in known and not element.startswith("entry."):
                yield f"{element} is no data element."


def _faults_of_documents(source: Source) -> Iterator[str]:
    fields = {name for key in source.keys.values() for name in key.elements}
    named = {*source.words, *source.holder_only, *([source.holder] if source.holder else [])}
    for name in sorted(named - fields):
        yield f"{name} is no field of an answer."
    for record in source.documents.values():
        for name in record.fields:
            if name not in fields or name not in source.labels:
                yield f"document {record.material}: field {name} is not described or has no label."
        if record.key and record.key not in source.keys:
            yield f"document {record.material}: {record.key} is no key."


def _has_text(purpose: str) -> bool:
    try:
        consent_title(purpose)
    except KeyError:
        return False
    return True
