"""FT4 and FT11: the database restarts, loses its sessions, and the network to it is bad."""

from __future__ import annotations

import contextlib
import signal
import time

import psycopg
import pytest

from portal.demo import servers
from tests.faults.clerk import Clerk
from tests.faults.parts import send, until
from tests.faults.plant import RECOVERED_WITHIN, Plant
from tests.faults.proxy import Proxy

pytestmark = pytest.mark.xdist_group("faults")


def test_the_database_restarts_at_once(plant: Plant) -> None:
    """`pg_ctl restart -m immediate`, twice, while cases are filed and reviewed."""
    postgres = plant.parts["postgres"]
    plant.files(1)
    for _ in range(2):
        starts = postgres.starts
        send(postgres.pid, signal.SIGQUIT)
        until(lambda starts=starts: postgres.starts > starts, within=30, what="it is started again")
        plant.files(1)


def test_a_backend_is_killed_and_all_sessions_are_ended(plant: Plant) -> None:
    plant.files(1)
    ours = "select pid from pg_stat_activity where datname = 'one_stop' and pid <> pg_backend_pid()"
    for _ in range(4):
        with contextlib.suppress(psycopg.Error):
            plant.rows(f"select pg_terminate_backend(pid) from ({ours}) session")
        time.sleep(0.3)
    (victim, *_), *_ = plant.rows(f"{ours} limit 1")
    send(victim, signal.SIGKILL)  # PostgreSQL then ends all others and recovers by itself
    plant.files(1)


@pytest.mark.slow
def test_a_bad_network_to_database_and_broker(plant: Plant) -> None:
    """FT11: everything is slow, now and then every connection is cut, and for a while nobody gets through."""
    with Proxy(plant.ports["postgres"]).open() as database, Proxy(plant.ports["valkey"]).open() as broker:
        at = servers.LOOPBACK
        behind = {
            "DATABASE_URL": f"postgres://one_stop@{at}:{database.port}/one_stop",
            "REDIS_URL": f"redis://{at}:{broker.port}",
        }
        for name in ("web", "worker", "sweepd"):
            plant.parts[name].again(**behind)
        database.delay = broker.delay = 0.005
        plant.files(1)
        until(plant.answers, within=60, what="the site answers through the proxy")
        for _ in range(3):
            database.cut()
            broker.cut()
            time.sleep(1)
        database.refusing = broker.refusing = True
        database.cut()
        broker.cut()
        time.sleep(1)
        database.refusing = broker.refusing = False
        began = time.monotonic()
        until(plant.answers, within=RECOVERED_WITHIN, what="the site answers again")
        assert time.monotonic() - began < RECOVERED_WITHIN
        plant.town("rest")
        plant.town("file", count=1)
        with Clerk(plant, "clerk") as clerk:
            for task in until(clerk.tasks, within=60, what="a task at the window"):
                clerk.complete(task, "accept")
        plant.town("review")
        plant.drains()
        plant.whole()
