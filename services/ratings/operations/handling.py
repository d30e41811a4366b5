"""Contact who gave a bad rating, put right what was wrong, ask again; or ask that a rating should not count."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from services.cases.operations.drafts import NotAllowedError
from services.forms.free_text import validate_free_text
from services.ratings.enums import Ground
from services.ratings.models import Handling, Rating
from services.ratings.operations.rating import RatingError, locked_case
from services.ratings.operations.telling import tell_handlers, tell_managers, tell_rater
from services.ratings.permissions import can_decide_exclusions, handles
from workflows.enums import ClockKind
from workflows.models import Clock
from workflows.operations.clocks import stop_clock

if TYPE_CHECKING:
    from portal.accounts.models import User


#: Longest account of what was found or done, in characters.
LONGEST_WORDS = 2_000


@transaction.atomic
def note_contact(*, rating_id: int, finding: str, by: User, at: datetime) -> Handling:
    """Note that she was contacted and what was found; twice is once. Effects: the contact clock stops.

    Raises NotAllowedError, RatingError.
    """
    handling = _locked(rating_id, by, at)
    if handling.contacted_at is None:
        _words(finding)
        _set(handling, contacted_at=at, contacted_by=by, finding=finding.strip())
        _stop(handling, (ClockKind.RATING_CONTACT,), by=by, at=at)
    return handling


@transaction.atomic
def note_rectified(*, rating_id: int, measures: str, by: User, at: datetime) -> Handling:
    """Note what was put right and tell her; she may rate once more then. Twice is once.

    Effects: the rectification clock stops, a notice to who rated. Raises NotAllowedError, RatingError.
    """
    handling = _locked(rating_id, by, at)
    if handling.rectified_at is not None:
        return handling
    if handling.contacted_at is None:
        raise RatingError(_("Contact her first and note what you found."))
    _words(measures)
    _set(handling, rectified_at=at, rectified_by=by, measures=measures.strip())
    _stop(handling, (ClockKind.RATING_RECTIFICATION,), by=by, at=at)
    tell_rater(handling.rating, "rating_rectified", at=at, reason=measures.strip())
    return handling


@transaction.atomic
def note_follow_up(*, rating_id: int, words: str, by: User, at: datetime) -> Handling:
    """Note what she said afterwards (回访); twice is once. Raises NotAllowedError, RatingError."""
    handling = _locked(rating_id, by, at)
    if handling.followed_up_at is not None:
        return handling
    if handling.rectified_at is None:
        raise RatingError(_("First put it right, then ask again."))
    _words(words)
    _set(handling, followed_up_at=at, followed_up_by=by, followed_up=words.strip())
    return handling


@transaction.atomic
def ask_to_exclude(*, rating_id: int, ground: str, reason: str, by: User, at: datetime) -> Handling:
    """Ask that a rating should not count because it is mistaken or malicious; once. The clocks go on meanwhile.

    Effects: the appeal, notices to the managers. Raises NotAllowedError, RatingError.
    """
    handling = _locked(rating_id, by, at)
    if handling.appealed_at is not None:
        return handling
    if ground not in Ground.values:
        raise RatingError(_("Say whether it was given by mistake or is malicious."))
    if handling.contacted_at is None:
        raise RatingError(_("Contact her first and note what you found."))
    _words(reason)
    _set(handling, ground=ground, ground_reason=reason.strip(), appealed_at=at, appealed_by=by)
    tell_managers(handling.rating, "rating_appealed", at=at)
    return handling


@transaction.atomic
def decide_exclusion(*, rating_id: int, excluded: bool, note: str, by: User, at: datetime) -> Handling:
    """Decide whether a rating counts; who asked for it does not decide it. Twice is once.

    Effects: the decision; an excluded rating's clocks stop and it counts in no figure; notices to the department and
    to who rated. Raises NotAllowedError, RatingError.
    """
    if not can_decide_exclusions(by, at):
        raise NotAllowedError("Only a manager decides whether a rating counts.")
    handling = _row(rating_id)
    if handling.excluded is not None:
        return handling
    if handling.appealed_at is None:
        raise RatingError(_("Nobody has asked that this rating should not count."))
    if handling.appealed_by_id == by.pk:
        raise RatingError(_("Somebody else decides what you asked for."))
    _words(note)
    _set(handling, excluded=excluded, decided_at=at, decided_by=by, decided_note=note.strip())
    if excluded:
        _stop(handling, (ClockKind.RATING_CONTACT, ClockKind.RATING_RECTIFICATION), by=by, at=at)
        tell_rater(handling.rating, "rating_excluded", at=at, reason=note.strip())
    tell_handlers(handling.rating, "rating_decided", at=at)
    return handling


def _row(rating_id: int) -> Handling:
    """Lock the root of a rating's application and return its handling as it is now. Raises RatingError."""
    locked_case(Rating.objects.values_list("case_id", flat=True).get(pk=rating_id))
    rows = Handling.objects.select_related("rating__case__service__item", "rating__case__department")
    handling = rows.select_related("rating__case__application", "rating__rated_by").filter(rating_id=rating_id).first()
    if handling is None:
        raise RatingError(_("There is nobody to contact: the rating is not bad, or it was given without a name."))
    return handling


def _locked(rating_id: int, by: User, at: datetime) -> Handling:
    handling = _row(rating_id)
    if not handles(by, handling.rating, at):
        raise NotAllowedError("Only the head of the department sees to its bad ratings.")
    if handling.excluded:
        raise RatingError(_("This rating does not count; there is nothing more to do."))
    return handling


def _words(text: str) -> None:
    if not text.strip():
        raise RatingError(_("Please write what was found or done."))
    if len(text) > LONGEST_WORDS:
        raise RatingError(_("Please write at most %(most)s characters.") % {"most": LONGEST_WORDS})
    try:
        validate_free_text(text)
    except ValidationError as error:
        raise RatingError(error.messages[0]) from error


def _set(handling: Handling, **values: Any) -> None:
    for name, value in values.items():
        setattr(handling, name, value)
    handling.save(update_fields=list(values))


def _stop(handling: Handling, kinds: Collection[str], *, by: User, at: datetime) -> None:
    about = {"subject_kind": "case", "subject_id": str(handling.rating.case_id)}
    for clock in Clock.objects.filter(**about, kind__in=kinds, stopped_at__isnull=True):
        stop_clock(clock=clock, at=at, by=by)
