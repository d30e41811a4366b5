"""Settings of `make demo`: one machine, embedded servers, keys that protect nothing real."""

from portal.settings.base import *  # noqa: F403

SECRET_KEY = "demo-only-key-that-protects-nothing-real-0123456789abcdefghijklmnop"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]
