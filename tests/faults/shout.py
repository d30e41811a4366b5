"""Send every wake-up there is three times, in no order: `python -m tests.faults.shout`."""

from __future__ import annotations

import random

from portal.demo.loading import become_portal


def main() -> None:
    """Send them."""
    become_portal()
    from django.conf import settings

    from workflows.wake import sender

    names = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()] * 3
    random.Random(3).shuffle(names)
    for name in names:
        sender.send_task(name, ignore_result=True)


if __name__ == "__main__":
    main()
