"""Addresses of the API. Whatever is not named here is answered 404 as a problem, not as a page."""

from django.urls import include, path, re_path

from portal.api.views import applications, catalogue, description, notices, payments, sign_in, tasks
from portal.api.views.base import UnknownAddress

app_name = "api"

v1 = [
    path("services/", catalogue.ServicesView.as_view(), name="services"),
    path("services/<slug:code>/", catalogue.ServiceView.as_view(), name="service"),
    path("listed-items/", catalogue.ListedItemsView.as_view(), name="listed_items"),
    path("listed-items/<slug:code>/", catalogue.ListedItemView.as_view(), name="listed_item"),
    path("bundles/", catalogue.BundlesView.as_view(), name="bundles"),
    path("bundles/<slug:code>/", catalogue.BundleView.as_view(), name="bundle"),
    path("applications/", applications.ApplicationsView.as_view(), name="applications"),
    path("applications/<str:public_id>/", applications.ApplicationView.as_view(), name="application"),
    path("applications/<str:public_id>/timeline/", applications.TimelineView.as_view(), name="timeline"),
    path("applications/<str:public_id>/notices/", notices.NoticesView.as_view(), name="notices"),
    path(
        "applications/<str:public_id>/notices/<int:number>/answer/",
        notices.NoticeAnswerView.as_view(),
        name="answer_notice",
    ),
    path("tasks/", tasks.TasksView.as_view(), name="tasks"),
    path("tasks/<int:task_id>/", tasks.TaskView.as_view(), name="task"),
    path("tasks/<int:task_id>/claim/", tasks.ClaimView.as_view(), name="claim"),
    path("tasks/<int:task_id>/release/", tasks.ReleaseView.as_view(), name="release"),
    path("tasks/<int:task_id>/send-back/", tasks.SendBackView.as_view(), name="send_back"),
    path("tasks/<int:task_id>/complete/", tasks.CompleteView.as_view(), name="complete"),
    path("token/", sign_in.TokenView.as_view(), name="token"),
    path("me/", sign_in.MeView.as_view(), name="me"),
    path("schema/", description.SchemaView.as_view(), name="schema"),
    path("docs/", description.docs, name="docs"),
]

urlpatterns = [
    path("v1/", include(v1)),
    path("payments/", payments.message, name="payment_message"),
    re_path(r"^.*$", UnknownAddress.as_view(), name="unknown"),
]
