"""The Celery application: workers and beat. A message is only a hint; PostgreSQL is the truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.production")
app = Celery("one_stop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
