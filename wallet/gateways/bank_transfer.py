"""Transfers to a bank account of ours: no machine tells us of them, a person looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from wallet.gateways.base import (
    Gateway,
    NotAuthentic,
    Payment,
    PaymentRequest,
    PaymentState,
    PaymentStatus,
)


class BankTransfer(Gateway):
    """Nothing is sent anywhere, and nothing is known before a person has looked."""

    is_manual = True

    def create_payment(self, wanted: PaymentRequest) -> Payment:
        return Payment(gateway_reference=wanted.reference)

    def read_payment(self, *, reference: str, currency: str) -> PaymentState:
        return PaymentState(reference, PaymentStatus.OPEN, currency)

    def cancel_payment(self, *, reference: str, currency: str) -> PaymentState:
        return PaymentState(reference, PaymentStatus.ENDED, currency)

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        raise NotAuthentic("a bank account pushes nothing")
