"""Read the catalogue's folder of YAML files into plain rows, ready to be checked and stored.

The files speak in words (`item_type: licence`, `name: {zh: …, en: …}`); this module turns words into the standard's
codes, splits bilingual texts into `…_zh` and `…_en`, fills in what the folder's defaults say, and lists what is marked
`verified: false`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.db.models import TextChoices

from services.catalogue import enums
from services.parties.operations.loading import DEPARTMENTS_FILE

Row = dict[str, Any]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

CHOICES: dict[str, type[TextChoices]] = {
    "item_type": enums.ItemType,
    "power_source": enums.PowerSource,
    "use_levels": enums.UseLevel,
    "body_kind": enums.BodyKind,
    "audiences": enums.Audience,
    "person_themes": enums.PersonTheme,
    "legal_themes": enums.LegalTheme,
    "handling_kind": enums.HandlingKind,
    "handling_forms": enums.HandlingForm,
    "review_kind": enums.ReviewKind,
    "place_kind": enums.PlaceKind,
    "consult_ways": enums.ContactWay,
    "service_area": enums.ServiceArea,
    "online_depth": enums.OnlineDepth,
    "source": enums.MaterialSource,
    "necessity": enums.Necessity,
    "document_kind": enums.DocumentKind,
    "document_form": enums.DocumentForm,
    "copy_kind": enums.CopyKind,
    "result_type": enums.ResultType,
}
LINES = ("materials", "fees", "legal_bases", "faqs", "steps", "results")


class ContentError(ValueError):
    """A file of the catalogue cannot be read; the message names the file and the field."""


@dataclass(frozen=True, kw_only=True)
class ServiceContent:
    """What one service file says.

    Attributes:
        code: the item's code.
        tree: parent items from the top, each a row with code and names.
        item: columns of the service item, `department` by code.
        version: columns of the version.
        lines: rows of materials, fees, legal bases, FAQs, steps and results.
        questions: rows of questions about the situation.
        stops: rows of stop rules.
        checksum: SHA-256 of all that, hexadecimal.
    """

    code: str
    tree: tuple[Row, ...]
    item: Row
    version: Row
    lines: Mapping[str, list[Row]]
    questions: list[Row]
    stops: list[Row]
    checksum: str


@dataclass(frozen=True, kw_only=True)
class BundleContent:
    """What one bundle file says; `parts` are rows with the service's code, see ServiceContent for the rest."""

    code: str
    version: Row
    parts: list[Row]
    questions: list[Row]
    stops: list[Row]
    checksum: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """The whole folder: services and bundles by code, and the keys of the processes that exist."""

    services: Mapping[str, ServiceContent]
    bundles: Mapping[str, BundleContent]
    processes: frozenset[str]


@dataclass
class _Shared:
    """What several files use: defaults, questions and documents by key, departments and regions by code."""

    defaults: Row
    questions: Row
    materials: Row
    departments: Mapping[str, Row]
    regions: Mapping[str, Row]


def read_folder(folder: Path) -> Content:
    """Return the content of the catalogue's folder.

    Raises:
        ContentError: a file is missing, is not YAML, or uses a word the code lists do not know.
    """
    departments = _load(DEPARTMENTS_FILE)["departments"]
    shared = _Shared(
        _load(folder / "defaults.yaml"),
        _load(folder / "questions.yaml"),
        _load(folder / "materials.yaml"),
        {row["code"]: row for row in departments},
        _load(folder / "regions.yaml")["regions"],
    )
    services = [_read(path, _service, shared) for path in sorted((folder / "services").glob("*.yaml"))]
    bundles = [_read(path, _bundle, shared) for path in sorted((folder / "bundles").glob("*.yaml"))]
    return Content(
        services={one.code: one for one in services},
        bundles={one.code: one for one in bundles},
        processes=frozenset(path.stem for path in (folder / "processes").glob("*.bpmn")),
    )


def spread(row: Mapping[str, Any]) -> Row:
    """Return the row with bilingual texts split in two columns and words replaced by the standard's codes."""
    result: Row = {}
    for key, value in row.items():
        if isinstance(value, Mapping) and "zh" in value:
            result[f"{key}_zh"], result[f"{key}_en"] = _text(value["zh"]), _text(value.get("en", ""))
        elif key in CHOICES:
            result[key] = _codes(CHOICES[key], value)
        else:
            result[key] = value
    return result


def _text(value: object) -> str:
    return str(value).strip()


def _codes(choices: type[TextChoices], value: Any) -> Any:
    """Translate a word or a list of words into codes; an unknown word is an error that lists the known ones."""
    if isinstance(value, list):
        return [_codes(choices, one) for one in value]
    name = str(value).upper()
    if name not in choices.__members__:
        raise ContentError(f"{value!r} is none of {', '.join(one.lower() for one in choices.__members__)}")
    return str(choices[name].value)


def _load(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 — a safe loader, in C if built
    except OSError as error:
        raise ContentError(f"{path.name}: cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ContentError(f"{path.name}: {error}") from error


def _read(path: Path, build: Any, shared: _Shared) -> Any:
    raw = _load(path)
    try:
        return build(raw, shared)
    except (KeyError, TypeError, AttributeError, ContentError) as error:
        wrong = f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
        raise ContentError(f"{path.parent.name}/{path.name}: {wrong}") from error


def _checksum(*parts: object) -> str:
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _numbered(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    return [spread(row) | {"order": order} for order, row in enumerate(rows, start=1)]


def _conditional(rows: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return numbered rows whose `when` became their `condition`."""
    numbered = _numbered(rows)
    for row in numbered:
        row["condition"] = row.pop("when", "")
    return numbered


def _service(raw: Mapping[str, Any], shared: _Shared) -> ServiceContent:
    department = shared.departments.get(raw["department"])
    if department is None:
        raise ContentError(f"no department has the code {raw['department']!r}")
    item = spread({key: raw[key] for key in ("code", "name", "department", "item_type")})
    item |= {"catalog_code": raw.get("catalog_code", ""), "task_code": raw.get("task_code", "")}
    version = _version_columns(raw, shared, department)
    lines = {name: _numbered(raw.get(name, ())) for name in LINES}
    lines["fees"] = _conditional(raw.get("fees", ()))
    lines["materials"] = _conditional(shared.materials.get(row["code"], {}) | row for row in raw.get("materials", ()))
    lines["steps"] = _steps(raw, shared, department)
    questions, stops = _questions(raw, shared), _conditional(raw.get("stops", ()))
    tree = tuple(spread(row) for row in raw.get("tree", ()))
    return ServiceContent(
        code=raw["code"],
        tree=tree,
        item=item,
        version=version,
        lines=lines,
        questions=questions,
        stops=stops,
        checksum=_checksum(tree, item, version, lines, questions, stops),
    )


def _version_columns(raw: Mapping[str, Any], shared: _Shared, department: Row) -> Row:
    """Return the version's columns: defaults first, then what the department's row gives, then the file itself."""
    decision = raw.get("decision", {"place": "here"})
    phones = {"consult_phone": department["phone"], "complaint_phone": department["complaint_phone"]}
    contact = {**shared.defaults["contact"], **phones, **raw.get("contact", {})}
    handling = {**shared.defaults["handling"][raw["process"]], **raw.get("handling", {})}
    texts = ("name", "summary", "acceptance", "quantity_limit", "commitment", "afterwards", "special_procedure")
    simple = ("power_source", "use_levels", "body_kind", "audiences", "person_themes", "legal_themes")
    columns: Row = {key: raw[key] for key in (*texts, *simple) if key in raw}
    columns["appeal"] = raw.get("appeal", shared.defaults["appeal"])
    columns |= {key: value for key, value in contact.items() if key != "demo"} | handling
    columns |= {"decision_place": decision["place"], "process_key": raw["process"]}
    if "system" in decision:
        columns["outside_system"] = decision["system"]
    limits, demo = _limits(raw["limits"])
    limits["limit_rules"], unverified = _limit_rules(raw["limits"], _region(raw, shared))
    demo += unverified
    demo += [*shared.defaults["contact"].get("demo", ()), *raw.get("demo", ())]
    if str(raw.get("catalog_code", "")).startswith("DEMO"):
        demo.append("catalog_code")
    posts = {**shared.defaults["posts"], **raw.get("posts", {})}
    columns |= {
        "posts": {key: {"department": raw["department"]} | post for key, post in posts.items()},
        "form": _form(raw.get("form", ())) | {"gives": list(raw.get("gives", ()))} | _signers(raw),
        "demo_values": sorted(set(demo)),
    }
    return spread(columns) | limits


def _limits(raw: Mapping[str, Any]) -> tuple[Row, list[str]]:
    """Return the columns of the limits and the names of those that are not verified."""
    columns: Row = {"clock_start": raw.get("starts_on", "acceptance")}
    demo: list[str] = []
    for name in ("promised", "statutory", "extension", "delivery"):
        limit = raw.get(name)
        if limit is None:
            continue
        columns |= spread({f"{name}_{key}": value for key, value in limit.items() if key != "verified"})
        if not limit.get("verified", True):
            demo.append(f"{name}_amount")
    return columns, demo


def _region(raw: Mapping[str, Any], shared: _Shared) -> Row:
    code = raw.get("region", settings.REGION)
    return {"settings": {}} | dict(shared.regions.get(code, {})) | {"code": code}


def _limit_rules(raw: Mapping[str, Any], region: Row) -> tuple[Row, list[str]]:
    """Return the document of what else the law counts, and the names of its rules that are not verified.

    `uses` names rules of the region; each is copied with its citation, so that a version keeps what it was filed under.
    """
    document: Row = dict(raw.get("rules", {}))
    used = raw.get("uses", ())
    enacted: Row = region["settings"]
    if missing := sorted(set(used) - set(enacted)):
        raise ContentError(f"the region {region['code']} has no rule {', '.join(missing)}")
    if used:
        document["settings"] = {name: dict(enacted[name]) for name in used}
    rows = {**document, **{f"settings.{name}": enacted[name] for name in used}}
    unverified = [
        f"limit_rules.{name}"
        for name, row in rows.items()
        if isinstance(row, Mapping) and row.get("verified", True) is False
    ]
    return document, unverified


def _steps(raw: Mapping[str, Any], shared: _Shared, department: Row) -> list[Row]:
    """Return the service's own steps, or its process's usual ones with the department's name filled in."""
    rows = _numbered(raw.get("steps") or shared.defaults["steps"][raw["process"]])
    for row in rows:
        for language in ("zh", "en"):
            row[f"who_{language}"] = row[f"who_{language}"].replace("{department}", department[f"name_{language}"])
    return rows


def _questions(raw: Mapping[str, Any], shared: _Shared) -> list[Row]:
    rows = []
    for order, given in enumerate(raw.get("questions", ()), start=1):
        use = {"key": given} if isinstance(given, str) else dict(given)
        if use["key"] not in shared.questions:
            raise ContentError(f"questions.yaml has no question {use['key']!r}")
        row = spread({**shared.questions[use["key"]], **use})
        row["visible_if"] = row.pop("when", "")
        rows.append(row | {"order": order})
    return rows


def _form(raw: Iterable[Any] | Mapping[str, Any]) -> Row:
    """Return the form: the data elements it uses, fields only this service has, and rules over several answers.

    A service also says what it `gives`: elements that exist once it is granted, such as the code of a new company.
    The dictionary of elements knows section and order. A use is written `premises.address`, `person.email?` (may stay
    empty), or a mapping with `element`, `when`, `optional`; see `services.forms.definitions.read_form`.
    """
    form = raw if isinstance(raw, Mapping) else {"uses": raw}
    return {
        "uses": [_use(use) for use in form.get("uses", ())],
        "own": list(form.get("own", ())),
        "rules": list(form.get("rules", ())),
    }


def _signers(raw: Mapping[str, Any]) -> Row:
    """Return who signs beside the applicant, for the form; see `services.catalogue.signers`."""
    return {"signers": list(raw["signers"])} if raw.get("signers") else {}


def _use(raw: str | Mapping[str, Any]) -> Row:
    if isinstance(raw, str):
        return {"element": raw.rstrip("?"), "required": not raw.endswith("?"), "visible_if": ""}
    return {"element": raw["element"], "required": not raw.get("optional", False), "visible_if": raw.get("when", "")}


def _bundle(raw: Mapping[str, Any], shared: _Shared) -> BundleContent:
    texts = ("name", "summary", "basis", "introduction", "audiences", "visits")
    version = spread({key: raw[key] for key in texts if key in raw})
    version |= {
        "process_key": raw["process"],
        "lead_department": raw["lead"],
        "form": _form(raw.get("form", ())) | _signers(raw),
        "demo_values": sorted(raw.get("demo", ())),
    }
    if "joint" in raw:
        version |= spread({f"joint_{key}": value for key, value in raw["joint"].items()})
    parts = [{"key": part["service"]} | part for part in _conditional(raw["parts"])]
    questions, stops = _questions(raw, shared), _conditional(raw.get("stops", ()))
    return BundleContent(
        code=raw["code"],
        version=version,
        parts=parts,
        questions=questions,
        stops=stops,
        checksum=_checksum(version, parts, questions, stops),
    )
