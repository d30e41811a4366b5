"""Addresses of the department reviewers' door."""

from django.urls import path

from portal.desk.views import case, fees, files, inbox, limits, procedures, ratings, supervision, task

app_name = "desk"

urlpatterns = [
    path("", inbox.inbox, name="inbox"),
    path("cases/", inbox.cases, name="cases"),
    path("next/", task.take_next, name="next"),
    path("tasks/<int:task_id>/", task.task, name="task"),
    path("tasks/<int:task_id>/claim/", task.claim, name="claim"),
    path("tasks/<int:task_id>/release/", task.release, name="release"),
    path("supervision/", supervision.supervision, name="supervision"),
    path("ratings/", ratings.ratings, name="ratings"),
    path("ratings/<str:public_id>/", ratings.rating, name="rating"),
    path("fees/", fees.fees, name="fees"),
    path("fees/<str:public_id>/amount/", fees.assess, name="assess_fee"),
    path("fees/<str:public_id>/reduce/", fees.reduce, name="reduce_fee"),
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
    path("cases/<str:public_id>/fetch/", files.fetch, name="fetch"),
    path("cases/<str:public_id>/uploads/<str:upload_id>/", files.upload, name="upload"),
    path("cases/<str:public_id>/papers/<str:paper_id>/", files.paper, name="paper"),
]
