import tests.portal.test_authorisation as t
import pytest
MINE=("my/documents","my/uploads","oversight/cases/<str:public_id>/originals","my/applications/<str:public_id>/documents","desk/cases/<str:public_id>/uploads","counter/applications/<str:public_id>/uploads")
@pytest.mark.django_db
def test_mine(monkeypatch):
    rows=[r for r in t.ROWS if r.place.startswith(MINE)]
    monkeypatch.setattr(t,"ROWS",rows)
    t.test_everybody_meets_what_the_table_says()
