"""From what a request names to what we sell: codes and ids of services, countries, providers."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from catalog.models import ANY_PROVIDER, Availability, Country, Offer, Service, Supplier
from nexotp.lib.brief import briefly
from nexotp.lib.errors import Problem
from nexotp.lib.money import to_json


class CatalogUnavailable(Problem):
    code = "catalog_unavailable"
    status = 503
    retryable = True
    message = _("The catalogue cannot be read right now. Try again in a moment.")
    example_retry_after = 5


class NotOffered(Problem):
    code = "not_offered"
    status = 404
    message = _("Nobody sells this right now.")


def find_service(named: str, mode: str) -> Service | None:
    """Return the service of that code or id, if customers may see one."""
    code = named.removeprefix("svc_").lower()
    return _visible_service(code, mode) if _plain(code) else None


def find_country(named: str) -> Country | None:
    """Return the country of that code or id, if customers may see one."""
    code = named.removeprefix("cty_").lower()
    return _visible_country(code) if _plain(code) else None


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
    sold = {"supplier__code": supplier, "supplier__mode": mode, "operator": operator}
    # Nearly always it is on sale, and the sums are found at once; among the offers it is sought.
    return (
        Availability.objects.of(None, None).filter(**sold).exists()
        or Offer.objects.filter(**sold).exists()
    )


def shown_price(price: int | None) -> int | float | None:
    """Return a price in the shop's currency as the API shows it."""
    return None if price is None else to_json(price, settings.SHOP_CURRENCY)


def _plain(code: str) -> bool:
    """PostgreSQL takes no NUL in a text, and no code is longer than this."""
    return len(code) <= 100 and code.isprintable()
