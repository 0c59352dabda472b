"""The wallet's page: the balance, what is held, and every movement behind it."""

import csv
import io
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from nexotp.lib.tables import guarded
from tests import cast
from wallet.actions import adjust_wallet, open_wallet, send_mails

pytestmark = pytest.mark.usefixtures("committed", "simulator")


@pytest.fixture
def page(client: Client, alice: User) -> Client:
    client.force_login(alice)
    client.cookies["django_language"] = "en"
    return client


def test_the_statement_tells_each_movement_with_the_balance_after_it(
    page: Client, alice: User
) -> None:
    order = cast.buy(alice)

    answer = page.get("/wallet/")

    changes = [
        (change, transfer.balance_after) for transfer, change, _id in answer.context["lines"]
    ]
    assert changes == [(-order.price, 1_000_000 - order.price), (1_000_000, 1_000_000)]
    assert f'href="/orders/{order.public_id}"' in answer.content.decode()


def test_what_is_held_is_the_price_of_open_orders(page: Client, alice: User) -> None:
    prices = cast.buy(alice).price + cast.buy(alice).price

    words = page.get("/wallet/").content.decode()

    assert f"Rp\u00a0{prices:,}" in words


def test_a_long_statement_comes_in_pages(page: Client, alice: User) -> None:
    for number in range(30):
        adjust_wallet(user=alice, amount=100, adjustment_id=str(number), reason="x", by=None)

    first = page.get("/wallet/").context["page"]
    second = page.get("/wallet/", {"before": first.older}).context["page"]

    assert (len(first.rows), len(second.rows)) == (25, 6)
    assert second.older is None
    assert {t.pk for t in first.rows} & {t.pk for t in second.rows} == set()


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²", "\x00"])
def test_a_key_that_is_none_shows_the_newest(page: Client, before: str) -> None:
    assert page.get("/wallet/", {"before": before}).context["page"].is_newest


def test_nobody_sees_anothers_money(page: Client, bob: User) -> None:
    cast.buy(bob)

    assert len(page.get("/wallet/").context["lines"]) == 1


# ---- what of the statement is shown -------------------------------------------------------------


def changes(page: Client, **wanted: str) -> list[int]:
    return [change for _transfer, change, _id in page.get("/wallet/", wanted).context["lines"]]


def test_the_statement_is_narrowed_down(page: Client, alice: User) -> None:
    first, second = cast.buy(alice), cast.buy(alice)
    today = timezone.localdate()

    assert changes(page, q=f"#{first.pk}") == changes(page, q=str(first.pk)) == [-first.price]
    assert changes(page, q=second.public_id) == [-second.price]
    assert changes(page, kind="top_up") == [1_000_000]
    assert changes(page, kind="release") == []
    assert len(changes(page, since=today.isoformat(), until=today.isoformat())) == 3
    assert changes(page, until=(today - timedelta(days=1)).isoformat()) == []


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"since": "soon"}, "Enter a valid date."),
        ({"since": "2026-02-02", "until": "2026-01-01"}, "This is before the beginning."),
        ({"kind": "cost"}, "Select a valid choice"),
    ],
)
def test_a_filter_that_cannot_be_read_is_said_beside_it(
    page: Client, wanted: dict[str, str], complaint: str
) -> None:
    assert complaint in page.get("/wallet/", wanted).content.decode()
    assert page.get("/wallet/statement.csv", wanted)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("text", ["%", "'", "ord_", "#", "9" * 30, "#0"])
def test_a_number_that_is_none_finds_nothing(page: Client, text: str) -> None:
    assert changes(page, q=text) == []


def table(page: Client, **wanted: str) -> list[dict[str, str]]:
    answer = page.get("/wallet/statement.csv", wanted)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


def test_the_download_has_plain_numbers_and_no_formula(page: Client, alice: User) -> None:
    order = cast.buy(alice)
    adjust_wallet(user=alice, amount=-5, adjustment_id="1", reason="=HYPERLINK(1)", by=None)
    page.cookies["django_language"] = "id"

    rows = table(page, columns="en")

    assert [(row["kind"], row["amount"], row["balance_after"]) for row in rows] == [
        ("adjustment", "-5", str(999_995 - order.price)),
        ("hold", str(-order.price), str(1_000_000 - order.price)),
        ("top_up", "1000000", "1000000"),
    ]
    assert rows[0]["note"] == "'=HYPERLINK(1)"
    assert rows[1]["order"] == order.public_id
    assert "jumlah" in table(page, columns="id")[0]
    assert [row["kind"] for row in table(page, kind="hold", columns="en")] == ["hold"]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_whatever_calculates_is_guarded(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    assert guarded(-1) == -1


# ---- when little is left ------------------------------------------------------------------------


def alerted(alice: User) -> list[str]:
    mail.outbox.clear()
    cast.buy(alice)
    send_mails(now=timezone.now())
    return [str(letter.body) for letter in mail.outbox]


def test_an_owner_is_written_to_below_the_threshold_of_her_own(page: Client, alice: User) -> None:
    page.post("/wallet/alert/", {"alert": "own", "threshold": "999.999"})

    [letter] = alerted(alice)

    assert "Rp\u00a0999,999" in letter
    assert alerted(alice) == [], "only when it becomes low"


@pytest.mark.parametrize("alert", ["off", "usual"])
def test_an_owner_is_not_written_to_without_a_reason(page: Client, alice: User, alert: str) -> None:
    page.post("/wallet/alert/", {"alert": "own", "threshold": "999999"})
    page.post("/wallet/alert/", {"alert": alert})

    assert alerted(alice) == []
    assert page.get("/wallet/").context["alert"] == alert


def test_without_a_choice_the_shops_own_threshold_counts(alice: User, settings: Settings) -> None:
    settings.LOW_BALANCE_THRESHOLD = 1_000_000

    assert len(alerted(alice)) == 1


def test_a_balance_that_goes_up_and_down_is_told_of_once_in_a_while(
    alice: User, settings: Settings
) -> None:
    settings.LOW_BALANCE_THRESHOLD = 1_000_000
    assert len(alerted(alice)) == 1
    adjust_wallet(user=alice, amount=500_000, adjustment_id="1", reason="x", by=None)
    settings.LOW_BALANCE_THRESHOLD = cast.balance(alice)

    assert alerted(alice) == []


def test_play_money_is_worth_no_letter(alice: User, settings: Settings) -> None:
    settings.LOW_BALANCE_THRESHOLD = 1_000_000
    cast.buy(alice, mode="sandbox")

    assert send_mails(now=timezone.now()) == 0


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"alert": "sometimes"},
        {"alert": "own"},
        {"alert": "own", "threshold": "0"},
        {"alert": "own", "threshold": "-5"},
        {"alert": "own", "threshold": "much"},
    ],
)
def test_a_wrong_choice_changes_nothing(page: Client, alice: User, sent: dict[str, str]) -> None:
    answer = page.post("/wallet/alert/", sent)

    assert answer.status_code == 400
    assert open_wallet(user=alice, mode="live").low_balance_at is None


@pytest.mark.parametrize(("language", "name"), [("en", "balance_after"), ("id", "saldo")])
def test_the_columns_speak_the_pages_language_unless_a_program_asks(
    page: Client, language: str, name: str
) -> None:
    page.cookies["django_language"] = language

    assert name in table(page)[0]
    assert "balance_after" in table(page, columns="en")[0]
    assert f'<option value="{language}" selected>' in page.get("/wallet/").content.decode()


def test_the_balance_in_the_head_is_told_only_when_it_changed(page: Client, alice: User) -> None:
    before = page.get("/wallet/balance/", {"seen": "1000000"})
    order = cast.buy(alice)

    after = page.get("/wallet/balance/", {"seen": "1000000"}).content.decode()

    assert before.status_code == 204
    assert f"{1_000_000 - order.price:,}" in after
    assert f"seen={1_000_000 - order.price}" in after
    assert "data-live-wallet" in page.get("/buy/").content.decode()
