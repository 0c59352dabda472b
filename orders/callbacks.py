"""What suppliers push: unsigned, repeated, out of order, and never more than a hint.

Nothing in it is believed. It names activations, and those of them that are open are read at once
from the supplier itself. Every answer is the same 200, so that nobody learns anything, and no
supplier gives up on us.
"""

import hmac
import re
from contextlib import suppress
from urllib.parse import parse_qs

import orjson
import structlog
from celery import current_app
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from kombu.exceptions import OperationalError

from catalog.models import Supplier
from nexotp.lib.addresses import client_address
from nexotp.lib.queues import POLLING
from orders.actions import note_push

logger = structlog.get_logger(__name__)

_LARGEST_BODY = 16 * 1024
# Where suppliers put the reference of the activation, in lower case and without underscores.
_REFERENCE_FIELDS = {"activationid", "id", "orderid", "ordercode", "operationid", "requestid"}
_MOST_REFERENCES = 20
_REFERENCE = re.compile(r"[A-Za-z0-9._:-]{1,80}")


@csrf_exempt
@login_not_required
def supplier_push(request: HttpRequest, code: str, token: str) -> HttpResponse:
    supplier = Supplier.objects.filter(code=code).first()
    if supplier is not None and _is_from(supplier, token, request):
        references = _references(_body(request))
        if references and note_push(supplier, references, now=timezone.now()):
            _wake(supplier)
    return HttpResponse("OK", content_type="text/plain")


def _is_from(supplier: Supplier, token: str, request: HttpRequest) -> bool:
    expected = supplier.push_token
    if not expected or not hmac.compare_digest(expected.encode(), token.encode()):
        return False
    address = client_address(request)
    if not supplier.may_push_from(address):
        logger.warning("push from elsewhere", supplier=supplier.code, address=address)
        return False
    return True


def _body(request: HttpRequest) -> bytes:
    """Return the body, or nothing of one that is too large or breaks off."""
    with suppress(UnreadablePostError):
        body: bytes = request.read(_LARGEST_BODY + 1)
        return body if len(body) <= _LARGEST_BODY else b""
    return b""


def _references(body: bytes) -> list[str]:
    """Return what may be references of activations, from JSON or a form."""
    sent: object
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        sent = _form(body)
    parts = [sent, *sent.values()] if isinstance(sent, dict) else [sent]
    found = [
        str(value)
        for part in parts
        if isinstance(part, dict)
        for name, value in part.items()
        if str(name).lower().replace("_", "") in _REFERENCE_FIELDS
        and isinstance(value, int | str)
        and _REFERENCE.fullmatch(str(value))
    ]
    return found[:_MOST_REFERENCES]


def _form(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _wake(supplier: Supplier) -> None:
    """Have it read at once; if no broker takes the message, the next poll reads it."""
    try:
        # By name: doors do not import each other.
        current_app.send_task(
            "orders.read_hinted", (supplier.pk,), queue=POLLING, expires=10, retry=False
        )
    except OperationalError as error:
        logger.warning("poller not woken", error=type(error).__name__)
