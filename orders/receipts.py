"""What an order cost in the end, and the transfers that prove it."""

from dataclasses import dataclass

from orders.models import Order
from wallet.models import Transfer, TransferKind

# What customers see of an order's money; our own costs are not theirs.
_SHOWN = [
    TransferKind.HOLD,
    TransferKind.CAPTURE,
    TransferKind.RELEASE,
    TransferKind.REFUND,
]


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One transfer; `amount` is signed as the wallet sees it, 0 where it did not move."""

    transfer: Transfer
    amount: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Amounts are minor units of the order's currency."""

    lines: list[ReceiptLine]
    charged: int
    refunded: int
    held: int


def receipt_of(order: Order) -> Receipt:
    """Return what is charged for an order at this moment, out of the ledger."""
    transfers = Transfer.objects.filter(order_id=order.pk, kind__in=_SHOWN).order_by("pk")
    lines = [ReceiptLine(transfer, _seen(transfer)) for transfer in transfers]
    totals = dict.fromkeys(_SHOWN, 0)
    for line in lines:
        totals[TransferKind(line.transfer.kind)] += line.transfer.amount
    captured, released = totals[TransferKind.CAPTURE], totals[TransferKind.RELEASE]
    goodwill = totals[TransferKind.REFUND]
    return Receipt(
        lines=lines,
        charged=captured - goodwill,
        refunded=released + goodwill,
        held=totals[TransferKind.HOLD] - captured - released,
    )


def _seen(transfer: Transfer) -> int:
    match transfer.kind:
        case TransferKind.HOLD:
            return -transfer.amount
        case TransferKind.CAPTURE:
            return 0
    return transfer.amount
