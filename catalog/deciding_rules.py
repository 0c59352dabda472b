"""Which pricing rule decides over which offers, as `priced_sql` chooses it, for people's lists."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from catalog.models import Offer, PricingRule, Supplier

_NOTHING = Q(pk__in=[])
# A condition of more parts would take longer to plan than to answer.
_MOST_PAIRS = 500


@dataclass(frozen=True, slots=True)
class Deciding:
    """The rules that decide at one supplier, by service and country, either of them or neither."""

    supplier: int
    rules: Mapping[tuple[int | None, int | None], PricingRule]

    def of(self, offer: Offer) -> PricingRule | None:
        """Return the rule that the offer's price comes from, the most specific there is."""
        service, country = offer.service_id, offer.country_id
        for goods in ((service, country), (service, None), (None, country), (None, None)):
            if goods in self.rules:
                return self.rules[goods]
        return None

    def where(self, rule: PricingRule) -> Q:
        """The condition for an offer of this supplier's to have its price from a rule."""
        service, country = rule.service_id, rule.country_id
        decides = self.rules.get((service, country))
        if decides is None or decides.pk != rule.pk:
            return _NOTHING
        here = Q(supplier=self.supplier)
        if service is not None:
            here &= Q(service=service)
        if country is not None:
            here &= Q(country=country)
        return here & ~self._more_specific(service, country)

    def _more_specific(self, service: int | None, country: int | None) -> Q:
        """The condition for an offer to be another rule's that goes before this one."""
        pairs = {(s, c) for s, c in self.rules if s is not None and c is not None}
        services = {s for s, c in self.rules if s is not None and c is None}
        countries = {c for s, c in self.rules if s is None and c is not None}
        if service is not None and country is not None:
            return _NOTHING
        if service is not None:
            return Q(country__in=[c for s, c in pairs if s == service])
        if country is not None:
            return Q(service__in=[*services, *(s for s, c in pairs if c == country)])
        by_service: dict[int, list[Any]] = {}
        for of_service, of_country in sorted(pairs)[:_MOST_PAIRS]:
            by_service.setdefault(of_service, []).append(of_country)
        named = (Q(service=s, country__in=listed) for s, listed in by_service.items())
        return reduce(or_, named, Q(service__in=services) | Q(country__in=countries))


def deciding_rules(suppliers: Iterable[Supplier], *, now: datetime) -> dict[int, Deciding]:
    """Return what decides at each supplier at this moment; one query."""
    in_force = PricingRule.objects.of_offers().in_force(now)
    in_force = in_force.select_related("service", "country", "supplier")
    # Of two alike the supplier's own wins, and then the newest: so the last that is written.
    rules = sorted(in_force, key=lambda rule: (rule.supplier_id is not None, rule.pk))
    return {
        supplier.pk: Deciding(
            supplier.pk,
            {
                (rule.service_id, rule.country_id): rule
                for rule in rules
                if rule.supplier_id in (None, supplier.pk)
            },
        )
        for supplier in suppliers
    }
