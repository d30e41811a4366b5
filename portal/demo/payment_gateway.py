"""A payment service that moves no money, for demo and tests; it speaks as services/payments/gateway.py says.

    POST /orders        {"order", "amount_fen", "currency", "title", "return_url", "notify_url"} → {"pay_url"}
    POST /orders/state  {"order"} → the order
    POST /orders/day    {"day"} → {"orders"} paid on that day in China
    POST /refunds/day   {"day"} → {"orders"} whose money was given back on that day in China
    POST /refunds       {"order", "amount_fen", "currency"} → {"state", "refund_number"}; the same again gives the same
    GET  /pay/TOKEN     the page on which a person pays; POST it with do=pay, fail or leave
    POST /faults        {"kind": …, "value": seconds or HTTP status, "times": n} spoils what comes next
    DELETE /faults      no more faults

What comes from the portal is signed, and so is what we tell it. Faults of an answer: delay, status. Faults of a call to
the portal: silence (none), storm (20 at once), late (after `value` seconds), amount, currency, signature, stale.
`python -m portal.demo.payment_gateway --port 2600 --file var/payments.jsonl` runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import html
import json
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from portal.demo.payment_book import Book, DemoOrder
from portal.demo.serving import serve_until_stopped

LONGEST_BODY = 64 * 1024  # bytes
ANSWER_FAULTS = ("delay", "status")
CALL_FAULTS = ("silence", "storm", "late", "amount", "currency", "signature", "stale")
STORM = 20
#: A call to the portal that failed is tried again after so many seconds.
AGAIN_AFTER = (1, 3, 10)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one answer or one call to the portal."""

    kind: str
    value: float

    def __post_init__(self) -> None:
        """Refuse a kind that nobody acts on."""
        if self.kind not in ANSWER_FAULTS + CALL_FAULTS:
            raise ValueError(f"There is no fault called {self.kind}.")


class PaymentGateway(ThreadingHTTPServer):
    """The service. `calls` counts what was told to the portal, `answers` its statuses."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], *, key: str, file: Path | None = None) -> None:
        """Listen at `address` (port 0: any); `key` signs both ways."""
        super().__init__(address, _Handler)
        self.key, self.book = key, Book(file)
        self.faults: deque[Fault] = deque()
        self.answers: list[int] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to put into PAYMENT_GATEWAY_URL."""
        return f"http://127.0.0.1:{self.server_port}"

    def next_fault(self, kinds: tuple[str, ...]) -> Fault | None:
        """Take the next fault if it is one of these."""
        with self._lock:
            return self.faults.popleft() if self.faults and self.faults[0].kind in kinds else None

    def sign(self, timestamp: str, body: bytes) -> str:
        """Return the signature of a body."""
        digest = hmac.new(self.key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
        return f"sha256={digest}"

    def tell(self, order: DemoOrder) -> None:
        """Tell the portal what became of an order, as the next fault wants it, in the background."""
        fault = self.next_fault(CALL_FAULTS)
        kind = fault.kind if fault else ""
        if kind == "silence":
            return
        content = order.told()
        if kind == "amount":
            content["amount_fen"] += 1
        if kind == "currency":
            content["currency"] = "USD"
        wait = fault.value if fault and kind == "late" else 0.0
        stamp = str(int(time.time()) - (3600 if kind == "stale" else 0))
        for _number in range(STORM if kind == "storm" else 1):
            words = (order.notify_url, json.dumps(content).encode(), stamp, kind == "signature", wait)
            threading.Thread(target=self._call, args=words, daemon=True).start()

    def _call(self, address: str, body: bytes, stamp: str, forged: bool, wait: float) -> None:
        self.closing.wait(wait)
        headers = {"Content-Type": "application/json", "X-Timestamp": stamp}
        headers["X-Signature"] = "sha256=" + "0" * 64 if forged else self.sign(stamp, body)
        for pause in (0, *AGAIN_AFTER):
            if self.closing.wait(pause):
                return
            with contextlib.suppress(httpx.HTTPError):
                status = httpx.post(address, content=body, headers=headers, timeout=20, trust_env=False).status_code
                self.answers.append(status)
                if status < 500:
                    return

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away: waiting too long for us is what they are tested for."""


class _Handler(BaseHTTPRequestHandler):
    server: PaymentGateway
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds a client may stay silent

    def do_GET(self) -> None:
        order = self.server.book.of_token(self.path.removeprefix("/pay/")) if self.path.startswith("/pay/") else None
        if order is None:
            return self._send(404, "text/plain; charset=utf-8", "没有这笔订单。 There is no such order.".encode())
        return self._send(200, "text/html; charset=utf-8", _page(order).encode())

    def do_DELETE(self) -> None:
        self.server.faults.clear()
        self._answer(200, {"planned": 0})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LONGEST_BODY:
            self.close_connection = True
            return self._answer(413, {"error": "The message is too long."})
        body = self.rfile.read(length)
        try:
            if self.path == "/faults":
                return self._plan_faults(json.loads(body))
            if self.path.startswith("/pay/"):
                return self._pay(parse_qs(body.decode()).get("do", [""])[0])
            return self._serve(body)
        except (ValueError, KeyError, TypeError) as error:
            return self._answer(400, {"error": str(error)})

    def _serve(self, body: bytes) -> None:
        fault = self.server.next_fault(ANSWER_FAULTS)
        if fault and fault.kind == "delay":
            self.server.closing.wait(fault.value)
        if fault and fault.kind == "status":
            return self._answer(int(fault.value), {"error": "A fault was asked for."})
        signed = self.headers.get("X-Signature", "")
        if not hmac.compare_digest(self.server.sign(self.headers.get("X-Timestamp", ""), body), signed):
            return self._answer(401, {"error": "The signature is wrong."})
        content, book = json.loads(body), self.server.book
        if self.path == "/orders":
            return self._answer(200, {"pay_url": f"{self.server.url}/pay/{book.open(content).token}"})
        if self.path == "/orders/state":
            return self._answer(200, book.state(str(content["order"])))
        if self.path == "/orders/day":
            return self._answer(200, {"orders": book.paid_on(str(content["day"]))})
        if self.path == "/refunds/day":
            return self._answer(200, {"orders": book.given_back_on(str(content["day"]))})
        if self.path == "/refunds":
            return self._answer(200, {"state": "refunded", "refund_number": book.give_back(content)})
        return self._answer(404, {"error": "There is nothing here."})

    def _pay(self, what: str) -> None:
        order = self.server.book.of_token(self.path.removeprefix("/pay/"))
        if order is None:
            return self._answer(404, {"error": "There is no such order."})
        if what in ("pay", "fail") and self.server.book.settle(order, "paid" if what == "pay" else "failed"):
            self.server.tell(order)
        self.send_response(303)
        self.send_header("Location", order.return_url)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _plan_faults(self, plan: dict[str, Any]) -> None:
        fault = Fault(kind=plan["kind"], value=float(plan.get("value", 0)))
        self.server.faults.extend([fault] * int(plan.get("times", 1)))
        self._answer(200, {"planned": len(self.server.faults)})

    def _answer(self, status: int, content: object) -> None:
        self._send(status, "application/json; charset=utf-8", json.dumps(content, ensure_ascii=False).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the caller did not wait for the answer
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the file is the log."""


def _page(order: DemoOrder) -> str:
    """Return the pay page: clearly a demo, in both languages."""
    amount = f"{order.amount_fen // 100}.{order.amount_fen % 100:02d}"
    words = {
        "open": "待支付 · not paid yet",
        "paid": "已支付 · paid",
        "failed": "支付失败 · failed",
        "refunded": "已退款 · given back",
    }
    buttons = "".join(
        f'<button name="do" value="{do}">{word}</button>'
        for do, word in (
            ("pay", "确认支付（演示，不扣款）<br>Pay (demo, no money moves)"),
            ("fail", "模拟支付失败<br>Let it fail"),
            ("leave", "返回，不支付<br>Back without paying"),
        )
        if order.state == "open" or do == "leave"
    )
    return f"""<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>演示支付 · Demo payment</title><link rel="icon" href="data:,">
<style>
body {{ font: 1rem/1.6 "PingFang SC", "Noto Sans SC", sans-serif; margin: 0; color: #1b2430; background: #f4f6f9 }}
header {{ background: #b26a00; color: #fff; padding: .75rem 1rem; font-weight: 600 }}
main {{ max-width: 30rem; margin: 1rem auto; background: #fff; padding: 1.5rem; border-radius: 6px }}
.amount {{ font-size: 2rem; font-weight: 600 }}
button {{ display: block; width: 100%; min-height: 3.5rem; margin: .75rem 0; font: inherit; border-radius: 6px;
  border: 2px solid #0b5cad; background: #fff; color: #0b5cad }}
button[value=pay] {{ background: #0b5cad; color: #fff }}
</style></head><body>
<header>演示支付平台 · DEMO PAYMENT SERVICE — 不会扣款 · no money moves</header>
<main><h1>{html.escape(order.title)}</h1>
<p class="amount">¥ {amount}</p><p>{html.escape(order.order)} · {words[order.state]}</p>
<form method="post">{buttons}</form></main></body></html>"""


def main() -> int:
    """Run the service until it is told to stop. The key is the environment's PAYMENT_GATEWAY_KEY."""
    words = argparse.ArgumentParser(description="Stand in for a payment service.")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=2600)
    words.add_argument("--file", type=Path, default=Path("var/payments.jsonl"))
    chosen = words.parse_args()
    key = os.environ.get("PAYMENT_GATEWAY_KEY", "")
    service = PaymentGateway((chosen.host, chosen.port), key=key, file=chosen.file)
    return serve_until_stopped(service, service.closing, f"The demo payment service answers at {service.url}.")


if __name__ == "__main__":
    raise SystemExit(main())
