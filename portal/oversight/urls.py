"""Addresses of the managers' door."""

from django.urls import path

from portal.oversight.views import (
    board,
    calendars,
    cards,
    case,
    incidents,
    interventions,
    notices,
    orders,
    originals,
    rules,
)

app_name = "oversight"

urlpatterns = [
    path("", board.board, name="board"),
    path("cases/<str:public_id>/", case.case, name="case"),
    path("cases/<str:public_id>/hold/", interventions.hold, name="hold"),
    path("cases/<str:public_id>/release/", interventions.release, name="release"),
    path("cases/<str:public_id>/second-notice/", interventions.second_notice, name="second_notice"),
    path("cases/<str:public_id>/tasks/<int:task_id>/give/", interventions.give, name="give_task"),
    path("cases/<str:public_id>/originals/", originals.originals, name="originals"),
    path("calendars/", calendars.home, name="calendars"),
    path("calendars/<str:region>/", calendars.year, name="calendar"),
    path("calendars/<str:region>/import/", calendars.import_file, name="import_calendar"),
    path("calendars/<str:region>/enter/", calendars.enter, name="enter_day"),
    path("calendars/<str:region>/withdraw/<str:on>/", calendars.withdraw, name="withdraw_day"),
    path("calendars/<str:region>/hours/", calendars.hours, name="office_hours"),
    path("calendars/<str:region>/add/", calendars.add, name="add_region"),
    path("cases/<str:public_id>/order/", orders.issue, name="issue_order"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<str:number>/", orders.order, name="order"),
    path("orders/<str:number>/withdraw/", orders.withdraw, name="withdraw_order"),
    path("cards/", cards.cards, name="cards"),
    path("cards/<int:card_id>/", cards.card, name="card"),
    path("cards/<int:card_id>/revoke/", cards.revoke, name="revoke_card"),
    path("cards/<int:card_id>/reject/", cards.reject, name="reject_appeal"),
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.new, name="new_rule"),
    path("rules/versions/<int:number>/", rules.version, name="rules_version"),
    path("rules/change/<slug:code>/", rules.change, name="change_rule"),
    path("rules/remove/<slug:code>/", rules.remove, name="remove_rule"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/jobs/<int:job_id>/skip/", interventions.skip, name="skip_job"),
    path("incidents/jobs/<int:job_id>/retry/", incidents.retry, name="retry_job"),
    path("notices/", notices.dead, name="notices"),
    path("notices/mend/", notices.mend_chosen, name="mend_notices"),
    path("notices/<int:notice_id>/address/", notices.address, name="notice_address"),
]
