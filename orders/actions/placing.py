"""Placing an order: choose the offers, hold the price, and have the number bought.

A customer's money is held before the first byte leaves the house.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.freezing import check_not_frozen
from accounts.live import tell_pages
from accounts.models import Mode, User
from catalog.actions import exchange_rates
from catalog.models import ANY_PROVIDER, Country, Service
from catalog.pricing import in_usd
from catalog.quotes import Quote, find_quote
from catalog.routing import Wanted
from nexotp.lib.clock import Clock
from nexotp.lib.errors import Problem
from nexotp.lib.money import EXPONENTS, to_json
from orders.actions.buying import NoNumbers, buy_number, record_attempt
from orders.actions.guarding import check_cool_down
from orders.crashes import crash_point
from orders.models import Order, PurchaseAttempt
from orders.states import Status
from wallet.actions import hold_price, open_wallet

# An account this near its cap of open orders is counted again under its wallet's lock.
_CLOSE_TO_THE_CAP = 64
_ONE_ORDER_PER_KEY = "orders_one_order_per_key"


class IdempotencyKeyReused(Problem):
    code = "idempotency_key_reused"
    status = 409
    message = _("This idempotency key was used for another order.")


class IdempotencyInProgress(Problem):
    code = "idempotency_in_progress"
    status = 409
    retryable = True
    message = _("The first request with this idempotency key is still being carried out.")
    example_retry_after = 2
    example_details = {"orderId": "ord_01JDA7Q2S5W8X1Z3B6C9E0G4HK"}


class PriceAboveMax(Problem):
    code = "price_above_max"
    status = 409
    message = _("The price is above the highest price you gave.")
    example_details = {"currentPrice": 8800, "currency": "IDR"}


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
    example_details = {"openOrders": 20}


class AccountClosed(Problem):
    code = "account_closed"
    status = 403
    message = _("This account is closed.")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a customer asks for. `max_price` is in the shop's currency, as shown to the customer."""

    service: Service
    country: Country
    provider: str = ANY_PROVIDER
    wanted: Wanted | None = None
    best_delivery: bool = False
    max_price_usd: Decimal | None = None
    max_price: int | None = None
    key: str | None = None

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the request as validated and defaulted, without the key."""
        canonical: list[object] = [
            self.service.code,
            self.country.code,
            self.provider,
            self.best_delivery,
            str(self.max_price_usd.normalize()) if self.max_price_usd is not None else None,
            self.max_price,
            # Only where there is one: requests from before it existed must still be the same.
            *([self.wanted.canonical] if self.wanted else ()),
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
    TooManyOpenOrders, AccountCoolingDown, AccountClosed, AccountFrozen, IdempotencyKeyReused,
    IdempotencyInProgress.
    """
    if request.key and (earlier := _earlier_order(request, user=user, mode=mode)):
        return Placement(earlier, is_replay=True)
    check_not_frozen(user)
    if mode == Mode.LIVE:
        check_cool_down(user, now)
    clock = Clock(now)
    rates = exchange_rates(now)
    quote = find_quote(
        request.service,
        request.country,
        user=user,
        mode=mode,
        now=now,
        provider=request.provider,
        wanted=request.wanted,
        by_delivery=request.best_delivery,
        rates=rates,
    )
    price = _price(request, quote, rates)
    try:
        order, attempt = _open_order(
            request,
            quote,
            price=price,
            price_usd=in_usd(price, rates),
            user=user,
            mode=mode,
            now=now,
            request_id=request_id,
        )
    except IntegrityError as error:
        if not _is_about_key(error):
            raise
        # Another request with the same key was faster. It is found now; unless it has failed
        # meanwhile and given the key back, and then this one is the first.
        return place_order(request, user=user, mode=mode, now=clock.now(), request_id=request_id)
    except TooManyOpenOrders:
        # Perhaps because of the very order that this request asks for a second time.
        if request.key and (earlier := _earlier_order(request, user=user, mode=mode)):
            return Placement(earlier, is_replay=True)
        raise
    crash_point("placed")
    order = buy_number(order, attempt, quote.to_try, clock=clock)
    return Placement(order, is_replay=False)


def _is_about_key(error: IntegrityError) -> bool:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == _ONE_ORDER_PER_KEY


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


def _price(request: OrderRequest, quote: Quote, rates: dict[str, Decimal]) -> int:
    """Return what the customer pays, whichever offer serves.

    Raises NoNumbers, PriceAboveMax, RateUnavailable.
    """
    if quote.price is None:
        raise NoNumbers
    price = quote.price
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
    quote: Quote,
    *,
    price: int,
    price_usd: int | None,
    user: User,
    mode: str,
    now: datetime,
    request_id: str,
) -> tuple[Order, PurchaseAttempt]:
    """Record the intention: the order, its first attempt, and the hold, all or nothing.

    Raises InsufficientFunds, TooManyOpenOrders, AccountClosed, AccountFrozen, and IntegrityError
    for a key in use.
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
            next_action_at=now + timedelta(seconds=settings.PURCHASE_ABANDONED_SECONDS),
        )
        first = quote.to_try[0]
        attempt = record_attempt(order, first, now=now, route=quote.route.explained())
        hold_price(order.money, wallet=wallet, request_id=request_id)
        tell_pages(user.pk, order.public_id)
        # The wallet is locked now, so the account can neither be deleted nor frozen in between …
        owner = User.objects.only("is_active", "frozen_at", "frozen_message").get(pk=user.pk)
        if not owner.is_active:
            raise AccountClosed
        check_not_frozen(owner)
        if room <= _CLOSE_TO_THE_CAP:
            # … nor can somebody else's order slip in.
            _room_for_orders(user, mode, counting_this_one=True)
    return order, attempt


def _room_for_orders(user: User, mode: str, *, counting_this_one: bool = False) -> int:
    """Return how many more orders the plan allows. Raises TooManyOpenOrders."""
    open_count = Order.objects.for_account(user, mode).open().count() - counting_this_one
    room = user.plan.max_open_orders - open_count
    if room <= 0:
        raise TooManyOpenOrders(details={"openOrders": open_count})
    return room
