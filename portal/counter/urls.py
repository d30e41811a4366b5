"""Addresses of the window clerks' door."""

from django.urls import path

from portal.counter.views import application, fees, fetching, files, guardians, handovers, intake, task, walk_in

app_name = "counter"

urlpatterns = [
    path("", intake.intake, name="intake"),
    path("tasks/<int:task_id>/", task.task, name="task"),
    path("tasks/<int:task_id>/fetch/", fetching.fetch, name="fetch"),
    path("tasks/<int:task_id>/claim/", task.claim, name="claim"),
    path("tasks/<int:task_id>/release/", task.release, name="release"),
    path("tasks/<int:task_id>/send-notice/", task.send_now, name="send_now"),
    path("hand-over/", handovers.hand_over, name="hand_over"),
    path("walk-in/", walk_in.find, name="walk_in"),
    path("walk-in/<str:public_id>/", walk_in.choose, name="walk_in_person"),
    path("people/<str:public_id>/guardians/", guardians.guardians, name="guardians"),
    path("applications/<str:public_id>/", application.application, name="application"),
    path("applications/<str:public_id>/rate/", application.let_rate, name="let_rate"),
    path("applications/<str:public_id>/hand-out/", application.hand_out, name="hand_out"),
    path("applications/<str:public_id>/fees/<str:fee_id>/take/", fees.take, name="take_fee"),
    path("applications/<str:public_id>/fees/<str:fee_id>/give-back/", fees.give_back, name="give_back_fee"),
    path("applications/<str:public_id>/uploads/<str:upload_id>/", files.upload, name="upload"),
    path("applications/<str:public_id>/papers/<str:paper_id>/", files.paper, name="paper"),
]
