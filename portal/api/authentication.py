"""Sign-in by token: `Authorization: Bearer …`."""

from __future__ import annotations

from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from portal.accounts.models import User
from portal.api.models import ApiToken
from portal.api.operations import digest_of
from workflows.queries.calendars import database_now


class BearerAuthentication(BaseAuthentication):
    """Knows the user by a token that has not ended, whose password and sessions are as when it was issued."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the user and her token; None without the header. Raises AuthenticationFailed."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        text = words[1].decode("ascii", "replace") if len(words) == 2 else ""
        token = ApiToken.objects.select_related("user").filter(digest=digest_of(text)).first()
        if token is None or not _holds(token):
            raise AuthenticationFailed(_("This token is not valid or has ended. Sign in again."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in the answer 401."""
        return 'Bearer realm="api"'


def _holds(token: ApiToken) -> bool:
    return (
        token.user.is_active
        and token.expires_at > database_now()
        and constant_time_compare(token.session_hash, token.user.get_session_auth_hash())
    )
