"""What the catalogue's calls take and answer, described for OpenAPI and the reference."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts.description import describe
from catalog.lookup import CatalogUnavailable, NotOffered
from nexotp.lib.errors import InvalidRequest

SERVICE = OpenApiParameter(
    "service", str, description=_("A `serviceCode` such as `whatsapp`, or a `serviceId`.")
)
COUNTRY = OpenApiParameter(
    "country", str, description=_("A `countryCode` such as `id`, or a `countryId`.")
)


PROVIDER = OpenApiParameter(
    "provider", str, description=_("A `providerCode`; `any`, the default, lets us choose.")
)
POOL = OpenApiParameter(
    "pool", str, description=_("Another name for `provider`. Both given, they must agree.")
)
PRICING_OPTION = OpenApiParameter(
    "pricing_option",
    {"type": "integer", "enum": [0, 1], "default": 0},
    description=_("`0` the cheapest (default), `1` the best observed delivery."),
)


def required(parameter: OpenApiParameter) -> OpenApiParameter:
    """Return the parameter where a call cannot do without it."""
    return OpenApiParameter(
        parameter.name,
        {"type": "string", "minLength": 1},
        required=True,
        description=parameter.description,
    )


class Availability(serializers.Serializer[None]):
    available = serializers.BooleanField(help_text=_("Whether there are numbers right now."))
    price = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text=_("The lowest price; `null` where nobody sells. Only when the call names both."),
    )
    stock = serializers.IntegerField(
        required=False, help_text=_("Numbers listed at this moment. Only when the call names both.")
    )


class ListedService(Availability):
    serviceCode = serializers.CharField(help_text=_("What to order with."))
    serviceId = serializers.CharField(help_text=_("The same with a prefix; requests take either."))
    name = serializers.CharField(help_text=_("Its name, for people."))
    category = serializers.CharField(help_text=_("Such as `messaging` or `social`."))


class ListedCountry(Availability):
    countryCode = serializers.CharField(help_text=_("What to order with, in lower case."))
    countryId = serializers.CharField(help_text=_("The same with a prefix; requests take either."))
    name = serializers.CharField(help_text=_("Its name in the language of `Accept-Language`."))
    prefix = serializers.CharField(help_text=_("The calling code, with its plus."))


class ListedProvider(serializers.Serializer[None]):
    providerCode = serializers.CharField(
        help_text=_("What to order with, as `provider` or `pool`.")
    )
    name = serializers.CharField(help_text=_("Its name, for people."))
    price = serializers.FloatField(help_text=_("What a number costs, by your account's prices."))
    stock = serializers.IntegerField(help_text=_("Numbers listed at this moment."))
    successRate = serializers.FloatField(
        allow_null=True,
        help_text=_("Share of our recent orders that got a code, 0 to 1; `null` without any."),
    )
    sampleSize = serializers.IntegerField(help_text=_("Over how many orders that was seen."))


class Price(serializers.Serializer[None]):
    serviceCode = serializers.CharField(help_text=_("What the code would be for."))
    countryCode = serializers.CharField(help_text=_("Where the number would come from."))
    providerCode = serializers.CharField(help_text=_("Who would be asked first."))
    price = serializers.FloatField(help_text=_("What an order placed now would cost."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the price's currency."))
    priceUsd = serializers.FloatField(
        allow_null=True,
        help_text=_("The price in US dollars at this moment; `null` without a current rate."),
    )
    stock = serializers.IntegerField(help_text=_("Numbers that this provider lists."))
    successRate = serializers.FloatField(
        allow_null=True,
        help_text=_("Share of our recent orders that got a code, 0 to 1; `null` without any."),
    )


list_services = describe(
    name="listServices",
    tag="catalogue",
    title=_("List services"),
    purpose=_("What codes can be ordered for, the most wanted first."),
    notes=(
        _("Keep the list for a few minutes in your application instead of asking every time."),
        _("With `country`, each service also tells its lowest price and its stock there."),
    ),
    parameters=(
        OpenApiParameter("q", str, description=_("Only names and codes that contain this.")),
        OpenApiParameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": 2000},
            description=_("At most so many."),
        ),
        COUNTRY,
    ),
    answer=ListedService,
    is_list=True,
    example=[
        {
            "serviceCode": "whatsapp",
            "serviceId": "svc_whatsapp",
            "name": "WhatsApp",
            "category": "messaging",
            "available": True,
        }
    ],
    problems=(InvalidRequest, CatalogUnavailable),
)

list_countries = describe(
    name="listCountries",
    tag="catalogue",
    title=_("List countries"),
    purpose=_("Where numbers come from, in alphabetical order of their English names."),
    notes=(
        _("Availability changes with stock and suppliers from minute to minute."),
        _("With `service`, each country also tells its lowest price and its stock for it."),
    ),
    parameters=(SERVICE,),
    answer=ListedCountry,
    is_list=True,
    example=[
        {
            "countryCode": "id",
            "countryId": "cty_id",
            "name": "Indonesia",
            "prefix": "+62",
            "available": True,
            "price": 6500,
            "stock": 120,
        }
    ],
    problems=(InvalidRequest, CatalogUnavailable),
)

list_providers = describe(
    name="listProviders",
    tag="catalogue",
    title=_("List providers"),
    purpose=_("Who sells a service in a country and for how much, the cheapest first."),
    notes=(
        _("The first entry is `any`: we choose, at the lowest price and over the stock of all."),
        _("The list is empty where nobody sells. Without parameters it is over everything."),
    ),
    parameters=(SERVICE, COUNTRY),
    answer=ListedProvider,
    is_list=True,
    example=[
        {
            "providerCode": "any",
            "name": "Any Provider",
            "price": 6500,
            "stock": 120,
            "successRate": 0.94,
            "sampleSize": 310,
        }
    ],
    problems=(InvalidRequest, CatalogUnavailable),
)

get_price = describe(
    name="getPrice",
    tag="catalogue",
    title=_("Get a price"),
    purpose=_("What an order with the same parameters would cost if it were placed now."),
    notes=(
        _("Prices move with suppliers and exchange rates; send `max_price` with the order."),
        _("Asking holds nothing: somebody else may be faster."),
    ),
    parameters=(required(SERVICE), required(COUNTRY), PROVIDER, POOL, PRICING_OPTION),
    answer=Price,
    example={
        "serviceCode": "whatsapp",
        "countryCode": "id",
        "providerCode": "alpha",
        "price": 6500,
        "currency": "IDR",
        "priceUsd": 0.4,
        "stock": 120,
        "successRate": 0.94,
    },
    problems=(InvalidRequest, NotOffered, CatalogUnavailable),
)
