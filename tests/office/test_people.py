"""Accounts for staff: found by what people know, with figures that are the rows', and notes."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import delete_unconfirmed
from accounts.models import ApiKey, Mode, Plan, Tier, User
from office.models import AccountNote, Act, AuditEntry
from office.reports.people import standings
from tests import cast
from tests.office.conftest import Colleague, desk_of

pytestmark = pytest.mark.usefixtures("committed")

LIST = "admin:accounts_user_changelist"


@pytest.fixture
def desk(staff: User) -> Client:
    return desk_of(staff)


def found(desk: Client, words: str, **filters: str) -> set[str]:
    page = desk.get(reverse(LIST), {"q": words, **filters})
    assert page.status_code == 200
    return {user.email for user in page.context["cl"].result_list}


def test_an_account_is_found_by_what_people_know(desk: Client, alice: User, bob: User) -> None:
    cast.key_for(alice)
    key = ApiKey.objects.get()

    for words in (
        *("alice@", "ALICE@example.test", "ali", alice.public_id, f"#{alice.pk}"),
        *(str(key), f"nx_live_{key.public_id}", f"nx_test_{key.public_id[:5]}", key.public_id),
    ):
        assert found(desk, words) == {alice.email}, words
    for words in ("ice@", "nx_live_", "%", "_", "acc_", "9" * 40, "nx_live_zzzzzzzzzz"):
        assert alice.email not in found(desk, words), words


def test_filters(desk: Client, alice: User, bob: User) -> None:
    gold = Tier.objects.create(code="gold", name="Gold")
    try:
        User.objects.filter(pk=alice.pk).update(tier=gold, frozen_at=timezone.now())
        User.objects.filter(pk=bob.pk).update(
            cooling_until=timezone.now() + timedelta(hours=1), plan=Plan.objects.get(code="free")
        )

        assert found(desk, "", state="frozen") == {alice.email}
        assert found(desk, "", state="cooling") == {bob.email}
        assert found(desk, "", state="open") == {"staff@example.test"}
        assert found(desk, "", state="closed") == set()
        assert found(desk, "", tier__id__exact=str(gold.pk)) == {alice.email}
        assert found(desk, "", is_staff__exact="1") == {"staff@example.test"}
    finally:
        User.objects.filter(tier=gold).update(tier=None)
        gold.delete()


def test_figures_are_the_rows(alice: User, bob: User) -> None:
    for status, count in {"success": 5, "received": 1, "expired": 2, "cancelled": 4}.items():
        for _ in range(count):
            cast.order_row(alice, status)
    cast.order_row(alice, "failed")
    cast.order_row(alice, "success", mode=Mode.SANDBOX)

    shown = standings([alice, bob])

    assert (shown[alice.pk].orders, shown[alice.pk].success, shown[alice.pk].cancelled) == (
        *(13, 50, 33),
    )
    assert shown[alice.pk].balance == 1_000_000
    assert shown[alice.pk].last_seen is not None
    assert (shown[bob.pk].orders, shown[bob.pk].success, shown[bob.pk].last_seen) == (
        *(0, None, None),
    )


def test_the_list_costs_the_same_however_many_there_are(desk: Client, alice: User) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            assert desk.get(reverse(LIST)).status_code == 200
        return [query["sql"] for query in seen]

    desk.get(reverse(LIST))
    few = queries()
    for number in range(30):
        cast.order_row(cast.open_account(f"more{number}"))
    many = queries()

    assert len(many) == len(few)
    counts = [sql for sql in many if "COUNT(*)" in sql and 'FROM "accounts_user"' in sql]
    assert counts == []


def test_the_page_shows_what_belongs_to_the_account(desk: Client, alice: User, bob: User) -> None:
    full = cast.key_for(alice)
    mine, others = cast.order_row(alice), cast.order_row(bob)

    page = desk.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()

    key = ApiKey.objects.get()
    assert f"#{mine.pk} " in page
    assert f"#{others.pk} " not in page
    assert str(key) in page
    assert full not in page


def test_whoever_only_looks_sees_no_hash_and_no_keys(colleague: Colleague, alice: User) -> None:
    cast.key_for(alice)
    address = reverse("admin:accounts_user_change", args=[alice.pk])

    page = desk_of(colleague("finance")).get(address)

    assert page.status_code == 200
    text = page.content.decode()
    assert alice.password not in text
    assert "md5$" not in text
    assert str(ApiKey.objects.get()) not in text
    assert "keys" not in page.context


def test_a_note_is_written_once_and_only_colleagues_read_it(
    colleague: Colleague, alice: User, client: Client
) -> None:
    support = colleague("support")
    desk = desk_of(support)
    address = reverse("admin:accounts_user_write_note", args=[alice.pk])

    refused = desk.post(address, {"text": ""})
    desk.post(address, {"text": "Says her <b>brother</b> used the account."})

    assert refused.status_code == 422
    note = AccountNote.objects.get()
    assert (note.user, note.by) == (alice, support)
    page = desk.get(reverse("admin:accounts_user_change", args=[alice.pk])).content.decode()
    assert "her &lt;b&gt;brother&lt;/b&gt; used" in page
    client.force_login(alice)
    for path in ("/account/", "/buy/", "/wallet/"):
        assert "brother" not in client.get(path).content.decode()
    with connection.cursor() as cursor:
        for statement in (
            "UPDATE office_accountnote SET text = 'nothing'",
            "DELETE FROM office_accountnote",
            "TRUNCATE office_accountnote",
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(statement)


def test_the_buttons_freeze_and_lift_with_a_reason(colleague: Colleague, alice: User) -> None:
    desk = desk_of(colleague("support"))
    freeze = reverse("admin:accounts_user_freeze", args=[alice.pk])

    unreasoned = desk.post(freeze, {"reason": "", "message": "x"})
    desk.get(freeze)
    alice.refresh_from_db()
    assert (unreasoned.status_code, alice.is_frozen) == (422, False)

    desk.post(freeze, {"reason": "card stolen", "message": "We ask your bank."})
    alice.refresh_from_db()
    assert (alice.frozen_reason, alice.frozen_message) == ("card stolen", "We ask your bank.")
    assert desk.post(freeze, {"reason": "twice"}).status_code == 403

    desk.post(reverse("admin:accounts_user_unfreeze", args=[alice.pk]), {"reason": "all well"})
    alice.refresh_from_db()
    assert not alice.is_frozen


def test_buttons_that_would_do_nothing_are_not_there(colleague: Colleague, alice: User) -> None:
    desk = desk_of(colleague("support"))
    address = reverse("admin:accounts_user_change", args=[alice.pk])

    def offered() -> set[str]:
        page: Any = desk.get(address)
        return {
            str(each["path"]).rstrip("/").rsplit("/")[-1] for each in page.context["actions_detail"]
        }

    assert offered() == {"note", "see", "freeze"}
    User.objects.filter(pk=alice.pk).update(
        frozen_at=timezone.now(), cooling_until=timezone.now() + timedelta(hours=1)
    )
    assert offered() == {"note", "see", "unfreeze", "lift"}


def test_support_cannot_touch_a_colleague(colleague: Colleague, staff: User) -> None:
    desk = desk_of(colleague("support"))
    owner = colleague("owner")

    for user in (owner, staff):
        for act in ("freeze", "see_as"):
            address = reverse(f"admin:accounts_user_{act}", args=[user.pk])
            assert desk.post(address, {"reason": "x", "message": ""}).status_code == 403
        user.refresh_from_db()
        assert not user.is_frozen


def test_an_owner_takes_off_a_lost_second_step(
    colleague: Colleague, staff: User, client: Client
) -> None:
    support, owner = colleague("support"), colleague("owner")
    client.post("/sign-in/", {"login": support.email, "password": cast.PASSWORD})
    client.post("/sign-in/second-step/", {"code": cast.code_of(support)})
    assert client.get("/admin/").status_code == 200
    address = reverse("admin:accounts_user_take_off_step", args=[support.pk])

    assert desk_of(support).post(address, {"reason": "x"}).status_code == 403
    above = reverse("admin:accounts_user_take_off_step", args=[staff.pk])
    assert desk_of(owner).post(above, {"reason": "x"}).status_code == 403
    desk_of(owner).post(address, {"reason": "phone in the river; I saw her"})

    assert client.get("/admin/").status_code == 302
    assert "_auth_user_id" not in client.session
    client.post("/sign-in/", {"login": support.email, "password": cast.PASSWORD})
    assert client.get("/admin/")["Location"] == "/account/security/"
    entry = AuditEntry.objects.get(act=Act.STEP_OFF)
    assert (entry.by, entry.label, entry.reason) == (
        *(owner, support.email, "phone in the river; I saw her"),
    )
    assert entry.changes == {"steps": [["totp"], []]}


def test_an_account_with_a_note_stays_when_its_address_is_never_confirmed(
    staff: User, alice: User
) -> None:
    stranger = User.objects.create(
        email="stranger@example.test",
        plan=Plan.objects.get(code="free"),
        created_at=timezone.now() - timedelta(days=30),
    )
    EmailAddress.objects.create(user=stranger, email=stranger.email, primary=True)
    AccountNote.objects.create(user=stranger, text="called twice", by=staff)

    assert delete_unconfirmed(now=timezone.now()) == 0
    assert User.objects.filter(pk=stranger.pk).exists()
