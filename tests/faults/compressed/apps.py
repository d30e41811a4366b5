"""A Django app that shortens the real code's own waits when it is installed; it changes nothing else."""

from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig

#: How many times shorter every wait is.
COMPRESSED = 12


class CompressedConfig(AppConfig):
    """Shorter leases, shorter pauses before another try."""

    name = "tests.faults.compressed"
    label = "compressed"

    def ready(self) -> None:
        """Divide the waits."""
        from services.documents.operations import rendering
        from services.notifications import dispatch, retries
        from workflows import wake
        from workflows.operations import jobs, timers

        for module, names in (
            (dispatch, ("LEASE", "BEGIN_WITHIN", "WORK_WITHIN", "PAUSE_WHEN_DOWN")),
            (rendering, ("LEASE", "FIRST_RETRY", "LAST_RETRY")),
        ):
            for name in names:
                setattr(module, name, getattr(module, name) / COMPRESSED)
        for module, name in ((retries, "DELAYS"), (jobs, "BACKOFF"), (timers, "BACKOFF")):
            setattr(module, name, tuple(min(one / COMPRESSED, timedelta(seconds=5)) for one in getattr(module, name)))
        wake.breaker.rest_seconds /= COMPRESSED
