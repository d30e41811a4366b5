"""Addresses of the managers' door."""

from django.urls import path

from portal.oversight.views import board, calendars, case, incidents, interventions, notices

app_name = "oversight"

urlpatterns = [
    path("", board.board, name="board"),
    path("cases/<str:public_id>/", case.case, name="case"),
    path("cases/<str:public_id>/hold/", interventions.hold, name="hold"),
    path("cases/<str:public_id>/release/", interventions.release, name="release"),
    path("cases/<str:public_id>/second-notice/", interventions.second_notice, name="second_notice"),
    path("cases/<str:public_id>/tasks/<int:task_id>/give/", interventions.give, name="give_task"),
    path("calendars/", calendars.home, name="calendars"),
    path("calendars/<str:region>/", calendars.year, name="calendar"),
    path("calendars/<str:region>/import/", calendars.import_file, name="import_calendar"),
    path("calendars/<str:region>/enter/", calendars.enter, name="enter_day"),
    path("calendars/<str:region>/withdraw/<str:on>/", calendars.withdraw, name="withdraw_day"),
    path("calendars/<str:region>/hours/", calendars.hours, name="office_hours"),
    path("calendars/<str:region>/add/", calendars.add, name="add_region"),
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/jobs/<int:job_id>/skip/", interventions.skip, name="skip_job"),
    path("incidents/jobs/<int:job_id>/retry/", incidents.retry, name="retry_job"),
    path("notices/", notices.dead, name="notices"),
    path("notices/mend/", notices.mend_chosen, name="mend_notices"),
    path("notices/<int:notice_id>/address/", notices.address, name="notice_address"),
]
