"""The sums that are kept of offers on sale, and the same counted one by one."""

from collections import defaultdict

from catalog.models import Availability, Offer

Sums = dict[tuple[int, str, int | None, int | None], tuple[int, int]]


def kept() -> Sums:
    return {
        (row.supplier_id, row.operator, row.service_id, row.country_id): (row.price, row.stock)
        for row in Availability.objects.all()
    }


def summed_up(*, up_to: dict[int, int] | None = None) -> Sums:
    """Without what costs more than so much at its supplier."""
    limits = up_to or {}
    groups: dict[tuple[int, str, int | None, int | None], list[Offer]] = defaultdict(list)
    for offer in Offer.objects.filter(stock__gt=0, price__isnull=False):
        if offer.cost > limits.get(offer.supplier_id, offer.cost):
            continue
        for service, country in ((offer.service_id, None), (None, offer.country_id), (None, None)):
            groups[offer.supplier_id, offer.operator, service, country].append(offer)
    return {
        goods: (min(offer.price or 0 for offer in offers), sum(offer.stock for offer in offers))
        for goods, offers in groups.items()
    }
