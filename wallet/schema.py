"""What the wallet's calls answer, described for OpenAPI and the reference."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from accounts.description import PAGING, describe
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.fields import MOMENT
from wallet.models import WALLET_KINDS

_MOMENT = {"type": "string", "pattern": MOMENT, "examples": ["2026-06-22", "2026-06-22T06:00:00Z"]}


class Balance(serializers.Serializer[None]):
    balance = serializers.FloatField(help_text=_("What can be spent; whole rupiah for IDR."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the wallet's currency."))
    updatedAt = serializers.DateTimeField(help_text=_("When it was read, in UTC."))


class Transaction(serializers.Serializer[None]):
    transactionId = serializers.CharField(help_text=_("Names the movement."))
    kind = serializers.ChoiceField(
        [kind.value for kind in WALLET_KINDS], help_text=_("What it was for.")
    )
    amount = serializers.FloatField(help_text=_("Negative when it left the wallet."))
    balanceAfter = serializers.FloatField(help_text=_("The wallet's balance after it."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the wallet's currency."))
    orderId = serializers.CharField(
        allow_null=True, help_text=_("The order it was for; `null` where there is none.")
    )
    description = serializers.CharField(
        help_text=_("What for, in the language of `Accept-Language`.")
    )
    createdAt = serializers.DateTimeField(help_text=_("When it was posted, in UTC."))


get_balance = describe(
    name="getBalance",
    tag="account",
    title=_("Get the wallet's balance"),
    purpose=_("How much the account can spend. Ask before you order to be sure that it is enough."),
    notes=(
        _("The balance is always read from the ledger."),
        _("A sandbox key sees the sandbox's wallet, filled with play money at its first use."),
    ),
    answer=Balance,
    example={"balance": 2_450_000, "currency": "IDR", "updatedAt": "2026-06-22T06:00:00.000Z"},
)

list_transactions = describe(
    name="listTransactions",
    tag="account",
    title=_("List transactions"),
    purpose=_("Every movement of the wallet, the newest first, each with the balance after it."),
    notes=(
        _(
            "An order appears as `hold` when it is placed and, if no code came, as `release` when"
            " its price goes back. A code that came changes nothing any more."
        ),
        _("Days begin in the shop's time zone; so does a time that names no offset."),
    ),
    parameters=(
        *PAGING,
        OpenApiParameter(
            "kind",
            {"type": "string", "enum": [kind.value for kind in WALLET_KINDS]},
            description=_("Only movements of this kind."),
        ),
        OpenApiParameter(
            "from", _MOMENT, description=_("Not before this date or time, in ISO 8601.")
        ),
        OpenApiParameter(
            "to", _MOMENT, description=_("Not after this time, or this whole day, in ISO 8601.")
        ),
    ),
    answer=Transaction,
    is_list=True,
    is_paged=True,
    example=[
        {
            "transactionId": "txn_01JDA7R3S5W8X1Z3B6C9E0G4HK",
            "kind": "hold",
            "amount": -6500,
            "balanceAfter": 2_443_500,
            "currency": "IDR",
            "orderId": "ord_01JDA7Q2S5W8X1Z3B6C9E0G4HK",
            "description": "Order placed",
            "createdAt": "2026-06-22T06:00:00.000Z",
        }
    ],
    problems=(InvalidRequest,),
)
