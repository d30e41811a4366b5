"""The orders of the demo's payment service, kept in a file of lines that is only ever added to."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

CHINA = timedelta(hours=8)


@dataclass(kw_only=True)
class DemoOrder:
    """An order as this service knows it."""

    order: str
    amount_fen: int
    currency: str
    title: str
    return_url: str
    notify_url: str
    token: str
    state: str = "open"
    gateway_number: str = ""
    paid_at: str = ""
    refund_number: str = ""
    refunded_at: str = ""

    def told(self) -> dict[str, Any]:
        """Return what the portal may know."""
        names = ("order", "amount_fen", "currency", "state", "gateway_number", "paid_at")
        return {name: getattr(self, name) for name in names}


class Book:
    """All orders, one JSON line for each change."""

    def __init__(self, file: Path | None) -> None:
        """Keep the orders in `file`; what stands there already counts. None: in memory only."""
        self._file, self._lock = file, threading.Lock()
        self._orders: dict[str, DemoOrder] = {}
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
                order = DemoOrder(**json.loads(line))
                self._orders[order.order] = order

    def _write(self, order: DemoOrder) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(order), ensure_ascii=False) + "\n")

    def open(self, content: dict[str, Any]) -> DemoOrder:
        """Return the order of a number, made anew if it is not known. Raises ValueError for another amount."""
        amount = content["amount_fen"]
        if not isinstance(amount, int) or isinstance(amount, bool) or amount <= 0:
            raise ValueError("An amount is a whole number of fen.")
        with self._lock:
            known = self._orders.get(str(content["order"]))
            if known is None:
                names = ("order", "currency", "title", "return_url", "notify_url")
                given = {name: str(content[name]) for name in names}
                known = DemoOrder(**given, amount_fen=amount, token=secrets.token_urlsafe(16))
                self._orders[known.order] = known
                self._write(known)
            elif known.amount_fen != amount:
                raise ValueError("This order has another amount.")
            return known

    def of_token(self, token: str) -> DemoOrder | None:
        """Return the order of a pay page."""
        with self._lock:
            return next((order for order in self._orders.values() if order.token == token), None)

    def state(self, number: str) -> dict[str, Any]:
        """Return what is known of an order."""
        with self._lock:
            if number in self._orders:
                return self._orders[number].told()
        return {"order": number, "amount_fen": 0, "currency": "CNY", "state": "unknown", "gateway_number": ""}

    def paid_on(self, day: str) -> list[dict[str, Any]]:
        """Return the orders paid on a day in China, as they were then."""
        with self._lock:
            return [{**order.told(), "state": "paid"} for order in self._orders.values() if order.paid_at[:10] == day]

    def given_back_on(self, day: str) -> list[dict[str, Any]]:
        """Return the orders whose money was given back on a day in China."""
        with self._lock:
            return [order.told() for order in self._orders.values() if order.refunded_at[:10] == day]

    def settle(self, order: DemoOrder, state: str) -> bool:
        """Let an open order be paid or fail; returns whether it was open."""
        with self._lock:
            if order.state != "open" and not (order.state == "failed" and state == "paid"):
                return False
            order.state = state
            if state == "paid":
                local = datetime.now(UTC) + CHINA
                order.paid_at = local.isoformat(timespec="seconds")
                order.gateway_number = f"DEMO-{local:%Y%m%d}-{secrets.randbelow(10**8):08d}"
            self._write(order)
            return True

    def give_back(self, content: dict[str, Any]) -> str:
        """Give an order's money back once; returns the refund's number. Raises ValueError."""
        with self._lock:
            order = self._orders.get(str(content["order"]))
            if order is None or order.state not in ("paid", "refunded") or order.amount_fen != content["amount_fen"]:
                raise ValueError("There is no such payment to give back.")
            if not order.refund_number:
                order.state, order.refund_number = "refunded", f"DEMO-R-{secrets.randbelow(10**8):08d}"
                order.refunded_at = (datetime.now(UTC) + CHINA).isoformat(timespec="seconds")
                self._write(order)
            return order.refund_number
