"""Staff sees the shop as a customer does: to look, for minutes, with nothing secret in sight."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import ApiKey, Mode, User
from catalog.models import Supplier
from nexotp.live.address import live
from office.actions import NotToBeSeen, begin_view, end_overdue_views
from office.models import Act, AuditEntry, CustomerView
from office.viewing import VIEWABLE
from orders.models import Order
from suppliers.simulator.remote import RemoteSimulator
from tests import cast
from tests.office.conftest import Colleague, desk_of, receive
from tests.wallet.top_ups import scenes
from wallet.models import LedgerAccount, TopUp
from webhooks.actions import create_endpoint
from webhooks.models import Endpoint

pytestmark = pytest.mark.usefixtures("committed", "simulator")

BANNER = "You can only look."
# Answered without any session: by key, by token or for everybody alike.
WITHOUT_SESSION = ("api/v1/", "wp-json/nexotp/v1/", "hooks/")


@pytest.fixture
def support(colleague: Colleague) -> User:
    return colleague("support")


@pytest.fixture
def desk(support: User, alice: User) -> Client:
    """A colleague's browser that looks at the shop as alice."""
    return looking(support, alice)


def looking(by: User, user: User) -> Client:
    desk = desk_of(by)
    begun = desk.post(
        reverse("admin:accounts_user_see_as", args=[user.pk]), {"reason": "cannot find her code"}
    )
    assert begun["Location"] == "/buy/"
    return desk


def rows() -> dict[str, int]:
    """How many rows there are of everything that a customer could change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
            " AND relname NOT IN ('django_session', 'office_auditentry', 'office_customerview')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        counted = {}
        for table in tables:
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t")
            counted[table] = cursor.fetchone()[0]
    return counted


def test_the_pages_are_the_customers(
    desk: Client, alice: User, support: User, alpha: Supplier, simulator: RemoteSimulator
) -> None:
    order = receive(alice, alpha, simulator)
    key = cast.key_for(alice)
    row = ApiKey.objects.get()
    endpoint, secret = create_endpoint(
        user=alice,
        mode=Mode.LIVE,
        url="https://alice.test/hook",
        events=["order.received"],
        now=timezone.now(),
    )
    top_up = scenes.opened(alice, scenes.bank_method())
    before = rows()
    names = {
        "choose_country": ["whatsapp"],
        "confirm": ["whatsapp", "id"],
        "service_prices": ["whatsapp"],
        "country_prices": ["id"],
        "order": [order.public_id],
        "receipt": [order.public_id],
        "show_top_up": [top_up.public_id],
        "key": [row.public_id],
        "webhook": [endpoint.public_id],
        "batch": ["nothing-bought"],
    }

    seen = {}
    for name in sorted(VIEWABLE):
        page = desk.get(reverse(name, args=names.get(name)), follow=True)
        seen[name] = page.status_code
        text = page.content.decode()
        assert key not in text, name
        assert secret not in text, name
        if page["Content-Type"].startswith("text/html") and name != "batch":
            assert BANNER in text, name
            assert alice.email in text, name
            assert 'src="/static/js/live' not in text, name
            assert "no-store" in page["Cache-Control"], name

    assert set(seen.values()) - {200} == {404}
    assert [name for name, status in seen.items() if status == 404] == ["batch"]
    assert "4711" in desk.get(reverse("order", args=[order.public_id])).content.decode()
    assert rows() == before


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, route)
        else:
            yield route, each


def is_without_session(route: str) -> bool:
    return route.startswith(WITHOUT_SESSION) or "handler_api" in route


def address_of(route: str) -> str:
    """An address that the route takes."""
    values = {"int": "1", "slug": "x", "str": "x", "path": "x", "uuid": "0" * 32}
    plain = re.sub(r"<(?:(\w+):)?\w+>", lambda found: values.get(found[1] or "str", "x"), route)
    plain = re.sub(r"\(\?P<\w+>[^)]*\)", "1", plain)
    return "/" + re.sub(r"[\^$?\\]", "", plain)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_no_route_takes_anything_but_reading(desk: Client, alice: User, method: str) -> None:
    cast.buy(alice)
    before = rows()
    end = reverse("admin:accounts_user_end_view")
    answered: dict[str, int] = {}

    for route, _pattern in routes(get_resolver().url_patterns):
        address = address_of(route)
        if is_without_session(route) or address == end:
            continue
        answered[address] = getattr(desk, method)(address).status_code

    assert len(answered) > 150
    assert {address for address, status in answered.items() if status != 403} == set()
    assert rows() == before
    assert BANNER in desk.get("/wallet/").content.decode()


def test_only_named_pages_are_read(desk: Client, alice: User) -> None:
    before = rows()
    answered: dict[str, int] = {}

    for route, pattern in routes(get_resolver().url_patterns):
        if is_without_session(route) or route.startswith("admin/") or pattern.name in VIEWABLE:
            continue
        answered[route] = desk.get(address_of(route)).status_code

    assert len(answered) > 50
    assert {route for route, status in answered.items() if status != 403} == set()
    for closed in ("mfa_index", "mfa_view_recovery_codes", "account_change_password", "account"):
        assert desk.get(reverse(closed)).status_code == 403, closed
    assert rows() == before


def test_a_named_page_that_writes_all_the_same_has_not(desk: Client, alice: User) -> None:
    top_up = scenes.opened(alice, scenes.online_method("http://127.0.0.1:9"))
    later = timezone.now() + timedelta(hours=1)
    TopUp.objects.update(next_check_at=later, gateway_reference="made")
    address = reverse("show_top_up", args=[top_up.public_id])
    before = rows()

    assert desk.get(address, {"back": "1"}).status_code == 403
    assert rows() == before
    assert desk.get(address).status_code == 200


def test_it_ends_by_the_button_and_the_session_is_as_before(
    desk: Client, alice: User, support: User
) -> None:
    before = dict(desk.session)
    assert before["_auth_user_id"] == str(support.pk)

    ended = desk.post(reverse("admin:accounts_user_end_view"))

    assert ended["Location"] == reverse("admin:accounts_user_change", args=[alice.pk])
    before.pop("viewing")
    assert dict(desk.session) == before
    assert desk.get(ended["Location"]).status_code == 200
    assert support.email in desk.get("/account/").content.decode()
    began, over = AuditEntry.objects.filter(act__in=[Act.VIEW_BEGAN, Act.VIEW_ENDED]).order_by("pk")
    assert (began.by, began.label, began.reason) == (support, alice.email, "cannot find her code")
    assert (began.address, began.path) == (
        "127.0.0.1",
        reverse("admin:accounts_user_see_as", args=[alice.pk]),
    )
    assert (over.by, over.label, over.act) == (support, alice.email, Act.VIEW_ENDED)


def test_it_ends_by_itself_and_what_was_sent_then_does_nothing(
    desk: Client, alice: User, support: User
) -> None:
    CustomerView.objects.update(
        began_at=timezone.now() - timedelta(minutes=16),
        until=timezone.now() - timedelta(minutes=1),
    )
    cast.give(support, 100_000)
    goods = {"provider": "any", "mode": "live", "max_price": "99999", "quantity": "1"}

    late = desk.post("/buy/whatsapp/id/", goods | {"key": "buy_01M8QYVM09WQFGA8N9G51X30T5"})

    assert late["Location"] == reverse("admin:accounts_user_change", args=[alice.pk])
    assert not Order.objects.exists()
    assert BANNER not in desk.get("/wallet/").content.decode()
    over = AuditEntry.objects.get(act=Act.VIEW_ENDED)
    assert over.changes == {"seconds": [None, 900]}


def test_a_part_of_a_page_that_asks_again_leads_away(desk: Client, alice: User) -> None:
    CustomerView.objects.update(
        began_at=timezone.now() - timedelta(minutes=16),
        until=timezone.now() - timedelta(minutes=1),
    )

    part = desk.get("/orders/", headers={"HX-Request": "true"})

    assert part["HX-Redirect"] == reverse("admin:accounts_user_change", args=[alice.pk])


def test_what_nobody_ends_is_ended(desk: Client) -> None:
    later = timezone.now() + timedelta(minutes=15)

    assert end_overdue_views(now=later - timedelta(minutes=1)) == 0
    assert end_overdue_views(now=later) == 1
    assert end_overdue_views(now=later) == 0

    assert CustomerView.objects.get().ended_at is not None
    assert AuditEntry.objects.filter(act=Act.VIEW_ENDED).count() == 1


@pytest.mark.parametrize("changed", ["right", "staff", "customer"])
def test_it_ends_when_the_right_does(
    desk: Client, alice: User, support: User, changed: str
) -> None:
    if changed == "right":
        support.groups.clear()
    elif changed == "staff":
        User.objects.filter(pk=support.pk).update(is_staff=False)
    else:
        User.objects.filter(pk=alice.pk).update(is_staff=True)

    answer = desk.get("/wallet/")

    assert answer.status_code == 302
    assert BANNER not in desk.get("/wallet/").content.decode()
    assert CustomerView.objects.get().ended_at is not None


def test_never_of_colleagues_and_never_of_oneself(
    colleague: Colleague, staff: User, alice: User
) -> None:
    owner, support = colleague("owner"), colleague("support")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    closed = User.objects.get(pk=alice.pk)

    for by, user in (
        *((owner, staff), (owner, support), (support, owner), (support, support), (owner, owner)),
        (support, closed),
    ):
        with pytest.raises(NotToBeSeen):
            begin_view(user, by=by, reason="x", now=timezone.now())
        address = reverse("admin:accounts_user_see_as", args=[user.pk])
        assert desk_of(by).post(address, {"reason": "x"}).status_code == 403
    assert begin_view(support, by=staff, reason="x", now=timezone.now()).ended_at is None


def test_another_look_ends_the_one_before(desk: Client, support: User, bob: User) -> None:
    desk.post(reverse("admin:accounts_user_end_view"))
    first = looking(support, bob)
    second = looking(support, bob)

    assert first.get("/wallet/").status_code == 302
    assert second.get("/wallet/").status_code == 200
    assert CustomerView.objects.filter(ended_at=None).count() == 1


def test_a_view_of_somebody_else_is_no_use(desk: Client, alice: User, bob: User) -> None:
    """Its number alone, put into another session, opens nothing."""
    view = CustomerView.objects.get()
    thief = Client(headers={"Accept-Language": "en"})
    thief.force_login(bob)
    session = thief.session
    session["viewing"] = view.pk
    session.save()

    page = thief.get("/wallet/").content.decode()
    assert bob.email in page
    assert alice.email not in page
    assert CustomerView.objects.get().ended_at is None
    assert BANNER in desk.get("/wallet/").content.decode()


def test_the_wallets_are_there_before_anybody_looks(support: User) -> None:
    fresh = cast.open_account("fresh")
    desk = looking(support, fresh)

    assert desk.get("/wallet/").status_code == 200
    assert LedgerAccount.objects.filter(owner=fresh).count() == len(Mode)


def test_the_live_stream_is_off(desk: Client) -> None:
    request = desk.get("/orders/").wsgi_request

    assert live(request) == {}


def test_signing_out_and_the_colleagues_own_changes_wait(
    desk: Client, support: User, alice: User
) -> None:
    frozen = desk.post(
        reverse("admin:accounts_user_freeze", args=[alice.pk]), {"reason": "x", "message": ""}
    )
    out = desk.post(reverse("account_logout"))

    assert (frozen.status_code, out.status_code) == (403, 403)
    alice.refresh_from_db()
    assert not alice.is_frozen
    assert desk.get(reverse("admin:accounts_user_change", args=[alice.pk])).status_code == 200
    assert not Endpoint.objects.exists()


def test_a_customer_of_older_terms_is_seen_and_nobody_answers_for_them(
    desk: Client, alice: User
) -> None:
    User.objects.filter(pk=alice.pk).update(terms_version="2001-01-01")
    before = dict(desk.session)

    page = desk.get("/wallet/", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert BANNER in page.content.decode()
    assert dict(desk.session) == before
    assert desk.get("/terms/agree/").status_code == 403
