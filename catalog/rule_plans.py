"""What would become of the pricing rules: what they are beside what they are to be.

A sheet that was uploaded and the rules of an earlier moment are both a list of rules that are
wanted; a plan says for each whether it is new, changed, unchanged or to be removed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import PricingRule

# A rule's columns without its number; amounts in minor units.
Values = dict[str, Any]

FIELDS: dict[str, Any] = {
    field.attname: field for field in PricingRule._meta.concrete_fields if not field.primary_key
}
#: for what and when a rule holds
SCOPE = tuple(name for name, field in FIELDS.items() if field.remote_field is not None)
PLACE = (*SCOPE, "starts_at", "ends_at")


class Kind(models.TextChoices):
    """What becomes of a rule."""

    NEW = "new", _("New")
    CHANGED = "changed", _("Changed")
    REMOVED = "removed", _("Removed")
    UNCHANGED = "unchanged", _("Unchanged")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as it is to be. One with a number that no rule has is made with that number."""

    values: Values
    pk: int | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one rule."""

    pk: int | None
    row: int | None
    was: Values | None
    becomes: Values | None

    @property
    def kind(self) -> Kind:
        if self.becomes is None:
            return Kind.REMOVED
        if self.was is None:
            return Kind.NEW
        return Kind.CHANGED if self.changed else Kind.UNCHANGED

    @property
    def changed(self) -> list[str]:
        """The columns that differ; all of a rule that comes or goes."""
        if self.was is None or self.becomes is None:
            return list(FIELDS)
        return [name for name in FIELDS if self.was[name] != self.becomes[name]]

    @property
    def values(self) -> Values:
        values = self.becomes if self.becomes is not None else self.was
        assert values is not None
        return values


def values_of(rule: PricingRule) -> Values:
    return {name: getattr(rule, name) for name in FIELDS}


def place_of(values: Values) -> tuple[Any, ...]:
    """Return for what and when a rule holds; two rules alike in that compete."""
    return tuple(values[name] for name in PLACE)


def fingerprint(rules: Iterable[PricingRule]) -> str:
    """Return what differs as soon as any rule does."""
    ordered = sorted(rules, key=lambda rule: rule.pk)
    told = [[rule.pk, *values_of(rule).values()] for rule in ordered]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def plan(wanted: Iterable[Wanted], present: Iterable[PricingRule], *, replaces: bool) -> list[Line]:
    """Lay what is wanted beside what there is; `replaces` removes what is not wanted."""
    there = {rule.pk: rule for rule in present}
    lines = []
    for each in wanted:
        rule = there.pop(each.pk, None) if each.pk is not None else None
        was = values_of(rule) if rule is not None else None
        lines.append(Line(each.pk, each.row, was, each.values))
    if replaces:
        lines += [Line(pk, None, values_of(rule), None) for pk, rule in there.items()]
    return lines


def count_kinds(lines: Iterable[Line]) -> Counter[Kind]:
    return Counter(line.kind for line in lines)
