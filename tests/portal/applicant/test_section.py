"""Fill in a section: saved as it changes, in two windows, with questions that come and go, without JavaScript."""

from __future__ import annotations

import pytest

from services.cases.models import Application
from services.cases.operations.drafts import save_draft
from services.cases.origins import waiting
from tests.factories.drafts import OpenPage, begun_draft
from workflows.queries.calendars import database_now

pytestmark = pytest.mark.django_db


def stored(draft: Application) -> Application:
    return Application.objects.get(pk=draft.pk)


def test_an_autosave_keeps_everything_and_brings_the_questions_that_come_up() -> None:
    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    assert "shop-more" not in page.fields["asked"][0].split()
    tree = page.autosave(shop__name="郑州文姐小馆", shop__kind="two", shop__mobile="12")
    assert "Draft saved" in tree.text_content()
    assert stored(draft).answers["shop.mobile"] == "12", "not valid yet, and kept"
    part = tree.get_element_by_id("part-shop-more")
    assert part.get("hx-swap-oob") == "true"
    assert part.xpath(".//input[@name='shop-more']")
    assert [one.get("id") for one in tree.xpath("//*[@class='form-part']")] == ["part-shop-more"]
    assert "shop-more" in page.fields["asked"][0].split()
    tree = page.autosave(shop__kind="one", shop__more="")
    assert not tree.get_element_by_id("part-shop-more").xpath(".//input")
    assert stored(draft).place == "request"
    version = stored(draft).draft_version
    page.autosave()
    assert stored(draft).draft_version == version, "nothing changed, nothing is written"


def test_without_javascript_the_button_saves_checks_and_asks_what_came_up() -> None:
    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    assert page.save(shop__kind="two", shop__mobile="12").status_code == 200
    assert "Your answers lead to a few more questions" in page.words()
    assert "Enter an 11-digit mobile number" in page.words()
    assert page.fields["shop-mobile"] == ["12"]
    answer = page.save(shop__name="x", shop__more="y", shop__mobile="13800138000")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/{draft.public_id}/")
    assert stored(draft).answers["shop.more"] == "y"


def test_rows_are_added_and_removed_by_buttons_between_their_limits() -> None:
    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    assert "From 1 to 3." in page.words()
    assert not page.tree.xpath("//button[starts-with(@value, 'remove:')]")
    for number in (1, 2):
        page.save("row", "add:shop-owners", **{f"shop__owners__{number - 1}__name": f"王{'一二'[number - 1]}"})
        assert page.fields["shop-owners-rows"] == [str(number + 1)]
    assert not page.tree.xpath("//button[@value='add:shop-owners']"), "three is the most"
    page.save("row", "remove:shop-owners:0", shop__owners__2__name="王三")
    assert [page.fields[f"shop-owners-{number}-name"] for number in (0, 1)] == [["王二"], ["王三"]]
    assert [row["name"] for row in stored(draft).answers["shop.owners"]] == ["王二", "王三"]


def test_an_older_tab_overwrites_nothing_and_is_told() -> None:
    browser, draft, address = begun_draft()
    OpenPage(browser, address).autosave(shop__name="开始", shop__story="开始")
    older, newer = OpenPage(browser, address), OpenPage(browser, address)
    newer.autosave(shop__name="新窗口", shop__email="new@example.com")
    tree = older.autosave(shop__name="旧窗口", shop__story="旧窗口写的")
    answers = stored(draft).answers
    assert answers["shop.name"] == "新窗口", "changed in both: not overwritten"
    assert answers["shop.story"] == "旧窗口写的", "changed here only: saved"
    assert answers["shop.email"] == "new@example.com", "changed there only: stays"
    assert tree.xpath("//*[@data-problem]")
    assert "new@example.com" in tree.get_element_by_id("part-shop-email").xpath(".//input/@value")
    box = tree.get_element_by_id("contested-shop-name")
    assert "旧窗口" in box.text_content()
    assert "新窗口" in box.text_content()
    assert not tree.xpath("//*[@id='part-shop-name']"), "what is being typed is not taken away"
    assert older.autosave().xpath("//*[@data-problem]"), "it stays open until she chooses"

    mine, _theirs = box.xpath(".//input/@value")
    tree = older.autosave(**{"choose-shop-name": mine})
    assert stored(draft).answers["shop.name"] == "旧窗口"
    assert not tree.xpath("//*[@data-problem]")
    assert not tree.get_element_by_id("contested-shop-name").xpath(".//input")
    del older.fields["choose-shop-name"]

    # Without JavaScript: the page comes again with both answers and a choice; the choice is of the answer she saw.
    answer = newer.save(shop__name="又改了")
    assert answer.status_code == 200
    assert "changed in another window" in newer.words()
    assert newer.fields["shop-name"] == ["又改了"]
    assert stored(draft).answers["shop.name"] == "旧窗口"
    other = newer.tree.xpath("//input[@name='choose-shop-name']/@value")[1]
    older.autosave(shop__name="第三次")
    assert newer.save(**{"choose-shop-name": other}).status_code == 200, "it changed once more meanwhile"
    other = newer.tree.xpath("//input[@name='choose-shop-name']/@value")[1]
    assert "第三次" in newer.words()
    assert newer.save(**{"choose-shop-name": other}).status_code == 302
    assert stored(draft).answers["shop.name"] == "第三次"


def test_a_tab_that_changed_nothing_shows_what_changed_elsewhere_before_it_goes_on() -> None:
    browser, _draft, address = begun_draft()
    OpenPage(browser, address).autosave(shop__name="一")
    older = OpenPage(browser, address)
    OpenPage(browser, address).autosave(shop__name="二")
    assert older.save().status_code == 200
    assert "Some answers were changed in another window" in older.words()
    assert older.fields["shop-name"] == ["二"]
    assert older.save().status_code == 302


def test_what_was_filled_in_for_her_says_so_and_is_confirmed_by_going_on() -> None:
    browser, draft, address = begun_draft()
    save_draft(
        application_id=draft.pk,
        answers={"shop.name": "文姐小馆", "shop.address": "郑州市金水区花园路1号"},
        origins={
            "shop.name": {"by": "source", "source": "business-registry"},
            "shop.address": {"by": "profile", "source": ""},
        },
        by=draft.filed_by,
        at=database_now(),
    )
    page = OpenPage(browser, address)
    assert "Filled in from “Register of businesses”" in page.words()
    assert "2 answers here were filled in for you" in page.words()
    described = page.tree.get_element_by_id("id_shop-name").get("aria-describedby")
    assert "origin-shop-name" in described.split()
    page.autosave(shop__address="郑州市金水区花园路2号")
    assert waiting(stored(draft).origins) == {"shop.name"}
    assert page.save().status_code == 302
    assert not waiting(stored(draft).origins)
    page = OpenPage(browser, address)
    assert "· confirmed" in page.words()
    assert "Entered by you" in page.words()


def test_signed_out_while_typing_an_autosave_is_refused_without_leaving_the_page() -> None:
    browser, _draft, address = begun_draft()
    page = OpenPage(browser, address)
    browser.logout()
    answer = browser.post(address, page.fields, headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_a_place_is_chosen_level_by_level_with_and_without_javascript() -> None:
    browser, draft, address = begun_draft()
    page = OpenPage(browser, address)
    assert "shop-origin-2" not in page.fields
    tree = page.autosave(**{"shop-origin-1": "41"})
    part = tree.get_element_by_id("part-shop-origin")
    assert part.xpath(".//select[@name='shop-origin-2']/option[@value='4101']")
    page.save("row", "choose:shop-origin", **{"shop-origin-2": "4101"})
    assert page.fields["shop-origin-2"] == ["4101"]
    assert "shop-origin-3" in page.fields
    page.save(shop__name="x")
    assert "Go on: choose the district or county." in page.words()
    page.save("row", "choose:shop-origin", **{"shop-origin-3": "410105"})
    assert page.save(**{"shop-origin-4": "410105901"}).status_code == 302
    assert stored(draft).answers["shop.origin"] == "410105901"
    page = OpenPage(browser, address)
    page.autosave(**{"shop-origin-1": "13"})
    assert stored(draft).answers["shop.origin"] == "13", "a new province makes the old city void"
