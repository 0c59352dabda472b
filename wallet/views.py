"""The wallet in the browser."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.modes import mode_of
from nexotp.lib.pagination import keyset_page
from wallet.actions import open_wallet
from wallet.models import Transfer

_PER_PAGE = 25


@require_safe
def show_wallet(request: HttpRequest) -> HttpResponse:
    """The balance, and every movement behind it."""
    assert not isinstance(request.user, AnonymousUser)
    wallet = open_wallet(user=request.user, mode=mode_of(request))
    page = keyset_page(
        Transfer.objects.of(wallet), before=request.GET.get("before", ""), size=_PER_PAGE
    )
    lines = [
        (transfer, transfer.signed_amount(wallet.pk), transfer.order_public_id)
        for transfer in page.rows
    ]
    context = {"wallet": wallet, "lines": lines, "page": page}
    return render(request, "wallet/wallet.html", context)
