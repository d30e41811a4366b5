"""Sign-in, sessions, passwords and the headers that tell a browser what a page may do."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF

_ROOT = Path(__file__).resolve().parents[2]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:my_page"
LOGOUT_REDIRECT_URL = "/"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Long and not known from breaches; no rules about kinds of characters, no forced change (ASVS 5.0, V6.2).
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {
        "NAME": f"{_VALIDATION}.CommonPasswordValidator",  # what is common in China and around this portal
        "OPTIONS": {"password_list_path": _ROOT / "portal" / "accounts" / "data" / "common_passwords.txt"},
    },
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = os.environ.get("EMAIL_VERIFICATION", "mandatory")
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "add_email": "portal.accounts.forms.AddEmailForm",
    "change_password": "portal.accounts.forms.ChangePasswordForm",
    "login": "portal.accounts.forms.LoginForm",
    "reauthenticate": "portal.accounts.forms.ReauthenticateForm",
    "reset_password": "portal.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "portal.accounts.forms.ResetPasswordKeyForm",
    "signup": "portal.accounts.forms.SignupForm",
}
MFA_FORMS = {
    "activate_totp": "portal.accounts.forms.ActivateTOTPForm",
    "authenticate": "portal.accounts.forms.AuthenticateForm",
    "reauthenticate": "portal.accounts.forms.ReauthenticateByCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "One-Stop"
USERSESSIONS_TRACK_ACTIVITY = False

# The three together, so that nobody can lock somebody else out from another machine.
AXES_LOCKOUT_PARAMETERS = [["ip_address", "user_agent", "username"]]
AXES_USERNAME_CALLABLE = "portal.accounts.lockout.name_tried"
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "errors/locked.html"
AXES_HTTP_RESPONSE_CODE = 429
AXES_SENSITIVE_PARAMETERS = ["username", "login", "password", "ip_address"]
AXES_VERBOSE = False

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 24 * 60 * 60  # seconds; the limits below are the ones that bite
SESSION_IDLE_LIMIT = timedelta(minutes=30)
SESSION_LIMIT_STAFF = timedelta(hours=12)
SESSION_LIMIT_CITIZEN = timedelta(hours=24)
CSRF_COOKIE_HTTPONLY = True  # scripts take the token from the page
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.ui.errors.csrf_failure"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
PERMISSIONS_POLICY = "camera=(self), geolocation=(), microphone=(), payment=(), usb=()"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],  # Bootstrap draws its arrows and ticks as data: images in its style sheet
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],  # a paper beside the form that is about it
        "frame-ancestors": [NONE],
        # Paying begins with our form and goes on at the payment service: browsers check where a form leads in the end.
        "form-action": [SELF, *filter(None, [os.environ.get("PAYMENT_GATEWAY_PAGES", "").rstrip("/")])],
        "object-src": [NONE],
        "base-uri": [NONE],
        "worker-src": [NONE],
    },
}
