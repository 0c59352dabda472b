"""What the wallet's calls answer, described for OpenAPI and the reference."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.description import describe


class Balance(serializers.Serializer[None]):
    balance = serializers.FloatField(help_text=_("What can be spent; whole rupiah for IDR."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the wallet's currency."))
    updatedAt = serializers.DateTimeField(help_text=_("When it was read, in UTC."))


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
