"""How accounts stand: their money, their orders, when they were last here.

Only for those that a page shows, a few queries for all of them together.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Max, OuterRef, Subquery

from accounts.models import ApiKey, Mode, User
from orders.models import Order
from orders.states import CAPTURED, Status
from wallet.models import AccountKind, LedgerAccount

# Orders that somebody had a number for; the others say nothing about the account.
_JUDGED = (*CAPTURED, Status.EXPIRED, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Live figures of one account; `balance` in minor units, None where no wallet was opened."""

    balance: int | None
    by_status: dict[str, int]
    last_seen: datetime | None

    @property
    def orders(self) -> int:
        return sum(self.by_status.values())

    @property
    def success(self) -> int | None:
        """Percent of the ended orders that got a code; None without any."""
        return self._share(CAPTURED)

    @property
    def cancelled(self) -> int | None:
        """Percent of the ended orders that were cancelled; None without any."""
        return self._share([Status.CANCELLED])

    def _share(self, statuses: Iterable[str]) -> int | None:
        ended = sum(self.by_status.get(status, 0) for status in _JUDGED)
        if not ended:
            return None
        return round(100 * sum(self.by_status.get(status, 0) for status in statuses) / ended)


def standings(users: Sequence[User]) -> dict[int, Standing]:
    """Return how each of these accounts stands."""
    pks = [user.pk for user in users]
    wallets = LedgerAccount.objects.filter(
        owner__in=pks,
        kind=AccountKind.WALLET,
        currency=settings.SHOP_CURRENCY,
        mode=Mode.LIVE,
    )
    balances = dict(wallets.values_list("owner_id", "balance"))
    # Read from an index alone: its columns are these.
    counted = (
        Order.objects.filter(user__in=pks, mode=Mode.LIVE)
        .values_list("user_id", "status")
        .annotate(count=Count("id"))
        .order_by()
    )
    by_status: dict[int, dict[str, int]] = defaultdict(dict)
    for user_id, status, count in counted:
        by_status[user_id][status] = count
    seen = _last_seen(pks)
    return {
        user.pk: Standing(
            balance=balances.get(user.pk),
            by_status=by_status[user.pk],
            last_seen=max(filter(None, (user.last_login, *seen[user.pk])), default=None),
        )
        for user in users
    }


def _last_seen(pks: list[int]) -> dict[int, list[datetime | None]]:
    """Return when each ordered last, and when a key of theirs was used last."""
    ordered = Order.objects.filter(user=OuterRef("pk"), mode=Mode.LIVE).order_by("-pk")
    last = User.objects.filter(pk__in=pks).annotate(
        last_order=Subquery(ordered.values("created_at")[:1])
    )
    seen: dict[int, list[datetime | None]] = defaultdict(list)
    for pk, at in last.values_list("pk", "last_order"):
        seen[pk].append(at)
    used = ApiKey.objects.filter(user__in=pks).values_list("user_id").annotate(Max("last_used_at"))
    for pk, at in used.order_by():
        seen[pk].append(at)
    return seen
