"""Changing many pricing rules at once: a sheet that was uploaded, or the rules of another moment.

People look at a plan first. What they saw goes by the fingerprint of the rules there were; with
other rules nothing is done, since they agreed to something else.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import PricingRule, RuleSheet
from catalog.rule_plans import FIELDS, Kind, Line, Wanted, count_kinds, fingerprint, plan
from catalog.rule_sheets import read_rules
from nexotp.lib.errors import Problem
from nexotp.lib.sheets import CellProblem, Sheet

_AT_ONCE = 500
# What nobody carried out by then is uploaded again.
_KEPT = timedelta(days=2)


class RulesChanged(Problem):
    code = "rules_changed"
    status = 409
    message = _("Somebody changed the rules meanwhile. Look at the plan again.")


class SheetNotUsable(Problem):
    code = "sheet_not_usable"
    status = 422
    message = _("Some rows are wrong; nothing was changed.")


class AlreadyCarriedOut(Problem):
    code = "sheet_carried_out"
    status = 409
    message = _("This file has been carried out already.")


def keep_sheet(sheet: Sheet, *, name: str, replaces: bool, by: User, now: datetime) -> RuleSheet:
    """Keep what was uploaded until somebody has looked at its plan."""
    RuleSheet.objects.filter(uploaded_at__lt=now - _KEPT).delete()
    return RuleSheet.objects.create(
        by=by,
        name=name[-100:],
        uploaded_at=now,
        header=sheet.header,
        rows={str(row): cells for row, cells in sheet.rows.items()},
        problems=[[each.row, each.column, str(each.message)] for each in sheet.problems],
        replaces=replaces,
    )


def read_kept(
    sheet: RuleSheet, present: list[PricingRule]
) -> tuple[list[Wanted], list[CellProblem]]:
    """Return the rules that a kept sheet wants, and everything that is wrong with it."""
    rows = {int(row): cells for row, cells in sheet.rows.items()}
    wanted, problems = read_rules(sheet.header, rows, present)
    problems += [CellProblem(*problem) for problem in sheet.problems]
    # A cell that could not be read at all is told once, by what could not be read.
    told = {(each.row, each.column): each for each in problems}
    return wanted, sorted(told.values(), key=lambda each: each.row)


def carry_out_sheet(sheet: RuleSheet, *, seen: str, now: datetime) -> Counter[Kind]:
    """Make the rules what a sheet wants, all of it or nothing; return how many became what.

    `seen` is the fingerprint of the rules whose plan was looked at. Raises RulesChanged,
    SheetNotUsable, AlreadyCarriedOut.
    """
    with transaction.atomic():
        kept = RuleSheet.objects.select_for_update().get(pk=sheet.pk)
        if kept.carried_out_at is not None:
            raise AlreadyCarriedOut

        def want(present: list[PricingRule]) -> list[Wanted]:
            wanted, problems = read_kept(kept, present)
            if problems:
                raise SheetNotUsable
            return wanted

        done = change_rules(want, replaces=kept.replaces, seen=seen)
        kept.carried_out_at = now
        kept.save(update_fields=["carried_out_at"])
    return done


def change_rules(
    want: Callable[[list[PricingRule]], list[Wanted]], *, replaces: bool, seen: str
) -> Counter[Kind]:
    """Make the rules what is wanted of those there are; return how many became what.

    Prices follow with the next repricing. Raises RulesChanged.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Readers go on; whoever changes a rule waits for this, or this for them.
            cursor.execute("LOCK TABLE catalog_pricingrule IN SHARE ROW EXCLUSIVE MODE")
        present = list(PricingRule.objects.order_by("pk"))
        if fingerprint(present) != seen:
            raise RulesChanged
        lines = plan(want(present), present, replaces=replaces)
        _write(lines)
    return count_kinds(lines)


def _write(lines: list[Line]) -> None:
    removed = [line.pk for line in lines if line.pk and line.kind == Kind.REMOVED]
    PricingRule.objects.filter(pk__in=removed).delete()
    changed = [
        PricingRule(pk=line.pk, **line.values) for line in lines if line.kind == Kind.CHANGED
    ]
    # One statement for many rows; an UPDATE with a CASE for each takes minutes.
    PricingRule.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[field.name for field in FIELDS.values()],
        batch_size=_AT_ONCE,
    )
    new = [PricingRule(pk=line.pk, **line.values) for line in lines if line.kind == Kind.NEW]
    PricingRule.objects.bulk_create(new, batch_size=_AT_ONCE)
