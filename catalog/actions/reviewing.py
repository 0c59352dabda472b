"""What people decide: what a code means, what is not sold, which change is believed after all.

What must no longer be sold is out of stock at once; what may be sold comes with the next sync.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from catalog.actions.availability import mark_availability_stale
from catalog.actions.locking import try_lock_offers
from catalog.actions.proposing import name_parts
from catalog.actions.repricing import reprice_some
from catalog.models import (
    CodeMapping,
    HeldChange,
    Offer,
    Proposer,
    ServiceMapping,
    Supplier,
)
from catalog.proposals import bare


def sure_proposals(model: type[Any]) -> list[CodeMapping]:
    """Return the waiting proposals that two signs agree on, the most stock first.

    The code is known for it and our name stands in the supplier's; or people agreed to the same
    name at another supplier. Where people ever said otherwise of that name, it is not sure.
    """
    waiting = model.objects.waiting().exclude(**{model.MEANING: None})
    decided: dict[str, set[int | None]] = {}
    reviewed = model.objects.filter(is_reviewed=True).exclude(name="")
    for name, meaning in reviewed.values_list("name", f"{model.MEANING}_id"):
        decided.setdefault(bare(name), set()).add(meaning)
    rows = waiting.select_related("supplier", model.MEANING).order_by("-stock_count", "pk")
    return [each for each in rows if _is_sure(each, decided.get(bare(each.name), set()))]


def _is_sure(mapping: CodeMapping, said: set[int | None]) -> bool:
    if said:
        return bool(mapping.name) and said == {mapping.meaning.pk}
    if mapping.proposed_by != Proposer.CODE:
        return False
    names = ("name",) if isinstance(mapping, ServiceMapping) else ("name_en", "name_id")
    ours = {bare(getattr(mapping.meaning, name)) for name in names}
    return not ours.isdisjoint(name_parts(mapping.name))


def map_code(mapping: CodeMapping, meaning: Any, *, now: datetime) -> None:
    """Say what a code means, whatever was proposed or said before."""
    mapping.meaning, mapping.is_reviewed = meaning, True
    mapping.save(update_fields=[mapping.MEANING, "is_reviewed"])
    stop_selling_as_before(mapping, now=now)


def accept_proposals(mappings: QuerySet[Any]) -> list[CodeMapping]:
    """Take proposals for true; return the mappings that had one and were waiting."""
    waiting: list[CodeMapping] = list(mappings.filter(is_reviewed=False))
    accepted = [each for each in waiting if each.meaning is not None]
    undecided = mappings.filter(pk__in=[each.pk for each in accepted], is_reviewed=False)
    undecided.update(is_reviewed=True)
    return accepted


def refuse_codes(mappings: QuerySet[Any], *, now: datetime) -> list[CodeMapping]:
    """Say that codes mean nothing that we sell, and stop selling what came by them."""
    refused: list[CodeMapping] = list(mappings.select_related("supplier"))
    mappings.update(**{mappings.model.MEANING: None}, is_reviewed=True)
    for mapping in refused:
        mapping.meaning, mapping.is_reviewed = None, True
        stop_selling_as_before(mapping, now=now)
    return refused


def stop_selling_as_before(mapping: CodeMapping, *, now: datetime) -> int:
    """Take offers off sale that came by this code when it meant something else.

    Return how many. An offer that a sync is just storing is left to the sync that follows.
    """
    column = "service" if isinstance(mapping, ServiceMapping) else "country"
    offers = Offer.objects.filter(
        supplier=mapping.supplier_id, stock__gt=0, **{f"supplier_{column}": mapping.code}
    )
    if mapping.is_reviewed and mapping.meaning is not None:
        offers = offers.exclude(**{column: mapping.meaning})
    with transaction.atomic():
        free = list(offers.select_for_update(skip_locked=True).values_list("pk", flat=True))
        Offer.objects.filter(pk__in=free).update(stock=0, updated_at=now)
    mark_availability_stale([mapping.supplier_id], now=now)
    return len(free)


def believe_changes(changes: QuerySet[HeldChange], *, now: datetime) -> int:
    """Carry out changes that were held back; return how many.

    Those of a supplier whose list is just being stored are left: that may settle them itself.
    """
    suppliers = Supplier.objects.filter(
        pk__in=changes.order_by().values_list("offer__supplier", flat=True)
    )
    believed = 0
    for supplier in suppliers.order_by("pk"):
        with transaction.atomic():
            if not try_lock_offers(supplier):
                continue
            believed += _believe(changes.filter(offer__supplier=supplier), supplier, now=now)
        mark_availability_stale([supplier.pk], now=now)
    return believed


def _believe(changes: QuerySet[HeldChange], supplier: Supplier, *, now: datetime) -> int:
    costs = dict(changes.values_list("offer_id", "cost"))
    moved = [offer for offer, cost in costs.items() if cost is not None]
    new_cost = HeldChange.objects.filter(offer=OuterRef("pk")).values("cost")
    Offer.objects.filter(pk__in=moved).update(cost=Subquery(new_cost), updated_at=now)
    gone = costs.keys() - set(moved)
    Offer.objects.filter(pk__in=gone).update(stock=0, updated_at=now)
    reprice_some(moved, supplier=supplier, now=now)
    HeldChange.objects.filter(offer__in=costs).delete()
    return len(costs)
