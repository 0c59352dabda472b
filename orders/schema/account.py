"""What the call about the account answers: of all apps only this one knows its orders."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from accounts.description import describe
from accounts.models import Mode


class Limit(serializers.Serializer[None]):
    perMinute = serializers.IntegerField(help_text=_("Calls a minute that can be kept up."))
    burst = serializers.IntegerField(help_text=_("Calls at once."))


class Limits(serializers.Serializer[None]):
    general = Limit(help_text=_("The bucket GENERAL."))
    order = Limit(help_text=_("The bucket ORDER."))
    poll = Limit(help_text=_("The bucket POLL."))


class PlanOfAccount(serializers.Serializer[None]):
    code = serializers.CharField(help_text=_("Names the plan."))
    name = serializers.CharField(help_text=_("The same, for people."))
    limits = Limits(help_text=_("How often the account may call."))
    maxOpenOrders = serializers.IntegerField(help_text=_("How many orders may be open at once."))


class UsageOfAccount(serializers.Serializer[None]):
    requestsToday = serializers.IntegerField(
        help_text=_("Calls that no limit refused, this one included.")
    )
    requestsThisMonth = serializers.IntegerField(help_text=_("The same since the first."))
    ordersToday = serializers.IntegerField(
        help_text=_("Orders placed; those that failed do not count.")
    )
    ordersThisMonth = serializers.IntegerField(help_text=_("The same since the first."))
    spentThisMonth = serializers.FloatField(
        help_text=_("Charged for this month's orders, less refunds; without what is still held.")
    )
    successRate30d = serializers.FloatField(
        allow_null=True,
        help_text=_("Share of the last 30 days' ended orders that got a code; `null` without any."),
    )


class Account(serializers.Serializer[None]):
    accountId = serializers.CharField(help_text=_("Names the account."))
    email = serializers.CharField(help_text=_("Whom it belongs to."))
    mode = serializers.ChoiceField(
        Mode.values, help_text=_("Which of the two the key works on; each has its own money.")
    )
    balance = serializers.FloatField(help_text=_("What can be spent; whole rupiah for IDR."))
    currency = serializers.CharField(help_text=_("ISO 4217 code of the wallet's currency."))
    plan = PlanOfAccount(help_text=_("What the account may do."))
    usage = UsageOfAccount(help_text=_("What it did, in this mode."))


get_account = describe(
    name="getAccount",
    tag="account",
    title=_("Get the account"),
    purpose=_("The balance, the plan with its limits, and what was used of it."),
    notes=(
        _("Days and months begin in the shop's time zone."),
        _("More keys give no more calls: limits and usage are the account's, in each mode."),
    ),
    answer=Account,
    example={
        "accountId": "acc_01JDA7P1S5W8X1Z3B6C9E0G4HK",
        "email": "developer@example.com",
        "mode": "live",
        "balance": 2_450_000,
        "currency": "IDR",
        "plan": {
            "code": "free",
            "name": "Free",
            "limits": {
                "general": {"perMinute": 120, "burst": 30},
                "order": {"perMinute": 30, "burst": 10},
                "poll": {"perMinute": 300, "burst": 60},
            },
            "maxOpenOrders": 20,
        },
        "usage": {
            "requestsToday": 1_284,
            "requestsThisMonth": 20_511,
            "ordersToday": 14,
            "ordersThisMonth": 266,
            "spentThisMonth": 1_729_000,
            "successRate30d": 0.71,
        },
    },
)
