"""Who gets in, from where, for how long, and for what."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import Settings

from accounts.actions import InvalidScope, create_api_key, note_key_use, revoke_api_key
from accounts.models import ApiKey, Mode, Scope, User
from nexotp.lib.addresses import client_address
from tests import cast

BALANCE = "/api/v1/balance"


def refusal(client: Client, headers: dict[str, str], **meta: str) -> tuple[int, str]:
    """Return the status and the error code of asking for the balance."""
    answer = client.get(BALANCE, headers=headers, **meta)  # type: ignore[arg-type]
    return answer.status_code, answer.json()["error"]["code"]


def test_either_header_opens_the_door(alice: User, client: Client) -> None:
    key = cast.key_for(alice)
    ways = [
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"bearer {key}"},
        {"X-NexOTP-API-Key": key},
        {"Authorization": f"Bearer {key}", "X-NexOTP-API-Key": key},
    ]

    answers = [client.get(BALANCE, headers=headers) for headers in ways]

    assert [answer.status_code for answer in answers] == [200] * 4


def test_two_different_keys_are_refused(alice: User, bob: User, client: Client) -> None:
    headers = {**cast.bearer(cast.key_for(alice)), "X-NexOTP-API-Key": cast.key_for(bob)}

    assert refusal(client, headers) == (401, "conflicting_api_keys")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YWxpY2U6eA=="},
        {"X-NexOTP-API-Key": " "},
    ],
)
def test_without_a_key_nobody_gets_in(db: None, client: Client, headers: dict[str, str]) -> None:
    assert refusal(client, headers) == (401, "missing_api_key")


def test_a_401_says_how_to_authenticate(db: None, client: Client) -> None:
    answers = [client.get(BALANCE), client.get(BALANCE, headers=cast.bearer("wrong"))]

    assert [answer["WWW-Authenticate"] for answer in answers] == ['Bearer realm="NexOTP"'] * 2


def test_a_well_formed_key_that_nobody_has_is_refused(
    alice: User, bob: User, client: Client
) -> None:
    key = cast.key_for(alice)
    ApiKey.objects.all().delete()

    assert refusal(client, cast.bearer(key)) == (401, "invalid_api_key")


def test_a_live_key_with_a_test_prefix_is_no_sandbox_key(alice: User, client: Client) -> None:
    from accounts import keys

    live = cast.key_for(alice)
    forged = keys.assemble("sandbox", live[8:18], live[18:50])

    assert refusal(client, cast.bearer(forged)) == (401, "invalid_api_key")


def test_revocation_is_immediate(alice: User, client: Client) -> None:
    row, key = create_api_key(user=alice, mode=Mode.LIVE)
    assert client.get(BALANCE, headers=cast.bearer(key)).status_code == 200

    revoke_api_key(row, now=timezone.now())

    assert refusal(client, cast.bearer(key)) == (401, "invalid_api_key")


def test_a_second_revocation_keeps_the_first_time(alice: User) -> None:
    row, _key = create_api_key(user=alice, mode=Mode.LIVE)
    first = timezone.now()
    revoke_api_key(row, now=first)

    revoke_api_key(row, now=first + timedelta(hours=1))

    row.refresh_from_db()
    assert row.revoked_at == first


def test_a_key_of_a_closed_account_is_refused(alice: User, client: Client) -> None:
    key = cast.key_for(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert refusal(client, cast.bearer(key)) == (401, "invalid_api_key")


def test_a_key_ends_with_its_time(alice: User, client: Client) -> None:
    now = timezone.now()
    ended = cast.key_for(alice, expires_at=now - timedelta(seconds=1))
    lasting = cast.key_for(alice, expires_at=now + timedelta(hours=1))

    assert refusal(client, cast.bearer(ended)) == (401, "key_expired")
    assert client.get(BALANCE, headers=cast.bearer(lasting)).status_code == 200


@pytest.mark.usefixtures("db")
def test_usable_keys_are_those_that_open_the_door(alice: User) -> None:
    now = timezone.now()
    open_, _ = create_api_key(user=alice, mode=Mode.LIVE)
    create_api_key(user=alice, mode=Mode.LIVE, expires_at=now)
    revoked, _ = create_api_key(user=alice, mode=Mode.LIVE)
    revoke_api_key(revoked, now=now)

    assert list(ApiKey.objects.usable(now)) == [open_]


ROUTES = [
    ("get", "/api/v1/balance", Scope.BALANCE_READ),
    ("get", "/api/v1/services", Scope.CATALOG_READ),
    ("get", "/api/v1/countries", Scope.CATALOG_READ),
    ("get", "/api/v1/providers", Scope.CATALOG_READ),
    ("get", "/api/v1/order/ord_01HX", Scope.ORDER_READ),
    ("post", "/api/v1/order", Scope.ORDER_WRITE),
    ("post", "/api/v1/order/ord_01HX/cancel", Scope.ORDER_WRITE),
    ("post", "/api/v1/order/ord_01HX/resend", Scope.ORDER_WRITE),
    ("post", "/api/v1/order/ord_01HX/finish", Scope.ORDER_WRITE),
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_each_call_needs_its_scope_and_no_other(
    alice: User, client: Client, method: str, path: str, scope: Scope
) -> None:
    others = [other for other in Scope.values if other != scope]
    lacking, having = cast.key_for(alice, scopes=others), cast.key_for(alice, scopes=[scope])

    refused = client.generic(method.upper(), path, headers=cast.bearer(lacking))
    let_in = client.generic(method.upper(), path, headers=cast.bearer(having))

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "scope_missing"
    assert refused.json()["error"]["details"] == {"scope": scope}
    assert let_in.status_code in {200, 400, 404}


def test_a_key_without_named_scopes_has_all(alice: User) -> None:
    row, _key = create_api_key(user=alice, mode=Mode.LIVE)

    assert row.scopes == Scope.values


def test_an_unknown_scope_is_refused(alice: User) -> None:
    with pytest.raises(InvalidScope):
        create_api_key(user=alice, mode=Mode.LIVE, scopes=["order:steal"])


@pytest.mark.parametrize(
    ("networks", "address", "gets_in"),
    [
        (["203.0.113.0/24"], "203.0.113.9", True),
        (["203.0.113.0/24"], "203.0.114.9", False),
        (["203.0.113.7"], "203.0.113.7", True),
        (["2001:db8::/32", "203.0.113.0/24"], "2001:db8::5", True),
        (["203.0.113.0/24"], "2001:db8::5", False),
        (["203.0.113.0/24"], "::ffff:203.0.113.9", True),
        (["203.0.113.0/24"], "no address", False),
        ([], "no address", True),
    ],
)
def test_an_allow_list_holds_callers_to_their_networks(
    alice: User, client: Client, networks: list[str], address: str, gets_in: bool
) -> None:
    key = cast.key_for(alice, allowed_networks=networks)

    answer = client.get(BALANCE, headers=cast.bearer(key), REMOTE_ADDR=address)

    assert answer.status_code == (200 if gets_in else 403)
    assert gets_in or answer.json()["error"]["code"] == "ip_not_allowed"


def test_a_forwarded_address_counts_for_nothing_without_a_proxy(
    alice: User, client: Client
) -> None:
    key = cast.key_for(alice, allowed_networks=["203.0.113.0/24"])
    headers = {**cast.bearer(key), "X-Forwarded-For": "203.0.113.9"}

    assert refusal(client, headers, REMOTE_ADDR="198.51.100.1") == (403, "ip_not_allowed")


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6,203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, " , ", "10.0.0.1"),
    ],
)
def test_forwarded_addresses_are_believed_as_deep_as_our_proxies_go(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get(
        BALANCE, REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded}
    )

    assert client_address(request) == expected


def test_use_is_noted_at_most_every_five_minutes(alice: User) -> None:
    row, _key = create_api_key(user=alice, mode=Mode.LIVE)
    start = timezone.now()
    noted = []

    for minutes in (0, 1, 5, 6, 10, 12):
        note_key_use(row, now=start + timedelta(minutes=minutes))
        row.refresh_from_db()
        assert row.last_used_at is not None
        noted.append((row.last_used_at - start) // timedelta(minutes=1))

    assert noted == [0, 0, 0, 6, 6, 12]


def test_a_busy_key_is_written_once(alice: User, client: Client) -> None:
    key = cast.key_for(alice)
    statements: list[str] = []

    def watch(execute, sql, params, many, context):
        if "UPDATE" in sql and "last_used_at" in sql:
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        for _ in range(5):
            client.get(BALANCE, headers=cast.bearer(key))

    assert len(statements) == 1


@pytest.mark.usefixtures("committed")
def test_use_is_noted_outside_the_business_transaction(alice: User, client: Client) -> None:
    key = cast.key_for(alice)
    inside: list[bool] = []

    def watch(execute, sql, params, many, context):
        if "UPDATE" in sql and "last_used_at" in sql:
            inside.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        answer = client.post(
            "/api/v1/order", "{}", content_type="application/json", headers=cast.bearer(key)
        )

    assert answer.status_code == 400
    assert inside == [False]
    assert ApiKey.objects.get().last_used_at is not None
    assert not transaction.get_connection().in_atomic_block
