"""Where the payment service tells of payments. It is no part of the public API: only its signature opens it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from services.payments.enums import Refusal
from services.payments.operations.messages import MessageRefusedError, take_message
from workflows.queries.calendars import database_now

#: A message of the payment service is a few hundred bytes.
LONGEST_BODY = 16 * 1024
_STATUSES = {Refusal.SIGNATURE: 401, Refusal.TIMESTAMP: 401, Refusal.UNKNOWN: 404}


@login_not_required
@csrf_exempt
@require_POST
def message(request: HttpRequest) -> HttpResponse:
    """Take a message: 200 also when it repeats what is known; refused ones are written down and answered why."""
    body = request.read(LONGEST_BODY + 1)
    if len(body) > LONGEST_BODY:
        return JsonResponse({"error": "too long"}, status=413)
    signed, stamp = request.headers.get("X-Signature", ""), request.headers.get("X-Timestamp", "")
    try:
        new = take_message(body=body, timestamp=stamp, signed=signed, at=database_now())
    except MessageRefusedError as refusal:
        return JsonResponse({"error": str(refusal.why)}, status=_STATUSES.get(refusal.why, 400))
    return JsonResponse({"taken": True, "repeated": not new})
