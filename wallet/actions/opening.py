"""Beginning a top-up: the row first, then the payment at the gateway."""

import random
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.freezing import check_not_frozen
from accounts.models import User
from nexotp.lib.db import release_connection
from nexotp.lib.errors import Problem
from wallet.gateways.base import GatewayError, PaymentRequest
from wallet.models import PaymentMethod, TopUp

logger = structlog.get_logger(__name__)

# What makes a transfer's amount its own: this is added to it at most, in minor units.
MOST_UNIQUE_DIGITS = 999
# Amounts of top-ups that ended lately are not given out again: their money may still come.
_RESTING = timedelta(days=7)
_TRIES = 5
FIRST_CHECK = timedelta(seconds=20)


class TooManyOpenTopUps(Problem):
    code = "too_many_open_top_ups"
    status = 409
    message = _("You have several top-ups that still wait. Pay or cancel one of them first.")


class AccountShut(Problem):
    code = "account_shut"
    status = 403
    message = _("This account is closed.")


class MethodUnavailable(Problem):
    code = "payment_method_unavailable"
    status = 409
    message = _("This way to pay is not available now. Choose another one.")


class GatewayAway(Problem):
    code = "payment_gateway_unavailable"
    status = 503
    retryable = True
    message = _("The payment provider does not answer. Nothing was paid; try again.")


class _FormRepeated(Exception):
    """This form has made a top-up before."""


def open_top_up(
    *,
    user: User,
    method: PaymentMethod,
    asked: int,
    form_key: str,
    language: str,
    now: datetime,
) -> TopUp:
    """Note what a buyer wants to pay in; the same form returns the top-up it made.

    Raises TooManyOpenTopUps, MethodUnavailable, AccountShut, AccountFrozen.
    """
    for _try in range(_TRIES):
        earlier = TopUp.objects.of(user).filter(form_key=form_key).select_related("method").first()
        if earlier is not None:
            return earlier
        expires_at = now + timedelta(hours=_hours(method))
        top_up = TopUp(
            user=user,
            method=method,
            is_manual=method.is_manual,
            asked=asked,
            amount=asked,
            currency=settings.SHOP_CURRENCY,
            form_key=form_key,
            language=language,
            created_at=now,
            expires_at=expires_at,
            next_check_at=expires_at if method.is_manual else now + FIRST_CHECK,
        )
        try:
            _insert(top_up, now)
        except IntegrityError:
            # The same form, or another's same amount, was a moment faster.
            continue
        return top_up
    raise MethodUnavailable


def _hours(method: PaymentMethod) -> int:
    """Return how long a payment may take."""
    transfer, payment = settings.TOP_UP_TRANSFER_HOURS, settings.TOP_UP_PAYMENT_HOURS
    return int(transfer if method.is_manual else payment)


@transaction.atomic
def _insert(top_up: TopUp, now: datetime) -> None:
    """Raises IntegrityError, TooManyOpenTopUps, MethodUnavailable, AccountShut, AccountFrozen."""
    # One at a time for each account, or many at once would each count too few; and none for one
    # that was deleted, shut or frozen a moment ago.
    owner = User.objects.select_for_update(no_key=True).get(pk=top_up.user_id)
    if not owner.is_active:
        raise AccountShut
    check_not_frozen(owner)
    is_repeat = TopUp.objects.filter(user=top_up.user, form_key=top_up.form_key).exists()
    if not is_repeat and (
        TopUp.objects.of(top_up.user).pending().count() >= settings.TOP_UP_MOST_OPEN
    ):
        raise TooManyOpenTopUps
    if not PaymentMethod.objects.on_offer().filter(pk=top_up.method_id).exists():
        raise MethodUnavailable
    if top_up.is_manual:
        top_up.amount = _unique_amount(top_up, now)
    top_up.save(force_insert=True)


def _unique_amount(top_up: TopUp, now: datetime) -> int:
    """Return the amount with digits that no other transfer to this account has now.

    Raises MethodUnavailable when there are none left.
    """
    amounts = range(top_up.asked + 1, top_up.asked + MOST_UNIQUE_DIGITS + 1)
    near = TopUp.objects.filter(
        method=top_up.method, amount__gte=amounts.start, amount__lt=amounts.stop
    )
    taken = set(near.pending().values_list("amount", flat=True))
    lately = set(near.filter(ended_at__gte=now - _RESTING).values_list("amount", flat=True))
    free = [each for each in amounts if each not in taken]
    if not free:
        raise MethodUnavailable
    return random.choice([each for each in free if each not in lately] or free)


def start_payment(top_up: TopUp, *, return_url: str, callback_url: str) -> TopUp:
    """Have the gateway make the payment, once; asked again, it gives the same one.

    Raises AccountFrozen, and GatewayAway: then nothing is lost by asking again.
    """
    if top_up.gateway_reference or not top_up.can_be_paid:
        return top_up
    check_not_frozen(top_up.user)
    gateway = top_up.method.gateway()
    wanted = PaymentRequest(
        reference=top_up.public_id,
        amount=top_up.amount,
        currency=top_up.currency,
        expires_at=top_up.expires_at,
        return_url=return_url,
        callback_url=callback_url,
        language=top_up.language,
    )
    release_connection()
    try:
        payment = gateway.create_payment(wanted)
    except GatewayError as error:
        logger.warning("payment not made", top_up=top_up.public_id, error=error.text)
        raise GatewayAway from error
    made = {"gateway_reference": payment.gateway_reference, "payment_url": payment.url}
    # Two who asked at once were given the same payment; the first one's note stays.
    TopUp.objects.filter(pk=top_up.pk, gateway_reference="").update(**made)
    top_up.refresh_from_db(fields=list(made))
    return top_up
