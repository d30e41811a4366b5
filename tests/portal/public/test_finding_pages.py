"""The page of services as people and htmx see it: marks, live results, thin guides, naughty words."""

from __future__ import annotations

import html
from urllib.parse import quote

import pytest
from django.test import Client

from services.catalogue.listing import read_list
from services.catalogue.operations import import_list
from tests import naughty
from tests.factories.catalogue import PUBLISHED_AT, load_shipped_catalogue, published_service

pytestmark = pytest.mark.django_db
LIST = """name,itemCode,department,taskType,main_item,link,promise_day,promise_type
社会保障卡<b>申领</b>,511A-1,区人社局,20,社保卡,https://example.org/card?a=1&b=2,3,1
养犬登记证补办,511A-2,区公安分局,7,,,,
"""


def listed() -> None:
    import_list(listing=read_list(LIST.encode()), list_name="区清单", at=PUBLISHED_AT)


@pytest.fixture
def english(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def test_matches_are_marked_in_the_pages_language_and_html_stays_text(client: Client, english: Client) -> None:
    published_service(name_zh="养犬<i>登记</i>", name_en="Dog <i>registration</i>", summary_zh="狗", summary_en="Dogs")
    page = english.get("/search/?q=dog")
    assert "<mark>Dog</mark> &lt;i&gt;registration&lt;/i&gt;" in page.text
    client.cookies["django_language"] = "zh-hans"
    page = client.get("/search/?q=ydj")
    assert "<mark>" not in page.text  # 养犬登记: first letters yqdj
    assert "<mark>养犬</mark>&lt;i&gt;<mark>登记</mark>&lt;/i&gt;" in client.get("/search/?q=养犬登记").text


def test_what_only_a_guide_answers_shows_the_line_of_the_guide(client: Client) -> None:
    load_shipped_catalogue()
    page = client.get("/search/?q=" + quote("现场核查延长"))
    answers = {card["code"] if "code" in card else card["url"]: card.get("answer") for card in page.context["cards"]}
    answer = answers["/guide/food-licence/"]
    assert answer["anchor"] == "faq"
    assert "<mark>现场核查</mark>" in answer["text"]
    assert "/guide/food-licence/#faq" in page.text


def test_pages_of_the_portal_are_found_too(client: Client, english: Client) -> None:
    for words, address in (("验真伪", "/verify/"), ("办理进度", "/my/"), ("wuzhangai", "/about/accessibility/")):
        assert address in [page["url"] for page in client.get(f"/search/?q={quote(words)}").context["pages"]], words
    assert "<mark>Privacy</mark> and personal data" in english.get("/search/?q=privacy").text


def test_htmx_gets_the_results_alone(client: Client) -> None:
    published_service(name_zh="养犬登记")
    live = client.get("/search/?q=养犬&audience=person", headers={"HX-Request": "true", "HX-Target": "results"})
    assert "<html" not in live.text
    assert "<mark>养犬</mark>登记" in live.text
    assert '<input type="hidden" form="find" name="audience" value="person">' in live.text
    assert "HX-Request" in live.headers["Vary"]
    whole = client.get("/search/?q=养犬")
    assert "<html" in whole.text
    assert 'value="养犬"' in whole.text
    assert len(live.content) < len(whole.content)


def test_an_empty_list_offers_a_way_on(client: Client, english: Client) -> None:
    load_shipped_catalogue()
    page = english.get("/search/?q=dog&audience=business")
    assert page.context["without_filters"] >= 1
    assert "without the filters" in page.text
    page = english.get("/search/?q=qqqqqqqq")
    assert page.context["cards"] == []
    assert page.context["instead"]
    assert page.context["searches"]


def test_life_events_can_be_chosen_and_several_filters_stay(client: Client) -> None:
    published_service(name_zh="结婚登记", person_themes=["060"], item__code="wedding")
    page = client.get("/services/?event=marriage&audience=person&online=1")
    assert page.context["chosen"].event == "marriage"
    assert '<option value="marriage" selected>' in page.text
    assert 'name="online" value="1"' in page.text
    assert all("event=marriage" in chip["url"] for chip in page.context["chips"])


def test_every_filter_says_what_choosing_it_would_leave(client: Client, english: Client) -> None:
    load_shipped_catalogue()
    page = english.get("/services/?audience=business&q=licence")
    total = page.context["page"].paginator.count
    for chip in page.context["chips"]:
        if chip["current"]:
            assert chip["count"] == total
        else:
            left = english.get(f"/services/{chip['url']}").context["page"].paginator.count
            assert left == chip["count"], chip
    for name, choices in (("department", page.context["departments"]), ("event", page.context["events"])):
        for value, *_, count in choices[::4]:
            left = english.get(f"/services/?audience=business&q=licence&{name}={value}").context["page"]
            assert left.paginator.count == count, value
    live = english.get("/search/?q=dog&department=CGJ", headers={"HX-Request": "true", "HX-Target": "results"})
    assert '<select class="form-select" id="department" name="department" hx-swap-oob="true">' in live.text
    assert '<option value="CGJ" selected>' in live.text


def test_pinyin_with_tones_and_traditional_characters_are_marked(client: Client) -> None:
    published_service(name_zh="养犬登记")
    for typed in ("養犬", "yǎng quǎn", "yang3quan3", "yangqaun"):
        assert "<mark>养犬</mark>登记" in client.get(f"/search/?q={quote(typed)}").text, typed


def test_a_change_of_the_catalogue_is_seen_at_once(client: Client) -> None:
    published_service(name_zh="养犬登记")
    assert client.get("/search/?q=养犬").context["page"].paginator.count == 1
    published_service(name_zh="养犬变更")
    assert client.get("/search/?q=养犬").context["page"].paginator.count == 2
    listed()
    assert client.get("/search/?q=养犬").context["page"].paginator.count == 3


def test_a_listed_item_says_what_is_not_known_and_cannot_be_applied_for(client: Client, english: Client) -> None:
    load_shipped_catalogue()
    listed()
    found = [card["url"] for card in client.get("/search/?q=社会保障卡申领").context["cards"]]
    assert "/guide/list-511A-1/" in found
    page = english.get("/guide/list-511A-1/")
    assert "社会保障卡&lt;b&gt;申领&lt;/b&gt;" in page.text
    for words in ("It cannot be applied for here yet", "the documents to hand in", "3 working days", "example.org"):
        assert words in page.text
    assert "how long it takes" not in page.text
    assert "how long it takes" in english.get("/guide/list-511A-2/").text
    assert "/my/apply/" not in page.text
    assert page.context["alike"]
    for address in ("/guide/list-nothing/", "/guide/list-511A-1/process/", "/guide/list-511A-1/process.bpmn"):
        assert client.get(address).status_code == 404, address


def test_naughty_words_in_the_search_box(client: Client) -> None:
    published_service(name_zh="养犬登记", name_en="Dog registration")
    for text in naughty.strings():
        page = client.get("/search/", {"q": text.encode("utf-8", "surrogatepass")})
        assert page.status_code == 200, text
        shown = page.context["chosen"].query
        assert f'value="{html.escape(shown)}"' in page.text or not shown, text
        if naughty.is_storable(text):
            assert shown == text.strip()[:120].strip() or shown == text.strip()[:120], text
        assert "<script>alert" not in page.text, text
