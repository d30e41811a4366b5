"""The consistency rules of a service item and a bundle: pure checks over what the catalogue's files say.

Rules 1–10 are the ones a real city checks (domain notes §1.5); 11–19 are what our forms, processes and clocks need.
A published version breaks none of them: the loader refuses to store one that does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from services.catalogue import calendar_rules
from services.catalogue.content import BundleContent, Content, Row, ServiceContent
from services.catalogue.enums import (
    FILE_KINDS,
    Audience,
    BasisKind,
    DecisionPlace,
    HandlingForm,
    HandlingKind,
    ItemType,
    LimitUnit,
    Necessity,
    OnlineDepth,
    QuestionKind,
    ResultType,
    ReviewKind,
    StepKind,
)
from services.catalogue.limit_rules import Period, problems_of, read_limit_rules
from services.catalogue.limits import in_working_days
from services.catalogue.signers import faults_of_signers
from services.forms.dictionary import Dictionary
from services.forms.schema import SchemaError, check_schema, merge
from workflows.expressions import ExpressionError, check_expression

AREA_CODE_PHONE = re.compile(r"0\d{2,3}-\d{5,8}")
CATCH_ALL = re.compile(
    r"其他(相关|有关|必要|需要)?(的)?(材料|资料|文件)|other (relevant |necessary )?(documents|materials)", re.I
)
FULLY_ONLINE = {OnlineDepth.HANDLING, OnlineDepth.RESULT, OnlineDepth.E_LICENCE}
ONLINE_FORMS = {HandlingForm.ONLINE, HandlingForm.MOBILE}
NEEDED_STEPS = {StepKind.ACCEPT, StepKind.REVIEW, StepKind.DECIDE, StepKind.CLOSE, StepKind.DELIVER}
ON_THE_SPOT_PROCESSES = {"on-the-spot", "decision-by-promise"}
PROCESS_RULE = 13
OUTSIDE_PROCESS = "outside-decision"


@dataclass(frozen=True)
class Finding:
    """Something inconsistent.

    Attributes:
        code: the item or bundle.
        rule: number of the rule.
        field: the field to change, dotted for rows: `materials.layout-plan.basis_zh`.
        sentence: what is wrong.
    """

    code: str
    rule: int
    field: str
    sentence: str

    @property
    def refuses(self) -> bool:
        """Whether it cannot be published so. A process may be published later: until then nobody can apply."""
        return self.rule != PROCESS_RULE

    def __str__(self) -> str:
        """Write it as one line."""
        return f"{self.code}: {self.field}: {self.sentence} (rule {self.rule})"


@dataclass(frozen=True)
class Known:
    """What the rest of the system knows.

    Attributes:
        dictionary: the data elements a form may ask.
        processes: keys of the processes that exist.
        papers: kinds of paper the documents app issues.
    """

    dictionary: Dictionary
    processes: frozenset[str]
    papers: frozenset[str]


Wrong = tuple[str, str]
Rule = Callable[[ServiceContent], Iterator[Wrong]]


def check_content(content: Content, known: Known) -> list[Finding]:
    """Return everything inconsistent in the folder; empty when it can be published."""
    findings = [finding for service in content.services.values() for finding in check_service(service, known)]
    for bundle in content.bundles.values():
        findings += check_bundle(bundle, content.services, known)
    return findings


def check_service(service: ServiceContent, known: Known) -> list[Finding]:
    """Return what is inconsistent in one service."""
    found = [
        Finding(service.code, number, field, sentence)
        for number, rule in RULES.items()
        for field, sentence in rule(service)
    ]
    for number, wrongs in (
        (9, _papers(service, known)),
        (12, _service_conditions(service)),
        (PROCESS_RULE, _process(service.version["process_key"], known)),
        (19, _calendars(service.questions, service.stops)),
        (14, _form(service.code, service.version["form"], service.questions, known)),
    ):
        found += [Finding(service.code, number, field, sentence) for field, sentence in wrongs]
    return found


def check_bundle(bundle: BundleContent, services: Mapping[str, ServiceContent], known: Known) -> list[Finding]:
    """Return what is inconsistent in one bundle; `services` are all that exist, by code."""
    found = []
    for number, wrongs in (
        (11, _languages(_bundle_rows(bundle))),
        (12, _bundle_conditions(bundle)),
        (PROCESS_RULE, _process(bundle.version["process_key"], known)),
        (14, _merged_form(bundle, services, known)),
        (16, _parts(bundle, services)),
        (17, _questions_of_parts(bundle, services)),
        (19, _calendars(bundle.questions, bundle.stops)),
    ):
        found += [Finding(bundle.code, number, field, sentence) for field, sentence in wrongs]
    return found


def _spot(service: ServiceContent) -> Iterator[Wrong]:
    """1: promised 0 ⇔ handled on the spot ⇔ reviewed at once."""
    version = service.version
    spot = version["promised_amount"] == 0
    if spot != (version["handling_kind"] == HandlingKind.ON_THE_SPOT):
        yield "handling_kind", "A promised limit of 0 and handling on the spot go together."
    if spot != (version["review_kind"] == ReviewKind.AT_ONCE):
        yield "review_kind", "A promised limit of 0 and review at once go together."


def _visit_reason(service: ServiceContent) -> Iterator[Wrong]:
    """2: visits have a reason; no visits have none."""
    if bool(service.version.get("visits", 0)) != bool(service.version.get("visits_reason_zh")):
        yield "visits_reason_zh", "Say why a visit is needed, exactly when one is."


def _by_post(service: ServiceContent) -> Iterator[Wrong]:
    """3: without a visit and not online, it goes by post."""
    version = service.version
    forms = set(version["handling_forms"])
    if not version.get("visits", 0) and not forms & ONLINE_FORMS and HandlingForm.POST not in forms:
        yield "handling_forms", "Without a visit it must be possible online or by post."


def _online_visits(service: ServiceContent) -> Iterator[Wrong]:
    """4: handled wholly online means no visit."""
    if set(service.version["online_depth"]) & FULLY_ONLINE and service.version.get("visits", 0):
        yield "visits", "What is handled wholly online needs no visit."


def _fees(service: ServiceContent) -> Iterator[Wrong]:
    """5: a fee has rate and basis; without fees nothing is paid online."""
    for row in service.lines["fees"]:
        if not (row.get("rate_zh") and row.get("basis_zh")):
            yield _at("fees", row), "A fee needs its rate and its legal basis."
        if row.get("waits") and not row.get("waits_basis_zh"):
            yield _at("fees", row), "A result that waits for a fee needs the rule that lets it wait."
        if set(row.get("kept_when", ())) - {"withdrawn", "refused"}:
            yield _at("fees", row), "A fee is kept when an application is withdrawn or refused, nothing else."
        yield from _exemptions(row)
    if service.version.get("pays_online") and not service.lines["fees"]:
        yield "pays_online", "There is no fee to be paid online."


def _exemptions(row: Row) -> Iterator[Wrong]:
    """5: a reduction has a code, a name, a legal basis and a percentage."""
    for one in row.get("exemptions", ()):
        whole = all(isinstance(one.get(key), Mapping) and one[key].get("zh") for key in ("name", "basis"))
        if not (one.get("code") and whole and isinstance(one.get("percent"), int) and 0 < one["percent"] <= 100):
            yield _at("fees", row), "A reduction needs a code, a name, a legal basis and a percentage from 1 to 100."


def _phones(service: ServiceContent) -> Iterator[Wrong]:
    """6: two different telephone numbers, both with the area code."""
    version = service.version
    for field in ("consult_phone", "complaint_phone"):
        if not AREA_CODE_PHONE.fullmatch(version[field]):
            yield field, "Write the number with its area code, like 0371-67180000."
    if version["consult_phone"] == version["complaint_phone"]:
        yield "complaint_phone", "Questions and complaints need different numbers."


def _themes(service: ServiceContent) -> Iterator[Wrong]:
    """7: persons have a person theme, organisations a legal one."""
    audiences = set(service.version["audiences"])
    for field, served in (
        ("person_themes", Audience.PERSON in audiences),
        ("legal_themes", bool(audiences - {Audience.PERSON})),
    ):
        if served != bool(service.version.get(field)):
            yield field, "Themes and those who can apply do not agree."


def _licence_guide(service: ServiceContent) -> Iterator[Wrong]:
    """8: a licence answers questions and shows its steps."""
    if service.item["item_type"] != ItemType.LICENCE:
        return
    if not service.lines["faqs"]:
        yield "faqs", "A licence answers at least one frequent question."
    if missing := NEEDED_STEPS - {row["kind"] for row in service.lines["steps"]}:
        yield "steps", f"The steps lack {', '.join(sorted(missing))}."


def _papers(service: ServiceContent, known: Known) -> Iterator[Wrong]:
    """9: a named result is a paper that can be issued, with what is printed on it."""
    if not service.lines["results"]:
        yield "results", "Say what the applicant gets."
    for row in service.lines["results"]:
        if row["result_type"] == ResultType.NONE or service.version["decision_place"] == DecisionPlace.OUTSIDE:
            continue
        if row.get("paper_kind") not in known.papers:
            yield _at("results", row), "The result is no kind of paper that can be issued."
        if not row.get("sample_facts"):
            yield _at("results", row), "Say which facts are printed on the result."
        for fact in set(row.get("sample_facts", ())) - known.dictionary.elements.keys():
            yield _at("results", row), f"The dictionary has no element {fact}."


def _limits(service: ServiceContent) -> Iterator[Wrong]:
    """10: promised ≤ statutory; extensions lengthen statutory limits; documents have basis, name and known kinds."""
    version = service.version
    statutory = version.get("statutory_amount")
    if statutory is not None and in_working_days(
        version["promised_amount"], version["promised_unit"]
    ) > in_working_days(statutory, version["statutory_unit"]):
        yield "promised_amount", "The promised limit is longer than the statutory one."
    if statutory is None and version.get("extension_amount"):
        yield "extension_amount", "Only a statutory limit can be extended."
    for row in service.lines["materials"]:
        if not row.get("basis_zh"):
            yield _at("materials", row), "Every document asked for has a legal basis."
        if CATCH_ALL.search(f"{row['name_zh']} {row['name_en']}"):
            yield _at("materials", row), "Name each document: catch-all wording is not allowed."
        if unknown := set(row.get("file_kinds", ())) - set(FILE_KINDS):
            yield _at("materials", row), f"No such kind of file is taken: {', '.join(sorted(unknown))}."
    yield from _repeated("materials", (row["code"] for row in service.lines["materials"]))


def _limit_rules(service: ServiceContent) -> Iterator[Wrong]:
    """18: rules of time are cited and complete; what may be deferred has a limit; a step's share fits the promise."""
    version = service.version
    wrongs = [(f"limit_rules.{where}", sentence) for where, sentence in problems_of(version["limit_rules"])]
    yield from wrongs
    if wrongs:
        return
    rules = read_limit_rules(version["limit_rules"])
    if rules.deferred is None and any(
        row.get("necessity") == Necessity.DEFERRABLE for row in service.lines["materials"]
    ):
        yield "limit_rules.deferred_documents", "Say within what a deferred document is handed in."
    results = service.lines["results"]
    if rules.renewal and results and not any(row.get("validity_months") for row in results):
        yield "limit_rules.renewal", "Only what is valid for a time is renewed."
    promised = Period(amount=version["promised_amount"], unit=version["promised_unit"])
    for node, share in rules.stages.items():
        if in_working_days(share.amount, LimitUnit(share.unit)) > in_working_days(promised.amount, promised.unit):
            yield f"limit_rules.stages.{node}", "A step's share is longer than the whole promise."


def _service_languages(service: ServiceContent) -> Iterator[Wrong]:
    """11: both languages, everywhere."""
    rows: list[tuple[str, Row]] = [("item", service.item), ("version", service.version)]
    rows += [("questions", row) for row in service.questions] + [("stops", row) for row in service.stops]
    rows += [(name, row) for name, lines in service.lines.items() for row in lines]
    return _languages(rows)


def _decision(service: ServiceContent) -> Iterator[Wrong]:
    """15: an outside decision names its system; the process fits; a law is cited; three posts decide."""
    version = service.version
    outside = version["decision_place"] == DecisionPlace.OUTSIDE
    if outside != bool(version.get("outside_system_zh")):
        yield "outside_system_zh", "Name the outside system, exactly when it decides."
    spot = version["promised_amount"] == 0
    if version["process_key"] == OUTSIDE_PROCESS and not outside:
        yield "process_key", "The process that hands over and records is for decisions made outside."
    if version["process_key"] != OUTSIDE_PROCESS and spot != (version["process_key"] in ON_THE_SPOT_PROCESSES):
        yield "process_key", "What is promised on the spot, and only that, runs the process for that."
    if not any(row.get("kind", BasisKind.SETTING) == BasisKind.SETTING for row in service.lines["legal_bases"]):
        yield "legal_bases", "Cite the law that sets the item up."
    posts = version["posts"]
    if len({posts[key]["role"] for key in ("handler", "checker", "approver")}) < 3:
        yield "posts", "Handler, checker and approver are three different posts."


RULES: Mapping[int, Rule] = {
    1: _spot,
    2: _visit_reason,
    3: _by_post,
    4: _online_visits,
    5: _fees,
    6: _phones,
    7: _themes,
    8: _licence_guide,
    10: _limits,
    11: _service_languages,
    15: _decision,
    18: _limit_rules,
}


def _at(field: str, row: Row) -> str:
    return f"{field}.{row.get('code') or row.get('key') or row['order']}"


def _repeated(field: str, codes: Iterable[str]) -> Iterator[Wrong]:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            yield f"{field}.{code}", "This is listed twice."
        seen.add(code)


def _languages(rows: Iterable[tuple[str, Row]]) -> Iterator[Wrong]:
    """Yield every text that exists in one language only; review points and options carry their own two languages."""
    for place, row in rows:
        for key in (key for key in row if key.endswith(("_zh", "_en"))):
            stem, other = key[:-3], key[:-2] + ("en" if key.endswith("zh") else "zh")
            if row[key] and not row.get(other):
                yield f"{place}.{stem}", f"{other} is missing."
        for key in ("review_points", "options"):
            for order, one in enumerate(row.get(key, ()), start=1):
                if not (one.get("zh") and one.get("en")):
                    yield f"{place}.{key}.{order}", "One of the two languages is missing."


def _bundle_rows(bundle: BundleContent) -> list[tuple[str, Row]]:
    rows: list[tuple[str, Row]] = [("version", bundle.version)]
    rows += [("parts", row) for row in bundle.parts] + [("questions", row) for row in bundle.questions]
    return rows + [("stops", row) for row in bundle.stops]


def situation_paths(questions: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return the paths conditions may read for these questions: `answers.<key>`, with `[]` where several are chosen."""
    return frozenset(
        f"answers.{row['key']}[]" if row["kind"] == QuestionKind.MULTI_CHOICE else f"answers.{row['key']}"
        for row in questions
    )


def _condition(field: str, text: str, paths: frozenset[str]) -> Iterator[Wrong]:
    if not text:
        return
    try:
        check_expression(text, paths)
    except ExpressionError as error:
        yield field, str(error)


def _question_conditions(questions: list[Row]) -> Iterator[Wrong]:
    """A question may only depend on answers given before it."""
    for order, row in enumerate(questions):
        yield from _condition(_at("questions", row), row["visible_if"], situation_paths(questions[:order]))


def _service_conditions(service: ServiceContent) -> Iterator[Wrong]:
    """12: conditions parse and read only what is asked; documents and fees depend on the situation only."""
    paths = situation_paths(service.questions)
    yield from _question_conditions(service.questions)
    for field in ("materials", "fees"):
        for row in service.lines[field]:
            yield from _condition(_at(field, row), row.get("condition", ""), paths)
            for one in row.get("exemptions", ()):
                yield from _condition(_at(field, row), one.get("when", ""), paths)
    for row in service.stops:
        yield from _condition(_at("stops", row), row["condition"], paths)


def _bundle_conditions(bundle: BundleContent) -> Iterator[Wrong]:
    paths = situation_paths(bundle.questions)
    yield from _question_conditions(bundle.questions)
    for field, rows in (("parts", bundle.parts), ("stops", bundle.stops)):
        for row in rows:
            yield from _condition(_at(field, row), row["condition"], paths)


def _calendars(questions: list[Row], stops: list[Row]) -> Iterator[Wrong]:
    """19: a rule about dates reads questions that ask for dates, and its explanation names dates it has."""
    dates = frozenset(row["key"] for row in questions if row["kind"] == QuestionKind.DATE)
    for row in stops:
        if row.get("calendar"):
            for problem in calendar_rules.problems_of(row["calendar"], dates, (row["message_zh"], row["message_en"])):
                yield _at("stops", row), problem


def _process(key: str, known: Known) -> Iterator[Wrong]:
    if key not in known.processes:
        yield "process_key", f"There is no process called {key}."


def _form(code: str, form: Row, questions: list[Row], known: Known) -> Iterator[Wrong]:
    """14: a form asks elements that exist, each once, under conditions that read what is asked."""
    yield from _repeated("form", (use["element"] for use in form["uses"]))
    try:
        schema = known.dictionary.form(form, service=code)
    except SchemaError as error:
        yield "form", str(error)
        return
    for problem in check_schema(schema, situation_paths(questions)):
        yield "form", problem
    for problem in faults_of_signers(form, schema, situation_paths(questions)):
        yield "form", problem
    given = {*form["gives"], *(row["element"] for row in questions if row.get("element"))}
    for element in sorted(given - known.dictionary.elements.keys()):
        yield "form", f"The dictionary has no element {element}."


def _merged_form(bundle: BundleContent, services: Mapping[str, ServiceContent], known: Known) -> Iterator[Wrong]:
    """14: the forms of all parts go together into one."""
    definitions = [(bundle.code, bundle.version["form"])]
    definitions += [(code, one.version["form"]) for code, one in services.items() if code in _services_of(bundle)]
    try:
        schema = merge(known.dictionary.form(form, service=code) for code, form in definitions)
    except SchemaError as error:
        yield "form", str(error)
        return
    for problem in check_schema(schema, situation_paths(bundle.questions)):
        yield "form", problem


def _services_of(bundle: BundleContent) -> set[str]:
    return {row["service"] for row in bundle.parts}


def _parts(bundle: BundleContent, services: Mapping[str, ServiceContent]) -> Iterator[Wrong]:
    """16: parts are services that exist, wait only for parts of the bundle, and not in a circle."""
    keys = [row["key"] for row in bundle.parts]
    yield from _repeated("parts", keys)
    for row in bundle.parts:
        if row["service"] not in services:
            yield _at("parts", row), f"There is no service called {row['service']}."
        for key in set(row.get("after", ())) - set(keys):
            yield _at("parts", row), f"It waits for {key}, which is no part of the bundle."
        if row.get("after") and not row.get("until_then_zh"):
            yield _at("parts", row), "A part that waits for others says why."
    try:
        TopologicalSorter({row["key"]: row.get("after", ()) for row in bundle.parts}).prepare()
    except CycleError as error:
        yield "parts", f"These parts wait for each other: {', '.join(error.args[1])}."


def _questions_of_parts(bundle: BundleContent, services: Mapping[str, ServiceContent]) -> Iterator[Wrong]:
    """17: what a part's documents and fields depend on is asked by the bundle too."""
    asked = {row["key"] for row in bundle.questions}
    for part in bundle.parts:
        service = services.get(part["service"])
        for row in service.questions if service else ():
            if row["key"] not in asked:
                yield _at("parts", part), f"The bundle does not ask {row['key']}, which {part['service']} needs."
