"""The stand-in registers: they agree with the demo's people, and run as a process of their own."""

from __future__ import annotations

import datetime as dt
import json
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
from services.exchange.sources import source_of, sources
from services.forms.dictionary import dictionary
from services.forms.types import Context, type_of

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
        assert source_of("business-registry").words["kind"][entry["kind"]] == organisation["kind"]
        assert entry["premises_address"] == organisation["premises_address"]
        assert entry["registered_on"] == organisation["registered_on"]
    numbers = {str(citizen["id_number"]): citizen["name"] for citizen in people["citizens"]}
    for code in ("household-registry", "health-certificates", "marriage-registry", "retirement-registry"):
        for number, entry in entries[code].items():
            assert numbers[number] == entry["name"]
    residents = {str(one["id_number"]) for one in people["citizens"] if one["id_kind"] == "31"}
    assert set(entries["household-registry"]) == residents
    for number, entry in entries["household-registry"].items():
        assert entry["birth_date"].isoformat().replace("-", "") == number[6:14]
        assert entry["sex"] == ("男" if int(number[16]) % 2 else "女")


def test_what_the_registers_answer_is_taken_by_the_form() -> None:
    known = dictionary().elements
    for code, found in read_entries().items():
        source = source_of(code)
        for key_value, entry in found.items():
            assert set(entry) <= {name for key in source.keys.values() for name in key.elements}, code
            for key in source.keys.values():
                for name, element in key.elements.items():
                    if name not in entry or element.startswith("entry."):
                        continue
                    value = json.loads(json.dumps(entry[name], default=str))
                    word = source.words.get(name, {}).get(value, value) if isinstance(value, str) else value
                    context = Context(today=dt.date(2026, 11, 28))
                    raw = word if isinstance(word, bool) else str(word)
                    assert type_of(known[element]).clean(known[element], raw, context) is not None, (code, key_value)


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
    httpx.post(f"{registry.url}/faults", json={"kind": "empty", "source": "tax"})
    assert httpx.post(address, json=question).json()["found"], "only the register that was named is spoilt"
    assert httpx.post(f"{registry.url}/sources/tax", json=question).json() == {"found": False}
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
