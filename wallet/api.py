"""The wallet through the API."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope
from nexotp.lib.http import timestamp
from nexotp.lib.money import to_json
from wallet import schema
from wallet.actions import open_wallet


class BalanceView(ApiView):
    scope = Scope.BALANCE_READ
    bucket = "GENERAL"

    @schema.get_balance
    def get(self, request: Request) -> Response:
        wallet = open_wallet(user=self.account, mode=self.mode)
        return Response(
            {
                "balance": to_json(wallet.balance or 0, wallet.currency),
                "currency": wallet.currency,
                "updatedAt": timestamp(timezone.now()),
            }
        )
