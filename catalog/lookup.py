"""From what a request names to what we sell: codes and ids of services, countries, providers."""

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import ANY_PROVIDER, Country, Offer, Service, Supplier
from nexotp.lib.brief import briefly
from nexotp.lib.errors import FieldProblem, InvalidRequest, Problem
from nexotp.lib.money import to_json


class CatalogUnavailable(Problem):
    code = "catalog_unavailable"
    status = 503
    retryable = True
    message = _("The catalogue cannot be read right now. Try again in a moment.")
    example_retry_after = 5


def find_service(named: str | None, mode: str) -> Service | None:
    """Return the service of that code or id; None when none is named. Raises InvalidRequest."""
    if not named:
        return None
    code = named.removeprefix("svc_").lower()
    found = _visible_service(code, mode) if _plain(code) else None
    if found is None:
        raise unknown("service", _("There is no such service. GET /services lists them."))
    return found


def find_country(named: str | None) -> Country | None:
    """Return the country of that code or id; None when none is named. Raises InvalidRequest."""
    if not named:
        return None
    code = named.removeprefix("cty_").lower()
    found = _visible_country(code) if _plain(code) else None
    if found is None:
        raise unknown("country", _("There is no such country. GET /countries lists them."))
    return found


@briefly(seconds=5)
def _visible_service(code: str, mode: str) -> Service | None:
    return Service.objects.visible_in(mode).filter(code=code).first()


@briefly(seconds=5)
def _visible_country(code: str) -> Country | None:
    return Country.objects.visible().filter(code=code).first()


def is_known_provider(code: str, mode: str) -> bool:
    """Whether customers could have seen this provider code."""
    if code == ANY_PROVIDER:
        return True
    if not _plain(code):
        return False
    supplier, _dot, operator = code.partition(".")
    if not operator:
        return Supplier.objects.filter(code=supplier, mode=mode).exists()
    return Offer.objects.filter(
        supplier__code=supplier, supplier__mode=mode, operator=operator
    ).exists()


def unknown(field: str, message: "str | Promise") -> InvalidRequest:
    return InvalidRequest(fields=[FieldProblem(field, "unknown", message)])


def shown_price(price: int | None) -> int | float | None:
    """Return a price in the shop's currency as the API shows it."""
    return None if price is None else to_json(price, settings.SHOP_CURRENCY)


def _plain(code: str) -> bool:
    """PostgreSQL takes no NUL in a text, and no code is longer than this."""
    return len(code) <= 100 and code.isprintable()
