"""The pages of sign-in, sign-up and the profile."""

from __future__ import annotations

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts.models import User
from portal.accounts.operations import change_profile, disable_user, end_sessions
from portal.ui.sessions import AUDIENCE
from services.notifications.models import Notice
from services.parties.enums import Role
from services.parties.models import Person
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.parties import MembershipFactory, PersonFactory

pytestmark = pytest.mark.django_db

NUMBER = "410105190306120085"
NEWCOMER = {
    "name": "李雯",
    "id_kind": "31",
    "id_number": NUMBER,
    "mobile": "199 0000 0001",
    "language": "zh-hans",
    "username": "liwen",
    "email": "liwen@one-stop.example",
    "password1": "three quiet herons",
    "password2": "three quiet herons",
}


def sign_up(client: Client, **changes: str):
    return client.post(reverse("account_signup"), NEWCOMER | changes)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", ["account_login", "account_signup", "account_reset_password", "account_inactive"])
def test_visitors_pages_open_in_both_languages(client, name, language):
    page = client.get(reverse(name), headers={"accept-language": language})
    assert page.status_code == 200
    assert b"<h1>" in page.content
    assert b"style=" not in page.content


@pytest.mark.parametrize(
    "name",
    [
        "accounts:profile",
        "account_email",
        "account_change_password",
        "account_logout",
        "mfa_index",
        "usersessions_list",
    ],
)
def test_my_pages_open(name):
    page = signed_in(PersonFactory().user).get(reverse(name))
    assert page.status_code == 200
    assert b"<h1" in page.content


@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_add_webauthn"])
def test_changes_of_the_second_step_ask_for_the_password_again(name):
    user = PersonFactory().user
    client = signed_in(user)
    asked = client.get(reverse(name))
    assert asked.url.startswith(reverse("account_reauthenticate"))
    assert client.get(asked.url).status_code == 200
    page = client.post(asked.url, {"password": PASSWORD}, follow=True)
    assert page.redirect_chain[-1][0] == reverse(name)
    assert page.status_code == 200


def test_the_second_step_is_set_up_and_asked_for_at_sign_in():
    user = PersonFactory().user
    client = signed_in(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    for name in (
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
    ):
        assert client.get(reverse(name)).status_code == 200
    newly = Client()
    page = newly.post(reverse("account_login"), {"login": user.username, "password": PASSWORD}, follow=True)
    assert page.redirect_chain[-1][0] == reverse("mfa_authenticate")
    assert page.status_code == 200
    assert "_auth_user_id" not in newly.session
    recovery = RecoveryCodes(Authenticator.objects.get(user=user, type=Authenticator.Type.RECOVERY_CODES))
    newly.post(reverse("mfa_authenticate"), {"code": recovery.get_unused_codes()[0]})
    assert newly.session["_auth_user_id"] == str(user.pk)


def test_a_new_address_waits_for_its_confirmation():
    user = UserFactory()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = signed_in(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    client.post(reverse("account_email"), {"action_add": "", "email": "new@one-stop.example"})
    assert "new@one-stop.example" in client.get(reverse("account_email")).content.decode()
    (message,) = [message for message in mail.outbox if message.to == ["new@one-stop.example"]]
    link = re.search(r"http://testserver(\S+)", message.body).group(1)
    assert client.get(link).status_code == 200
    client.post(link)
    user.refresh_from_db()
    assert user.email == "new@one-stop.example"


def test_signing_up_creates_user_and_person_together(client):
    page = sign_up(client)
    assert page.status_code == 302
    person = Person.objects.get()
    assert (person.name, person.id_number, person.mobile) == ("李雯", NUMBER, "19900000001")
    assert person.user == User.objects.get(username="liwen")
    assert (person.user.name, person.user.language) == ("李雯", "zh-hans")
    assert person.born_on.year == 1903
    assert [message.to for message in mail.outbox] == [["liwen@one-stop.example"]]


def test_a_wrong_number_keeps_what_was_typed_and_stores_nothing(client):
    page = sign_up(client, id_number="410105190306120086")
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"id_number"}
    for typed in ("李雯", "410105190306120086", "199 0000 0001", "liwen@one-stop.example"):
        assert f'value="{typed}"' in page.content.decode()
    assert not User.objects.exists()
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", "李雯123"), ("mobile", "12345"), ("id_kind", "33"), ("email", "nobody"), ("password2", "another one!!")],
)
def test_every_wrong_field_is_named(client, field, value):
    page = sign_up(client, **{field: value, **({"id_number": "??"} if field == "id_kind" else {})})
    expected = "id_number" if field == "id_kind" else field
    assert page.context["form"].errors.keys() == {expected}
    assert not User.objects.exists()


def test_a_registered_document_cannot_be_signed_up_again_and_leaves_no_user(client):
    PersonFactory(user=None, id_number=NUMBER)
    page = sign_up(client, id_number=" 41010519 0306120085 ")
    assert page.status_code == 200
    assert page.context["form"].errors.keys() == {"id_number"}
    assert not User.objects.exists()
    assert not EmailAddress.objects.exists()
    assert mail.outbox == []


def cookies_of(page: HttpResponse) -> set[tuple[str, str]]:
    """Return the cookies of an answer with everything about them but their values and the second they end in."""
    return {
        (name, str({word: about for word, about in cookie.items() if word != "expires"}))
        for name, cookie in page.cookies.items()
    }


def test_sign_up_tells_nobody_whether_an_identity_document_is_registered(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    known = PersonFactory(id_number=NUMBER)
    fresh = NEWCOMER | {"id_number": "410103190503182012", "username": "new", "email": "new@one-stop.example"}

    def told(form: dict[str, str]) -> tuple[object, ...]:
        client = Client()
        page = client.post(reverse("account_signup"), form)
        shown = client.get(page.headers["Location"]).content.decode()
        seen = re.sub(r"nonce=\"[^\"]+\"|CSRFToken\": \"\w+|[\w.]+@one-stop\.example|value=\"[^\"]+\"", "", shown)
        return page.status_code, page.headers["Location"], cookies_of(page), seen

    for _twice in range(2):
        registered = told(NEWCOMER)
    assert told(fresh) == registered, "the same answer, cookies and page"
    assert not User.objects.filter(username="liwen").exists()
    assert Person.objects.filter(user__username="new").exists()
    assert "liwen@one-stop.example" not in [address for message in mail.outbox for address in message.to]
    notices = Notice.objects.filter(kind="sign_up_tried")
    assert {notice.recipient for notice in notices} == {known.user}
    assert notices.filter(channel="inbox").count() == 1, "once a day"


def test_a_registered_document_without_a_sign_in_is_told_to_nobody(client, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    PersonFactory(user=None, id_number=NUMBER)
    assert sign_up(client).status_code == 302
    assert not Notice.objects.exists()
    assert not User.objects.exists()


def test_a_known_address_tells_nobody_that_it_is_known(client, settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    UserFactory(email="liwen@one-stop.example")
    page = sign_up(client)
    assert page.status_code == 302
    assert User.objects.count() == 1
    assert not Person.objects.exists()
    unknown = sign_up(Client(), id_number="410103190503182012", username="new", email="new@one-stop.example")
    assert User.objects.count() == 2
    assert cookies_of(page) == cookies_of(unknown)


@pytest.mark.parametrize("login", ["liwen", "liwen@one-stop.example"])
def test_people_sign_in_by_name_or_address(client, login):
    user = UserFactory(username="liwen", email="liwen@one-stop.example")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    page = client.post(reverse("account_login"), {"login": login, "password": PASSWORD})
    assert page.status_code == 302
    assert page.url == reverse("accounts:my_page")
    assert client.session["_auth_user_id"] == str(user.pk)


def test_five_wrong_passwords_close_the_sign_in_for_this_browser(client):
    user = UserFactory()
    for _ in range(5):
        page = client.post(reverse("account_login"), {"login": user.username, "password": "wrong"})
    assert page.status_code == 429
    page = client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert page.status_code == 429
    elsewhere = Client(headers={"user-agent": "another browser"})
    assert elsewhere.post(reverse("account_login"), {"login": user.username, "password": PASSWORD}).status_code == 302


def test_a_forgotten_password_is_set_by_the_mailed_link(client):
    user = UserFactory()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.post(reverse("account_reset_password"), {"email": user.email})
    (message,) = mail.outbox
    link = re.search(r"http://testserver(\S+)", message.body).group(1)
    form = client.get(link, follow=True)
    page = client.post(
        form.redirect_chain[-1][0], {"password1": "three quiet herons", "password2": "three quiet herons"}
    )
    assert page.status_code == 302
    user.refresh_from_db()
    assert user.check_password("three quiet herons")


def test_the_profile_masks_the_identity_number_and_changes_what_may_change():
    person = PersonFactory(id_number=NUMBER, mobile="19900000001")
    client = signed_in(person.user)
    page = client.get(reverse("accounts:profile"))
    assert "410***********0085" in page.content.decode()
    assert NUMBER not in page.content.decode()
    page = client.post(reverse("accounts:profile"), {"language": "en", "large_text": "on", "mobile": "+44 7700 900001"})
    assert page.status_code == 302
    person = Person.objects.get()
    assert (person.user.language, person.user.large_text, person.mobile) == ("en", True, "+447700900001")
    page = client.post(reverse("accounts:profile"), {"language": "en", "mobile": "12"})
    assert page.context["form"].errors.keys() == {"mobile"}


def test_staff_have_a_profile_with_their_posts_and_no_mobile_number():
    membership = MembershipFactory(department__code="XF", department__name_zh="消防救援支队", role=Role.CHECKER)
    page = signed_in(membership.user).get(reverse("accounts:profile"))
    assert "消防救援支队" in page.content.decode()
    assert "mobile" not in page.context["form"].fields


def test_a_disabled_user_loses_the_session_at_once_and_for_good():
    admin = MembershipFactory(role=Role.ADMIN).user
    user = PersonFactory().user
    client = signed_in(user)
    assert client.get(reverse("accounts:profile")).status_code == 200
    disable_user(user=user, by=admin, at=timezone.now())
    assert client.get(reverse("accounts:profile")).status_code == 302
    User.objects.filter(pk=user.pk).update(is_active=True)
    assert client.get(reverse("accounts:profile")).status_code == 302


def test_ending_sessions_signs_out_other_devices():
    user = PersonFactory().user
    clients = [signed_in(user), signed_in(user)]
    end_sessions(user=user, by=user, at=timezone.now())
    assert [client.get(reverse("accounts:profile")).status_code for client in clients] == [302, 302]


def test_sessions_of_people_with_a_post_end_as_staff_sessions(client):
    clerk = MembershipFactory(role=Role.HANDLER).user
    client.post(reverse("account_login"), {"login": clerk.username, "password": PASSWORD})
    assert client.session[AUDIENCE] == "staff"
    citizen = PersonFactory().user
    other = Client()
    other.post(reverse("account_login"), {"login": citizen.username, "password": PASSWORD})
    assert AUDIENCE not in other.session


def test_administrators_use_the_same_door(client):
    page = client.get(reverse("admin:login"), {"next": "/admin/"})
    assert page.status_code == 302
    assert page.url.startswith(reverse("account_login"))


def test_messages_come_in_the_language_of_the_page(client):
    for language, words in (("zh-hans", "号码中有一位输错"), ("en", "A digit of the number is wrong")):
        page = client.post(
            reverse("account_signup"),
            NEWCOMER | {"id_number": "410105190306120086"},
            headers={"accept-language": language},
        )
        assert words in page.content.decode()


def test_nobody_else_ends_sessions_or_closes_sign_ins():
    user, stranger = PersonFactory().user, PersonFactory().user
    admin = MembershipFactory(role=Role.ADMIN).user
    for act, by in ((end_sessions, stranger), (disable_user, stranger), (disable_user, user)):
        with pytest.raises(PermissionDenied):
            act(user=user, by=by, at=timezone.now())
    with pytest.raises(PermissionDenied):
        disable_user(user=admin, by=admin, at=timezone.now())
    assert signed_in(user).get(reverse("accounts:profile")).status_code == 200


def test_changing_only_the_language_leaves_the_mobile_number():
    person = PersonFactory()
    change_profile(user=person.user, language="en", large_text=False, mobile=None, at=timezone.now())
    person.refresh_from_db()
    assert (person.user.language, person.mobile[:3]) == ("en", "199")
