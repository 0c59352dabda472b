"""The actions about the wallet and about what is sold."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from catalog.account_prices import EVERYBODYS
from catalog.models import Country, Offer, Service
from catalog.price_lists import (
    Goods,
    Line,
    TooLong,
    goods_on_sale,
    lines_on_sale,
    operators_on_sale,
)
from catalog.trade import country_ids, service_codes, trade_code, trade_id
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.money import EXPONENTS, to_decimal, to_json
from orders.handler.asking import Asked
from orders.handler.words import OPERATORS_NOT_FOUND, Refusal
from wallet.actions import open_wallet

_Table = dict[str, dict[str, Any]]
_MOST_COUNTRIES, _USUAL_COUNTRIES, _MOST_PAGES = 500, 10, 1_000


def balance(asked: Asked) -> str:
    wallet = open_wallet(user=asked.account, mode=asked.mode)
    # Some clients find a balance by its decimal point.
    decimals = max(EXPONENTS[wallet.currency], 2)
    return f"ACCESS_BALANCE:{to_decimal(wallet.balance or 0, wallet.currency):.{decimals}f}"


def countries(asked: Asked) -> dict[str, Any]:
    rows = Country.objects.visible()
    return {
        str(country.trade_number): {
            "id": country.trade_number,
            "rus": country.name_en,
            "eng": country.name_en,
            "chn": country.name_en,
            "visible": 1,
            "retry": 1,
            "rent": 0,
            "multiService": 0,
        }
        for country in sorted(rows, key=lambda country: country.trade_number)
    }


def services(asked: Asked) -> dict[str, Any]:
    """Every service, or those that the country named has on sale."""
    rows = Service.objects.visible_in(asked.mode).by_popularity()
    if asked.country is not None:
        offers = Offer.objects.on_sale(asked.mode, asked.now).filter(country=asked.country)
        rows = rows.filter(pk__in=offers.values("service"))
    return {
        "status": "success",
        "services": [
            {"code": trade or code, "name": name}
            for trade, code, name in rows.values_list("trade_code", "code", "name")
        ],
    }


def operators(asked: Asked) -> dict[str, Any]:
    """The operators of each country that has any; `any` is among them, as a choice of none."""
    try:
        country = asked.country
    except Refusal:
        raise Refusal(OPERATORS_NOT_FOUND) from None
    found: dict[str, list[str]] = {}
    if country is not None:
        found[str(country.trade_number)] = ["any"]
    for code, operator in operators_on_sale(asked.mode, country, now=asked.now):
        found.setdefault(str(trade_id(code)), ["any"]).append(operator)
    return {"status": "success", "countryOperators": found}


def numbers_status(asked: Asked) -> dict[str, int]:
    """How many numbers each service has in a country, in all countries where none is named."""
    counts: dict[str, int] = {}
    for goods in goods_on_sale(
        asked.mode, EVERYBODYS, country=asked.country, operators=asked.operators(), now=asked.now
    ):
        code = trade_code(goods.service)
        counts[code] = counts.get(code, 0) + goods.stock
    return counts


def prices(asked: Asked) -> _Table:
    """country → service → lowest price and stock."""
    return _by_country(
        (goods, {"cost": _price(goods.price), "count": goods.stock, "physicalCount": goods.stock})
        for goods in _goods(asked)
    )


def prices_extended(asked: Asked) -> _Table:
    """The same, with how many numbers there are at which price."""
    return _by_country(
        (
            lines[0],
            {
                "cost": _price(lines[0].price),
                "count": _stock(lines),
                "physicalCount": _stock(lines),
                "freePriceMap": _ladder(lines),
            },
        )
        for lines in _grouped(_lines(asked))
    )


def prices_verification(asked: Asked) -> _Table:
    """service → country → lowest price and stock."""
    table: _Table = {}
    for goods in _goods(asked):
        row = {"count": goods.stock, "price": _price(goods.price)}
        table.setdefault(trade_code(goods.service), {})[str(trade_id(goods.country))] = row
    return table


def prices_v2(asked: Asked) -> _Table:
    """country → service → price → stock."""
    return _by_country((lines[0], _ladder(lines)) for lines in _grouped(_lines(asked)))


def prices_v3(asked: Asked) -> _Table:
    """country → service → provider → price and stock."""
    return _by_country(
        (
            lines[0],
            {
                line.provider: {
                    "count": line.stock,
                    "price": _price(line.price),
                    "provider_id": line.provider,
                }
                for line in lines
            },
        )
        for lines in _grouped(_lines(asked))
    )


def top_countries(asked: Asked) -> dict[str, Any]:
    """Where a service is sold, by country, the best first."""
    found = {}
    for lines in _best_first(_lines_of_service(asked)):
        number = trade_id(lines[0].country)
        found[str(number)] = {
            "country": number,
            "count": _stock(lines),
            "price": _price(lines[0].price),
            "retail_price": _price(lines[0].price),
            "freePriceMap": _ladder(lines),
        }
    return found


def top_countries_list(asked: Asked) -> list[dict[str, Any]]:
    """Each country's share of a service's orders and how many percent of them got a code."""
    length = asked.number("length", usual=_USUAL_COUNTRIES, most=_MOST_COUNTRIES)
    page = max(1, asked.number("page", usual=1, most=_MOST_PAGES))
    groups = _best_first(_lines_of_service(asked))
    orders = sum(line.ended for lines in groups for line in lines)
    return [
        {
            "country": trade_id(lines[0].country),
            "share": _percent(sum(line.ended for line in lines), orders),
            "rate": _percent(
                sum(line.delivered for line in lines), sum(line.ended for line in lines)
            ),
        }
        for lines in groups[(page - 1) * length : page * length]
    ]


def _goods(asked: Asked) -> list[Goods]:
    return goods_on_sale(
        *(asked.mode, asked.prices), service=asked.service, country=asked.country, now=asked.now
    )


def _lines(asked: Asked) -> list[Line]:
    """Raises InvalidRequest where a list of everything would be too long."""
    try:
        return lines_on_sale(
            *(asked.mode, asked.prices),
            service=asked.service,
            country=asked.country,
            now=asked.now,
        )
    except TooLong as error:
        raise InvalidRequest from error


def _lines_of_service(asked: Asked) -> list[Line]:
    asked.needed_service()
    return _lines(asked)


def _grouped(lines: Iterable[Line]) -> list[list[Line]]:
    """Return the lines of the same goods together, each group's cheapest first."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.country, line.service), []).append(line)
    return list(groups.values())


def _best_first(lines: Iterable[Line]) -> list[list[Line]]:
    """Return a service's lines by country: where most orders got a code, then the cheapest."""

    def rank(group: list[Line]) -> tuple[float, int]:
        ended = sum(line.ended for line in group)
        return (-_percent(sum(line.delivered for line in group), ended), group[0].price)

    return sorted(_grouped(lines), key=rank)


def _by_country(rows: Iterable[tuple[Goods | Line, Any]]) -> _Table:
    # At hand once: a list of everything has a line for each service of each country.
    codes, ids = service_codes(), country_ids()
    table: _Table = {}
    for goods, shown in rows:
        country = str(ids.get(goods.country) or trade_id(goods.country))
        table.setdefault(country, {})[codes.get(goods.service, goods.service)] = shown
    return table


def _ladder(lines: Iterable[Line]) -> dict[str, int]:
    ladder: dict[str, int] = {}
    for line in lines:
        step = str(to_decimal(line.price, settings.SHOP_CURRENCY))
        ladder[step] = ladder.get(step, 0) + line.stock
    return ladder


def _stock(lines: Iterable[Line]) -> int:
    return sum(line.stock for line in lines)


def _price(price: int) -> int | float:
    return to_json(price, settings.SHOP_CURRENCY)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
