"""Addresses of the applicant's door."""

from django.urls import path

from portal.applicant.views import (
    deferred,
    documents,
    filling,
    following,
    incoming,
    lists,
    payments,
    prefilling,
    rating,
    readings,
    requests,
    review,
    situation,
    supplement_review,
    supplements,
    wallet,
    withdrawing,
)

app_name = "applicant"

_application = "applications/<str:public_id>/"
_document = "documents/<slug:kind>/<str:public_id>/<slug:code>/"

urlpatterns = [
    path("", lists.cases, name="cases"),
    path("inbox/", lists.inbox, name="inbox"),
    path("wallet/", wallet.wallet, name="wallet"),
    path("wallet/keep/", wallet.keep, name="keep_document"),
    path("wallet/certificates/<str:public_id>/", wallet.certificate, name="certificate"),
    path("wallet/certificates/<str:public_id>/file/", wallet.download, name="certificate_file"),
    path("wallet/codes/<str:public_id>/", wallet.share, name="share"),
    path("data/", readings.my_data, name="my_data"),
    path("signed-in/", filling.signed_in, name="signed_in"),
    path("apply/bundle/<slug:code>/", situation.start_bundle, name="start_bundle"),
    path("apply/service/<slug:code>/", situation.start_service, name="start_service"),
    path(_application, following.application, name="application"),
    path(f"{_application}situation/", situation.change, name="situation"),
    path(f"{_application}section/<slug:key>/", filling.section, name="section"),
    path(f"{_application}fetch/", prefilling.fetch, name="prefill"),
    path(f"{_application}documents/", documents.documents, name="documents"),
    path(f"{_application}documents/wallet/", wallet.use, name="use_wallet"),
    path(f"{_application}review/", review.review, name="review"),
    path(f"{_application}submitted/", review.submitted, name="submitted"),
    path(f"{_application}withdraw/", withdrawing.withdraw, name="withdraw"),
    path(f"{_application}tasks/<int:task_id>/ready/", following.premises_ready, name="premises_ready"),
    path("cases/<str:public_id>/supplement/", supplements.supplement, name="supplement"),
    path("cases/<str:public_id>/supplement/review/", supplement_review.review, name="supplement_review"),
    path("cases/<str:public_id>/rate/", rating.rate, name="rate"),
    path(f"{_application}rate/", rating.rate_application, name="rate_application"),
    path("requests/<str:public_id>/", requests.information_request, name="request"),
    path("cases/<str:public_id>/deferred/", deferred.deferred, name="deferred"),
    path("payments/", payments.payments, name="payments"),
    path("payments/<str:public_id>/", payments.payment, name="payment"),
    path("payments/<str:public_id>/pay/", payments.pay, name="pay"),
    path("payments/<str:public_id>/return/", payments.come_back, name="payment_return"),
    path("papers/<str:public_id>/", documents.paper, name="paper"),
    path("documents/parts/<str:public_id>/", incoming.part, name="part"),
    path(f"{_document}", documents.document, name="document"),
    path(f"{_document}parts/", incoming.begin, name="begin_part"),
    path(f"{_document}remove/", documents.take_back, name="take_back"),
    path("uploads/<str:public_id>/", documents.upload, name="upload"),
    path("uploads/<str:public_id>/picture/", documents.preview, name="preview"),
]
