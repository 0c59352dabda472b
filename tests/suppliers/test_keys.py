"""The key of an account is in no error and in no log, whatever a supplier echoes."""

from __future__ import annotations

import logging
import traceback

import pytest

from suppliers.base import Credentials, Goods, SupplierError
from suppliers.registry import PROTOCOLS, open_supplier

KEYS = ["sk+secret/key", "plainkey"]
ANSWERS = [
    ("<html>your key {key} is wrong</html>", 200),
    ("Unknown key {key}", 400),
    ("api_key={key}", 500),
    ('{{"success": 0, "title": "X{key}", "message": "Bearer {key}"}}', 422),
    ('{{"id": 1, "order_id": "{key}", "data": [{{"id": "{key}"}}]}}', 200),
    ("no free phones for {key}", 200),
    ('{{"success": 0, "message": "Invalid API key {key}"}}', 200),
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("answer", "status"), ANSWERS)
@pytest.mark.parametrize("protocol", sorted(set(PROTOCOLS) - {"sandbox"}))
def test_the_key_is_in_no_error_and_in_no_log(
    protocol, answer, status, key, scripted, raw, now, caplog
):
    scripted.answers(raw(answer.format(key=key), status=status))
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx2")
    account = open_supplier(protocol, Credentials(scripted.root, key))
    shown = [repr(account), repr(account.credentials)]
    questions = [
        lambda: account.buy(Goods("1", "1"), max_cost=1000, reference="a", now=now),
        lambda: account.cancel("1", now=now),
        account.balance,
    ]

    for ask in questions:
        try:
            ask()
        except SupplierError as error:
            shown += [str(error), repr(error), *map(str, vars(error).values())]
            shown += traceback.format_exception(error)

    hidden = {key, key.replace("+", "%2B").replace("/", "%2F")}
    assert not [text for text in [*shown, caplog.text] for part in hidden if part in text]
