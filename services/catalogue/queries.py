"""What is offered, what a situation needs, what is asked for, and what "once" saves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db.models import Prefetch, QuerySet

from services.catalogue.calendar_rules import closed_time
from services.catalogue.enums import DocumentKind, VersionState
from services.catalogue.limits import in_working_days
from services.catalogue.models import (
    BundlePart,
    BundleVersion,
    ListedItem,
    Material,
    Question,
    ServiceVersion,
    StopRule,
)
from services.catalogue.savings import Savings, ServiceEffort, savings_of
from services.catalogue.signers import SignerRule, merged_signer_rules
from services.catalogue.situation import Situation, read_situation
from services.catalogue.validators import Known
from services.forms.dictionary import dictionary
from services.forms.schema import FormSchema, arranged, merge
from workflows.queries.together import Sentence, first_answers

SHIPPED_FOLDER = Path(__file__).parent / "data"
PAPER_KINDS = frozenset({"certificate", "filing_receipt", "decision_grant"})
_GUIDE = ("materials", "fees", "legal_bases", "faqs", "steps", "results", "questions", "stop_rules")


def known_to_the_system(processes: frozenset[str]) -> Known:
    """Return what the rules compare the files with."""
    return Known(dictionary=dictionary(), processes=processes, papers=PAPER_KINDS)


@dataclass(frozen=True, kw_only=True)
class ApplicablePart:
    """A part of a bundle that this situation needs.

    Attributes:
        key: the part's key in the bundle.
        part: the row.
        version: the service version in use, to be kept by the case.
        after: keys of applicable parts that must be granted before this one is filed.
    """

    key: str
    part: BundlePart
    version: ServiceVersion
    after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MaterialNeed:
    """A document needed once, whoever asks for it.

    Attributes:
        code: the kind of document.
        material: the row of the strictest service that asks for it (names, source, form).
        used_by: every service version that asks for it, in order.
        review_points: what the services check on it, each once, as {"zh", "en"}.
        necessity: the strictest necessity (E18).
        submitted: whether the applicant hands it in; documents the government issued are fetched.
        file_kinds: extensions every service takes; empty: all the portal takes.
        largest_megabytes: the smallest limit of the services, None: the installation's.
        most_files: how many files every service takes.
    """

    code: str
    material: Material
    used_by: tuple[ServiceVersion, ...]
    review_points: tuple[Mapping[str, str], ...]
    necessity: str
    submitted: bool
    file_kinds: tuple[str, ...] = ()
    largest_megabytes: int | None = None
    most_files: int = 10


#: PostgreSQL's clock, and a value that changes whenever anything a guide says changes: for `edition_in`.
EDITION: Sentence[tuple[datetime, str | None]] = Sentence(
    "SELECT clock_timestamp(), (SELECT transaction || '.' || number FROM catalogue_edition WHERE id = 1)"
)


def edition_and_now() -> tuple[str, datetime]:
    """Return a value that changes whenever anything a guide says changes, and PostgreSQL's clock: one query.

    What a page says about the catalogue may be kept in memory under the value, in every process. For many pages it is
    the only query, so it is also what finds out that a kept connection is dead.
    """
    return edition_in(*first_answers(EDITION.about()))


def edition_in(rows: Sequence[tuple[datetime, str | None]]) -> tuple[str, datetime]:
    """Return `edition_and_now` out of the answer to `EDITION`."""
    at, edition = rows[0]  # a select without a table has one row
    return edition or "", at


def published_items() -> QuerySet[ServiceVersion]:
    """Return the versions in use, ordered by department and name, with item and department."""
    return (
        ServiceVersion.objects.filter(state=VersionState.IN_USE)
        .select_related("item", "item__department")
        .order_by("item__department__code", "item__code")
    )


def published_bundles() -> QuerySet[BundleVersion]:
    """Return the bundle versions in use, with lead department, parts and their services' departments."""
    parts = BundlePart.objects.select_related("service", "service__department").order_by("order")
    return (
        BundleVersion.objects.filter(state=VersionState.IN_USE)
        .select_related("bundle", "lead_department")
        .prefetch_related(Prefetch("parts", parts))
        .order_by("bundle__code")
    )


def listed_items() -> QuerySet[ListedItem]:
    """Return the items that only stand in a list: not withdrawn, and not offered as a service by the same code."""
    offered = published_items().exclude(item__task_code="").order_by().values("item__task_code")
    return ListedItem.objects.filter(withdrawn_at__isnull=True).exclude(item_code__in=offered).order_by("code")


def listed_item(code: str) -> ListedItem:
    """Return the listed item by the code that stands in addresses.

    Raises:
        ListedItem.DoesNotExist: none is listed so, or a service is offered instead.
    """
    return listed_items().get(code=code)


def catalogue_state() -> str:
    """Return a text that changes whenever what is offered or listed changes; one quick query."""
    return edition_and_now()[0]


def with_guide(versions: QuerySet[ServiceVersion]) -> QuerySet[ServiceVersion]:
    """Return service versions with everything their guide shows, in a constant number of queries."""
    return versions.prefetch_related(*_GUIDE)


def current_version(code: str) -> ServiceVersion:
    """Return the version of a service in use, with its guide.

    Raises:
        ServiceVersion.DoesNotExist: nothing by this code is offered now.
    """
    return with_guide(published_items()).get(item__code=code)


def current_bundle_version(code: str) -> BundleVersion:
    """Return the version of a bundle in use, with parts, questions and stop rules.

    Raises:
        BundleVersion.DoesNotExist: nothing by this code is offered now.
    """
    return published_bundles().prefetch_related("questions", "stop_rules").get(bundle__code=code)


def services_of(version: BundleVersion | ServiceVersion) -> dict[int, ServiceVersion]:
    """Return the service versions an offer may need, by the item's id, with documents and fees; three queries.

    A part whose service is not offered now is left out.
    """
    if isinstance(version, ServiceVersion):
        return {version.item_id: version}
    found = published_items().filter(item__in=[part.service_id for part in version.parts.all()])
    return {one.item_id: one for one in found.prefetch_related("materials", "fees")}


def situation_of(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> Situation:
    """Return the answers as the version's questions understand them: cleaned, asked, missing, errors."""
    return read_situation(version.questions.all(), answers)


def stop_reasons(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> list[StopRule]:
    """Return why, with these answers, it cannot or need not be applied for; empty when it can.

    What depends on dates comes with its message filled in: which days are closed, and from when it is possible.
    """
    situation = situation_of(version, answers)
    rules = [rule for rule in version.stop_rules.all() if situation.holds(rule.condition)]
    return [rule for rule in rules if not rule.calendar or _falls_into(rule, situation)]


def _falls_into(rule: StopRule, situation: Situation) -> bool:
    """Tell whether the dates answered fall into the closed time; if so its message (in memory) names the dates."""
    closed = closed_time(rule.calendar, situation.answers)
    if closed is not None:
        rule.message_zh = closed.filled(rule.message_zh, "zh")
        rule.message_en = closed.filled(rule.message_en, "en")
    return closed is not None


def applicable_parts(bundle_version: BundleVersion, answers: Mapping[str, Any]) -> list[ApplicablePart]:
    """Return the parts these answers need, in order, each with the version of its service in use.

    Two queries beyond the bundle's own rows, however many parts.

    Raises:
        ServiceVersion.DoesNotExist: a part's service is not offered now.
    """
    situation = situation_of(bundle_version, answers)
    parts = [part for part in bundle_version.parts.all() if situation.holds(part.condition)]
    keys = {part.key for part in parts}
    versions = {
        version.item_id: version
        for version in published_items()
        .filter(item__in=[part.service_id for part in parts])
        .prefetch_related("materials")
    }
    return [
        ApplicablePart(
            key=part.key,
            part=part,
            version=_offered(part, versions),
            after=tuple(key for key in part.after if key in keys),
        )
        for part in parts
    ]


def _offered(part: BundlePart, versions: Mapping[int, ServiceVersion]) -> ServiceVersion:
    if part.service_id not in versions:
        raise ServiceVersion.DoesNotExist(f"{part.service.code} is not offered now.")
    return versions[part.service_id]


def service_versions_for(
    version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]
) -> Sequence[ServiceVersion]:
    """Return the service versions an application needs: those of the applicable parts, or the single one itself."""
    if isinstance(version, ServiceVersion):
        return [version]
    return [part.version for part in applicable_parts(version, answers)]


def form_schema(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> FormSchema:
    """Return the form for this situation: every data element once, whichever services ask it.

    What a service of the bundle results in, such as the code of the new company, is not asked by the others.
    A condition may read `answers.<question>` beside the form's own elements.
    """
    services = service_versions_for(version, answers)
    own = [dictionary().form(version.form, service=version.code)] if isinstance(version, BundleVersion) else []
    schema = merge([*own, *(dictionary().form(one.form, service=one.code) for one in services)])
    given = given_by(services)
    return arranged(schema.sections, [use for use in schema.uses if use.element.code not in given], schema.rules)


def signer_rules(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> list[SignerRule]:
    """Return who signs beside the applicant in this situation, by the services that apply and the bundle itself."""
    own = [version.form] if isinstance(version, BundleVersion) else []
    return merged_signer_rules([*own, *(one.form for one in service_versions_for(version, answers))])


def given_by(versions: Iterable[ServiceVersion]) -> frozenset[str]:
    """Return the codes of the data elements that exist once these services are granted."""
    return frozenset(code for version in versions for code in version.form.get("gives", ()))


def answered_elements(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data elements that the situation's answers already answer, by code, in the element's own values."""
    situation = situation_of(version, answers)
    found: dict[str, Any] = {}
    for question in version.questions.all():
        if question.element and question.key in situation.answers:
            found[question.element] = _element_value(question, situation.answers[question.key])
    return found


def _element_value(question: Question, answer: Any) -> Any:
    if isinstance(answer, list):
        return [question.element_values.get(one, one) for one in answer]
    return question.element_values.get(answer, answer) if isinstance(answer, str) else answer


def materials_for(version: BundleVersion | ServiceVersion, answers: Mapping[str, Any]) -> list[MaterialNeed]:
    """Return every document needed in this situation, each once, with the services that use it."""
    situation = situation_of(version, answers)
    return materials_of(service_versions_for(version, answers), situation)


def materials_of(versions: Iterable[ServiceVersion], situation: Situation) -> list[MaterialNeed]:
    """Return the documents these service versions need in a situation, each once."""
    asked: dict[str, list[tuple[ServiceVersion, Material]]] = {}
    for version in versions:
        for material in version.materials.all():
            if situation.holds(material.condition):
                asked.setdefault(material.code, []).append((version, material))
    return [_need(code, uses) for code, uses in asked.items()]


def _need(code: str, uses: list[tuple[ServiceVersion, Material]]) -> MaterialNeed:
    strictness = {"1": 0, "3": 1, "2": 2}
    strictest = min((material for _, material in uses), key=lambda material: strictness[material.necessity])
    points = {(point["zh"], point["en"]): point for _, material in uses for point in material.review_points}
    return MaterialNeed(
        code=code,
        material=strictest,
        used_by=tuple(version for version, _ in uses),
        review_points=tuple(points.values()),
        necessity=strictest.necessity,
        submitted=not strictest.held_by_government,
        file_kinds=_common_kinds([material.file_kinds for _, material in uses if material.file_kinds]),
        largest_megabytes=min(
            (material.largest_megabytes for _, material in uses if material.largest_megabytes), default=None
        ),
        most_files=min(material.most_files for _, material in uses),
    )


def _common_kinds(kinds: list[list[str]]) -> tuple[str, ...]:
    """Return what every service takes; where they have nothing in common, what the first takes."""
    if not kinds:
        return ()
    common = [kind for kind in kinds[0] if all(kind in others for others in kinds)]
    return tuple(common or kinds[0])


def savings(bundle_version: BundleVersion, answers: Mapping[str, Any]) -> Savings:
    """Return what applying for the bundle once saves in this situation."""
    return savings_in(bundle_version, applicable_parts(bundle_version, answers), situation_of(bundle_version, answers))


def savings_in(version: BundleVersion, parts: Iterable[ApplicablePart], situation: Situation) -> Savings:
    """Return what applying once for these parts of a bundle saves. No query where parts come with their documents."""
    own = _fields(version.form, "", situation)
    return savings_of((_effort(part, situation) for part in parts), own)


def _fields(form: Any, service: str, situation: Situation) -> Mapping[str, int]:
    """Return the elements a form asks in a situation, each with its number of fields: a group counts one row."""
    schema = dictionary().form(form, service=service)
    return {use.element.code: max(1, len(use.element.fields)) for use in schema.uses if situation.holds(use.visible_if)}


def _effort(part: ApplicablePart, situation: Situation) -> ServiceEffort:
    version = part.version
    needs = materials_of([version], situation)
    made = frozenset(need.code for need in needs if need.material.document_kind == DocumentKind.FORM)
    return ServiceEffort(
        key=part.key,
        fields=_fields(version.form, version.code, situation),
        gives=given_by([version]),
        documents=frozenset(need.code for need in needs),
        submitted=frozenset(need.code for need in needs if need.submitted) - made,
        made=made,
        on_the_spot=version.on_the_spot,
        visits=version.visits,
        days=in_working_days(version.promised_amount, version.promised_unit),
        after=part.after,
    )
