"""What every payment gateway offers the shop: one interface, a few values, three errors.

Amounts are integers in minor units of the payment's currency. Times are aware UTC datetimes.
`reference` is ours and names a payment for good: whoever asks twice for a payment under one
reference gets the first one, so that a lost answer can simply be asked for again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar


class GatewayError(Exception):
    """A gateway's answer that is not the one hoped for. `text` is safe to log: no credentials."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.text = text


class GatewayUnavailable(GatewayError):
    """No answer, or none to be read: whatever was asked may have been done. Ask again."""


class GatewayRefused(GatewayError):
    """The gateway understood and said no: to our key, to the amount, or to the payment's name."""


class NotAuthentic(GatewayError):
    """A callback that the gateway did not sign, or not lately."""


@dataclass(frozen=True, slots=True)
class GatewayAccount:
    """How to reach our account at a gateway."""

    base_url: str = ""
    api_key: str = field(default="", repr=False)
    callback_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """A payment that we want made. The buyer comes back to `return_url`, paid or not."""

    reference: str
    amount: int
    currency: str
    expires_at: datetime
    return_url: str
    callback_url: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that can be made now. Without a `url` the buyer transfers by hand."""

    gateway_reference: str
    url: str = ""


class PaymentStatus(StrEnum):
    """How a payment stands at the gateway. ENDED means that nothing was paid and will be."""

    OPEN = "open"
    PAID = "paid"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PaymentState:
    """What a gateway knows of a payment; `paid` is what came, and None until something did."""

    reference: str
    status: PaymentStatus
    currency: str
    paid: int | None = None


class Gateway(ABC):
    """One account at one gateway."""

    #: Whether only a person sees that money has come: then nothing is ever PAID here.
    is_manual: ClassVar[bool] = False

    def __init__(self, account: GatewayAccount) -> None:
        self.account = account

    @abstractmethod
    def create_payment(self, wanted: PaymentRequest) -> Payment:
        """Return the payment of that reference, made now or before.

        Raises GatewayUnavailable, GatewayRefused.
        """

    @abstractmethod
    def read_payment(self, *, reference: str, currency: str) -> PaymentState:
        """Return how a payment stands; one that was never made is OPEN.

        Raises GatewayUnavailable, GatewayRefused.
        """

    @abstractmethod
    def cancel_payment(self, *, reference: str, currency: str) -> PaymentState:
        """Have no more money taken for a payment; return how it stands after that.

        Money may have come first. Raises GatewayUnavailable, GatewayRefused.
        """

    @abstractmethod
    def read_callback(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> str:
        """Return our reference of the payment that a callback is about. Raises NotAuthentic.

        Header names are in lower case. What else a callback says is left in it: the state is read.
        """
