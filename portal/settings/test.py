"""Settings of the test suite."""

import os

from portal.settings.base import *  # noqa: F403

SECRET_KEY = "test-only-key-that-protects-nothing-real-0123456789abcdefghijklmnop"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
FIELD_KEYS = {
    "active": "1",
    "keys": {"1": "dGVzdC1rZXktcHJvdGVjdHMtbm90aGluZy1yZWFsISE="},
    "index": "dGVzdC1pbmRleC1wcm90ZWN0cy1ub3RoaW5nLWF0LWE=",
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; production's order has its own test
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_RATE_LIMITS = False
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
PAGE_CACHE_SECONDS = 0  # what a test changed is seen at once; the cache has its own test
MEDIA_ROOT = VAR / "files" / os.environ.get("PYTEST_XDIST_WORKER", "main")
CRASH_POINTS = True
