"""The wallet through the API."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.door import ApiView
from accounts.models import Scope
from nexotp.lib.http import Page, timestamp
from nexotp.lib.money import to_json
from wallet import schema
from wallet.actions import open_wallet
from wallet.forms import read_statement_request
from wallet.models import LedgerAccount, Transfer


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


class TransactionsView(ApiView):
    scope = Scope.BALANCE_READ
    bucket = "GENERAL"

    @schema.list_transactions
    def get(self, request: Request) -> Response:
        wanted = read_statement_request(request.GET)
        wallet = open_wallet(user=self.account, mode=self.mode)
        page = wanted.page.of(wanted.among(Transfer.objects.all()).of(wallet))
        return Response(Page([_transaction(row, wallet) for row in page.rows], page))


def _transaction(transfer: Transfer, wallet: LedgerAccount) -> dict[str, Any]:
    currency = transfer.currency
    return {
        "transactionId": transfer.public_id,
        "kind": transfer.kind,
        "amount": to_json(transfer.signed_amount(wallet.pk), currency),
        "balanceAfter": to_json(transfer.balance_after or 0, currency),
        "currency": currency,
        "orderId": transfer.order_public_id or None,
        "description": _description(transfer),
        "createdAt": timestamp(transfer.created_at),
    }


def _description(transfer: Transfer) -> str:
    """What for, in the caller's language; with the reason where no order says it."""
    label = transfer.get_kind_display()
    return f"{label}: {transfer.reason}" if transfer.reason and not transfer.order_id else label
