"""FT5: clocks that are wrong. Every instant is PostgreSQL's, so a worker a day off does as any other."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.faults.parts import until
from tests.faults.plant import Plant

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
pytestmark = [
    pytest.mark.xdist_group("faults"),
    pytest.mark.skipif(LIBRARY is None, reason="the Debian package faketime is not installed"),
]


def _off(by: str) -> dict[str, str]:
    # Waiting is by the monotonic clock, which nobody can set.
    return {"LD_PRELOAD": str(LIBRARY), "FAKETIME": by, "DONT_FAKE_MONOTONIC": "1"}


@pytest.mark.parametrize("by", ["+1d", "-1d"])
def test_workers_whose_clocks_are_a_day_off(plant: Plant, by: str) -> None:
    for name in ("worker", "sweepd", "sweepd2"):
        plant.parts[name].again(**_off(by))
    plant.files(1)
    plant.drains()
    early = plant.rows("select count(*) from workflows_timer where fired_at > now() or fired_at < due_at")
    assert early == [(0,)]
    late = plant.rows("select count(*) from notifications_notice where sent_at > now() or sent_at < created_at")
    assert late == [(0,)]


@pytest.mark.slow
def test_a_clock_that_is_off_is_told(plant: Plant) -> None:
    address = f"{plant.url}/healthz/full"
    assert httpx.get(address, timeout=30).json()["checks"]["clock_skew"]["well"] is True
    # Under DONT_FAKE_MONOTONIC libfaketime 0.9.10 refuses every time.sleep of gunicorn (EINVAL), which then ends. Ten
    # seconds more of waiting do no harm here, so that clock is ahead as well.
    plant.parts["web"].again(LD_PRELOAD=str(LIBRARY), FAKETIME="+10")
    until(plant.answers, within=60, what="the site answers")
    answer = httpx.get(address, timeout=30)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert 9 < answer.json()["checks"]["clock_skew"]["value"] < 13
