"""The pricing rules' past, read out of the audit: what each was, and all of them at a moment."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Min, QuerySet

from catalog.models import PricingRule
from catalog.rule_plans import FIELDS, SCOPE, Values, Wanted, values_of
from office.models import Act, AuditEntry

_SUBJECT = PricingRule._meta.db_table


def changes_of_rules(pk: int | None = None) -> "QuerySet[AuditEntry]":
    """Every change of the rules, or of one that may be gone, the newest first."""
    changes = AuditEntry.objects.filter(
        subject=_SUBJECT, act__in=[Act.INSERT, Act.UPDATE, Act.DELETE]
    )
    changes = changes if pk is None else changes.filter(row_id=str(pk))
    return changes.select_related("by").order_by("-pk")


def rules_at(moment: datetime, present: Iterable[PricingRule]) -> list[Wanted]:
    """Return the rules as they were at a moment, each under its number.

    What is there now is walked back change by change, so rules older than the audit are known
    too. A column that came later is as it is now.
    """
    rules = {rule.pk: values_of(rule) for rule in present}
    later = changes_of_rules().filter(at__gt=moment).select_related(None)
    for change in later.iterator():
        pk = int(change.row_id)
        if change.act == Act.INSERT:
            rules.pop(pk, None)
        elif change.act == Act.DELETE:
            rules[pk] = was(change)
        elif pk in rules:
            rules[pk] |= was(change)
    return [Wanted(values, pk) for pk, values in sorted(rules.items())]


def was(change: AuditEntry) -> Values:
    """Return what a change found: all of a rule that was deleted, else what it changed."""
    missing = {name: field.get_default() for name, field in FIELDS.items()}
    found = _side(change, 0)
    return missing | found if change.act == Act.DELETE else found


def became(change: AuditEntry) -> Values:
    """Return what a change made of the columns that it changed."""
    return _side(change, 1)


def gone(rules: Iterable[Values]) -> dict[str, set[int]]:
    """Return which services, countries, suppliers and tiers of these rules are no more."""
    named: dict[str, set[int]] = defaultdict(set)
    for values in rules:
        for name in SCOPE:
            if values[name] is not None:
                named[name].add(values[name])
    return {name: missing for name, keys in named.items() if (missing := keys - _there(name, keys))}


def is_of_gone(values: Values, missing: dict[str, set[int]]) -> bool:
    return any(values[name] in keys for name, keys in missing.items())


def begins(changes: Iterable[AuditEntry]) -> dict[str, datetime]:
    """Return when the first change of each of these changes' requests was made."""
    requests = {change.request_id for change in changes} - {""}
    listed = AuditEntry.objects.filter(request_id__in=requests, subject=_SUBJECT)
    return dict(listed.order_by().values_list("request_id").annotate(first=Min("at")))


def last_known(pks: Iterable[int]) -> dict[int, Values]:
    """Return what each of these rules is, or what it was when it was deleted."""
    wanted = set(pks)
    known = {rule.pk: values_of(rule) for rule in PricingRule.objects.filter(pk__in=wanted)}
    missing = [str(pk) for pk in wanted - known.keys()]
    deleted = AuditEntry.objects.filter(subject=_SUBJECT, act=Act.DELETE, row_id__in=missing)
    for change in deleted.order_by("row_id", "-pk").distinct("row_id"):
        known[int(change.row_id)] = was(change)
    return known


def _there(name: str, keys: set[int]) -> set[int]:
    rows = FIELDS[name].remote_field.model._default_manager.filter(pk__in=keys)
    return set(rows.values_list("pk", flat=True))


def _side(change: AuditEntry, side: int) -> Values:
    told = change.changes.items()
    return {name: _value(name, values[side]) for name, values in told if name in FIELDS}


def _value(name: str, value: Any) -> Any:
    """Return a value of the audit's JSON as the rule's column has it."""
    field: Any = FIELDS[name]
    if value is None:
        return None
    return (field.target_field if field.remote_field is not None else field).to_python(value)
