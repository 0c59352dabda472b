"""Proving the books on request, and that the kept sums are what the rows add up to."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from office.actions.noting import note
from office.models import Act, BooksCheck
from office.sums import BEGINNING, MONEY, ORDERS, SALES, Kept, fetch, folded_until
from orders.reports import audit_ledger


@transaction.atomic
def ask_books_check(*, by: User, now: datetime) -> BooksCheck:
    """Have the books checked by a worker; one that waits already is enough."""
    waiting = BooksCheck.objects.filter(ended_at=None).order_by("pk").first()
    if waiting is not None:
        return waiting
    asked = BooksCheck.objects.create(asked_at=now, asked_by=by)
    note(Act.AUDITED, asked, by=by)
    return asked


def check_books(check: BooksCheck, *, ended_at: datetime) -> BooksCheck:
    """Write into a check what was found; nothing found is the proof."""
    findings = audit_ledger() + wrong_sums()
    BooksCheck.objects.filter(pk=check.pk, ended_at=None).update(
        ended_at=ended_at, findings=findings[:200]
    )
    check.refresh_from_db()
    return check


def wrong_sums() -> list[str]:
    """Return every kept sum that differs from its rows."""
    return [finding for kept in (MONEY, ORDERS, SALES) for finding in _wrong(kept)]


def _wrong(kept: Kept) -> list[str]:
    names = ", ".join((kept.time, *kept.columns, *kept.sums))
    rows = f"SELECT {names} FROM ({kept.grouped(kept.rows)}) AS summed"
    query = f"""
        (({rows}) EXCEPT ({kept.kept})) UNION ALL (({kept.kept}) EXCEPT ({rows})) LIMIT 20
    """
    found = fetch(query, {"since": BEGINNING, "until": folded_until(kept)})
    return [f"kept sum of {kept.name} differs: {' '.join(map(str, row))}" for row in found]
