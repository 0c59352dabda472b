"""Which protocols of payment the shop speaks, by the name that a payment method gives."""

from __future__ import annotations

from wallet.gateways.bank_transfer import BankTransfer
from wallet.gateways.base import Gateway, GatewayAccount
from wallet.gateways.simulated import SimulatedGateway

PROTOCOLS: dict[str, type[Gateway]] = {
    "bank_transfer": BankTransfer,
    "simulated": SimulatedGateway,
}


class UnknownProtocol(ValueError):
    """No gateway class goes by this name."""


def open_gateway(protocol: str, account: GatewayAccount) -> Gateway:
    """Return the gateway's client; nothing is sent yet. Raises UnknownProtocol."""
    if protocol not in PROTOCOLS:
        raise UnknownProtocol(protocol)
    return PROTOCOLS[protocol](account)
