"""What could not be sent: found by its filters, mended by managers, and told to them once a day.

Nobody here sees a text or a whole address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.access.masking import mask_mobile, mask_name
from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel, NoticeStatus
from services.notifications.models import AddressCorrection, Notice
from services.notifications.operations import NoticeStateError, cancel_notice, retry_notice
from services.notifications.owing import owe_notices
from services.notifications.queries import Contact, contacts_of, corrected_addresses, dead_notices, menders
from services.parties.contact import check_mobile

if TYPE_CHECKING:
    from portal.accounts.models import User

KIND = "dead_letters"
TOLD_FROM = time(9)
CORRECTABLE = (Channel.EMAIL, Channel.SMS)


@dataclass(frozen=True, kw_only=True)
class DeadFilter:
    """Which of them. Empty: any. error: the beginning of `last_error`; older_than: how long they have been owed."""

    channel: str = ""
    kind: str = ""
    error: str = ""
    older_than: timedelta = timedelta()


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One of them, as a manager sees it: reader and address masked."""

    notice: Notice
    reader: str
    address: str
    corrected: bool


def dead_letters(wanted: DeadFilter, at: datetime) -> QuerySet[Notice]:
    """Return what could not be sent and fits, oldest first."""
    found = dead_notices()
    if wanted.channel:
        found = found.filter(channel=wanted.channel)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.error:
        found = found.filter(last_error=wanted.error)
    if wanted.older_than:
        found = found.filter(created_at__lte=at - wanted.older_than)
    return found


def shown(notices: Iterable[Notice]) -> list[DeadLetter]:
    """Return notices as a manager may see them."""
    notices = list(notices)
    contacts = contacts_of(notice.recipient_id for notice in notices)
    corrected = corrected_addresses(notices)
    return [
        DeadLetter(
            notice=notice,
            reader=mask_name(notice.recipient.get_full_name()),
            address=_masked(notice.channel, corrected.get(notice.pk) or _address(contacts, notice)),
            corrected=notice.pk in corrected,
        )
        for notice in notices
    ]


def _address(contacts: dict[int, Contact], notice: Notice) -> str:
    return contacts[notice.recipient_id].address(notice.channel) if notice.channel in CORRECTABLE else ""


def _masked(channel: str, address: str) -> str:
    if channel != Channel.EMAIL:
        return mask_mobile(address)
    name, at, host = address.partition("@")
    return f"{name[:1]}***{at}{host}" if address else ""


def mend(*, keys: Iterable[int], how: str, by: User, at: datetime) -> int:
    """Send chosen notices again ("retry") or give them up ("cancel"); return how many still could be."""
    act = {"retry": retry_notice, "cancel": cancel_notice}[how]
    done = 0
    for notice in Notice.objects.filter(pk__in=list(keys), status=NoticeStatus.DEAD).order_by("pk"):
        try:
            act(notice=notice, by=by, at=at)
            done += 1
        except NoticeStateError:  # somebody else was faster
            continue
    return done


@transaction.atomic
def correct_address(*, notice: Notice, address: str, reason: str, by: User, at: datetime) -> None:
    """Send one notice again, to another address. Her own contact stays as she gave it.

    Effects: the correction is on record, encrypted; the notice is queued.

    Raises:
        ValidationError: the address is none, or the reason is missing.
        NoticeStateError: the notice does not wait for this, or its channel has no address to correct.
    """
    if notice.channel not in CORRECTABLE:
        raise NoticeStateError(_("The address of a program is its owner's to change."))
    if not reason.strip():
        raise ValidationError(_("Say why the address is changed."))
    if notice.channel == Channel.SMS:
        address = check_mobile(address)
    else:
        validate_email(address)
    retry_notice(notice=notice, by=by, at=at)
    AddressCorrection.objects.create(notice=notice, address=address, reason=reason.strip(), by=by, at=at)


def tell_menders(*, at: datetime) -> None:
    """Owe managers, once a day from nine o'clock, the number of notices that could not be sent. Safe to run twice."""
    local = timezone.localtime(at)
    number = dead_notices().exclude(kind=KIND).count()
    if local.time() < TOLD_FROM or not number:
        return
    people = list(menders(at).select_related("person"))
    owe_notices([_told(person, number, local.date().isoformat()) for person in people], at=at, recipients=people)


def _told(person: User, number: int, day: str) -> NoticeDraft:
    return NoticeDraft(
        subject_kind="outbox",
        subject_id=day,
        kind=KIND,
        recipient_user_id=person.pk,
        params={"number": str(number)},
        link="/oversight/notices/",
    )
