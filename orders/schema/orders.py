"""What the calls about orders take and answer."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from accounts.description import PAGING, ULID, Example, describe
from accounts.freezing import AccountFrozen
from nexotp.lib.errors import InvalidRequest
from orders.actions import (
    AccountClosed,
    AccountCoolingDown,
    CancelTooEarly,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    NoNumbers,
    OrderNotActive,
    OrderNotCancellable,
    PriceAboveMax,
    RateUnavailable,
    ResendNotSupported,
    SupplierUnavailable,
    TooManyOpenOrders,
)
from orders.forms import (
    ACTIVE,
    DOLLARS,
    LONGEST_KEY,
    LONGEST_REASON,
    MOST_DOLLARS,
    NO_NUL,
    PRINTABLE,
)
from orders.lookup import OrderNotFound, OrderNotYours
from orders.states import SHOWN_AS
from wallet.actions import InsufficientFunds

PUBLIC_STATUSES = list(SHOWN_AS)
_ORDER_ID = _("An `orderId` (`ord_…`), or the `orderNumber` of one of your own orders.")


@extend_schema_field(
    {
        "oneOf": [
            {"type": "integer", "enum": [0, 1]},
            {"type": "string", "enum": ["0", "1", ""]},
            {"type": "null"},
        ]
    }
)
class PricingOption(serializers.Field[Any, Any, Any, Any]):
    """0 or 1, as a number or as a text; null and an empty text say nothing."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number", "exclusiveMinimum": 0, "maximum": MOST_DOLLARS},
            {"type": "string", "pattern": DOLLARS},
            {"type": "null"},
        ]
    }
)
class Dollars(serializers.Field[Any, Any, Any, Any]):
    """An amount of US dollars, as a number or as a text; null says nothing."""


class OrderRequested(serializers.Serializer[None]):
    service = serializers.CharField(min_length=1, help_text=_("A `serviceCode` or `serviceId`."))
    country = serializers.CharField(min_length=1, help_text=_("A `countryCode` or `countryId`."))
    provider = serializers.CharField(
        required=False,
        allow_null=True,
        default="any",
        help_text=_("A `providerCode` of `GET /providers`; `any` lets us choose."),
    )
    pool = serializers.CharField(
        required=False,
        allow_null=True,
        help_text=_("Another name for `provider`. Both given, they must agree."),
    )
    pricing_option = PricingOption(
        required=False, help_text=_("`0` the cheapest (default), `1` the best observed delivery.")
    )
    max_price = Dollars(
        required=False,
        help_text=_("In US dollars. A higher price is refused, and nothing is bought."),
    )
    idempotencyKey = serializers.RegexField(
        PRINTABLE,
        required=False,
        allow_null=True,
        min_length=1,
        max_length=LONGEST_KEY,
        help_text=_("Recommended: makes repeating the call safe. Printable characters."),
    )


class CancelRequested(serializers.Serializer[None]):
    reason = serializers.RegexField(
        NO_NUL,
        required=False,
        allow_null=True,
        max_length=LONGEST_REASON,
        help_text=_("Kept with the order."),
    )


class PlacedOrder(serializers.Serializer[None]):
    orderId = serializers.RegexField(f"^ord_{ULID}$", help_text=_("Names the order everywhere."))
    orderNumber = serializers.IntegerField(help_text=_("The same order as a plain number."))
    status = serializers.ChoiceField(PUBLIC_STATUSES, help_text=_("Where the order stands."))
    phoneNumber = serializers.CharField(
        allow_null=True, help_text=_("In international form, with its plus.")
    )
    price = serializers.FloatField(help_text=_("What you pay, fixed when the order is accepted."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the price's currency."))
    priceUsd = serializers.FloatField(
        allow_null=True,
        help_text=_("The price in US dollars at that moment; `null` without a current rate."),
    )
    serviceCode = serializers.CharField(help_text=_("What the code is for."))
    countryCode = serializers.CharField(help_text=_("Where the number comes from."))
    providerCode = serializers.CharField(help_text=_("Who serves the order."))
    expiresAt = serializers.DateTimeField(
        allow_null=True, help_text=_("Until when codes are waited for, in UTC.")
    )
    cancelAvailableAt = serializers.DateTimeField(
        allow_null=True, help_text=_("From when on it can be cancelled, in UTC.")
    )
    createdAt = serializers.DateTimeField(help_text=_("When it was placed, in UTC."))


class Message(serializers.Serializer[None]):
    messageId = serializers.RegexField(f"^msg_{ULID}$", help_text=_("Names the message."))
    code = serializers.CharField(allow_null=True, help_text=_("The code found in it, if any."))
    text = serializers.CharField(help_text=_("All of it; may be empty."))
    sender = serializers.CharField(allow_null=True, help_text=_("Who sent it, where it is known."))
    receivedAt = serializers.DateTimeField(help_text=_("When it came, in UTC."))


class OrderDetail(PlacedOrder):
    otp = serializers.CharField(
        allow_null=True, help_text=_("The newest code; `null` until one came.")
    )
    messages = Message(many=True, help_text=_("Every message that came, the oldest first."))
    remainingSeconds = serializers.IntegerField(
        help_text=_("Until `expiresAt`; 0 once the order has ended.")
    )
    canCancel = serializers.BooleanField(help_text=_("Whether a cancel would be taken now."))
    canResend = serializers.BooleanField(help_text=_("Whether another code can be asked for now."))
    canFinish = serializers.BooleanField(help_text=_("Whether it can be finished now."))
    refunded = serializers.BooleanField(help_text=_("Whether the price went back."))
    refundAmount = serializers.FloatField(help_text=_("How much went back to the wallet."))
    version = serializers.IntegerField(
        help_text=_("Counts up with every change; drop what is older than what you have.")
    )
    updatedAt = serializers.DateTimeField(help_text=_("When it changed last, in UTC."))


class CancelledOrder(serializers.Serializer[None]):
    orderId = serializers.RegexField(f"^ord_{ULID}$", help_text=_("The order's id."))
    status = serializers.ChoiceField(PUBLIC_STATUSES, help_text=_("`cancelled`."))
    refunded = serializers.BooleanField(help_text=_("Whether the price went back."))
    refundAmount = serializers.FloatField(help_text=_("How much went back to the wallet."))


_PLACED = {
    "orderId": "ord_01JDA7Q2S5W8X1Z3B6C9E0G4HK",
    "orderNumber": 1001,
    "status": "waiting",
    "phoneNumber": "+6281234567890",
    "price": 6500,
    "currency": "IDR",
    "priceUsd": 0.4,
    "serviceCode": "whatsapp",
    "countryCode": "id",
    "providerCode": "alpha",
    "expiresAt": "2026-06-22T06:15:00.000Z",
    "cancelAvailableAt": "2026-06-22T06:02:00.000Z",
    "createdAt": "2026-06-22T06:00:00.000Z",
}
_RECEIVED = _PLACED | {
    "status": "received",
    "otp": "123456",
    "messages": [
        {
            "messageId": "msg_01JDA7S4T6V8X0Z2B4D6F8H0JM",
            "code": "123456",
            "text": "123456 is your verification code",
            "sender": "WhatsApp",
            "receivedAt": "2026-06-22T06:01:10.000Z",
        }
    ],
    "remainingSeconds": 420,
    "canCancel": False,
    "canResend": True,
    "canFinish": True,
    "refunded": False,
    "refundAmount": 0,
    "version": 3,
    "updatedAt": "2026-06-22T06:01:11.000Z",
}
_OF_ONE_ORDER = (OrderNotYours, OrderNotFound)
_FOLLOWING = {"getOrder": "orderId", "cancelOrder": "orderId", "finishOrder": "orderId"}

create_order = describe(
    name="createOrder",
    tag="orders",
    title=_("Create an order"),
    purpose=_(
        "Buys a number. Its price is held in the wallet and earned when the first code comes;"
        " if none comes, it goes back."
    ),
    notes=(
        _(
            "Always send an `idempotencyKey` from your backend: a lost answer can then be asked for"
            " again. The same key with the same payload returns the first answer, with"
            " `Idempotent-Replayed: true`, and charges nothing."
        ),
        _(
            "The key may come as the header `Idempotency-Key` instead. An order that failed gives"
            " its key back."
        ),
        _("You pay the price quoted when the order was accepted, whichever provider serves it."),
        _("Follow the order with `GET /order/{id}` or, better, with a webhook."),
    ),
    body=OrderRequested,
    body_examples=(
        Example(
            "simple",
            _("The cheapest number"),
            {
                "service": "whatsapp",
                "country": "id",
                "provider": "any",
                "idempotencyKey": "order-1001",
            },
        ),
        Example(
            "limited",
            _("The best delivery, up to half a dollar"),
            {
                "service": "telegram",
                "country": "id",
                "pool": "any",
                "pricing_option": 1,
                "max_price": 0.5,
                "idempotencyKey": "order-1002",
            },
        ),
    ),
    parameters=(
        OpenApiParameter(
            "Idempotency-Key",
            {"type": "string", "pattern": r"^[ -~]+$", "maxLength": LONGEST_KEY},
            OpenApiParameter.HEADER,
            description=_("The `idempotencyKey`, outside of the body."),
        ),
    ),
    headers={"Idempotent-Replayed": _("`true` where this is the answer to an earlier request.")},
    answer=PlacedOrder,
    example=_PLACED,
    links=_FOLLOWING,
    problems=(
        InsufficientFunds,
        IdempotencyKeyReused,
        IdempotencyInProgress,
        PriceAboveMax,
        RateUnavailable,
        TooManyOpenOrders,
        AccountCoolingDown,
        AccountClosed,
        AccountFrozen,
        NoNumbers,
        SupplierUnavailable,
    ),
)

get_order = describe(
    name="getOrder",
    tag="orders",
    title=_("Get an order"),
    purpose=_("Where an order stands, its number, the time left, and the code once it came."),
    notes=(
        _("Asking every 3 to 5 seconds is enough; a webhook tells you without asking."),
        _(
            "`waiting` waits for its code, `received` has one and may get more, `success` ended"
            " with one; `expired`, `cancelled` and `failed` ended without and were refunded."
        ),
    ),
    path_parameter=_ORDER_ID,
    answer=OrderDetail,
    example=_RECEIVED,
    problems=_OF_ONE_ORDER,
)

list_orders = describe(
    name="listOrders",
    tag="orders",
    title=_("List orders"),
    purpose=_("The account's orders, the newest first, each as `GET /order/{id}` shows it."),
    notes=(
        _(
            "With `status=active` every order that has not ended comes in one answer, however many"
            " there are: one call follows all of them. `page` and `per_page` change nothing then."
        ),
    ),
    parameters=(
        OpenApiParameter(
            "status",
            {"type": "string", "enum": [*PUBLIC_STATUSES, ACTIVE]},
            description=_("Only orders in this status; `active` is `waiting` and `received`."),
        ),
        *PAGING,
    ),
    answer=OrderDetail,
    is_list=True,
    is_paged=True,
    example=[_RECEIVED],
    problems=(InvalidRequest,),
)

cancel_order = describe(
    name="cancelOrder",
    tag="orders",
    title=_("Cancel an order"),
    purpose=_("Ends a waiting order and gives its price back to the wallet."),
    notes=(
        _("Most providers take a number back only after a while: see `cancelAvailableAt`."),
        _("A code that arrives during the cancel is delivered and charged, not refunded."),
        _("A refund is made once, however often you ask."),
    ),
    path_parameter=_ORDER_ID,
    body=CancelRequested,
    body_is_optional=True,
    body_examples=(Example("reason", _("With a reason"), {"reason": "user_requested"}),),
    answer=CancelledOrder,
    example={
        "orderId": _PLACED["orderId"],
        "status": "cancelled",
        "refunded": True,
        "refundAmount": 6500,
    },
    problems=(OrderNotCancellable, CancelTooEarly, *_OF_ONE_ORDER, SupplierUnavailable),
)

resend_order = describe(
    name="resendOrder",
    tag="orders",
    title=_("Ask for another code"),
    purpose=_("Waits for one more code on the same number, where `canResend` says so."),
    notes=(_("Asking twice asks for one. The new code comes as a further message."),),
    path_parameter=_ORDER_ID,
    answer=OrderDetail,
    example=_RECEIVED,
    problems=(ResendNotSupported, OrderNotActive, *_OF_ONE_ORDER, SupplierUnavailable),
)

finish_order = describe(
    name="finishOrder",
    tag="orders",
    title=_("Finish an order"),
    purpose=_("Ends a received order: you have what you need."),
    notes=(_("It ends by itself at `expiresAt` otherwise; finishing early changes no price."),),
    path_parameter=_ORDER_ID,
    answer=OrderDetail,
    example=_RECEIVED | {"status": "success", "remainingSeconds": 0, "canFinish": False},
    problems=(OrderNotActive, *_OF_ONE_ORDER),
)
