"""Deleting one's own account."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Mode
from accounts.people import asks_again, keeps_nothing, signed_in
from nexotp.lib.errors import Problem
from orders.actions import delete_account, open_orders
from wallet.actions import open_wallet


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@keeps_nothing
@asks_again
def leave(request: HttpRequest) -> HttpResponse:
    """Say what goes, what stays and what is lost; then delete."""
    user = signed_in(request)
    problem = ""
    if request.method == "POST":
        given_up = request.POST.get("give_up", "0")
        try:
            amount = int(given_up) if given_up.isdecimal() and len(given_up) < 19 else 0
            delete_account(user, give_up=amount, now=timezone.now())
        except Problem as refusal:
            problem = str(refusal.message)
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. Goodbye."))
            return redirect("account_login")
    wallet = open_wallet(user=user, mode=Mode.LIVE)
    context = {
        "balance": wallet.balance,
        "currency": wallet.currency,
        "open_count": open_orders(user),
        "problem": problem,
    }
    return render(request, "accounts/delete.html", context, status=409 if problem else 200)
