"""Why something costs what it costs: every offer of some goods, step by step, for one account.

The order of the offers and their verdicts are those of the quote that an order would get; the
prices are worked out once more beside what is baked, so that a difference shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.conf import settings
from django.db.models import Q

from accounts.models import Mode, User
from catalog.account_prices import AccountPrices, markup_of, prices_for
from catalog.actions import exchange_rates
from catalog.models import Block, Country, ExchangeRate, Offer, PricingRule, Service
from catalog.pricing import Markup, leaves_margin, price, tier_price
from catalog.quotes import find_quote
from catalog.routing import Judged


class Loss(StrEnum):
    """Why a rule that is for these goods does not make the price."""

    LESS_SPECIFIC = "less_specific"
    OLDER = "older"
    SWITCHED_OFF = "switched_off"
    NOT_YET = "not_yet"
    OVER = "over"


class Step(StrEnum):
    """One step from a cost to a price."""

    WORTH = "worth"
    PERCENT = "percent"
    FIXED = "fixed"
    ROUNDED = "rounded"
    FLOOR = "floor"
    CEILING = "ceiling"
    NO_RISE = "no_rise"
    LEAST = "least"


@dataclass(frozen=True, slots=True)
class Lost:
    """A rule that is for these goods and gave way, and why."""

    rule: PricingRule
    reason: Loss


@dataclass(frozen=True, slots=True)
class Applied:
    """One layer of a price: its rule (None: there is none), the others, and the steps taken.

    A step comes with what stood after it, in minor units of the shop's currency.
    """

    rule: PricingRule | None
    lost: tuple[Lost, ...]
    steps: tuple[tuple[Step, Decimal], ...] = ()
    result: int | None = None


@dataclass(frozen=True, slots=True)
class ExplainedOffer:
    """An offer's way from cost to price. `base` is everybody's price, as it is baked."""

    offer: Offer
    judged: Judged
    rate: ExchangeRate | None
    of_offer: Applied
    leaves_margin: bool
    base: int | None
    of_tier: Applied | None
    price: int | None

    @property
    def is_stale(self) -> bool:
        """Whether the rules say something that is not in the offer yet."""
        wanted = self.of_offer.result if self.leaves_margin else None
        return wanted != self.base


@dataclass(frozen=True, slots=True)
class Explanation:
    """What goods cost an account, and why: the offers in the order in which they are asked."""

    offers: tuple[ExplainedOffer, ...]
    price: int | None
    tier_holds: bool
    is_blocked: bool
    others: int


def explain_price(
    service: Service, country: Country, *, user: User | None, mode: str, now: datetime
) -> Explanation:
    """Return why these goods cost an account what they cost it; without a user, a stranger."""
    quote = find_quote(service, country, user=user, mode=mode, now=now, rates=exchange_rates(now))
    prices = prices_for(user, now=now)
    bases = dict(Offer.objects.filter(pk__in=quote.offers).values_list("pk", "price"))
    about = Q(service=None) | Q(service=service), Q(country=None) | Q(country=country)
    rules = PricingRule.objects.select_related("service", "country", "supplier", "tier")
    rules = rules.most_specific_first()
    here = list(rules.filter(*about))
    known = _Rates(exchange_rates(now), _newest_rates(now))
    offers = tuple(
        _explained(
            quote.offers[judged.candidate.offer_id],
            judged,
            base=bases.get(judged.candidate.offer_id),
            rules=here,
            prices=prices,
            tier=user.tier_id if user else None,
            known=known,
            now=now,
        )
        for judged in quote.route.judged
    )
    return Explanation(
        offers=offers,
        price=quote.price,
        tier_holds=prices.tier is not None,
        is_blocked=mode == Mode.LIVE and Block.objects.filter(*about).exists(),
        others=PricingRule.objects.count() - len(here),
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """What currencies are worth: in minor units where fresh, and the newest rate of each."""

    minor: Mapping[str, Decimal]
    newest: Mapping[str, ExchangeRate]


def _explained(
    offer: Offer,
    judged: Judged,
    *,
    base: int | None,
    rules: list[PricingRule],
    prices: AccountPrices,
    tier: int | None,
    known: "_Rates",
    now: datetime,
) -> ExplainedOffer:
    currency = offer.supplier.currency
    rate = known.minor.get(currency)
    of_offer = _of_offer(offer, rules, rate, now)
    floor_percent = settings.FLOOR_MARGIN_PERCENT
    leaves = (
        rate is not None
        and of_offer.result is not None
        and leaves_margin(
            price=of_offer.result, cost=offer.cost, rate=rate, floor_percent=floor_percent
        )
    )
    of_tier = None
    if tier is not None and base is not None:
        of_tier = _of_tier(offer, base, rules, rate, tier, prices, now)
    return ExplainedOffer(
        offer=offer,
        judged=judged,
        rate=known.newest.get(currency),
        of_offer=of_offer,
        leaves_margin=leaves,
        base=base,
        of_tier=of_tier,
        price=offer.price,
    )


def _of_offer(
    offer: Offer, rules: list[PricingRule], rate: Decimal | None, now: datetime
) -> Applied:
    matching = [
        rule
        for rule in rules
        if rule.tier_id is None and rule.supplier_id in (None, offer.supplier_id)
    ]
    rule, lost = _judge(matching, now)
    if rule is None or rate is None:
        return Applied(rule, lost)
    worth = offer.cost * rate
    steps = ((Step.WORTH, worth), *_steps(worth, markup_of(rule)))
    result = price(offer.cost, rate=rate, markup=markup_of(rule))
    return Applied(rule, lost, steps, result)


def _of_tier(
    offer: Offer,
    base: int,
    rules: list[PricingRule],
    rate: Decimal | None,
    tier: int,
    prices: AccountPrices,
    now: datetime,
) -> Applied:
    rule, lost = _judge([rule for rule in rules if rule.tier_id == tier], now)
    if rule is None or not prices.rules:
        return Applied(rule, lost, result=base)
    markup, floor_percent = markup_of(rule), prices.floor_percent
    result = tier_price(
        base, cost=offer.cost, rate=rate, markup=markup, floor_percent=floor_percent
    )
    steps = list(_steps(Decimal(base), markup))
    wanted = price(base, rate=Decimal(1), markup=markup)
    if markup.lowers and wanted > base:
        wanted = base
        steps.append((Step.NO_RISE, Decimal(base)))
    if result > wanted:
        steps.append((Step.LEAST, Decimal(result)))
    return Applied(rule, lost, tuple(steps), result)


def _steps(start: Decimal, markup: Markup) -> Iterable[tuple[Step, Decimal]]:
    """Yield those steps of `price` that do something."""
    risen = start * (1 + markup.percent / 100)
    if markup.percent:
        yield Step.PERCENT, risen
    if markup.fixed:
        yield Step.FIXED, risen + markup.fixed
    free = Markup(markup.percent, fixed=markup.fixed, floor=-(10**18), rounding=markup.rounding)
    rounded = price(1, rate=start, markup=free)
    if rounded != risen + markup.fixed:
        yield Step.ROUNDED, Decimal(rounded)
    if markup.ceiling is not None and rounded > markup.ceiling:
        yield Step.CEILING, Decimal(markup.ceiling)
        rounded = markup.ceiling
    if rounded < markup.floor:
        yield Step.FLOOR, Decimal(markup.floor)


def _judge(
    matching: list[PricingRule], now: datetime
) -> tuple[PricingRule | None, tuple[Lost, ...]]:
    """Return the rule that holds, and the others with the reason of each; most specific first."""
    holding: PricingRule | None = None
    lost = []
    for rule in matching:
        if not rule.is_active:
            lost.append(Lost(rule, Loss.SWITCHED_OFF))
        elif rule.ends_at and rule.ends_at <= now:
            lost.append(Lost(rule, Loss.OVER))
        elif rule.starts_at and rule.starts_at > now:
            lost.append(Lost(rule, Loss.NOT_YET))
        elif holding is None:
            holding = rule
        else:
            lost.append(Lost(rule, _weaker(rule, holding)))
    return holding, tuple(lost)


def _weaker(rule: PricingRule, than: PricingRule) -> Loss:
    same = all(
        getattr(rule, name) == getattr(than, name)
        for name in ("service_id", "country_id", "supplier_id")
    )
    return Loss.OLDER if same else Loss.LESS_SPECIFIC


def _newest_rates(now: datetime) -> dict[str, ExchangeRate]:
    """Return the newest rate of each currency that somebody believes, however old."""
    believed = ExchangeRate.objects.filter(needs_review=False, as_of__lte=now)
    newest = believed.order_by("currency", "-as_of").distinct("currency")
    return {rate.currency: rate for rate in newest if rate.currency != settings.SHOP_CURRENCY}
