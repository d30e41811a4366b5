"""Every text that data give to pages stands in Chinese and in English: the walk opens some guides, this reads all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from lxml import etree

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("portal", "services", "workflows")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]{3,}")
#: What is to be typed is in Chinese, whoever reads.
_EXAMPLES = ("餐饮服务；食品销售", "豫（2024）郑州市不动产权第0012345号", "豫A12345")


def _faults(value: Any, path: str = "", language: str = "") -> Iterator[str]:
    """Yield what stands in one language only, or in the other one."""
    if isinstance(value, dict):
        for name, words in value.items():
            mine, other = _languages(str(name))
            if mine and not _says_something(value.get(other)) and _says_something(words):
                yield f"{path}.{name} has no {other}"
            yield from _faults(words, f"{path}.{name}", mine[-2:] or language)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _faults(one, f"{path}.{number}", language)
    elif isinstance(value, str) and _is_foreign(value, language):
        yield f"{path}: {value!r} is not in {language}"


def _is_foreign(text: str, language: str) -> bool:
    other = {"en": _HAN, "zh": _LATIN}.get(language)
    return other is not None and other.search(_without_names(text)) is not None


def _languages(name: str) -> tuple[str, str]:
    """Return a name that ends in a language, and that of the same text in the other one; "" for another name."""
    for mine, other in (("zh", "en"), ("en", "zh")):
        if name == mine or name.endswith(f"_{mine}"):
            return name, name.removesuffix(mine) + other
    return "", ""


def _says_something(words: Any) -> bool:
    return bool(words.strip() if isinstance(words, str) else words)


def _without_names(text: str) -> str:
    """Leave out placeholders and what is shown as an example of what to type."""
    for example in _EXAMPLES:
        text = text.replace(example, "")
    return re.sub(r"\{[^}]*\}", "", text)


def test_texts_of_data_are_in_both_languages() -> None:
    found, read = [], 0
    for file in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.yaml")):
        for part in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            found += [f"{file.relative_to(ROOT)}{fault}" for fault in _faults(part)]
        read += 1
    assert read > 60
    assert not found, "\n".join(found)


def test_names_in_processes_are_in_both_languages() -> None:
    found, named = [], 0
    for file in sorted((ROOT / "services").rglob("*.bpmn")):
        for element in etree.parse(file).iter("{*}*"):
            english = [words for key, words in element.attrib.items() if etree.QName(key).localname == "nameEn"]
            if _HAN.search(element.get("name", "")):
                named += 1
                found += [] if english else [f"{file.name}: {element.get('name')} has no English"]
            found += [f"{file.name}: {words}" for words in english if _HAN.search(words)]
    assert named > 100
    assert not found, "\n".join(found)
