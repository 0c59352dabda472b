"""What SMS-Activate's protocol calls our services and countries: the trade's common codes.

Staff may change them. What has none goes by our own code, a country by a number of ours.
"""

from catalog.lookup import find_country, find_service
from catalog.models import OWN_IDS_FROM, Country, Service
from nexotp.lib.brief import briefly

_MOST_DIGITS = 9


def service_by_trade(named: str, mode: str) -> Service | None:
    """Return the service of the trade's code or of ours, if customers may see one."""
    found = _service(named, mode) if named.isascii() and named.isalnum() else None
    return found or find_service(named, mode)


def country_by_trade(named: str) -> Country | None:
    """Return the country of the trade's id, a number of ours or our code, if it may be seen."""
    if named.isascii() and named.isdigit():
        return _country(int(named)) if len(named) <= _MOST_DIGITS else None
    return find_country(named)


@briefly(seconds=5)
def _service(trade_code: str, mode: str) -> Service | None:
    return Service.objects.visible_in(mode).filter(trade_code=trade_code).first()


@briefly(seconds=5)
def _country(number: int) -> Country | None:
    by = {"trade_id": number}
    if number >= OWN_IDS_FROM:
        by = {"pk": number - OWN_IDS_FROM, "trade_id": None}  # type: ignore[dict-item]
    return Country.objects.visible().filter(**by).first()


def trade_code(code: str) -> str:
    """Return what the trade calls the service of our code."""
    return service_codes().get(code, code)


def trade_id(code: str) -> int:
    """Return the trade's number of the country of our code."""
    known = country_ids().get(code)
    return Country.objects.get(code=code).trade_number if known is None else known


@briefly(seconds=5)
def service_codes() -> dict[str, str]:
    """Return the trade's code of every service by our own."""
    named = Service.objects.exclude(trade_code="").values_list("code", "trade_code")
    return dict(named)


@briefly(seconds=5)
def country_ids() -> dict[str, int]:
    """Return the trade's number of every country by our own code."""
    return {country.code: country.trade_number for country in Country.objects.all()}
