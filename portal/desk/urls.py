"""Addresses of the department reviewers' door."""

from django.urls import path

from portal.desk.views import case, files, inbox, limits, procedures, supervision, task

app_name = "desk"

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("cases/", inbox.cases, name="cases"),
    path("next/", task.take_next, name="next"),
    path("tasks/<int:task_id>/", task.task, name="task"),
    path("tasks/<int:task_id>/claim/", task.claim, name="claim"),
    path("tasks/<int:task_id>/release/", task.release, name="release"),
    path("supervision/", supervision.supervision, name="supervision"),
    path("orders/<str:number>/", supervision.order, name="order"),
    path("cards/<int:card_id>/", supervision.card, name="card"),
    path("cases/<str:public_id>/", case.case, name="case"),
    path("cases/<str:public_id>/pause/", limits.pause, name="pause"),
    path("cases/<str:public_id>/resume/", limits.resume, name="resume"),
    path("cases/<str:public_id>/extend/", limits.extend, name="extend"),
    path("cases/<str:public_id>/ask/", limits.ask, name="ask"),
    path("cases/<str:public_id>/hearing/", procedures.hearing, name="hearing"),
    path("cases/<str:public_id>/public-notice/", procedures.public_notice, name="public_notice"),
    path("cases/<str:public_id>/site-check/", procedures.site_check, name="site_check"),
    path("cases/<str:public_id>/second-notice/", limits.second_notice, name="second_notice"),
    path("cases/<str:public_id>/uploads/<str:upload_id>/", files.upload, name="upload"),
    path("cases/<str:public_id>/papers/<str:paper_id>/", files.paper, name="paper"),
]
