"""What people should know about their pricing rules: which compete, which do nothing, which end.

Of two rules for the same goods, supplier and tier the newer one wins for as long as both hold. A
rule can never win once newer ones hold for all the time it has left.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import PricingRule, RuleCount
from catalog.rule_plans import SCOPE

SOON = timedelta(days=7)
_ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
# Enough to find the others by.
_NAMED = 3


class Finding(models.TextChoices):
    COVERED = "covered", _("Can never win")
    TIE = "tie", _("Competes with another")
    UNDER_COST = "under_cost", _("Under cost")
    IDLE = "idle", _("Prices nothing")
    ENDS_SOON = "ends_soon", _("Ends soon")
    OVER = "over", _("Is over")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing about one rule; `others` are rules it is about too, `count` is of offers."""

    kind: Finding
    others: tuple[int, ...] = ()
    count: int = 0


def find(
    rules: Iterable[PricingRule], counts: Iterable[RuleCount], *, now: datetime
) -> dict[int, list[Found]]:
    """Return what there is to say of each rule, by its number; nothing of those that are off."""
    found: dict[int, list[Found]] = defaultdict(list)
    held: set[int] = set()
    alike: dict[tuple[int | None, ...], list[PricingRule]] = defaultdict(list)
    for rule in rules:
        if not rule.is_active:
            continue
        if rule.ends_at is not None and rule.ends_at <= now:
            found[rule.pk].append(Found(Finding.OVER))
            continue
        held.add(rule.pk)
        alike[tuple(getattr(rule, name) for name in SCOPE)].append(rule)
        if rule.ends_at is not None and rule.ends_at <= now + SOON:
            found[rule.pk].append(Found(Finding.ENDS_SOON))
    for group in alike.values():
        _compare(group, found, now)
    for count in counts:
        if count.rule_id in held:
            _add_counted(count, found[count.rule_id])
    return {pk: _in_order(each) for pk, each in found.items() if each}


def _compare(group: list[PricingRule], found: dict[int, list[Found]], now: datetime) -> None:
    """Compare rules for the same thing, the newest first."""
    newer: list[PricingRule] = []
    held = _Times()
    for rule in sorted(group, key=lambda rule: rule.pk, reverse=True):
        since, until = _window(rule)
        since = max(since, now)
        if held.meets(since, until):
            others = [other for other in newer if _overlap(other, since, until)]
            named = tuple(other.pk for other in others[:_NAMED])
            if held.covers(since, until):
                found[rule.pk].append(Found(Finding.COVERED, named))
            else:
                found[rule.pk].append(Found(Finding.TIE, named))
                for other in others[:_NAMED]:
                    found[other.pk].append(Found(Finding.TIE, (rule.pk,)))
        held.add(since, until)
        newer.append(rule)


def _add_counted(count: RuleCount, found: list[Found]) -> None:
    if count.below_count:
        found.append(Found(Finding.UNDER_COST, count=count.below_count))
    # Why a covered rule prices nothing has been said.
    if not count.offer_count and Finding.COVERED not in {each.kind for each in found}:
        found.append(Found(Finding.IDLE))


def _in_order(found: list[Found]) -> list[Found]:
    """The gravest first, and rules that one competes with in one line."""
    ties = sorted({other for each in found if each.kind == Finding.TIE for other in each.others})
    rest = [each for each in found if each.kind != Finding.TIE]
    told = [*rest, Found(Finding.TIE, tuple(ties))] if ties else rest
    return sorted(told, key=lambda each: list(Finding).index(each.kind))


def _window(rule: PricingRule) -> tuple[datetime, datetime]:
    first, last = _ALWAYS
    return rule.starts_at or first, rule.ends_at or last


def _overlap(rule: PricingRule, since: datetime, until: datetime) -> bool:
    begins, ends = _window(rule)
    return begins < until and since < ends


class _Times:
    """Stretches of time that do not touch, in their order."""

    def __init__(self) -> None:
        self._begins: list[datetime] = []
        self._ends: list[datetime] = []

    def add(self, since: datetime, until: datetime) -> None:
        first = bisect_left(self._ends, since)
        last = bisect_right(self._begins, until)
        if first < last:
            since = min(since, self._begins[first])
            until = max(until, self._ends[last - 1])
        self._begins[first:last] = [since]
        self._ends[first:last] = [until]

    def covers(self, since: datetime, until: datetime) -> bool:
        place = bisect_right(self._begins, since) - 1
        return place >= 0 and until <= self._ends[place]

    def meets(self, since: datetime, until: datetime) -> bool:
        place = bisect_right(self._ends, since)
        return place < len(self._begins) and self._begins[place] < until
