"""Who must sign an application beside the applicant: data of a service's or bundle's version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.forms.schema import FormSchema, known_paths
from workflows.expressions import ExpressionError, check_expression

#: Fields of a group's row, or keys of a rule, that say who a signer is.
PERSON_FIELDS = ("name", "id_type", "id_number", "mobile")


@dataclass(frozen=True, kw_only=True)
class SignerRule:
    """One role whose holders sign. Each person is found in the answers.

    people: a group of the form, one signer per row; `only` keeps the rows with these values. fields: which element, or
    which field of the row, holds a person's name, id_type, id_number and mobile. when: CEL over the answers; "" always.
    hides: elements and sections that these signers do not see.
    """

    role: str
    zh: str
    en: str
    when: str
    basis_zh: str
    basis_en: str
    people: str = ""
    only: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()


def read_signer_rules(form: Mapping[str, Any]) -> list[SignerRule]:
    """Return the rules that a version's form holds under `signers`."""
    return [
        SignerRule(
            role=row["role"],
            zh=row["name"]["zh"],
            en=row["name"]["en"],
            when=row.get("when", ""),
            basis_zh=row["basis"]["zh"],
            basis_en=row["basis"]["en"],
            people=row.get("people", ""),
            only=dict(row.get("only", {})),
            fields=dict(row.get("fields", {})) or {name: name for name in PERSON_FIELDS},
            hides=tuple(row.get("hides", ())),
        )
        for row in form.get("signers", ())
    ]


def merged_signer_rules(forms: Iterable[Mapping[str, Any]]) -> list[SignerRule]:
    """Return the rules of several forms, each role once: the first that names it."""
    rules: dict[str, SignerRule] = {}
    for form in forms:
        for rule in read_signer_rules(form):
            rules.setdefault(rule.role, rule)
    return list(rules.values())


def faults_of_signers(form: Mapping[str, Any], schema: FormSchema, also: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with the rules of a form: unknown elements, groups or fields, conditions that do not parse.

    also: paths that conditions may read beside the form's own.
    """
    try:
        rules = read_signer_rules(form)
    except (KeyError, TypeError) as error:
        yield f"signers: {error} is missing; a signer has role, name, basis, and people or fields."
        return
    elements, known = {use.element.code: use.element for use in schema.uses}, known_paths(schema, also)
    for rule in rules:
        try:
            check_expression(rule.when or "true", known)
        except ExpressionError as error:
            yield f"signers {rule.role}: {error}"
        if rule.people:
            group = elements.get(rule.people)
            names = {part.code for part in group.fields} if group else set()
            yield from (f"signers {rule.role}: {rule.people} has no {name}." for name in {"name", *rule.only} - names)
        elif "name" not in rule.fields or not set(rule.fields.values()) <= elements.keys():
            yield f"signers {rule.role}: fields names elements of the form, at least name."
