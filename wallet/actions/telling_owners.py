"""Mails about money: a top-up that was decided, a balance that runs low.

The rows are the queue: a mail is due until it was sent, and one that could not be sent is tried
again.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from nexotp.lib.amounts import amount_text
from nexotp.lib.db import release_connection
from wallet.models import LowBalanceNotice, TopUp
from wallet.states import TopUpState

logger = structlog.get_logger(__name__)

_TRY_AGAIN = timedelta(minutes=5)
_AT_ONCE = 20


def send_mails(*, now: datetime) -> int:
    """Send what is due; return how many mails were."""
    return _send_decisions(now) + _send_low_balances(now)


def _send_decisions(now: datetime) -> int:
    with transaction.atomic():
        due = TopUp.objects.filter(mail_due_at__lte=now).order_by("mail_due_at")
        rows = due.select_for_update(skip_locked=True, no_key=True)
        pks = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
        TopUp.objects.filter(pk__in=pks).update(mail_due_at=now + _TRY_AGAIN)
    claimed = list(TopUp.objects.filter(pk__in=pks).select_related("user"))
    for top_up in claimed:
        release_connection()
        try:
            _tell_decision(top_up)
        except Exception:
            # Its time has been moved on: tried again then.
            logger.exception("mail not sent", top_up=top_up.public_id)
        else:
            again = TopUp.objects.filter(pk=top_up.pk, mail_due_at=now + _TRY_AGAIN)
            again.update(mail_due_at=None)
    return len(claimed)


def _tell_decision(top_up: TopUp) -> None:
    with translation.override(top_up.language or settings.LANGUAGE_CODE):
        asked = amount_text(top_up.amount, top_up.currency)
        if top_up.state == TopUpState.CONFIRMED:
            credited = amount_text(top_up.credited or 0, top_up.currency)
            subject = _("Your top-up has arrived")
            text = _("%(amount)s is in your wallet now.\n\nTop-up: %(number)s\n") % {
                "amount": credited,
                "number": top_up.public_id,
            }
        else:
            subject = _("Your top-up was not accepted")
            text = _(
                "We could not match your top-up of %(amount)s with a payment.\n\n"
                "Reason: %(reason)s\n\n"
                "If you did pay, send us proof of it and the number of the top-up: %(number)s\n"
            ) % {"amount": asked, "reason": top_up.reason, "number": top_up.public_id}
        send_mail(subject, text, from_email=None, recipient_list=[top_up.user.email])


def _send_low_balances(now: datetime) -> int:
    with transaction.atomic():
        due = LowBalanceNotice.objects.due(now).order_by("due_at")
        rows = due.select_for_update(skip_locked=True, no_key=True)
        pks = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
        LowBalanceNotice.objects.filter(pk__in=pks).update(due_at=now + _TRY_AGAIN)
    claimed = list(
        LowBalanceNotice.objects.filter(pk__in=pks).select_related("wallet", "wallet__owner")
    )
    for notice in claimed:
        release_connection()
        try:
            _tell_low_balance(notice)
        except Exception:
            logger.exception("mail not sent", wallet=notice.pk)
        else:
            LowBalanceNotice.objects.filter(pk=notice.pk).update(due_at=None, mailed_at=now)
    return len(claimed)


def _tell_low_balance(notice: LowBalanceNotice) -> None:
    wallet = notice.wallet
    assert wallet.owner is not None, "wallets have owners"
    with translation.override(notice.language or settings.LANGUAGE_CODE):
        send_mail(
            _("Your balance is running low"),
            _(
                "%(balance)s is left in your wallet, less than the %(threshold)s that you want to"
                " be told of.\n\n"
                "You can top up, or change when we write to you, on the wallet's page.\n"
            )
            % {
                "balance": amount_text(notice.balance, wallet.currency),
                "threshold": amount_text(wallet.low_balance_threshold, wallet.currency),
            },
            from_email=None,
            recipient_list=[wallet.owner.email],
        )
