"""What is done to sign-ins."""

from __future__ import annotations

from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from services.notifications.drafts import NoticeDraft
from services.notifications.owing import owe_notices
from services.parties.models import Person
from services.parties.operations import change_contact, register_person
from services.parties.permissions import can_appoint
from services.parties.queries import user_registered_with


@transaction.atomic
def register_identity(
    *,
    user: User,
    name: str,
    id_kind: str,
    id_number: str,
    mobile: str,
    language: str,
    at: datetime,
) -> Person:
    """Give a new sign-in its name and language and register the person behind it.

    Raises:
        ValidationError: with messages by field name; the sign-in must then be rolled back with this.
        PersonAlreadyRegisteredError: the identity document is known.
    """
    person = register_person(
        name=name,
        id_kind=id_kind,
        id_number=id_number,
        mobile=mobile,
        email=user.email,
        user=user,
        by=user,
        at=at,
    )
    user.name, user.language = person.name, language
    user.save(update_fields=["name", "language"])
    return person


@transaction.atomic
def tell_of_sign_up(*, id_kind: str, id_number: str, at: datetime) -> None:
    """Tell whoever is registered with an identity document that somebody tried to sign up with it; once a day.

    Nobody is told who has no sign-in: she meets the hint on the page, and a service window. Effects: notices.
    """
    registered = user_registered_with(id_kind, id_number)
    if registered is None:
        return
    day = timezone.localdate(at).toordinal()
    draft = NoticeDraft(
        subject_kind="user",
        subject_id=str(registered.pk),
        kind="sign_up_tried",
        round=day,
        recipient_user_id=registered.pk,
        link=reverse("account_login"),
    )
    owe_notices([draft], at=at)


@transaction.atomic
def change_profile(*, user: User, language: str, large_text: bool, mobile: str | None, at: datetime) -> User:
    """Change how the portal speaks to her and where it reaches her.

    Args:
        user: herself.
        language: "zh-hans" or "en".
        large_text: True for the large-text mode.
        mobile: the new number; None leaves it, and is what staff without a person have.
        at: when.

    Raises:
        ValidationError: the mobile number is none.
    """
    person = Person.objects.filter(user=user).first()
    if person is not None and mobile is not None and mobile != person.mobile:
        change_contact(person=person, mobile=mobile, by=user, at=at)
    user.language, user.large_text = language, large_text
    user.save(update_fields=["language", "large_text"])
    return user


def end_sessions(*, user: User, by: User, at: datetime) -> None:
    """Sign somebody out everywhere, at once and for good: her own sessions, or an administrator anybody's.

    Raises:
        PermissionDenied: `by` is neither.
    """
    if by != user and not can_appoint(by, at):
        raise PermissionDenied
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)


@transaction.atomic
def disable_user(*, user: User, by: User, at: datetime) -> None:
    """Close a sign-in: its next request is a visitor's, and no old session revives if it is opened again.

    Raises:
        PermissionDenied: `by` is no administrator, or closes her own.
    """
    if by == user or not can_appoint(by, at):
        raise PermissionDenied
    end_sessions(user=user, by=by, at=at)
    User.objects.filter(pk=user.pk).update(is_active=False)


@transaction.atomic
def confirm_email(*, user: User) -> None:
    """Record that the address of a sign-in made by the office is hers, so that she can sign in without a mail."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
    )
