"""Finding an order or an account by whatever a customer or a colleague names it with."""

import re
from contextlib import suppress

from django.db.models import Q, QuerySet

from accounts.models import ApiKey, User
from catalog.models import Supplier
from orders.models import Order, PurchaseAttempt
from wallet.models import Transfer

_LARGEST_NUMBER = 2**63 - 1
# An account's e-mail may be half remembered; of so many accounts the orders are shown.
_MOST_ACCOUNTS = 50
# A number may have been sold again and again over the years.
_MOST_ORDERS = 100
# More accounts than anybody reads; whoever is not among them takes more letters to find.
_MOST_FOUND = 500
_KEY = re.compile(r"nx_(?:live|test)_([0-9A-Za-z]{4,10})")


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


def find_accounts(users: QuerySet[User], words: str) -> QuerySet[User]:
    """Return the accounts meant by an e-mail or its beginning, a public id, a number or a key.

    Of a key its beginning is enough, as it is shown everywhere; each is a lookup in an index.
    """
    words = words.strip()
    if words.startswith("acc_"):
        return users.filter(public_id=words)
    if match := _KEY.match(words):
        return users.filter(pk__in=_owners(public_id__startswith=match[1]))
    meant = Q(email__startswith=words.lower()) | Q(pk__in=_owners(public_id=words))
    with suppress(ValueError):
        number = int(words.lstrip("#"))
        if 0 < number <= _LARGEST_NUMBER:
            meant |= Q(pk=number)
    found = User.objects.filter(meant).order_by("-pk").values_list("pk", flat=True)
    return users.filter(pk__in=list(found[:_MOST_FOUND]))


def _owners(**key: str) -> list[int]:
    return list(ApiKey.objects.filter(**key).values_list("user_id", flat=True)[:_MOST_FOUND])


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
