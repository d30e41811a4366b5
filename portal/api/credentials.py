"""Name, password and second factor, checked as the sign-in page checks them, locks included."""

from __future__ import annotations

from allauth.account import app_settings as account_settings
from allauth.account.utils import has_verified_email
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from portal.accounts.models import User


class WrongCredentialsError(Exception):
    """No such sign-in. Nobody is told which part was wrong."""


class LockedOutError(Exception):
    """Too many failed tries from there."""


def user_by_credentials(request: HttpRequest, *, username: str, password: str, code: str) -> User:
    """Return who signs in. Every failure counts towards the lock-out.

    Raises WrongCredentialsError, LockedOutError.
    """
    user = authenticate(request, username=username, password=password)
    if getattr(request, "axes_locked_out", False):
        # Else the middleware puts the page for browsers in the place of our answer.
        request.axes_locked_out = False  # type: ignore[attr-defined]
        raise LockedOutError
    if not isinstance(user, User) or not _confirmed(user):
        raise WrongCredentialsError
    if is_mfa_enabled(user) and not _code_fits(user, code):
        user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)
        raise WrongCredentialsError
    return user


def _confirmed(user: User) -> bool:
    """Return whether the e-mail address is confirmed, where that is asked."""
    mandatory = account_settings.EmailVerificationMethod.MANDATORY
    return mandatory != account_settings.EMAIL_VERIFICATION or has_verified_email(user)


def _code_fits(user: User, code: str) -> bool:
    """Return whether it is the code of the moment, or one of the recovery codes. Each is good once."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    for authenticator in Authenticator.objects.filter(user=user, type__in=kinds):
        if code and authenticator.wrap().validate_code(code):
            return True
    return False
