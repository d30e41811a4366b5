"""FT8: mail servers that are slow, refuse, or go away after the mail; gateways that accept and do not say so."""

from __future__ import annotations

import pytest

from tests.faults.parts import until
from tests.faults.plant import Plant

pytestmark = pytest.mark.xdist_group("faults")


def test_mail_and_texts_that_fail_in_every_way(plant: Plant) -> None:
    dead = "select count(*) from notifications_notice where status = 'dead'"
    ((before,),) = plant.rows(dead)
    plant.post.mail.faults.extend([3.0, "451 later", "550 nobody", "drop", "421 closing", "drop", "451 later", 3.0])
    plant.post.fail_texts(("silence", 6), ("status", 503), ("delay", 1), ("silence", 6))
    plant.files(2)
    until(lambda: not plant.post.mail.faults, within=90, what="every way was tried")
    plant.drains()
    assert plant.rows(dead) == [(before + 1,)], "only what was refused for good is given up"
    calls = plant.post.calls
    doubled = [key for key, count in calls.items() if count > 1]
    assert doubled, "what was accepted unanswered came again, under its first key"
    assert all(calls[key] <= 3 for key in doubled)
