"""Send the link of an invitation to the number and the address the applicant typed, and again if it did not arrive."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.cases.enums import InvitationState
from services.cases.models import Application, SignerInvitation
from services.cases.operations.drafts import locked_draft
from services.cases.operations.telling import offer_names
from services.cases.queries.invitations import LETTER, letters_of
from services.notifications.drafts import NoticeDraft
from services.notifications.enums import Channel
from services.notifications.operations import owe_to_address

if TYPE_CHECKING:
    from portal.accounts.models import User

#: Whoever is reached by what strangers type must not be flooded through us.
RESEND_AFTER = timedelta(minutes=10)
MOST_SENDINGS = 5
MOST_INVITATIONS_A_DAY = 100
MOST_FOR_ONE_A_DAY = 10


class NothingToSendError(Exception):
    """The invitation is over, was signed, or has neither a number nor an address."""


def check_may_send(application: Application, slot: str, *, by: User, at: datetime) -> None:
    """Raise ValidationError if she invited more people within a day, or one of them more often, than anybody needs."""
    today = SignerInvitation.objects.filter(invited_at__gt=at - timedelta(days=1))
    if today.filter(invited_by=by).count() >= MOST_INVITATIONS_A_DAY:
        raise ValidationError(_("You invited very many people today. Please go on tomorrow, or at a service window."))
    if today.filter(application=application, slot=slot).count() >= MOST_FOR_ONE_A_DAY:
        raise ValidationError(_("This person was invited very often today. Please pass the link on yourself."))


def send_letters(invitation: SignerInvitation, *, round: int, at: datetime) -> None:
    """Owe the link to the typed mobile number and e-mail address. No name of anybody: it may be a stranger's.

    The link opens only for the person named in the application, signed in as herself, so whoever else gets the message
    learns that some application of this kind exists. round: 0 for the first sending.
    """
    draft = NoticeDraft(
        subject_kind="invitation",
        subject_id=str(invitation.pk),
        kind=LETTER,
        round=round,
        recipient_user_id=invitation.invited_by_id,
        params={
            **offer_names(invitation.application),
            "before": timezone.localdate(invitation.expires_at).isoformat(),
            "address": urljoin(settings.SITE_URL, invitation.public_path),
        },
        link=invitation.public_path,
    )
    for channel, address in ((Channel.SMS, invitation.mobile), (Channel.EMAIL, invitation.email)):
        if address:
            owe_to_address(draft, channel=channel, address=address, at=at)


@transaction.atomic
def resend_invitation(*, invitation_id: int, by: User, at: datetime) -> None:
    """Send the same link again, to the same number and address.

    Effects: messages owed. Raises NothingToSendError; ValidationError: sent a moment ago, or often enough;
    NotAllowedError, AlreadySubmittedError.
    """
    application_id = SignerInvitation.objects.values_list("application_id", flat=True).get(pk=invitation_id)
    application = locked_draft(application_id, by=by, at=at, signing=True)
    invitation = SignerInvitation.objects.select_for_update(of=("self",)).get(pk=invitation_id)
    invitation.application = application
    letters = letters_of(invitation)
    if invitation.state_at(at) != InvitationState.OPEN or not (invitation.mobile or invitation.email):
        raise NothingToSendError
    if letters and at < letters[-1].owed_at + RESEND_AFTER:
        raise ValidationError(_("It was sent a moment ago. Messages may take some minutes; send it again after that."))
    rounds = {letter.round for letter in letters}
    if len(rounds) >= MOST_SENDINGS:
        raise ValidationError(
            _("It was sent %(number)s times. Please check the number, or pass the link on yourself."),
            params={"number": MOST_SENDINGS},
        )
    send_letters(invitation, round=max(rounds, default=-1) + 1, at=at)
