"""Buying a number: hold the price, ask a supplier, record what it said.

A customer's money is held before the first byte leaves the house. Whatever the supplier answers,
or does not, the order ends up waiting with a number, or failed and refunded.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.actions import (
    exchange_rates,
    note_supplier_answer,
    note_supplier_failure,
    pause_supplier,
    reprice_offers,
)
from catalog.models import ANY_PROVIDER, Country, Offer, Service
from catalog.pricing import leaves_margin
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from nexotp.lib.money import EXPONENTS, to_json
from orders.crashes import crash_point
from orders.models import AttemptState, Order, PurchaseAttempt, Status
from suppliers.base import OutcomeUnknown, Purchase, RefusalReason, Refused, Unreachable
from wallet.actions import hold_price, open_wallet, release_price

logger = structlog.get_logger(__name__)

# At most this many suppliers are asked for one order, and none after this long.
_MOST_ATTEMPTS = 3
_DEADLINE_SECONDS = 15.0
# An account this near its cap of open orders is counted again under its wallet's lock.
_CLOSE_TO_THE_CAP = 64
# An order that still buys after this long was left behind by a crash: a purchase takes at most
# 10 s, and the last may start just before the deadline.
ABANDONED_AFTER = timedelta(seconds=60)
# We close this long before the supplier would: letting a number time out costs rating.
_EXPIRY_MARGIN = timedelta(seconds=10)
_FIRST_LOOK_AFTER = timedelta(seconds=10)

_PAUSES = {
    RefusalReason.BANNED: timedelta(minutes=10),
    RefusalReason.NO_BALANCE: timedelta(minutes=5),
    RefusalReason.BAD_CREDENTIALS: timedelta(minutes=5),
    RefusalReason.BUSY: timedelta(seconds=10),
}


class NoNumbers(Problem):
    code = "no_numbers"
    status = 503
    retryable = True
    message = _("There are no numbers for this service and country right now.")


class SupplierUnavailable(Problem):
    code = "supplier_unavailable"
    status = 503
    retryable = True
    message = _("The provider did not answer. You were not charged; try again.")


class IdempotencyKeyReused(Problem):
    code = "idempotency_key_reused"
    status = 409
    message = _("This idempotency key was used for another order.")


class IdempotencyInProgress(Problem):
    code = "idempotency_in_progress"
    status = 409
    retryable = True
    message = _("The first request with this idempotency key is still being carried out.")


class PriceAboveMax(Problem):
    code = "price_above_max"
    status = 409
    message = _("The price is above the highest price you gave.")


class RateUnavailable(Problem):
    code = "rate_unavailable"
    status = 409
    retryable = True
    message = _("There is no current exchange rate, so a price limit cannot be checked.")


class TooManyOpenOrders(Problem):
    code = "too_many_open_orders"
    status = 429
    retryable = True
    message = _("You have as many open orders as your plan allows. Finish or cancel one first.")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer asks for. `max_price` is in the shop's currency, as shown to the customer."""

    service: Service
    country: Country
    provider: str = ANY_PROVIDER
    best_delivery: bool = False
    max_price_usd: Decimal | None = None
    max_price: int | None = None
    key: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the request as validated and defaulted, without the key."""
        canonical = [
            self.service.code,
            self.country.code,
            self.provider,
            self.best_delivery,
            str(self.max_price_usd.normalize()) if self.max_price_usd is not None else None,
            self.max_price,
        ]
        return hashlib.sha256(orjson.dumps(canonical)).digest()


@dataclass(frozen=True, slots=True)
class Placement:
    """An order, and whether it is the answer to an earlier, identical request."""

    order: Order
    is_replay: bool


def place_order(
    request: OrderRequest, *, user: User, mode: str, now: datetime, request_id: str = ""
) -> Placement:
    """Hold the price and buy a number; a repeated key returns the first order.

    Raises InsufficientFunds, NoNumbers, SupplierUnavailable, PriceAboveMax, RateUnavailable,
    TooManyOpenOrders, IdempotencyKeyReused, IdempotencyInProgress.
    """
    if request.key and (earlier := _earlier_order(request, user=user, mode=mode)):
        return Placement(earlier, is_replay=True)
    offers = _route(request, mode=mode, now=now)
    rates = exchange_rates(now)
    price = _quote(request, offers, rates)
    started = time.monotonic()
    try:
        order, attempt = _open_order(
            request,
            offers[0],
            price=price,
            price_usd=_in_usd(price, rates),
            user=user,
            mode=mode,
            now=now,
            request_id=request_id,
        )
    except IntegrityError:
        # Another request with the same key was faster.
        if request.key and (earlier := _earlier_order(request, user=user, mode=mode)):
            return Placement(earlier, is_replay=True)
        raise
    crash_point("placed")
    was_refused = False
    for number, offer in enumerate(offers, start=1):
        try:
            purchase = _buy(attempt, offer, now=now)
        except Refused as refusal:
            was_refused = True
            _note_refusal(offer, refusal, now=now)
            state, error = AttemptState.REFUSED, f"{refusal.reason}: {refusal}"
        except Unreachable as failure:
            note_supplier_failure(offer.supplier, now=now)
            state, error = AttemptState.UNREACHABLE, str(failure)
        except OutcomeUnknown as failure:
            note_supplier_failure(offer.supplier, now=now)
            _fail_and_release(
                order, attempt, state=AttemptState.UNKNOWN, error=str(failure), now=now
            )
            raise SupplierUnavailable from failure
        else:
            note_supplier_answer(offer.supplier)
            crash_point("answered")
            return Placement(_start_waiting(order, attempt, purchase, now=now), is_replay=False)
        following = offers[number] if number < len(offers) else None
        elapsed = time.monotonic() - started
        if following is None or elapsed > _DEADLINE_SECONDS:
            break
        if not _leaves_margin(following, price, rates):
            break
        attempt = _try_next(order, attempt, following, state=state, error=error, now=now)
    _fail_and_release(order, attempt, state=state, error=error, now=now)
    raise NoNumbers if was_refused else SupplierUnavailable


def _earlier_order(request: OrderRequest, *, user: User, mode: str) -> Order | None:
    """Raises IdempotencyKeyReused, IdempotencyInProgress."""
    earlier = Order.objects.for_account(user, mode).with_key(request.key or "").first()
    if earlier is None:
        return None
    if bytes(earlier.fingerprint) != request.fingerprint:
        raise IdempotencyKeyReused
    if earlier.status == Status.PURCHASING:
        raise IdempotencyInProgress(retry_after=2, details={"orderId": earlier.public_id})
    return earlier


def _route(request: OrderRequest, *, mode: str, now: datetime) -> list[Offer]:
    """Return the offers to try, in order. Raises NoNumbers."""
    offers = (
        Offer.objects.on_sale(mode, now)
        .for_goods(request.service, request.country)
        .of_provider(request.provider)
        .select_related("supplier")
    )
    ranked = offers.best_delivery_first() if request.best_delivery else offers.cheapest_first()
    route = list(ranked[:_MOST_ATTEMPTS])
    if not route:
        raise NoNumbers
    return route


def _quote(request: OrderRequest, offers: list[Offer], rates: dict[str, Decimal]) -> int:
    """Return what the customer pays, whichever offer serves.

    Raises PriceAboveMax, RateUnavailable.
    """
    price = offers[0].price
    assert price is not None, "offers on sale have a price"
    limits = []
    if request.max_price is not None:
        limits.append(Decimal(request.max_price))
    if request.max_price_usd is not None:
        rate = rates.get("USD")
        if rate is None:
            raise RateUnavailable
        limits.append(request.max_price_usd.scaleb(EXPONENTS["USD"]) * rate)
    if any(price > limit for limit in limits):
        raise PriceAboveMax(
            details={
                "currentPrice": to_json(price, settings.SHOP_CURRENCY),
                "currency": settings.SHOP_CURRENCY,
            }
        )
    return price


def _open_order(
    request: OrderRequest,
    offer: Offer,
    *,
    price: int,
    price_usd: int | None,
    user: User,
    mode: str,
    now: datetime,
    request_id: str,
) -> tuple[Order, PurchaseAttempt]:
    """Record the intention: the order, its first attempt, and the hold, all or nothing.

    Raises InsufficientFunds, TooManyOpenOrders, and IntegrityError for a key in use.
    """
    room = _room_for_orders(user, mode)
    wallet = open_wallet(user=user, mode=mode)
    with transaction.atomic():
        order = Order.objects.create(
            user=user,
            mode=mode,
            service=request.service,
            country=request.country,
            provider=request.provider,
            price=price,
            currency=settings.SHOP_CURRENCY,
            price_usd=price_usd,
            idempotency_key=request.key,
            fingerprint=request.fingerprint,
            created_at=now,
            updated_at=now,
            next_action_at=now + ABANDONED_AFTER,
        )
        attempt = _record_attempt(order, offer, now=now)
        hold_price(order.money, wallet=wallet, request_id=request_id)
        if room <= _CLOSE_TO_THE_CAP:
            # The wallet is locked now, so nobody else's order can slip in between.
            _room_for_orders(user, mode, counting_this_one=True)
    return order, attempt


def _room_for_orders(user: User, mode: str, *, counting_this_one: bool = False) -> int:
    """Return how many more orders the plan allows. Raises TooManyOpenOrders."""
    open_count = Order.objects.for_account(user, mode).open().count() - counting_this_one
    room = user.plan.max_open_orders - open_count
    if room <= 0:
        raise TooManyOpenOrders(details={"openOrders": open_count})
    return room


def _in_usd(price: int, rates: dict[str, Decimal]) -> int | None:
    usd = rates.get("USD")
    return round(price / usd) if usd else None


def _record_attempt(order: Order, offer: Offer, *, now: datetime) -> PurchaseAttempt:
    return PurchaseAttempt.objects.create(
        order=order,
        supplier=offer.supplier,
        offer=offer,
        supplier_service=offer.supplier_service,
        supplier_country=offer.supplier_country,
        operator=offer.operator,
        cost=offer.cost,
        currency=offer.supplier.currency,
        sent_at=now,
    )


def _buy(attempt: PurchaseAttempt, offer: Offer, *, now: datetime) -> Purchase:
    """Raises Refused, Unreachable, OutcomeUnknown."""
    client = offer.supplier.client()
    release_connection()
    return client.buy(
        offer.goods, max_cost=offer.cost, reference=f"{attempt.order.public_id}-{attempt.pk}", now=now
    )


def _try_next(
    order: Order,
    attempt: PurchaseAttempt,
    offer: Offer,
    *,
    state: AttemptState,
    error: str,
    now: datetime,
) -> PurchaseAttempt:
    with transaction.atomic():
        _close_attempt(attempt, state, error=error)
        return _record_attempt(order, offer, now=now)


def _start_waiting(
    order: Order, attempt: PurchaseAttempt, purchase: Purchase, *, now: datetime
) -> Order:
    """Record a bought number. Raises SupplierUnavailable when it came too late or is no number."""
    try:
        with transaction.atomic():
            order = Order.objects.locked(order.pk)
            wanted = order.status == Status.PURCHASING
            attempt.state = AttemptState.BOUGHT if wanted else AttemptState.ORPHANED
            attempt.reference = purchase.reference
            attempt.answered_at = now
            if purchase.cost is not None:
                attempt.cost = purchase.cost
            attempt.reported_operator = purchase.operator[:40]
            if not wanted:
                attempt.next_action_at = now + timedelta(seconds=purchase.cancel_lock_seconds)
            attempt.save()
            if wanted:
                _show_number(order, attempt, purchase, now=now)
    except IntegrityError:
        # The supplier sold an activation that is another customer's already.
        _fail_and_release(
            order, attempt, state=AttemptState.REVIEW, error="activation sold twice", now=now
        )
        raise SupplierUnavailable from None
    if not wanted:
        raise SupplierUnavailable
    return order


def _show_number(
    order: Order, attempt: PurchaseAttempt, purchase: Purchase, *, now: datetime
) -> None:
    lifetime = timedelta(seconds=purchase.lifetime_seconds)
    expires_at = now + max(lifetime - _EXPIRY_MARGIN, lifetime / 2)
    supplier = attempt.supplier
    order.move(
        Status.WAITING,
        now=now,
        phone_number=purchase.phone_number,
        provider_code=f"{supplier.code}.{attempt.operator}" if attempt.operator else supplier.code,
        can_resend=purchase.can_resend,
        expires_at=expires_at,
        cancel_available_at=now + timedelta(seconds=purchase.cancel_lock_seconds),
        next_action_at=expires_at,
    )


def _fail_and_release(
    order: Order, attempt: PurchaseAttempt, *, state: AttemptState, error: str, now: datetime
) -> None:
    """End an order that got no number and give the money back, unless a sweep did so before."""
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        _close_attempt(attempt, state, error=error)
        if order.status == Status.PURCHASING:
            fail_order(order, failure=state, now=now)


def fail_order(order: Order, *, failure: str, now: datetime) -> None:
    """Move a locked order that buys to FAILED and release its price."""
    order.move(Status.FAILED, now=now, failure=failure, refund_amount=order.price)
    release_price(order.money, reason=failure)


def _close_attempt(attempt: PurchaseAttempt, state: AttemptState, *, error: str) -> None:
    attempt.state = state
    attempt.error = error[:200]
    if state == AttemptState.UNKNOWN:
        attempt.next_action_at = attempt.sent_at + _FIRST_LOOK_AFTER
    attempt.save(update_fields=["state", "error", "next_action_at"])


def _note_refusal(offer: Offer, refusal: Refused, *, now: datetime) -> None:
    """Let what the supplier said hold for those who come next."""
    note_supplier_answer(offer.supplier)
    pause = _PAUSES.get(refusal.reason)
    if pause is not None:
        pause_supplier(offer.supplier, until=refusal.until or now + pause)
    elif refusal.reason == RefusalReason.PRICE_MOVED and refusal.minimum:
        Offer.objects.filter(pk=offer.pk).update(cost=refusal.minimum)
        reprice_offers(offer=offer, now=now)


def _leaves_margin(offer: Offer, price: int, rates: dict[str, Decimal]) -> bool:
    rate = rates.get(offer.supplier.currency)
    return rate is not None and leaves_margin(
        price=price, cost=offer.cost, rate=rate, floor_percent=settings.FLOOR_MARGIN_PERCENT
    )
