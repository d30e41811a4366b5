"""Who read which of her data, when, for which case and purpose (PIPL arts. 44 and 45): three logs, one list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.utils import timezone

from services.access.enums import Purpose
from services.access.models import AccessLog
from services.cases.models import Application, Case
from services.catalogue.models import Material
from services.documents.enums import OpeningResult
from services.documents.facts import words as paper_words
from services.documents.models import ShareOpening
from services.exchange.models import SourceCall
from services.exchange.queries import key_indexes
from services.exchange.sources import sources
from services.forms.dictionary import dictionary
from services.forms.words import Words
from services.parties.models import Membership, Organisation, Person
from services.parties.queries import person_of, wards_of
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User

OFFICE, REGISTER, OTHERS, REFUSED = "office", "register", "others", "refused"
KINDS = (OFFICE, REGISTER, OTHERS, REFUSED)


@dataclass(frozen=True, kw_only=True)
class ReadingFilter:
    """What she wants to see. kind: one of KINDS or empty; application: public id or empty; days both included."""

    kind: str = ""
    application: str = ""
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class Post:
    """A post somebody held when she read: the department and the role's code."""

    department_zh: str
    department_en: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading or refused attempt, without any value.

    kind: OFFICE with posts; REGISTER with the register's names (source) and its outcome; OTHERS: somebody who acts for
    her, by name, or somebody with a code. about: whose data.
    """

    at: datetime
    kind: str
    allowed: bool
    purpose: str
    fields: Sequence[Words]
    number: str
    posts: Sequence[Post] = ()
    source: Words | None = None
    outcome: str = ""
    name: str = ""
    about: str = ""
    application: str = ""


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """All that is hers: the parties she is, represents or is guardian of, their applications and cases, their keys."""

    names: dict[PartyRef, str]
    applications: dict[str, Application]
    cases: dict[str, Case]
    keys: tuple[bytes, ...]


def subjects_of(user: User, at: datetime) -> Subjects:
    """Return what is hers and her wards'. An agent's principals are not: they see themselves who read their data."""
    person = person_of(user)
    if person is None:
        return Subjects(names={}, applications={}, cases={}, keys=())
    bodies, wards = list(person.represents.all()), [one.child for one in wards_of(person, at)]
    parties: list[Person | Organisation] = [person, *bodies, *wards]
    mine = Q()
    for one in parties:
        mine |= Q(party_kind=one.ref.kind, party_id=one.pk) | Q(holder_kind=one.ref.kind, holder_id=one.pk)
    applications = {str(one.pk): one for one in Application.objects.filter(mine).defer("answers")}
    cases = Case.objects.filter(application__in=applications.values())
    keys = [index for one in bodies for index in key_indexes("organisation.uscc", one.uscc)]
    return Subjects(
        names={one.ref: one.name for one in parties},
        applications=applications,
        cases={str(one.pk): one for one in cases},
        keys=(*(index for one in (person, *wards) for index in key_indexes("person.id_number", one.id_number)), *keys),
    )


def readings_of(user: User, subjects: Subjects, wanted: ReadingFilter) -> QuerySet[Any]:
    """Return the keys of her readings, newest first: rows of the logs as {"what", "key", "when"}, to be paginated.

    What she opened herself is not among them. `whole` makes the rows of a page complete.
    """
    log, calls = _log_of(user, subjects), _calls_of(subjects)
    log, calls = _of_application(subjects, wanted.application, log, calls)
    log, calls = _of_kind(wanted.kind, log, calls)
    begin, end = _instants(wanted)
    if begin:
        log, calls = log.filter(at__gte=begin), calls.filter(asked_at__gte=begin)
    if end:
        log, calls = log.filter(at__lt=end), calls.filter(asked_at__lt=end)
    openings = _openings_of(subjects, wanted, begin, end)
    ours = log.order_by().values(key=F("pk"), when=F("at"), what=Value("log", output_field=CharField()))
    theirs = calls.order_by().values(key=F("pk"), when=F("asked_at"), what=Value("call", output_field=CharField()))
    codes = openings.order_by().values(
        key=F("pk"), when=F("opened_at"), what=Value("opening", output_field=CharField())
    )
    return ours.union(theirs, codes, all=True).order_by("-when", "what", "-key")


def whole(rows: Iterable[dict[str, Any]], subjects: Subjects) -> list[Reading]:
    """Return the readings behind rows of `readings_of`, in their order, with a fixed number of queries."""
    rows = list(rows)
    keys = {what: [one["key"] for one in rows if one["what"] == what] for what in ("log", "call", "opening")}
    logged = AccessLog.objects.select_related("reader__person").in_bulk(keys["log"])
    asked = SourceCall.objects.in_bulk(keys["call"])
    opened = ShareOpening.objects.select_related("share__paper").in_bulk(keys["opening"])
    names = {name for one in logged.values() for name in one.fields}
    fields = _field_words(names | {name for call in asked.values() for name in call.fields})
    posts = _posts({one.reader_id for one in logged.values()})
    readings = []
    for row in rows:
        if row["what"] == "log":
            readings.append(_from_log(logged[row["key"]], subjects, fields, posts))
        elif row["what"] == "call":
            readings.append(_from_call(asked[row["key"]], subjects, fields))
        else:
            readings.append(_from_opening(opened[row["key"]], subjects))
    return readings


def _log_of(user: User, subjects: Subjects) -> QuerySet[AccessLog]:
    hers = Q(pk__in=[])
    for ref in subjects.names:
        hers |= Q(subject_kind=ref.kind, subject_id=str(ref.id))
    hers |= Q(subject_kind="application", subject_id__in=list(subjects.applications))
    hers |= Q(subject_kind="case", subject_id__in=list(subjects.cases))
    return AccessLog.objects.filter(hers).exclude(reader=user)


def _calls_of(subjects: Subjects) -> QuerySet[SourceCall]:
    return SourceCall.objects.filter(
        Q(subject_kind="application", subject_id__in=list(subjects.applications)) | Q(key_index__in=subjects.keys)
    )


def _of_application(
    subjects: Subjects, public_id: str, log: QuerySet[AccessLog], calls: QuerySet[SourceCall]
) -> tuple[QuerySet[AccessLog], QuerySet[SourceCall]]:
    if not public_id:
        return log, calls
    keys = [key for key, one in subjects.applications.items() if one.public_id == public_id]
    cases = [key for key, one in subjects.cases.items() if str(one.application_id) in keys]
    numbers = [subjects.applications[key].number for key in keys if subjects.applications[key].number]
    about = Q(subject_kind="application", subject_id__in=keys) | Q(subject_kind="case", subject_id__in=cases)
    return (
        log.filter(about | Q(case_ref__in=numbers)),
        calls.filter(subject_kind="application", subject_id__in=keys),
    )


def _of_kind(
    kind: str, log: QuerySet[AccessLog], calls: QuerySet[SourceCall]
) -> tuple[QuerySet[AccessLog], QuerySet[SourceCall]]:
    staff = Membership.objects.values("user_id")
    if kind == OFFICE:
        return log.filter(reader__in=staff), calls.none()
    if kind == OTHERS:
        return log.exclude(reader__in=staff), calls.none()
    if kind == REGISTER:
        return log.none(), calls
    if kind == REFUSED:
        return log.filter(allowed=False), calls.none()
    return log, calls


def _instants(wanted: ReadingFilter) -> tuple[datetime | None, datetime | None]:
    zone = timezone.get_default_timezone()
    begin = datetime.combine(wanted.first, time.min, zone) if wanted.first else None
    after = wanted.last + timedelta(days=1) if wanted.last and wanted.last < date.max else None
    return begin, datetime.combine(after, time.min, zone) if after else None


@dataclass(frozen=True)
class _Held:
    since: datetime
    until: datetime | None
    post: Post


def _posts(readers: Collection[int]) -> dict[int, list[_Held]]:
    held: dict[int, list[_Held]] = {}
    related = ("department", "window__hall__department")
    for one in Membership.objects.filter(user_id__in=readers).select_related(*related):
        body = one.department or (one.window.hall.department if one.window else None)
        assert body is not None
        post = Post(department_zh=body.name_zh, department_en=body.name_en, role=one.role)
        held.setdefault(one.user_id, []).append(_Held(one.since, one.until, post))
    return held


def _from_log(row: AccessLog, subjects: Subjects, fields: dict[str, Words], posts: dict[int, list[_Held]]) -> Reading:
    held = posts.get(row.reader_id, [])
    then = [one.post for one in held if one.since <= row.at and (one.until is None or one.until > row.at)]
    case = subjects.cases.get(row.subject_id) if row.subject_kind == "case" else None
    key = str(case.application_id) if case else row.subject_id if row.subject_kind == "application" else ""
    application = subjects.applications.get(key)
    person = getattr(row.reader, "person", None)
    return Reading(
        at=row.at,
        kind=OFFICE if held else OTHERS,
        allowed=row.allowed,
        purpose=row.purpose,
        fields=[fields[name] for name in row.fields],
        number=row.case_ref or (case.number if case else "") or (application.number or "" if application else ""),
        posts=then,
        name="" if held or person is None else person.name,
        about=_about(row, application, subjects),
        application=application.public_id if application else "",
    )


def _about(row: AccessLog, application: Application | None, subjects: Subjects) -> str:
    if application is not None:
        refs = [ref for ref in (application.party, application.holder) if ref in subjects.names]
    else:
        refs = [ref for ref in subjects.names if (ref.kind, str(ref.id)) == (row.subject_kind, row.subject_id)]
    return subjects.names[refs[0]] if refs else ""


def _from_call(row: SourceCall, subjects: Subjects, fields: dict[str, Words]) -> Reading:
    application = subjects.applications.get(row.subject_id) if row.subject_kind == "application" else None
    source = sources().get(row.source)
    return Reading(
        at=row.asked_at,
        kind=REGISTER,
        allowed=True,
        purpose=row.purpose,
        fields=[fields[name] for name in row.fields],
        number=(application.number or "") if application else "",
        source=Words(source.name_zh, source.name_en) if source else Words(row.source, row.source),
        outcome=row.outcome,
        about=subjects.names.get(application.party, "") if application else "",
        application=application.public_id if application else "",
    )


def _openings_of(
    subjects: Subjects, wanted: ReadingFilter, begin: datetime | None, end: datetime | None
) -> QuerySet[ShareOpening]:
    """Return when codes she gave were opened; they belong to no application."""
    openings = ShareOpening.objects.none()
    if wanted.application or wanted.kind not in ("", OTHERS, REFUSED):
        return openings
    hers = Q(pk__in=[])
    for ref in subjects.names:
        hers |= Q(share__party_kind=ref.kind, share__party_id=ref.id)
    openings = ShareOpening.objects.filter(hers)
    if wanted.kind == REFUSED:
        openings = openings.exclude(result=OpeningResult.SHOWN)
    if begin:
        openings = openings.filter(opened_at__gte=begin)
    return openings.filter(opened_at__lt=end) if end else openings


def _from_opening(row: ShareOpening, subjects: Subjects) -> Reading:
    share = row.share
    assert share is not None
    party = (share.party_kind, share.party_id)
    return Reading(
        at=row.opened_at,
        kind=OTHERS,
        allowed=row.result == OpeningResult.SHOWN,
        purpose=Purpose.SHARED_CODE,
        fields=[Words(share.paper.title_zh, share.paper.title_en)],
        number=share.paper.number,
        name=share.purpose,
        about=next((name for ref, name in subjects.names.items() if (ref.kind, ref.id) == party), ""),
    )


#: What the log calls parts of a page that are no elements of a form.
_PARTS = {
    "name": Words("姓名", "Name"),
    "id_number": Words("证件号码", "Number of the identity document"),
    "mobile": Words("手机号码", "Mobile number"),
    "address": Words("联系方式", "Address for notices"),
    "applicant": Words("申请人", "Applicant"),
    "timeline": Words("办理进度", "Progress"),
    "opinions": Words("办理意见", "Opinions"),
    "history": Words("办理记录", "History"),
    "papers": Words("文书", "Papers"),
    "documents": Words("申请材料", "Documents"),
    "whole": Words("整份申请", "The whole application"),
}


def _field_words(names: Collection[str]) -> dict[str, Words]:
    """Return what people call the fields of the logs: elements, files, papers, parts of pages."""
    elements = dictionary().elements
    codes = {name.removeprefix("file:") for name in names if name.startswith("file:")}
    rows = Material.objects.filter(code__in=codes).values_list("code", "name_zh", "name_en")
    materials = {code: Words(zh, en) for code, zh, en in rows}
    words = {}
    for name in names:
        if name in elements:
            words[name] = elements[name].label
        elif name.startswith("file:"):
            code = name.removeprefix("file:")
            words[name] = materials.get(code, Words(code, code))
        elif name.startswith("paper:"):
            words[name] = _paper_words(name.removeprefix("paper:"))
        elif name.startswith("entry."):
            words[name] = _entry_words(name)
        else:
            words[name] = _PARTS.get(name, Words(name, name))
    return words


def _paper_words(kind: str) -> Words:
    described = paper_words().kinds.get(kind)
    return Words(described.title_zh, described.title_en) if described else Words(kind, kind)


def _entry_words(element: str) -> Words:
    for source in sources().values():
        for key in source.keys.values():
            for name, filled in key.elements.items():
                if filled == element and name in source.labels:
                    return Words(source.labels[name]["zh"], source.labels[name]["en"])
    return Words("登记事项", "Entry of a register")
