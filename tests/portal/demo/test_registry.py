"""The stand-in registers: they agree with the demo's people, and run as a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from portal.demo.registry import Fault, Registry, read_entries
from services.exchange.sources import sources

DEMO = Path(__file__).resolve().parents[3] / "portal" / "demo"


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry(("127.0.0.1", 0), entries=read_entries())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_registers_know_the_demo_s_businesses_and_people() -> None:
    people = yaml.safe_load((DEMO / "people.yaml").read_text(encoding="utf-8"))
    entries = read_entries()
    assert set(entries) == set(sources())
    names = {citizen["username"]: citizen["name"] for citizen in people["citizens"]}
    for organisation in people["organisations"]:
        entry = entries["business-registry"][organisation["uscc"]]
        assert entry["name"] == organisation["name"]
        assert entry["legal_representative"] == names[organisation["legal_representative"]]
        assert entry["kind"] == organisation["kind"]
        assert entry["premises_address"] == organisation["premises_address"]
        assert entry["registered_on"] == organisation["registered_on"]
    numbers = {str(citizen["id_number"]): citizen["name"] for citizen in people["citizens"]}
    for number, entry in entries["household-registry"].items():
        assert numbers[number] == entry["name"]


def test_faults_are_planned_used_up_and_taken_back(registry: Registry) -> None:
    question = {"key": "91410100MA0000074E", "purpose": "prefill"}
    address = f"{registry.url}/sources/business-registry"
    httpx.post(f"{registry.url}/faults", json={"kind": "empty", "times": 2})
    assert httpx.post(address, json=question).json() == {"found": False}
    assert httpx.delete(f"{registry.url}/faults").json() == {"planned": 0}
    assert httpx.post(address, json=question).json()["data"]["registered_on"] == "2024-05-20"
    assert httpx.post(f"{registry.url}/faults", json={"kind": "earthquake"}).status_code == 400
    assert httpx.post(f"{registry.url}/sources/nothing", json=question).status_code == 404
    assert httpx.post(address, content=b"no json").status_code == 400
    assert httpx.post(address, content=b"x" * 70_000).status_code == 413
    assert httpx.get(f"{registry.url}/elsewhere").status_code == 404
    with pytest.raises(ValueError, match="earthquake"):
        Fault(kind="earthquake")


def test_it_runs_as_a_process_and_stops_when_told() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "portal.demo.registry", "--port", "0", "--latency", "0"],
        cwd=DEMO.parents[1],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1].rstrip(".")
        assert httpx.get(f"{url}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
