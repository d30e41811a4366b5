"""Settings of `make demo`: one machine, embedded servers, keys that protect nothing real."""

from portal.settings.base import *  # noqa: F403

SECRET_KEY = "demo-only-key-that-protects-nothing-real-0123456789abcdefghijklmnop"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
FIELD_KEYS = {
    "active": "1",
    "keys": {"1": "ZGVtby1rZXktcHJvdGVjdHMtbm90aGluZy1yZWFsISE="},
    "index": "ZGVtby1pbmRleC1wcm90ZWN0cy1ub3RoaW5nLWF0LWE=",
}
WEBHOOK_PRIVATE_ALLOWED = True
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_RATE_LIMITS = False  # every demo person signs in from the same address within a minute
WHITENOISE_USE_FINDERS = True
