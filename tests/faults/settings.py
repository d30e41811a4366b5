"""Settings of the processes that faults are tried on: those of the demo, with compressed waits and crash points."""

from __future__ import annotations

import os

from portal.settings.demo import *  # noqa: F403
from portal.settings.demo import CELERY_BEAT_SCHEDULE, INSTALLED_APPS

PACE = float(os.environ.get("FAULTS_PACE", "12"))
if PACE > 1:
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.compressed"]
    for _entry in CELERY_BEAT_SCHEDULE.values():
        _entry["schedule"] = max(1.0, _entry["schedule"] / PACE)
        if "expires" in _entry["options"]:
            _entry["options"]["expires"] = max(2.0, _entry["options"]["expires"] / PACE)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_TIMEOUT = 2
CRASH_POINTS = True
