"""The payment gateway of the demo, spoken to as any hosted payment page is.

A payment is made with our reference, the buyer pays on the gateway's page and comes back, and a
signed callback says that something has changed. Its other side is `simulator/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from nexotp.lib.money import to_decimal, to_minor
from suppliers.base import SupplierError
from suppliers.reading import Unreadable, read_json
from suppliers.transport import send
from wallet.gateways import signing
from wallet.gateways.base import (
    Gateway,
    GatewayRefused,
    GatewayUnavailable,
    NotAuthentic,
    Payment,
    PaymentRequest,
    PaymentState,
    PaymentStatus,
)

SIGNATURE_HEADER = "x-payment-signature"
# A buyer waits for the first; a sweep, with others behind it, for the second.
_CREATE_SECONDS, _READ_SECONDS = 10.0, 5.0
_LONGEST_REFERENCE, _LONGEST_URL = 80, 500
_MOST_DIGITS = 18

_STATUSES = {
    "pending": PaymentStatus.OPEN,
    "paid": PaymentStatus.PAID,
    "expired": PaymentStatus.ENDED,
    "cancelled": PaymentStatus.ENDED,
}


class SimulatedGateway(Gateway):
    def create_payment(self, wanted: PaymentRequest) -> Payment:
        said = self._ask(
            "POST",
            "/v1/payments",
            {
                "reference": wanted.reference,
                "amount": str(to_decimal(wanted.amount, wanted.currency)),
                "currency": wanted.currency,
                "expires_at": wanted.expires_at.isoformat(),
                "return_url": wanted.return_url,
                "callback_url": wanted.callback_url,
                "language": wanted.language,
            },
            seconds=_CREATE_SECONDS,
        )
        _expect(said, wanted.reference, wanted.currency)
        if _amount(said.get("amount"), wanted.currency) != wanted.amount:
            raise GatewayRefused("a payment of another amount goes by this reference")
        reference, url = said.get("id"), said.get("payment_url")
        if not isinstance(reference, str) or not 0 < len(reference) <= _LONGEST_REFERENCE:
            raise GatewayUnavailable("a payment without a name")
        if not isinstance(url, str) or not self._is_ours(url):
            raise GatewayUnavailable("a payment without a page of the gateway's")
        return Payment(reference, url)

    def read_payment(self, *, reference: str, currency: str) -> PaymentState:
        said = self._ask("GET", f"/v1/payments/{quote(reference, safe='')}")
        if said.get("error") == "not_found":
            return PaymentState(reference, PaymentStatus.OPEN, currency)
        return _state(said, reference, currency)

    def cancel_payment(self, *, reference: str, currency: str) -> PaymentState:
        said = self._ask("POST", f"/v1/payments/{quote(reference, safe='')}/cancel", {})
        if said.get("error") == "not_found":
            return PaymentState(reference, PaymentStatus.ENDED, currency)
        return _state(said, reference, currency)

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        signature = headers.get(SIGNATURE_HEADER, "")
        signing.check(self.account.callback_secret, signature, body, now=now)
        try:
            reference = json.loads(body)["reference"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise NotAuthentic("not a callback") from error
        if not isinstance(reference, str):
            raise NotAuthentic("not a callback")
        return reference

    def _is_ours(self, url: str) -> bool:
        """Whether a page lies where the gateway does: nobody else may ask our buyers to pay."""
        return len(url) <= _LONGEST_URL and url.startswith(f"{self.account.base_url.rstrip('/')}/")

    def _ask(
        self,
        method: str,
        path: str,
        sent: Mapping[str, str] | None = None,
        *,
        seconds: float = _READ_SECONDS,
    ) -> dict[str, Any]:
        """Raises GatewayUnavailable, GatewayRefused. That there is no such payment is an answer."""
        try:
            answer = send(
                method,
                self.account.base_url.rstrip("/") + path,
                json=sent,
                headers={"Authorization": f"Bearer {self.account.api_key}"},
                seconds=seconds,
            )
        except SupplierError as error:
            raise GatewayUnavailable(error.text) from error
        if answer.status in {401, 403}:
            raise GatewayRefused("our key is not taken")
        try:
            said = read_json(answer.body.decode("utf-8", "replace"))
        except Unreadable as error:
            raise GatewayUnavailable(f"status {answer.status}, not JSON") from error
        if not isinstance(said, dict) or answer.status >= 500:
            raise GatewayUnavailable(f"status {answer.status}")
        if answer.status >= 400 and said.get("error") != "not_found":
            raise GatewayRefused(f"status {answer.status}: {str(said.get('error'))[:60]}")
        return said


def _state(said: Mapping[str, Any], reference: str, currency: str) -> PaymentState:
    _expect(said, reference, currency)
    status = _STATUSES.get(str(said.get("status")))
    if status is None:
        raise GatewayUnavailable("a status that we do not know")
    paid = _amount(said.get("paid_amount"), currency) if status == PaymentStatus.PAID else None
    return PaymentState(reference, status, currency, paid)


def _expect(said: Mapping[str, Any], reference: str, currency: str) -> None:
    """An answer about anything but this payment is none."""
    if said.get("reference") != reference or said.get("currency") != currency:
        raise GatewayUnavailable("an answer about something else")


def _amount(raw: object, currency: str) -> int:
    """Return an amount, given as decimal text, in minor units. Raises GatewayUnavailable."""
    plain = isinstance(raw, str) and raw.isascii() and raw.replace(".", "", 1).isdigit()
    if not isinstance(raw, str) or not plain or len(raw) > _MOST_DIGITS:
        raise GatewayUnavailable("not an amount")
    try:
        amount = to_minor(raw, currency)
    except ValueError as error:
        raise GatewayUnavailable("not an amount of this currency") from error
    if amount == 0:
        raise GatewayUnavailable("not an amount")
    return amount
