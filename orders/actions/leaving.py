"""Closing an account at its owner's wish, with its orders and its money in the books."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actions import forget_person
from accounts.freezing import check_not_frozen
from accounts.mails import post_mail
from accounts.models import Mode, User
from nexotp.lib.errors import Problem
from orders.models import Order
from wallet.models import LedgerAccount, TopUp
from webhooks.actions import delete_endpoint
from webhooks.models import Endpoint


class OpenOrdersRemain(Problem):
    code = "open_orders_remain"
    status = 409
    message = gettext_lazy("There are open orders. Finish or cancel them first.")


class WalletNotEmpty(Problem):
    code = "wallet_not_empty"
    status = 409
    message = gettext_lazy("There is money in the wallet. Say that you give it up, or spend it.")


class TopUpPending(Problem):
    code = "top_up_pending"
    status = 409
    message = gettext_lazy("A top-up is still waiting. Cancel it, or wait until it is credited.")


class StaffAccount(Problem):
    code = "staff_account"
    status = 409
    message = gettext_lazy("Staff accounts are closed by an administrator.")


@transaction.atomic
def delete_account(user: User, *, give_up: int, now: datetime) -> None:
    """Forget whose account it was and lock it for good; orders and ledger stay as they are.

    `give_up` is what the owner leaves in the live wallet, in minor units: exactly what is there.
    Raises OpenOrdersRemain, TopUpPending, WalletNotEmpty, StaffAccount, AccountFrozen.
    """
    if user.is_staff:
        raise StaffAccount
    # Whoever opens a top-up holds the account, whoever places an order its wallet until the order
    # is there, and both look then whether the account still is: one of the two sees the other.
    check_not_frozen(User.objects.select_for_update(no_key=True).get(pk=user.pk))
    wallets = list(LedgerAccount.objects.select_for_update().filter(owner=user).order_by("pk"))
    if open_orders(user):
        raise OpenOrdersRemain
    if TopUp.objects.of(user).pending().exists():
        raise TopUpPending
    if sum(wallet.balance or 0 for wallet in wallets if wallet.mode == Mode.LIVE) != give_up:
        raise WalletNotEmpty
    address = user.email
    for endpoint in Endpoint.objects.kept().filter(user=user):
        delete_endpoint(endpoint)
    forget_person(user, now=now)
    _say_goodbye(address, now)


def open_orders(user: User) -> int:
    """Return how many orders stand in the way; those of the sandbox end by themselves."""
    return Order.objects.for_account(user, Mode.LIVE).open().count()


def _say_goodbye(address: str, now: datetime) -> None:
    post_mail(
        to=address,
        subject=_("Your NexOTP account is deleted"),
        text=_(
            "Your account is deleted, as you wished. Its keys and webhooks have ended. Orders and"
            " payments stay in our books, without your address.\n\n"
            "Was it not you? Answer this e-mail at once."
        ),
        now=now,
    )
