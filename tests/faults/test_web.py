"""FT9: the web server dies in the middle of a submission; whoever sent it sends it again."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from tests.faults.clerk import Clerk
from tests.faults.parts import send, until
from tests.faults.plant import Plant

pytestmark = pytest.mark.xdist_group("faults")

DONE = "select count(*) from workflows_historyevent where kind = 'task_done' and (detail ->> 'node') = 'intake'"


@pytest.mark.parametrize(("place", "replayed"), [("step_before_commit", False), ("after_commit_before_wake", True)])
def test_a_completion_is_there_once_wherever_the_server_dies(plant: Plant, place: str, replayed: bool) -> None:
    plant.town("rest")
    plant.town("file", count=1)
    with Clerk(plant, "clerk") as clerk:
        tasks = until(lambda: len(found := clerk.tasks()) >= 4 and found, within=60, what="four tasks at the window")
        ((before,),) = plant.rows(DONE)
        web = plant.parts["web"]
        web.again(CRASH_AT=place)
        until(plant.answers, within=60, what="the site answers")
        clerk.unanswered = 0
        answer: list[object] = []
        thread = threading.Thread(target=lambda: answer.append(clerk.complete(tasks[0], "accept")))
        thread.start()
        until(lambda: clerk.unanswered or answer, within=60, what="the server died at that place")
        assert clerk.unanswered
        web.again()
        thread.join(60)
        assert answer
        assert bool(clerk.replayed) is replayed
    assert plant.rows(DONE) == [(before + 1,)]


@pytest.mark.slow
def test_servers_are_killed_while_people_work(plant: Plant) -> None:
    plant.town("rest")
    plant.town("file", count=2)
    with Clerk(plant, "clerk") as clerk:
        tasks = until(lambda: len(found := clerk.tasks()) >= 8 and found, within=60, what="eight tasks at the window")
        ((before,),) = plant.rows(DONE)
        work = threading.Thread(target=lambda: [clerk.complete(task, "accept") for task in tasks])
        work.start()
        web = plant.parts["web"]
        for number in range(3):
            time.sleep(0.4)
            for pid in web.children[-1:] if number % 2 else [web.pid, *web.children]:
                send(pid, signal.SIGKILL)
        work.join(90)
        assert not work.is_alive()
    assert plant.rows(DONE) == [(before + len(tasks),)]
