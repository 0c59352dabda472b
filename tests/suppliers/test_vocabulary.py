"""Every word of the protocol is understood, by each question that may get it for an answer."""

from __future__ import annotations

import pytest

from suppliers.base import (
    ActivationState,
    CancelOutcome,
    Goods,
    OutcomeUnknown,
    RefusalReason,
    Refused,
    SupplierError,
)
from suppliers.smsactivate.words import UNKNOWN_ACTION, WORDS

GOODS = Goods("wa", "6")

# The vocabulary gathered from the trade's documents.
KNOWN = """
BAD_KEY NO_KEY API_KEY_NOT_VALID
BAD_ACTION NO_ACTION BAD_SERVICE WRONG_SERVICE BAD_COUNTRY WRONG_COUNTRY
WRONG_OPERATOR BAD_STATUS BAD_DATA
WRONG_DATE WRONG_EXCEPTION_PHONE WRONG_SECURITY INCORECT_STATUS UNPROCESSABLE_ENTITY
NO_NUMBERS OUT_OF_STOCK NOT_AVAILABLE NO_OFFERS OFFER_NOT_FOUND NO_PRICES SERVICE_NOT_AVAILABLE
SERVICE_UNAVAILABLE_REGION WHATSAPP_NOT_AVAILABLE NO_YULA_MAIL
NO_BALANCE NO_BALANCE_FORWARD WRONG_MAX_PRICE
BANNED ACCOUNT_INACTIVE CHANNELS_LIMIT CONCURRENT_LIMIT PURCHASE_RESTRICTED SERVICE_RESTRICTED
RATE_LIMIT
NO_ACTIVATION WRONG_ACTIVATION_ID INVALID_ACTIVATION_ID ACTIVATION_NOT_ACTIVE NO_ACTIVATIONS
ORDER_ALREADY_EXISTS
EARLY_CANCEL_DENIED OTP_RECEIVED NEW_OTP_RECEIVED FREE_CANCELLATION_EXPIRED CANT_CANCEL
ALREADY_CANCEL ALREADY_FINISH ACCESS_CANCEL ACCESS_CANCEL_ALREADY
ERROR_SQL SQL_ERROR SERVER_ERROR NO_CONNECTION INTERNAL_ERROR
BAD_CURRENCY CURRENCY_CHANGE_UNAVAILABLE
STATUS_WAIT_CODE STATUS_WAIT_RETRY STATUS_WAIT_RESEND STATUS_CANCEL STATUS_OK
"""

#: what a purchase may be told without having bought: nothing else allows buying elsewhere
REFUSED_PURCHASE = {
    RefusalReason.BAD_CREDENTIALS: "BAD_KEY NO_KEY API_KEY_NOT_VALID",
    RefusalReason.BAD_REQUEST: """
        BAD_ACTION NO_ACTION BAD_SERVICE WRONG_SERVICE BAD_COUNTRY WRONG_COUNTRY WRONG_OPERATOR
        BAD_STATUS BAD_DATA WRONG_DATE WRONG_EXCEPTION_PHONE WRONG_SECURITY INCORECT_STATUS
        UNPROCESSABLE_ENTITY BAD_CURRENCY CURRENCY_CHANGE_UNAVAILABLE""",
    RefusalReason.NO_NUMBERS: """
        NO_NUMBERS OUT_OF_STOCK NOT_AVAILABLE NO_OFFERS OFFER_NOT_FOUND NO_PRICES
        SERVICE_NOT_AVAILABLE
        SERVICE_UNAVAILABLE_REGION SERVICE_RESTRICTED WHATSAPP_NOT_AVAILABLE NO_YULA_MAIL""",
    RefusalReason.NO_BALANCE: "NO_BALANCE NO_BALANCE_FORWARD",
    RefusalReason.PRICE_MOVED: "WRONG_MAX_PRICE",
    RefusalReason.BANNED: "BANNED ACCOUNT_INACTIVE PURCHASE_RESTRICTED",
    RefusalReason.BUSY: "CHANNELS_LIMIT CONCURRENT_LIMIT RATE_LIMIT",
}
REASONS = {word: reason for reason, words in REFUSED_PURCHASE.items() for word in words.split()}

STATES = {
    "STATUS_WAIT_CODE": ActivationState.WAITING,
    "STATUS_WAIT_RETRY:111111": ActivationState.WAITING,
    "STATUS_WAIT_RESEND": ActivationState.WAITING,
    "STATUS_CANCEL": ActivationState.CLOSED,
    "ACTIVATION_NOT_ACTIVE": ActivationState.CLOSED,
    "NO_ACTIVATION": ActivationState.MISSING,
    "WRONG_ACTIVATION_ID": ActivationState.MISSING,
    "INVALID_ACTIVATION_ID": ActivationState.MISSING,
}

CANCELS = {
    "ACCESS_CANCEL": CancelOutcome.CANCELLED,
    "EARLY_CANCEL_DENIED": CancelOutcome.TOO_EARLY,
    "BAD_STATUS": CancelOutcome.CODE_ARRIVED,
    "OTP_RECEIVED": CancelOutcome.CODE_ARRIVED,
    "NEW_OTP_RECEIVED": CancelOutcome.CODE_ARRIVED,
    "STATUS_OK:123456": CancelOutcome.CODE_ARRIVED,
    "ACCESS_CANCEL_ALREADY": CancelOutcome.CLOSED,
    "ALREADY_CANCEL": CancelOutcome.CLOSED,
    "ALREADY_FINISH": CancelOutcome.CLOSED,
    "FREE_CANCELLATION_EXPIRED": CancelOutcome.CLOSED,
    "ACTIVATION_NOT_ACTIVE": CancelOutcome.CLOSED,
    "CANT_CANCEL": CancelOutcome.CLOSED,
    "STATUS_CANCEL": CancelOutcome.CLOSED,
    "NO_ACTIVATION": CancelOutcome.MISSING,
    "WRONG_ACTIVATION_ID": CancelOutcome.MISSING,
    "INVALID_ACTIVATION_ID": CancelOutcome.MISSING,
}


def test_the_table_is_complete():
    assert not set(KNOWN.split()) - set(WORDS)


@pytest.mark.parametrize("word", sorted(WORDS))
def test_a_purchase_is_refused_only_where_nothing_was_bought(
    word, scripted, scripted_account, raw, now
):
    scripted.answers(raw(word))

    with pytest.raises(SupplierError) as error:
        scripted_account.buy(GOODS, max_cost=1000, reference="a", now=now)

    if word in REASONS or word in ("OPERATORS_NOT_FOUND", "INVALID_PROVIDER"):
        assert isinstance(error.value, Refused)
        assert error.value.reason is REASONS.get(word, RefusalReason.BAD_REQUEST)
    else:
        assert isinstance(error.value, OutcomeUnknown)
    assert len(scripted.requests) == (2 if word in UNKNOWN_ACTION else 1)


@pytest.mark.parametrize("answer", STATES)
def test_a_state_is_read_from_its_word(answer, scripted, scripted_account, raw, now):
    scripted.answers(raw(answer))

    activation = scripted_account.status("1", now=now)

    assert activation.state is STATES[answer]
    assert not activation.messages


@pytest.mark.parametrize("answer", CANCELS)
def test_a_cancel_is_read_from_its_word(answer, scripted, scripted_account, raw, now):
    scripted.answers(raw(answer))

    assert scripted_account.cancel("1", now=now).outcome is CANCELS[answer]


@pytest.mark.parametrize("word", ["ERROR_SQL", "STATUS_WAIT_CODE", "BAD_KEY", "NO_NUMBERS", "WHAT"])
def test_a_cancel_told_anything_else_was_not_answered(word, scripted, scripted_account, raw, now):
    scripted.answers(raw(word))

    with pytest.raises(SupplierError) as error:
        scripted_account.cancel("1", now=now)

    assert isinstance(error.value, Refused if word in REASONS else OutcomeUnknown)


@pytest.mark.parametrize(
    "wrapped", ['{"status":"error","error":"NO_BALANCE"}', '{"title":"NO_BALANCE"}']
)
def test_a_word_is_found_in_json_too(wrapped, scripted, scripted_account, raw, now):
    scripted.answers(raw(wrapped, status=402))

    with pytest.raises(Refused) as refusal:
        scripted_account.buy(GOODS, max_cost=1000, reference="a", now=now)

    assert refusal.value.reason is RefusalReason.NO_BALANCE
