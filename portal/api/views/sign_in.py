"""Sign in by token, and who I am."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, ParseError, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle

from portal.accounts.models import User
from portal.api.authentication import BearerAuthentication
from portal.api.credentials import LockedOutError, WrongCredentialsError, user_by_credentials
from portal.api.models import ApiToken
from portal.api.operations import issue_token, revoke_token
from portal.api.serializers.sign_in import CredentialsSerializer, MeSerializer, TokenSerializer
from portal.api.views.base import PrivateView
from services.parties.queries import party_choices, posts_of
from workflows.queries.calendars import database_now


class TokenView(PrivateView):
    """A token for programs. It needs no Idempotency-Key: a second token does no harm, and each ends by itself."""

    throttle_scope = "token"

    def get_permissions(self) -> list[AllowAny]:
        """Let everybody ask for a token; ending one needs it."""
        return [AllowAny()] if self.request.method == "POST" else super().get_permissions()  # type: ignore[return-value]

    def get_authenticators(self) -> list[object]:
        """Ask nobody who asks for a token who she is: an ended one must not hinder getting a new one."""
        request: HttpRequest | None = self.request
        return [] if request is not None and request.method == "POST" else super().get_authenticators()  # type: ignore[return-value]

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that wrong credentials are answered 401."""
        return BearerAuthentication().authenticate_header(request)

    def get_throttles(self) -> list[ScopedRateThrottle]:
        """Slow down guessing."""
        return [ScopedRateThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        operation_id="token_create",
        tags=["sign-in"],
        auth=[],
        request=CredentialsSerializer,
        responses={201: TokenSerializer},
    )
    def post(self, request: Request) -> Response:
        """Get a token by name and password, and the second factor's code for those who set one up."""
        given = CredentialsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            user = user_by_credentials(request._request, **given.validated_data)
        except LockedOutError as error:
            raise Throttled(detail=_("Too many failed tries. Wait a quarter of an hour.")) from error
        except WrongCredentialsError as error:
            raise AuthenticationFailed(_("Name, password or code is wrong.")) from error
        text, token = issue_token(user=user, at=database_now())
        return Response(TokenSerializer({"token": text, "expires_at": token.expires_at}).data, status=201)

    @extend_schema(operation_id="token_end", tags=["sign-in"], request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the token this request came with."""
        if not isinstance(request.auth, ApiToken):
            raise ParseError(_("This request came without a token."))
        revoke_token(token=request.auth)
        return Response(status=204)


class MeView(PrivateView):
    """Who is signed in."""

    @extend_schema(operation_id="me", tags=["sign-in"], responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Read who I am here: my posts, and whom I may apply for."""
        user, at = request.user, database_now()
        assert isinstance(user, User)  # the permission let nobody else in
        me = {
            "username": user.username,
            "name": user.get_full_name(),
            "language": user.language,
            "posts": sorted(posts_of(user, at)),
            "parties": party_choices(user, at),
        }
        return Response(MeSerializer(me).data)
