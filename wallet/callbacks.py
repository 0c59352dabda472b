"""What payment gateways push: signed, and never more than a sign that a payment should be read.

What it says of amounts and states is left in it, so that one that comes late, twice or out of
order does no harm.
"""

from contextlib import suppress

import structlog
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from wallet.actions import note_hint
from wallet.gateways.base import NotAuthentic
from wallet.models import PaymentMethod
from wallet.waking import wake

logger = structlog.get_logger(__name__)

_LARGEST_BODY = 16 * 1024


@csrf_exempt
@login_not_required
@require_POST
def payment_callback(request: HttpRequest, code: str) -> HttpResponse:
    """200 once it is noted, 403 where nobody of ours signed it."""
    method = PaymentMethod.objects.filter(code=code).first()
    if method is None:
        return HttpResponse(status=403)
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = timezone.now()
    try:
        reference = method.gateway().read_callback(headers, _body(request), now=now)
    except NotAuthentic as error:
        logger.warning("callback refused", method=code, error=error.text)
        return HttpResponse(status=403)
    if note_hint(reference, method_id=method.pk, now=now):
        wake()
    return HttpResponse("OK", content_type="text/plain")


def _body(request: HttpRequest) -> bytes:
    """Return the body, or nothing of one that is too large or breaks off."""
    with suppress(UnreadablePostError):
        body: bytes = request.read(_LARGEST_BODY + 1)
        return body if len(body) <= _LARGEST_BODY else b""
    return b""
