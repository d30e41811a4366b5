"""`make demo`: start everything, run the main job through the site, keep serving."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from portal.demo import stack
from portal.demo.loading import become_portal, load, seed_past
from portal.demo.mailbox import caught_mails
from portal.demo.main_job import MainJob, NotVerifiedError, write_report
from portal.demo.servers import ServerError
from portal.demo.visitor import VisitError

SIGN_INS = (
    ("owner / owner2 / agent / grandmother", "applicants · 申请人"),
    ("clerk / clerk2", "service window · 窗口"),
    ("food-handler / food-checker / food-approver / food-head", "market supervision · 市场监管"),
    ("fire-… , city-…", "fire and rescue, urban management · 消防、城管"),
    ("manager / auditor", "oversight · 监督"),
)


def main() -> int:
    """Run the demonstration; returns the exit status."""
    words = argparse.ArgumentParser(prog="make demo", description=__doc__)
    words.add_argument("--once", action="store_true", help="stop after the run; exit 0 only if every step was verified")
    words.add_argument("--json", type=Path, help="write steps, durations, numbers, due dates and messages to this file")
    words.add_argument("--port", type=int, default=8000)
    words.add_argument("--var", type=Path, default=Path("var"), help="folder for data, logs and papers")
    words.add_argument("--no-seed", action="store_true", help="leave out the past sixty working days")
    chosen = words.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to Ctrl-C
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _demonstrate(chosen)
    except (ServerError, stack.StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.")
        return 0


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _demonstrate(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    _say("Starting PostgreSQL, Valkey and the site …")

    def prepare(site: stack.Stack) -> None:
        _say(f"The site answers at {site.url} after {time.monotonic() - began:.0f} s.")
        _prepare(site, seed=not chosen.no_seed)
        _say("Starting a worker, beat and a sweeper …")

    with stack.running(chosen.var, port=chosen.port, prepare=prepare) as site:
        job = MainJob(site, _say)
        failure = ""
        try:
            job.run()
        except (VisitError, NotVerifiedError) as error:
            failure = str(error)
        if chosen.json:
            write_report(job.report, chosen.json)
        _say("")
        mails = caught_mails(site.mails)
        _say(f"Mails caught: {len(mails)} in {site.mails}; the last ones:")
        for mail in mails[-5:]:
            _say(f"  {mail.to:<28} {mail.subject}")
        if failure:
            print(f"Not verified: {failure}", file=sys.stderr)
        else:
            _say(f"Every step was verified, {time.monotonic() - began:.0f} s after the start.")
        if chosen.once:
            return 1 if failure else 0
        _serve(site)
        return 0


def _prepare(site: stack.Stack, *, seed: bool) -> None:
    began = time.monotonic()
    become_portal(dict(site.environment))
    load()
    _say(f"People, calendar, processes and catalogue are loaded ({time.monotonic() - began:.0f} s).")
    if seed:
        began = time.monotonic()
        count = seed_past(_say)
        _say(f"{count} cases of the past 60 working days are here ({time.monotonic() - began:.0f} s).")


def _serve(site: stack.Stack) -> None:
    _say("")
    _say(f"Open {site.url} – sign in as (password one-stop-demo):")
    for names, what in SIGN_INS:
        _say(f"  {names:<58} {what}")
    _say("Press Ctrl-C to stop; what happened stays for the next time, `make demo-reset` forgets it.")
    while True:
        signal.pause()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
