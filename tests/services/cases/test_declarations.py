"""A text that people agreed to is never changed: a new wording is a new version."""

from services.cases.declarations import DECLARATION, wordings
from services.cases.enums import ConsentKind

#: Of each version that was ever shown. A changed text needs a new version in the file, and a new line here.
KNOWN = {
    ("declaration", "2026-2"): "8506f50f50a959c5",
    ("electronic_service", "2026-2"): "912cbdc6c348c2b8",
    ("data_sharing", "2026-2"): "ab54e0701d9ffece",
    ("sensitive_data", "2026-2"): "3ff2c10a7a162192",
    ("keep_documents", "2026-3"): "d78630aef97b8f47",
}


def test_there_is_a_text_for_every_consent_and_one_declaration():
    assert set(wordings()) == {DECLARATION, *ConsentKind.values}


def test_a_known_version_keeps_its_wording():
    assert {(kind, one.version): one.sha256[:16] for kind, one in wordings().items()} == KNOWN


def test_every_consent_says_what_follows_when_it_is_refused():
    for kind, one in wordings().items():
        assert one.text_zh
        assert one.text_en
        assert bool(one.refusal_zh and one.refusal_en) == (kind != DECLARATION)
