"""Finding an order by whatever a customer or a colleague names it with."""

from contextlib import suppress

from django.db.models import Q, QuerySet

from accounts.models import User
from catalog.models import Supplier
from orders.models import Order, PurchaseAttempt
from wallet.models import Transfer

_LARGEST_NUMBER = 2**63 - 1
# An account's e-mail may be half remembered; of so many accounts the orders are shown.
_MOST_ACCOUNTS = 50
# A number may have been sold again and again over the years.
_MOST_ORDERS = 100


def find_orders(orders: QuerySet[Order], words: str) -> QuerySet[Order]:
    """Return the orders meant by a number, a phone, an e-mail, a request id or a reference.

    Each is a lookup in an index; nothing looks through the table.
    """
    words = words.strip()
    if "@" in words:
        accounts = User.objects.filter(email__startswith=words.lower())
        return orders.filter(user__in=list(accounts.values_list("pk", flat=True)[:_MOST_ACCOUNTS]))
    if words.startswith("req_"):
        moved = Transfer.objects.filter(request_id=words).exclude(order_id=None)
        return orders.filter(pk__in=list(moved.values_list("order_id", flat=True)[:_MOST_ORDERS]))
    meant = Q(public_id=words) | Q(pk__in=_by_reference(words)) | Q(phone_number__in=_phones(words))
    with suppress(ValueError):
        number = int(words.lstrip("#"))
        if 0 < number <= _LARGEST_NUMBER:
            meant |= Q(pk=number)
    return orders.filter(
        pk__in=list(Order.objects.filter(meant).values_list("pk", flat=True)[:_MOST_ORDERS])
    )


def _by_reference(words: str) -> list[int]:
    suppliers = list(Supplier.objects.values_list("pk", flat=True))
    found = PurchaseAttempt.objects.filter(supplier__in=suppliers, reference=words)
    return list(found.exclude(reference="").values_list("order_id", flat=True)[:10])


def _phones(words: str) -> list[str]:
    """How a number may be stored that people write with spaces, dashes, a plus or a zero."""
    digits = "".join(filter(str.isdigit, words))
    if len(digits) < 6:
        return []
    if digits.startswith("0"):
        # As it is dialled within Indonesia.
        return [f"+62{digits[1:]}", f"62{digits[1:]}"]
    return [f"+{digits}", digits]
