"""Somebody who works through the site's own addresses, and tries again with the same key when nobody answered."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx

from tests.faults.plant import PATIENCE, Plant


def percentile(values: list[float], share: int) -> float:
    """Return the value below which `share` of 100 lie."""
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


class Clerk:
    """Signed in by a token. `seconds`: how long each answered request took. `unanswered`: how many were not."""

    def __init__(self, plant: Plant, name: str) -> None:
        headers = {"Authorization": f"Bearer {plant.town('token', name=name)}"}
        self._client = httpx.Client(base_url=f"{plant.url}/api/v1", headers=headers, timeout=30)
        self.seconds: list[float] = []
        self.unanswered = 0
        self.replayed = 0

    def __enter__(self) -> Clerk:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def tasks(self) -> list[dict[str, Any]]:
        """Return the open tasks of her posts."""
        answer = self._ask("GET", "/tasks/?page_size=100")
        assert answer.status_code == httpx.codes.OK, answer.text
        return [task for task in answer.json()["results"] if "accept" in task["outcomes"]]

    def complete(self, task: dict[str, Any], outcome: str) -> httpx.Response:
        """Complete a task: the same request with the same key until it is answered."""
        key = str(uuid4())
        answer = self._ask("POST", f"/tasks/{task['id']}/complete/", key=key, json={"outcome": outcome})
        assert answer.status_code in (200, 409), answer.text
        self.replayed += answer.headers.get("Idempotent-Replayed") == "true"
        return answer

    def _ask(self, method: str, path: str, *, key: str = "", **more: Any) -> httpx.Response:
        end = time.monotonic() + PATIENCE
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            began = time.monotonic()
            try:
                answer = self._client.request(method, path, headers=headers, **more)
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    self.seconds.append(time.monotonic() - began)
                    return answer
            except httpx.TransportError:
                pass
            self.unanswered += 1
            assert time.monotonic() < end, f"{method} {path} is not answered"
            time.sleep(0.1)
