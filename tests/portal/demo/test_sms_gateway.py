"""The recording text-message gateway as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from portal.demo.sms_gateway import Fault
from services.notifications.channels.sms import signature


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[str]:
    words = [sys.executable, "-m", "portal.demo.sms_gateway", "--port", "0", "--file", str(tmp_path / "sms.jsonl")]
    known = json.dumps({"client_id": "old", "to": "1", "text": "x"})
    (tmp_path / "sms.jsonl").write_text(known + "\n")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, text=True, env={**os.environ, "SMS_GATEWAY_KEY": "key"}
    ) as process:
        assert process.stdout
        found = re.search(r"to (\S+) are", process.stdout.readline())
        assert found
        yield f"http://{found[1]}"
        process.terminate()
        assert process.wait(timeout=10) == 0


def post(gateway: str, client_id: str, key: str = "key") -> httpx.Response:
    body = json.dumps({"client_id": client_id, "to": "13800000000", "text": "您好"}).encode()
    headers = {"X-Timestamp": "1", "X-Signature": signature(key, "1", body)}
    return httpx.post(f"{gateway}/messages", content=body, headers=headers)


def test_each_client_id_is_recorded_once_and_survives_a_restart(gateway: str, tmp_path: Path) -> None:
    assert post(gateway, "new").json() == {"client_id": "new", "repeated": False}
    assert post(gateway, "new").json() == {"client_id": "new", "repeated": True}
    assert post(gateway, "old").json()["repeated"]
    assert [message["client_id"] for message in httpx.get(f"{gateway}/messages").json()] == ["old", "new"]
    assert len((tmp_path / "sms.jsonl").read_text().splitlines()) == 2


def test_what_is_wrong_is_refused(gateway: str) -> None:
    assert post(gateway, "new", key="guessed").status_code == 401
    assert httpx.post(f"{gateway}/messages", content=b"x" * 70_000).status_code == 413
    assert httpx.post(f"{gateway}/elsewhere").status_code == 404
    assert httpx.get(f"{gateway}/elsewhere").status_code == 404
    body = b"{}"
    signed = {"X-Timestamp": "1", "X-Signature": signature("key", "1", body)}
    assert httpx.post(f"{gateway}/messages", content=body, headers=signed).status_code == 400


def test_faults_come_when_asked_for_and_are_used_up(gateway: str) -> None:
    asked = httpx.post(f"{gateway}/faults", json={"kind": "status", "value": 503, "times": 2})
    assert asked.json() == {"planned": 2}
    assert [post(gateway, "new").status_code for _ in range(3)] == [503, 503, 200]
    assert httpx.post(f"{gateway}/faults", json={"kind": "fire", "value": 1}).status_code == 400


def test_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault called fire"):
        Fault(kind="fire", value=1)
