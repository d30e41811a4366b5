"""Named places of a dispatch at which a test lets the process die, as a power cut would."""

from __future__ import annotations

from workflows.crash_points import crash_point as crash_point

CRASH_POINTS = (
    "dispatch_in_claim",
    "dispatch_after_claim",
    "dispatch_before_send",
    "dispatch_after_send",
    "dispatch_before_mark_commit",
    "digest_before_commit",
)
