"""What was earned and spent, by supplier, service or country."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings

from catalog.models import Country, Service, Supplier
from nexotp.lib.money import to_decimal
from office.reports.rates import in_shop_currency, rates_at
from office.reports.spans import ONE_DAY, day_of, midnight
from office.sums import SALES, fetch, folded_until

BY = {"supplier": "supplier_id", "service": "service", "country": "country"}

_EARNED = {"capture": 1, "refund": -1}
_SPENT = {"cost": 1, "cost_back": -1, "loss": 1, "loss_back": -1, "stray": 1}


@dataclass(slots=True)
class Profit:
    """One line: `revenue` and `refunds` in minor units of the shop's currency, `spent` by currency.

    `cost` is what was spent in the shop's currency, each day at that day's rate; None without one.
    """

    key: str
    name: str = ""
    orders: int = 0
    revenue: int = 0
    refunds: int = 0
    spent: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    cost: int | None = 0

    @property
    def margin(self) -> int | None:
        return None if self.cost is None else self.revenue - self.refunds - self.cost

    @property
    def margin_percent(self) -> float | None:
        earned = self.revenue - self.refunds
        return None if self.margin is None or not earned else round(100 * self.margin / earned, 1)


def profit(*, first: date, last: date, mode: str, by: str, now: datetime) -> list[Profit]:
    """Return the profit of whole days, both included, the highest revenue first."""
    lines: dict[str, Profit] = {}
    rates: dict[date, dict[str, Decimal]] = {}
    for day, key, kind, currency, amount, count in _sums(first, last, mode, BY[by]):
        line = lines.setdefault(key, Profit(str(key)))
        if kind == "capture":
            line.revenue, line.orders = line.revenue + amount, line.orders + count
        elif kind == "refund":
            line.refunds += amount
        else:
            _spend(line, _SPENT[kind] * amount, currency, _rates_of(day, rates, now))
    for line in lines.values():
        line.name = _name(by, line.key)
    return sorted(lines.values(), key=lambda line: (-line.revenue, line.name))


def _spend(line: Profit, amount: int, currency: str, rates: dict[str, Decimal]) -> None:
    line.spent[currency] += amount
    worth = in_shop_currency(amount, currency, rates)
    line.cost = None if worth is None or line.cost is None else line.cost + worth


def _rates_of(
    day: date, known: dict[date, dict[str, Decimal]], now: datetime
) -> dict[str, Decimal]:
    if day not in known:
        known[day] = rates_at(min(midnight(day + ONE_DAY), now))
    return known[day]


def _sums(
    first: date, last: date, mode: str, column: str
) -> list[tuple[date, str, str, str, int, int]]:
    """Days that are kept from the sums, the rest from the rows."""
    kept_until = folded_until(SALES)
    live_since = max(midnight(first), kept_until)
    query = f"""
        SELECT day, {column}, kind, currency, sum(amount)::bigint, sum(count)::bigint FROM (
            SELECT day, {column}, kind, currency, amount, count FROM office_salesday
            WHERE mode = %(mode)s AND day >= %(first)s AND day <= %(last)s AND day < %(kept)s
            UNION ALL
            SELECT day, {column}, kind, currency, amount, count FROM ({SALES.rows}) AS live
            WHERE mode = %(mode)s
        ) AS found GROUP BY 1, 2, 3, 4
    """
    return fetch(
        query,
        {
            "mode": mode,
            "first": first,
            "last": last,
            "kept": day_of(kept_until),
            "since": live_since,
            "until": max(midnight(last + ONE_DAY), live_since),
        },
    )


def _name(by: str, key: str) -> str:
    match by:
        case "supplier":
            found = Supplier.objects.filter(pk=int(key)).first()
        case "service":
            found = Service.objects.filter(code=key).first()  # type: ignore[assignment]
        case _:
            found = Country.objects.filter(code=key).first()  # type: ignore[assignment]
    return str(found) if found is not None else "—"


def profit_table(lines: list[Profit], by: str) -> Iterator[list[str]]:
    """Return the profit as rows of a table for spreadsheets, amounts as plain decimals."""
    currencies = sorted({currency for line in lines for currency in line.spent})
    shop = settings.SHOP_CURRENCY
    spent = [f"spent_{currency}" for currency in currencies]
    yield [by, "orders", "revenue", "refunds", *spent, f"cost_{shop}", f"margin_{shop}"]
    for line in lines:
        yield [
            *(line.name, str(line.orders), _plain(line.revenue, shop), _plain(line.refunds, shop)),
            *(_plain(line.spent.get(currency, 0), currency) for currency in currencies),
            *(_plain(line.cost, shop), _plain(line.margin, shop)),
        ]


def _plain(amount: int | None, currency: str) -> str:
    return "" if amount is None else str(to_decimal(amount, currency))
