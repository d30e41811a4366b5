"""Sign-up, the way to one's own door, and the profile."""

from __future__ import annotations

from allauth.account.views import SignupView as AllauthSignupView
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from portal.accounts.forms import ProfileForm, SignupForm
from portal.accounts.landing import door_of
from portal.accounts.models import User
from portal.accounts.operations import change_profile
from services.parties.enums import Role
from services.parties.queries import departments, person_of, posts_of


class SignedInRequest(HttpRequest):
    """A request behind the sign-in that LoginRequiredMiddleware demands."""

    user: User


class SignupView(AllauthSignupView):  # type: ignore[misc]
    """Sign-up that shows what registering the person refused, with everything she typed still there."""

    def form_valid(self, form: SignupForm) -> HttpResponse:
        """Sign her up, or show why not."""
        try:
            response: HttpResponse = super().form_valid(form)
        except ValidationError as error:
            form.add_error(None, error)
            response = self.form_invalid(form)
        return response


@require_GET
def my_page(request: SignedInRequest) -> HttpResponse:
    """Send everybody to her own door."""
    return redirect(door_of(request.user, timezone.now()))


@require_http_methods(["GET", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """Show who she is here, with the identity number masked, and let her change language, text size and mobile."""
    user, person, now = request.user, person_of(request.user), timezone.now()
    initial = {"language": user.language, "large_text": user.large_text, "mobile": person.mobile if person else ""}
    form = ProfileForm(request.POST or None, initial=initial, with_mobile=person is not None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        change_profile(
            user=user,
            language=values["language"],
            large_text=values["large_text"],
            mobile=values.get("mobile"),
            at=now,
        )
        with translation.override(user.language):
            messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    names = {department.code: department for department in departments()}
    posts = [
        {"department": names[post.department], "role": Role(post.role).label} for post in sorted(posts_of(user, now))
    ]
    return render(request, "accounts/profile.html", {"form": form, "person": person, "posts": posts})
