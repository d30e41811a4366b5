"""What the government already knows of an application: which registers could fill or fetch what, and what they did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.cases.models import Application, Case, SourceReading
from services.cases.queries.forms import documents_held, form_of
from services.catalogue.queries import MaterialNeed, materials_of, situation_of
from services.documents.queries import uploads_of
from services.exchange.consents import consent_text, consent_title
from services.exchange.enums import Outcome
from services.exchange.models import SharingConsent
from services.exchange.queries import consents_of
from services.exchange.sources import Key, Source, sources
from services.forms.dictionary import dictionary
from services.forms.schema import Element
from services.forms.types import EMPTY
from services.forms.words import Words
from services.parties.enums import IdentityKind
from services.parties.models import Organisation, Person
from services.parties.queries import party
from workflows.queries.together import Question, answers

if TYPE_CHECKING:
    from portal.accounts.models import User

PREFILL = "prefill"
DOCUMENT = "document"
HANDLING = "handling"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One register for one purpose: what would be read, by which key, and what came of it so far.

    key_value: empty while the applicant has not entered `key_element` yet. consent: in force, else None. reading: the
    latest, else None. elements: what it could fill, in the form's order; documents: what it could fetch.
    """

    source: Source
    purpose: str
    key_element: Element
    key_value: str
    elements: tuple[Element, ...] = ()
    documents: tuple[MaterialNeed, ...] = ()
    consent: SharingConsent | None
    reading: SourceReading | None

    @property
    def code(self) -> str:
        """Name it in a form."""
        return f"{self.source.code}:{self.purpose}"

    @property
    def title(self) -> Words:
        """What the purpose is called."""
        return consent_title(self.purpose)

    @property
    def text(self) -> Words:
        """What she agrees to."""
        return consent_text(self.source, self.purpose)

    @property
    def failed(self) -> bool:
        """Whether the register could not be read the last time."""
        return self.reading is not None and self.reading.outcome == Outcome.UNAVAILABLE


def prefill_offers(application: Application) -> list[Offer]:
    """Return what could be filled and fetched for a draft, register by register in the order of the description.

    Only what this form asks and these documents need is offered (PIPL art. 6). A register keyed by the applicant's own
    number is asked for nobody else's.
    """
    form = {use.element.code: use.element for use in form_of(application).uses}
    known = _known_keys(application)
    needs = documents_held(application)
    latest = latest_readings(application)
    agreed = {(one.source, one.purpose): one for one in consents_of("application", application.pk)}
    offers: list[Offer] = []
    for source in sources().values():
        for purpose in (PREFILL, DOCUMENT):
            if purpose not in source.purposes:
                continue
            best = _best(source, purpose, form, known, needs, application.answers)
            if best is not None:
                pair = (source.code, purpose)
                offers.append(
                    Offer(source=source, purpose=purpose, consent=agreed.get(pair), reading=latest.get(pair), **best)
                )
    return offers


def handling_offers(case: Case, *, purpose: str = HANDLING) -> list[Offer]:
    """Return what an office could still fetch for a case: documents of its service that nobody handed in or fetched.

    purpose: HANDLING needs no consent, looking at what the government issued is the deciding office's duty (PIPL
    art. 13 (3)); DOCUMENT is with the applicant's, at the window.
    """
    application = case.application
    there = set(uploads_of("application", application.pk).values_list("material_code", flat=True))
    needs = materials_of([case.service], situation_of(application.offer, application.situation))
    wanted = [need for need in needs if not need.submitted and need.code not in there]
    form = {use.element.code: use.element for use in form_of(application).uses} if wanted else {}
    known = _known_keys(application) if wanted else {}
    offers = []
    for source in sources().values() if wanted else ():
        best = _best(source, DOCUMENT, form, known, wanted, application.answers) if purpose in source.purposes else None
        if best is not None and best["key_value"]:
            offers.append(Offer(source=source, purpose=purpose, consent=None, reading=None, **best))
    return offers


def _best(
    source: Source,
    purpose: str,
    form: Mapping[str, Element],
    known: Mapping[str, str],
    needs: Sequence[MaterialNeed],
    answers: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Return the key with the most to give, one that is known before one that is not; None when there is nothing."""
    found: list[dict[str, Any]] = []
    for key in source.keys.values():
        own = known.get(key.element, "")
        if key.whose == "applicant" and not own:
            continue
        if key.whose == "typed" and key.element not in form and not own:
            continue
        value = own or str(answers.get(key.element) or "")
        elements = tuple(_fillable(key, form)) if purpose == PREFILL else ()
        documents = tuple(_fetchable(source, key, needs)) if purpose == DOCUMENT else ()
        if elements or documents:
            found.append(
                {
                    "key_element": form.get(key.element) or _element(key.element),
                    "key_value": value,
                    "elements": elements,
                    "documents": documents,
                }
            )
    return max(
        found, key=lambda one: (bool(one["key_value"]), len(one["elements"]) + len(one["documents"])), default=None
    )


def _element(code: str) -> Element:
    return dictionary().elements[code]


def _fillable(key: Key, form: Mapping[str, Element]) -> Iterator[Element]:
    filled = set(key.elements.values()) - {key.element}
    return (element for code, element in form.items() if code in filled)


def _fetchable(source: Source, key: Key, needs: Sequence[MaterialNeed]) -> Iterator[MaterialNeed]:
    for need in needs:
        record = source.documents.get(need.code)
        if record is None or record.key not in ("", key.element):
            continue
        if any(field in key.elements for field in record.fields):
            yield need


def _known_keys(application: Application) -> dict[str, str]:
    """Return what identifies the applicant herself, from her registered data, never from what is typed."""
    applicant = party(application.party)
    if isinstance(applicant, Organisation):
        return {"organisation.uscc": applicant.uscc}
    if applicant.id_kind == IdentityKind.RESIDENT_ID:
        return {"person.id_number": applicant.id_number}
    return {}


def profile_of(application: Application, user: User) -> dict[str, str]:
    """Return what the applicant is registered with here, by element code, if this user is the applicant herself.

    For an organisation that is its legal representative. {} for everybody else.
    """
    applicant: Person | Organisation = party(application.party)
    if isinstance(applicant, Organisation):
        if applicant.legal_representative.user_id != user.pk:
            return {}
        return {"organisation.name": applicant.name, "organisation.uscc": applicant.uscc}
    if applicant.user_id != user.pk:
        return {}
    return {
        "person.name": applicant.name,
        "person.id_type": applicant.id_kind,
        "person.id_number": applicant.id_number,
        "person.mobile": applicant.mobile,
        "person.email": applicant.email,
    }


def holders_of(application: Application) -> list[str]:
    """Return the names of the application's verified people: a register's entry of anybody else stays closed."""
    applicant: Person | Organisation = party(application.party)
    if isinstance(applicant, Organisation):
        return [applicant.name, applicant.legal_representative.name]
    return [applicant.name]


#: The readings of registers for an application, by its key, the latest first.
READINGS: Question[SourceReading] = Question(lambda key: SourceReading.objects.filter(application_id=key))


def latest_readings(application: Application) -> dict[tuple[str, str], SourceReading]:
    """Return the latest reading of each register and purpose."""
    return _latest_of(*answers(READINGS.about(application.pk)))


def _latest_of(readings: Iterable[SourceReading]) -> dict[tuple[str, str], SourceReading]:
    latest: dict[tuple[str, str], SourceReading] = {}
    for reading in readings:
        latest.setdefault((reading.source, reading.purpose), reading)
    return latest


def unfetched(application: Application, readings: Iterable[SourceReading] | None = None) -> dict[str, SourceReading]:
    """Return the reading that should have filled an element which is still empty, by the element's code.

    readings: the answer to `READINGS`, if it was asked already.
    """
    latest = latest_readings(application) if readings is None else _latest_of(readings)
    return {
        code: reading
        for reading in latest.values()
        if reading.purpose == PREFILL
        for code in reading.missing
        if application.answers.get(code) in EMPTY
    }


@dataclass(frozen=True, kw_only=True)
class HeldDocument:
    """A document the government issued. offer: how it could be fetched, None when no register gives it on line.

    files: what is there, fetched or handed in instead. reading: the latest attempt, if any.
    """

    need: MaterialNeed
    files: Sequence[Any]
    offer: Offer | None

    @property
    def reading(self) -> SourceReading | None:
        """The latest attempt to fetch it."""
        reading = self.offer.reading if self.offer else None
        return reading if reading and self.need.code in {*reading.missing, *reading.filled} else None


def held_documents(application: Application) -> list[HeldDocument]:
    """Return the documents the government holds with how each stands; none of them keeps anybody from filing."""
    offers = [offer for offer in prefill_offers(application) if offer.purpose == DOCUMENT]
    files: dict[str, list[Any]] = {}
    for upload in uploads_of("application", application.pk):
        files.setdefault(upload.material_code, []).append(upload)
    return [
        HeldDocument(
            need=need,
            files=files.get(need.code, []),
            offer=next((offer for offer in offers if need in offer.documents), None),
        )
        for need in documents_held(application)
    ]
