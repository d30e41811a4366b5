"""Forms of sign-in, sign-up and the profile, in our own words and without placeholders."""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings as account_settings
from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.email_verification import add_email_verification_sent_message
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from portal.accounts.lockout import in_turn, sign_in_of
from portal.accounts.models import User
from portal.accounts.operations import register_identity, tell_of_sign_up
from services.parties.contact import check_mobile, check_person_name
from services.parties.enums import IdentityKind
from services.parties.identity_numbers import IdentityNumberError, check_identity_number
from services.parties.operations import PersonAlreadyRegisteredError

PASSWORD_HELP = _("At least 10 characters that are not only digits and no well-known password; a few words are good.")


class OwnWords:
    """Replaces labels and drops placeholders, which vanish as soon as somebody types."""

    own_labels: dict[str, Any] = {}
    own_help: dict[str, Any] = {}
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build the form, then change its words."""
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.own_labels.get(name, field.label)
            field.help_text = self.own_help.get(name, field.help_text)


class LoginForm(OwnWords, allauth_forms.LoginForm):  # type: ignore[misc]
    """Sign-in by name or e-mail address."""

    own_labels = {"login": _("Sign-in name or e-mail"), "password": _("Password")}
    own_help = {"password": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let browsers fill in the name."""
        super().__init__(*args, **kwargs)
        self.fields["login"].widget.attrs["autocomplete"] = "username"

    def clean(self) -> Any:
        """Check the password; tries that are counted together follow one another."""
        return in_turn(super().clean, *sign_in_of(self.request))


class SignupForm(OwnWords, allauth_forms.SignupForm):  # type: ignore[misc]
    """Sign-up: who she is and how she signs in. Both are stored together or not at all."""

    own_labels = {
        "username": _("Sign-in name"),
        "email": _("E-mail"),
        "password1": _("Password"),
        "password2": _("Password again"),
    }
    own_help = {
        "username": _("Letters, digits and . + - _ @; you choose it and can use your e-mail address to sign in too."),
        "email": _("We send notices about your applications there."),
        "password1": PASSWORD_HELP,
    }
    field_order = (
        "name",
        "id_kind",
        "id_number",
        "mobile",
        "language",
        "username",
        "email",
        "password1",
        "password2",
    )
    name = forms.CharField(
        label=_("Name"),
        help_text=_("As it stands on your identity document."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    id_kind = forms.ChoiceField(label=_("Identity document"), choices=IdentityKind, initial=IdentityKind.RESIDENT_ID)
    id_number = forms.CharField(
        label=_("Number of the identity document"),
        help_text=_("It is stored encrypted and shown to nobody without a reason that you can look up."),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    mobile = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    language = forms.ChoiceField(label=_("Language of messages"), choices=User.Language)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the language of the page first."""
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()

    def clean_name(self) -> str:
        """Bring the name to its normal form."""
        return check_person_name(self.cleaned_data["name"])

    def clean_mobile(self) -> str:
        """Bring the number to its normal form."""
        return check_mobile(self.cleaned_data["mobile"])

    def clean(self) -> dict[str, Any]:
        """Check the number by its kind, beside the passwords."""
        cleaned: dict[str, Any] = super().clean()
        kind, number = cleaned.get("id_kind"), cleaned.get("id_number")
        if kind and number:
            try:
                cleaned["id_number"] = check_identity_number(kind, number, today=timezone.localdate())
            except IdentityNumberError as error:
                self.add_error("id_number", ValidationError(error.args[0], code="identity_number"))
        return cleaned

    def try_save(self, request: HttpRequest) -> Any:
        """Save user, person and e-mail address in one transaction.

        Whether an identity document or an address is registered is told to nobody who only types it: where an address
        is confirmed by mail before anybody is signed in, the answer is that of a new sign-up, and the registered person
        gets a message.

        Raises:
            ValidationError: the identity document is registered, and a new sign-up would be signed in at once.
        """
        try:
            with transaction.atomic():
                user, response = super().try_save(request)
        except PersonAlreadyRegisteredError:
            if account_settings.EMAIL_VERIFICATION != account_settings.EmailVerificationMethod.MANDATORY:
                raise
            user, response = None, self._tell_the_registered_person(request)
        if user is None:
            # A sign-up that goes on leaves a session, and its cookie: so does one that ends here.
            request.session["signed_up"] = True
        return user, response

    def _tell_the_registered_person(self, request: HttpRequest) -> HttpResponse:
        kind, number = self.cleaned_data["id_kind"], self.cleaned_data["id_number"]
        tell_of_sign_up(id_kind=kind, id_number=number, at=timezone.now())
        add_email_verification_sent_message(request, self.cleaned_data["email"], signup=True)
        return get_adapter().respond_email_verification_sent(request, None)

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        """Register the person behind the new sign-in."""
        fields = ("name", "id_kind", "id_number", "mobile", "language")
        register_identity(user=user, **{field: self.cleaned_data[field] for field in fields}, at=timezone.now())


class ChangePasswordForm(OwnWords, allauth_forms.ChangePasswordForm):  # type: ignore[misc]
    """The old password and a new one."""

    own_labels = {
        "oldpassword": _("Current password"),
        "password1": _("New password"),
        "password2": _("New password again"),
    }
    own_help = {"oldpassword": "", "password1": PASSWORD_HELP}


class ResetPasswordForm(OwnWords, allauth_forms.ResetPasswordForm):  # type: ignore[misc]
    """The address a link is sent to."""

    own_labels = {"email": _("E-mail")}


class ResetPasswordKeyForm(OwnWords, allauth_forms.ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, after the link."""

    own_labels = {"password1": _("New password"), "password2": _("New password again")}
    own_help = {"password1": PASSWORD_HELP}


class AddEmailForm(OwnWords, allauth_forms.AddEmailForm):  # type: ignore[misc]
    """A new address."""

    own_labels = {"email": _("New e-mail")}


class ReauthenticateForm(OwnWords, allauth_forms.ReauthenticateForm):  # type: ignore[misc]
    """The password once more, before a change that matters."""

    own_labels = {"password": _("Password")}
    own_help = {"password": ""}

    def clean_password(self) -> Any:
        """Check the password; her tries follow one another."""
        return in_turn(super().clean_password, "password", self.user.pk)


class CodesInTurn:
    """Checks the codes of one person one after another, so that they are counted right."""

    user: User

    def clean_code(self) -> Any:
        """Check the code."""
        return in_turn(super().clean_code, "second factor", self.user.pk)  # type: ignore[misc]


class AuthenticateForm(CodesInTurn, OwnWords, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    """The second factor."""

    own_labels = {"code": _("Code of the authenticator app, or a recovery code")}


class ReauthenticateByCodeForm(CodesInTurn, OwnWords, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    """The second factor once more."""

    own_labels = {"code": _("Code of the authenticator app, or a recovery code")}


class ActivateTOTPForm(OwnWords, totp_forms.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of a new authenticator app."""

    own_labels = {"code": _("Code shown by the app")}


class ProfileForm(forms.Form):
    """How the portal speaks to her and where it reaches her."""

    language = forms.ChoiceField(label=_("Language of pages and messages"), choices=User.Language)
    large_text = forms.BooleanField(label=_("Large text"), required=False)
    mobile = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    def __init__(self, *args: Any, with_mobile: bool, **kwargs: Any) -> None:
        """Leave the mobile number out for staff who are no applicants."""
        super().__init__(*args, **kwargs)
        if not with_mobile:
            del self.fields["mobile"]

    def clean_mobile(self) -> str:
        """Bring the number to its normal form."""
        number = self.cleaned_data["mobile"]
        return check_mobile(number) if number else ""
