"""How a program checks what it is told: the very lines of docs/notices.md, which a test compares."""

import hashlib
import hmac


def accept(headers, body, *, secret, seen, now):  # type: ignore[no-untyped-def]
    """Tell whether a request is ours, fresh and new. `seen` is a set of ids that were accepted before."""
    stamp = headers["One-Stop-Timestamp"]
    wanted = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    given = [part[3:] for part in headers["One-Stop-Signature"].split(",") if part.startswith("v1=")]
    if not any(hmac.compare_digest(wanted, one) for one in given):
        return False  # not ours, or changed on the way
    if abs(now - int(stamp)) > 300:
        return False  # five minutes old: somebody replays it
    if headers["One-Stop-Id"] in seen:
        return False  # a repetition: answer 200 and do nothing
    seen.add(headers["One-Stop-Id"])
    return True
