"""Settings of the test suite."""

from portal.settings.base import *  # noqa: F403

SECRET_KEY = "test-only-key-that-protects-nothing-real-0123456789abcdefghijklmnop"
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
