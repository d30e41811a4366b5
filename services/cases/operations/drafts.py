"""Fill in an application: choose, answer, save. Nothing typed is lost, and an older tab is told so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from services.cases import origins as provenance
from services.cases.enums import ApplicationState, Channel, OriginKind
from services.cases.models import Application
from services.cases.operations.acting import done_in_name
from services.cases.operations.voiding import void_changed_signatures
from services.cases.permissions import holder_of, may_fill, may_fill_for, may_open_review
from services.catalogue.models import BundleVersion, ServiceVersion
from services.parties.enums import ActKind
from services.parties.references import PartyRef

if TYPE_CHECKING:
    from portal.accounts.models import User


class NotAllowedError(Exception):
    """She may not do this for this party."""


class HandedOverError(NotAllowedError):
    """A clerk at the counter holds the draft with the applicant's code: nobody else changes it meanwhile."""


class AlreadySubmittedError(Exception):
    """The application was submitted; it can no longer be changed as a draft."""


class StaleDraftError(Exception):
    """Another tab or device changed the draft meanwhile. `version` is the newer one."""

    def __init__(self, version: int) -> None:
        super().__init__("This application was changed elsewhere meanwhile.")
        self.version = version


@transaction.atomic
def start_draft(
    *,
    offer: BundleVersion | ServiceVersion,
    party: PartyRef,
    by: User,
    at: datetime,
    channel: Channel = Channel.ONLINE,
    situation: Mapping[str, Any] | None = None,
) -> Application:
    """Begin an application of a party for a bundle or a service.

    channel: COUNTER when a clerk files for somebody who stands at the window.
    situation: answers to the situation questions given before. Raises NotAllowedError.
    """
    if not may_fill_for(by, party, channel=channel, at=at):
        raise NotAllowedError("She may not apply for this person or organisation.")
    draft = Application.objects.create(
        bundle=offer if isinstance(offer, BundleVersion) else None,
        service=offer if isinstance(offer, ServiceVersion) else None,
        party_kind=party.kind,
        party_id=party.id,
        filed_by=by,
        channel=channel,
        language=by.language,
        situation=dict(situation or {}),
        created_at=at,
        changed_at=at,
    )
    done_in_name(draft, ActKind.STARTED, by=by, at=at)
    return draft


@transaction.atomic
def save_draft(
    *,
    application_id: int,
    by: User,
    at: datetime,
    situation: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    origins: Mapping[str, Mapping[str, str]] | None = None,
) -> Application:
    """Store answers as they are typed; they are checked when the section is left and again when it is submitted.

    situation replaces all situation answers; answers are merged, and a value of None removes one.
    expected_version: the draft version the page was made from; None does not check.
    origins: for answers that nobody typed, where they come from: `{"by": kind, "source": code or number}` by element
    code. What has changed and stands not there was typed, at the window by the clerk.
    Raises NotAllowedError, AlreadySubmittedError, StaleDraftError.
    """
    application = locked_draft(application_id, by=by, at=at)
    if expected_version is not None and expected_version != application.draft_version:
        raise StaleDraftError(application.draft_version)
    if situation is not None:
        application.situation = dict(situation)
    store_answers(application, answers or {}, by=by, at=at, origins=origins)
    touch(application, at)
    return application


def store_answers(
    application: Application,
    answers: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    origins: Mapping[str, Mapping[str, str]] | None = None,
) -> None:
    """Put answers into a locked draft with where they come from; `touch` writes it. See `save_draft`."""
    application.origins = provenance.noted(
        application.origins,
        before=application.answers,
        given=answers,
        told=origins or {},
        by=OriginKind.CLERK if is_at_counter(application) else OriginKind.TYPED,
        who=by.pk,
        at=at,
    )
    for code, value in answers.items():
        if value is None:
            application.answers.pop(code, None)
        else:
            application.answers[code] = value


@transaction.atomic
def confirm_answers(*, application_id: int, codes: Iterable[str], by: User, at: datetime) -> Application:
    """Note that the applicant looked at answers which others gave, and confirmed them.

    codes: of elements. What a clerk saves at the window confirms nothing: there the applicant signs on paper.
    Raises NotAllowedError, AlreadySubmittedError.
    """
    application = locked_draft(application_id, by=by, at=at)
    if not is_at_counter(application):
        application.origins = provenance.confirmed(application.origins, codes, at=at)
        application.save(update_fields=["origins"])
    return application


def locked_draft(application_id: int, *, by: User, at: datetime, signing: bool = False) -> Application:
    """Lock a draft that this user may change. A draft has no run yet, so its own row is the lock.

    signing: she need not be able to change it; who may only sign for the party is let in too.
    """
    application = (
        Application.objects.select_for_update(of=("self",))
        .select_related("bundle__bundle", "service__item")
        .get(pk=application_id)
    )
    if holder_of(application) not in (None, by.pk):
        raise HandedOverError("A clerk at the counter holds this application.")
    allowed = may_open_review(by, application, at) if signing else may_fill(by, application, at)
    if not allowed:
        raise NotAllowedError("She may not change this application.")
    if application.state != ApplicationState.DRAFT:
        raise AlreadySubmittedError("This application was submitted already.")
    return application


def is_at_counter(application: Application) -> bool:
    """Return whether a clerk fills it in: taken at the window, or handed over to it with a code."""
    return application.channel == Channel.COUNTER or holder_of(application) is not None


def touch(application: Application, at: datetime) -> None:
    """Store a changed draft: its version grows and what was reviewed or signed before no longer counts."""
    application.draft_version += 1
    application.changed_at = at
    application.reviewed_hash = ""
    application.save(update_fields=["situation", "answers", "origins", "draft_version", "changed_at", "reviewed_hash"])
    void_changed_signatures(application, at=at)
