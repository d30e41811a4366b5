"""Settings of a real installation: everything secret comes from the environment, and a missing one stops the start."""

import json
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from portal.settings.base import *  # noqa: F403

_missing = [
    name
    for name in ("SECRET_KEY", "FIELD_KEYS", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "SITE_URL")
    if not os.environ.get(name)
]
if _missing:
    raise ImproperlyConfigured(f"Set {', '.join(_missing)} in the environment: docs/running.md says what each holds.")

SECRET_KEY = os.environ["SECRET_KEY"]
try:
    FIELD_KEYS = json.loads(Path(os.environ["FIELD_KEYS"]).read_text())
except (OSError, ValueError) as error:
    raise ImproperlyConfigured(f"FIELD_KEYS must name a readable JSON file with the field keys: {error}") from None

CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_SSL_REDIRECT = os.environ.get("SSL_REDIRECT", "1") == "1"
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]  # asked by the machine beside us, without TLS
if os.environ.get("BEHIND_TLS_PROXY") == "1":  # only where our own proxy sets, and strips, this header
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
LANGUAGE_COOKIE_NAME = "__Host-language"
LANGUAGE_COOKIE_SECURE = True
CONTENT_SECURITY_POLICY["DIRECTIVES"]["upgrade-insecure-requests"] = True

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
