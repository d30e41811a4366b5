"""The main job through the running site: one application, many departments, on time. Every step is verified."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management import call_command

from portal.demo import applying
from portal.demo.samples import fictitious_uscc
from portal.demo.stack import Stack
from portal.demo.visitor import Page, VisitError, Visitor

PASSWORD = "one-stop-demo"  # noqa: S105 - printed on the sign-in page of the demo
SHANGHAI = ZoneInfo("Asia/Shanghai")
#: Longest wait for the workers: beat comes round every 15 to 30 seconds even without a hint.
PATIENCE_SECONDS = 90.0
#: Department -> who handles, checks and approves there.
STAFF = {"SCJG": "food", "XF": "fire", "CGJ": "city"}
PARALLEL = ("food-licence", "fire-safety-check", "sign-filing", "drainage-permit")
SITUATION = {
    "organisation_kind": "company",
    "small_shop": "no",
    "floor_area": "420",
    "storey": "ground",
    "residential_building": "no",
    "food_items": ["hot", "cold"],
    "fire_route": "check",
    "has_sign": "yes",
    "sewer": "yes",
}


#: The fictitious identity number of the demo's grandmother, see people.yaml.
GRANDMOTHER = "410104190001010022"


class NotVerifiedError(Exception):
    """A step did not lead to what it should."""


@dataclass
class Report:
    """What was done, for `--json`."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    applications: list[dict[str, Any]] = field(default_factory=list)
    certificates: list[dict[str, Any]] = field(default_factory=list)
    verified: bool = False


class MainJob:
    """The people concerned, each with a session of her own, and what they do."""

    def __init__(self, site: Stack, say: Callable[[str], None]) -> None:
        """Prepare a run of the job on a running site. say: prints a line."""
        self.site = site
        self.say = say
        self.report = Report()
        self.today: date = datetime.now(SHANGHAI).date()
        self.people: dict[str, Visitor] = {}

    def run(self) -> Report:
        """Do the job by both routes and the on-the-spot item. Raises VisitError, NotVerifiedError."""
        try:
            self.licence_first()
            self.licence_held()
            self.on_the_spot()
            self.report.verified = True
        finally:
            for visitor in self.people.values():
                visitor.close()
        return self.report

    # -- the three stories ---------------------------------------------------------------------------------------

    def licence_first(self) -> None:
        """A founder without a licence: registration first, then four departments in parallel, all granted."""
        self.say("Route 1: no licence yet – 开办餐饮店 / Open a restaurant")
        address = self._apply("owner", {**SITUATION, "has_licence": "no"}, {}, party="李雯")
        number = self._submit("owner", address)
        licence = self._case(number, "business-licence")
        self._accept(licence)
        code = fictitious_uscc(random.randrange(10**7))  # noqa: S311 - a number for show
        self._decide(number, "business-licence", "grant", code=code)
        self._until("the licence is delivered", lambda: self._case(number, "business-licence")["delivered_at"])
        with self._step("owner declares the premises ready", who="owner"):
            page = self._until("the owner is asked", lambda: self._premises_form(address))
            self._visitor("owner").submit(page, page.forms("/ready/")[0])
        self._parallel(number, refused=None)
        self._finish(number, expected="all_done")

    def licence_held(self) -> None:
        """An owner with a licence: it is verified against the register, the rest starts at once; fire is refused."""
        self.say("Route 2: licence already held, the fire department refuses")
        situation = {**SITUATION, "has_licence": "yes", "premises_ready": "yes"}
        given = {"organisation.uscc": self._uscc_of_owner2(), "person.name": "王建国"}
        address = self._apply("owner2", situation, given, party="公司")
        number = self._submit("owner2", address)
        self._until(
            "the licence is verified and four cases are filed",
            lambda: all(case["filed_at"] for case in self._facts(number)["cases"]),
        )
        self._parallel(number, refused="fire-safety-check")
        self._finish(number, expected="partly_done")

    def on_the_spot(self) -> None:
        """A clerk files a prepackaged-food filing for somebody at the window, in one visit."""
        self.say("On the spot: filing for pre-packaged food, in one visit")
        clerk = self._visitor("clerk")
        with self._step("clerk takes in a walk-in", who="clerk"):
            page = clerk.open("/counter/walk-in/")
            form = next(form for form in page.forms() if form.xpath(".//*[@name='id_number']"))
            page = clerk.submit(page, form, {"id_kind": "31", "id_number": GRANDMOTHER})
            form = next(form for form in page.forms() if form.xpath(".//*[@name='offer']"))
            party = form.xpath(".//*[@name='party']/@value")[0]
            page = clerk.submit(page, form, {"party": party, "offer": "service:prepackaged-food-filing"})
            address = page.address
        questions = clerk.open(f"{address}situation/")
        if questions.tree.xpath("//form[@id='situation']//input[not(@type='hidden')]"):
            applying.answer_situation(clerk, f"{address}situation/", situation={})
        applying.fill_sections(clerk, address, given={}, today=self.today)
        applying.upload_documents(clerk, address)
        number = self._submit("clerk", address)
        case = self._facts(number)["cases"][0]
        with self._step("clerk decides and issues on the spot", who="clerk", case=case["number"]):
            self._press("clerk", "/counter/", case["number"], "grant", {"all_fine": "on"})
        self._until("the filing receipt is issued", lambda: self._facts(number)["cases"][0]["issued_at"])
        self._finish(number, expected="all_done")

    # -- what people do ------------------------------------------------------------------------------------------

    def _visitor(self, username: str) -> Visitor:
        if username not in self.people:
            visitor = Visitor(self.site.url)
            visitor.sign_in(username, PASSWORD)
            self.people[username] = visitor
        return self.people[username]

    def _apply(self, who: str, situation: Mapping[str, Any], given: Mapping[str, Any], party: str = "") -> str:
        with self._step("answers the questions, fills one form, uploads the documents", who=who):
            return applying.apply(
                self._visitor(who),
                "/my/apply/bundle/open-restaurant/",
                situation=situation,
                given={"organisation.name": f"郑州演示小馆{self.today:%m%d}餐饮有限公司（演示）", **given},
                today=self.today,
                party=party,
            )

    def _submit(self, who: str, address: str) -> str:
        with self._step("reviews, signs and submits once", who=who) as step:
            page = applying.review_and_submit(self._visitor(who), address)
            number = page.tree.xpath("//*[contains(@class, 'confirmation-number')]")[0].text_content().strip()
            again = self._visitor(who).open(f"{address}review/")
            self._expect(number in again.words(), "a second look at the review files nothing again")
            step["application"] = number
        return str(number)

    def _accept(self, case: Mapping[str, Any]) -> None:
        with self._step("clerk checks the documents and accepts", who="clerk", case=case["number"]) as step:
            self._press("clerk", "/counter/", case["number"], "accept", {"all_fine": "on"})
            now = self._case(case["number"].rsplit("-", 1)[0], case["part"])
            self._expect(now["accepted_at"] is not None, "the case is accepted")
            step["due_on"] = self._due_on(now)

    def _decide(self, number: str, part: str, outcome: str, *, code: str = "") -> None:
        case = self._case(number, part)
        prefix = STAFF[case["department"]]
        reasons = "" if outcome == "grant" else "现场核查：安全出口数量不足，不符合公众聚集场所消防安全要求。"
        for role, pressed in (("handler", f"recommend_{outcome}"), ("checker", "agree"), ("approver", outcome)):
            values: dict[str, Any] = {"reasons": reasons}
            if role == "approver" and code:
                values |= {"outside_number": code, "outside_day": self.today.isoformat()}
            with self._step(f"{role} answers {pressed}", who=f"{prefix}-{role}", case=case["number"]):
                self._press(f"{prefix}-{role}", "/desk/", case["number"], pressed, values)

    def _parallel(self, number: str, *, refused: str | None) -> None:
        with self._step("four departments work at the same time", who="site") as step:
            cases = [self._case(number, part) for part in PARALLEL]
            self._expect(all(case["filed_at"] and not case["closed_at"] for case in cases), "four cases are open")
        for case in cases:
            self._accept(case)
        still = [self._case(number, part) for part in PARALLEL]
        self._expect(all(case["state"] == "accepted" for case in still), "four accepted cases are open at once")
        step["open_at_once"] = [case["number"] for case in still]
        for part in PARALLEL:
            self._expect(self._facts(number)["closed_at"] is None, "the bundle is open until its last branch")
            self._decide(number, part, "refuse" if part == refused else "grant")
            self._until(f"{part} is issued", lambda part=part: self._case(number, part)["delivered_at"])

    def _finish(self, number: str, *, expected: str) -> None:
        with self._step(f"the application closes: {expected}", who="site", application=number):
            facts = self._until("the application is closed", lambda: self._closed(number))
            self._expect(facts["result"] == expected, f"result {expected}, not {facts['result']}")
            self._expect(facts["history_holds"], "the history's chain holds")
            issued = [case["issued_at"] for case in facts["cases"] if case["issued_at"]]
            self._expect(len(set(issued)) == len(issued), "each paper was issued at its own instant")
            self._expect(all(at <= facts["closed_at"] for at in issued), "the bundle closed after the last")
            self._check_due_dates(facts)
            self._check_messages(facts)
        for case in facts["cases"]:
            for paper in case["papers"]:
                if paper["kind"] in ("certificate", "filing_receipt", "decision_grant"):
                    self._verify_paper(paper)
        self.report.applications.append(facts)

    # -- checks --------------------------------------------------------------------------------------------------

    def _check_due_dates(self, facts: Mapping[str, Any]) -> None:
        """Hold every stored due date against what `explain_deadline` says about the same facts."""
        for case in facts["cases"]:
            for limit in case["limits"]:
                words = ["--received", limit["started_at"], "--limit", str(limit["amount"]), "--unit", limit["unit"]]
                said = json.loads(_said("explain_deadline", *words, "--json"))
                self._expect(
                    said["due_on"] == limit["due_on"],
                    f"{case['number']} {limit['kind']} is due {said['due_on']}, not {limit['due_on']}",
                )

    def _check_messages(self, facts: Mapping[str, Any]) -> None:
        counted = Counter((*row["event"], row["channel"], row["recipient"]) for row in facts["messages"])
        self._expect(bool(counted), "people were told")
        self._expect(max(counted.values()) == 1, "nobody was told the same thing twice")

    def _verify_paper(self, paper: Mapping[str, Any]) -> None:
        """Download a paper, keep it, and hold it against what the public verification page says."""
        content = self._paper_file(paper)
        self._expect(content.startswith(b"%PDF"), f"{paper['number']} is a PDF")
        digest = hashlib.sha256(content).hexdigest()
        page = self._visitor_nobody().open(f"/verify/{paper['verify_code']}")
        self._expect(
            bool(page.tree.xpath("//main//*[contains(@class, 'tone-success')]")), f"{paper['number']} is valid"
        )
        self._expect(paper["number"] in page.words(), f"{paper['number']} is publicly verified")
        self._expect(digest in page.words(), f"the file of {paper['number']} is the one that was issued")
        folder = self.site.var / "certificates"
        folder.mkdir(exist_ok=True)
        path = folder / f"{paper['number']}.pdf"
        path.write_bytes(content)
        self.report.certificates.append(
            {"number": paper["number"], "path": str(path), "sha256": digest, "verified": True}
        )
        self.say(f"    {paper['number']}  {path}  verified")

    def _paper_file(self, paper: Mapping[str, Any]) -> bytes:
        for who in ("owner", "owner2", "clerk"):
            try:
                return self._visitor(who).download(f"/my/papers/{paper['public_id']}/")
            except VisitError:
                continue
        raise NotVerifiedError(f"Nobody could download {paper['number']}.")

    def _visitor_nobody(self) -> Visitor:
        return self.people.setdefault("nobody", Visitor(self.site.url))

    def _facts(self, number: str) -> dict[str, Any]:
        facts: dict[str, Any] = json.loads(_said("show_application", number))
        return facts

    def _closed(self, number: str) -> dict[str, Any] | None:
        facts = self._facts(number)
        return facts if facts["closed_at"] else None

    def _case(self, number: str, part: str) -> dict[str, Any]:
        return next(case for case in self._facts(number)["cases"] if case["part"] == part)

    def _due_on(self, case: Mapping[str, Any]) -> str | None:
        return next((limit["due_on"] for limit in case["limits"] if limit["kind"] == "promised"), None)

    def _premises_form(self, address: str) -> Page | None:
        page = self._visitor("owner").open(address)
        return page if page.forms("/ready/") else None

    def _uscc_of_owner2(self) -> str:
        return "91410100MA0000074E"

    # -- pressing, waiting, reporting ----------------------------------------------------------------------------

    def _press(self, who: str, door: str, case: str, outcome: str, values: Mapping[str, Any]) -> None:
        """Open the task of a case from a work list and press the button of an outcome."""
        visitor = self._visitor(who)
        page = self._until(f"{who} finds {case}", lambda: self._task_page(visitor, door, case))
        form = next(form for form in page.forms() if form.xpath(f".//button[@name='outcome'][@value='{outcome}']"))
        names = set(form.xpath(".//@name"))
        after = visitor.submit(
            page, form, {name: value for name, value in values.items() if name in names}, button=("outcome", outcome)
        )
        if after.errors():
            raise VisitError(f"{who} could not answer {outcome} on {case}: {after.errors()}")

    def _task_page(self, visitor: Visitor, door: str, case: str) -> Page | None:
        listing = visitor.open(f"{door}?q={case}")
        rows = listing.tree.xpath(
            f"//*[self::tr or self::li][contains(., '{case}')]//a[contains(@href, '/tasks/')]/@href"
        )
        return visitor.open(rows[0]) if rows else None

    def _until(self, what: str, look: Callable[[], Any]) -> Any:
        """Return what `look` finds once it finds something; the workers act in their own time."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := look()):
            if time.monotonic() > end:
                raise NotVerifiedError(f"Waited {PATIENCE_SECONDS:.0f} s in vain until {what}.")
            time.sleep(0.3)
        return found

    def _expect(self, holds: bool, what: str) -> None:
        if not holds:
            raise NotVerifiedError(f"Not so: {what}.")

    @contextmanager
    def _step(self, what: str, *, who: str, **more: Any) -> Iterator[dict[str, Any]]:
        began = time.monotonic()
        step: dict[str, Any] = {
            "what": what,
            "who": who,
            **more,
            "at": datetime.now(UTC).astimezone(SHANGHAI).isoformat(),
        }
        yield step
        step["seconds"] = round(time.monotonic() - began, 3)
        self.report.steps.append(step)
        about = " ".join(str(step[name]) for name in ("application", "case") if name in step)
        due = f"  due {step['due_on']}" if step.get("due_on") else ""
        self.say(f"  {step['at'][11:19]}  {who:<14} {what}  {about}{due}")


def _said(command: str, *words: str) -> str:
    """Return what a command prints."""
    printed = io.StringIO()
    call_command(command, *words, stdout=printed)
    return printed.getvalue()


def write_report(report: Report, path: Path) -> None:
    """Write the run as JSON: steps with durations, case numbers, due dates, messages, certificates."""
    sent = Counter(row["channel"] for facts in report.applications for row in facts["messages"])
    path.write_text(
        json.dumps(
            {
                "verified": report.verified,
                "steps": report.steps,
                "applications": report.applications,
                "certificates": report.certificates,
                "notifications": dict(sent),
            },
            ensure_ascii=False,
            indent=2,
        ),
        encoding="utf-8",
    )
