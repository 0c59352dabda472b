"""The daily close: what each account of the books held, what moved it, and what it holds."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from nexotp.lib.money import to_decimal
from office.models import BooksCheck
from office.reports.spans import ONE_DAY, midnight
from office.sums import BEGINNING, MONEY, hourly
from wallet.models import AccountKind, TransferKind

# What we owe and what we earned grows by credit, everything else by debit.
_GROWS_BY_CREDIT = {
    AccountKind.WALLET,
    AccountKind.ORDERS_IN_PROGRESS,
    AccountKind.SALES_REVENUE,
}


@dataclass(slots=True)
class Line:
    """One account over one day; amounts in minor units, in the sense in which it grows."""

    account: AccountKind
    opening: int = 0
    moved: dict[TransferKind, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def closing(self) -> int:
        return self.opening + sum(self.moved.values())

    @property
    def movements(self) -> list[tuple[TransferKind, int]]:
        return sorted(self.moved.items())


@dataclass(slots=True)
class Close:
    """The books of one day in one mode and one currency."""

    day: date
    mode: str
    currency: str
    lines: dict[AccountKind, Line]

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits; they do, unless a report is wrong."""
        signed = (
            line.closing if line.account in _GROWS_BY_CREDIT else -line.closing
            for line in self.lines.values()
        )
        return sum(signed) == 0


def daily_close(day: date, mode: str) -> list[Close]:
    """Return the books of a day of the shop, one for each currency that ever moved."""
    begin, end = midnight(day), midnight(day + ONE_DAY)
    books: dict[str, Close] = {}
    for since, until, is_opening in ((BEGINNING, begin, True), (begin, end, False)):
        for kind, debit, credit, currency, amount, _count in _moved(mode, since, until):
            lines = books.setdefault(currency, Close(day, mode, currency, {})).lines
            for account, sign in ((AccountKind(debit), -1), (AccountKind(credit), 1)):
                grown = sign * amount if account in _GROWS_BY_CREDIT else -sign * amount
                line = lines.setdefault(account, Line(account))
                if is_opening:
                    line.opening += grown
                else:
                    line.moved[TransferKind(kind)] += grown
    order = list(AccountKind)
    for close in books.values():
        close.lines = dict(sorted(close.lines.items(), key=lambda item: order.index(item[0])))
    return [books[currency] for currency in sorted(books)]


def _moved(
    mode: str, since: datetime, until: datetime
) -> list[tuple[str, str, str, str, int, int]]:
    group = "kind, debit, credit, currency"
    rows = hourly(MONEY, since=since, until=until, group=group, where="mode = %(mode)s", mode=mode)
    return rows


def check_of(day: date) -> BooksCheck | None:
    """Return the first proof of the books that was done after a day had ended, or the last one."""
    done = BooksCheck.objects.exclude(ended_at=None)
    after = done.filter(asked_at__gte=midnight(day + ONE_DAY)).order_by("pk").first()
    return after or done.order_by("-pk").first()


def close_table(closes: list[Close]) -> Iterator[list[str]]:
    """Return the close as rows of a table for spreadsheets, amounts as plain decimals."""
    yield ["day", "mode", "currency", "account", "line", "amount"]
    for close in closes:
        for line in close.lines.values():
            parts = [("opening", line.opening), *line.movements, ("closing", line.closing)]
            for name, amount in parts:
                yield [
                    *(close.day.isoformat(), close.mode, close.currency, line.account.value),
                    *(str(name), str(to_decimal(amount, close.currency))),
                ]
