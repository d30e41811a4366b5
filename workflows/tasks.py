"""Celery entries: id in, one operation."""
