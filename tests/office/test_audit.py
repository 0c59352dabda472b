"""The audit: every change is noted with who made it, and nothing noted can be changed."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import revoke_api_key
from accounts.models import User
from catalog.actions import reprice_offers
from catalog.models import PricingRule, ServiceMapping, Supplier
from nexotp.lib.acting import acting, because
from office.models import Act, AuditEntry
from office.triggers import AUDITED
from tests import cast

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def entries(table: str, **where: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(subject=table, **where).order_by("pk"))


def last(table: str, **where: Any) -> AuditEntry:
    return entries(table, **where)[-1]


RULE = {"markup_percent": "50", "markup_fixed": "0", "floor": "1", "rounding": "100"}


def test_a_price_changed_in_the_admin_names_who_did_it_and_from_where(
    desk: Client, staff: User
) -> None:
    rule = PricingRule.objects.get()
    address = reverse("admin:catalog_pricingrule_change", args=[rule.pk])

    desk.post(address, RULE | {"is_active": "on"})

    entry = last("catalog_pricingrule", act=Act.UPDATE)
    assert (entry.by, entry.row_id, entry.path) == (staff, str(rule.pk), address)
    assert entry.address == "127.0.0.1"
    assert entry.request_id.startswith("req_")
    assert entry.changes["markup_percent"] == [40.0, 50.0]
    assert "rounding" not in entry.changes
    rule.save()
    reprice_offers(now=timezone.now())


def test_a_change_past_django_is_noted_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_pricingrule SET markup_fixed = markup_fixed + 1")
    PricingRule.objects.update(markup_fixed=250)

    there, back = entries("catalog_pricingrule", act=Act.UPDATE)[-2:]
    assert there.changes == {"markup_fixed": [250, 251]}
    assert back.changes == {"markup_fixed": [251, 250]}
    assert there.by is None


def test_a_new_and_a_deleted_rule_are_noted_whole(desk: Client, staff: User) -> None:
    desk.post(reverse("admin:catalog_pricingrule_add"), RULE | {"is_active": "on"})
    rule = PricingRule.objects.latest("pk")
    desk.post(reverse("admin:catalog_pricingrule_delete", args=[rule.pk]), {"post": "yes"})

    added, deleted = entries("catalog_pricingrule", row_id=str(rule.pk))
    assert (added.act, added.changes["markup_percent"]) == (Act.INSERT, [None, 50.0])
    assert (deleted.act, deleted.changes["markup_percent"]) == (Act.DELETE, [50.0, None])
    assert {added.by, deleted.by} == {staff}


def test_a_secret_is_noted_as_changed_and_never_kept(alpha: Supplier, alice: User) -> None:
    alpha.set_api_key("brand-new-key")
    alpha.save()
    alice.set_password("quite another one")
    alice.save()
    cast.key_for(alice)

    supplier = last("catalog_supplier", act=Act.UPDATE)
    assert supplier.changes == {"api_key_encrypted": ["•••", "•••"]}
    assert last("accounts_user", act=Act.UPDATE).changes == {"password": ["•••", "•••"]}
    assert last("accounts_apikey").changes["digest"] == ["•••", "•••"]
    alpha.set_api_key("simulator-key")
    alpha.save()


def test_what_machines_write_is_no_change(alpha: Supplier, alice: User) -> None:
    before = AuditEntry.objects.count()

    Supplier.objects.filter(pk=alpha.pk).update(
        poll_lease_until=timezone.now(), balance=5, failure_count=3, synced_at=timezone.now()
    )
    User.objects.filter(pk=alice.pk).update(last_login=timezone.now())
    mapping = ServiceMapping.objects.filter(is_reviewed=True).first()
    assert mapping is not None
    ServiceMapping.objects.filter(pk=mapping.pk).update(listing_count=9_999)

    assert AuditEntry.objects.count() == before


def test_placing_an_order_writes_nothing_into_the_audit(alice: User, simulator: object) -> None:
    before = AuditEntry.objects.count()

    cast.buy(alice)

    assert AuditEntry.objects.count() == before


def test_a_mapping_is_noted_when_a_person_agrees(desk: Client, staff: User) -> None:
    mapping = ServiceMapping.objects.filter(is_reviewed=True, service__isnull=False).first()
    assert mapping is not None
    ServiceMapping.objects.filter(pk=mapping.pk).update(is_reviewed=False)

    desk.post(
        reverse("admin:catalog_servicemapping_changelist"),
        {"action": "accept", "_selected_action": [mapping.pk]},
    )

    entry = last("catalog_servicemapping")
    assert (entry.by, entry.changes) == (staff, {"is_reviewed": [False, True]})


def test_a_revoked_key_and_a_changed_group_name_their_account(alice: User, staff: User) -> None:
    cast.key_for(alice)
    key = alice.api_keys.get()

    with acting(lambda: {"by": staff.pk}), because("leaked"):
        revoke_api_key(key, now=timezone.now())
        alice.groups.create(name="friends")

    revoked = last("accounts_apikey", act=Act.UPDATE)
    assert (revoked.by, revoked.reason, set(revoked.changes)) == (staff, "leaked", {"revoked_at"})
    assert last("accounts_user_groups").row_id == str(alice.pk)
    alice.groups.all().delete()


def test_staff_signing_in_is_noted_and_customers_are_not(
    client: Client, alice: User, staff: User
) -> None:
    login = reverse("account_login")

    client.post(login, {"login": staff.email, "password": cast.PASSWORD})
    assert not AuditEntry.objects.filter(act=Act.SIGN_IN).exists()
    client.post(reverse("mfa_authenticate"), {"code": cast.code_of(staff)})
    client.logout()
    client.post(login, {"login": alice.email, "password": cast.PASSWORD})
    assert client.session["_auth_user_id"] == str(alice.pk)

    signed_in = AuditEntry.objects.get(act=Act.SIGN_IN)
    second = reverse("mfa_authenticate")
    assert (signed_in.by, signed_in.path, signed_in.address) == (staff, second, "127.0.0.1")


def test_who_acts_is_forgotten_when_the_transaction_ends(staff: User) -> None:
    with acting(lambda: {"by": staff.pk}):
        PricingRule.objects.update(markup_fixed=251)
    PricingRule.objects.update(markup_fixed=250)

    there, back = entries("catalog_pricingrule", act=Act.UPDATE)[-2:]
    assert (there.by, back.by) == (staff, None)


def test_reading_asks_for_nothing_more(desk: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        desk.get(reverse("admin:catalog_pricingrule_changelist"))

    assert not [query for query in queries if "set_config" in query["sql"]]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE office_auditentry SET reason = 'nothing happened'",
        "DELETE FROM office_auditentry",
        "TRUNCATE office_auditentry",
    ],
)
def test_the_audit_is_append_only(statement: str, alice: User) -> None:
    assert AuditEntry.objects.filter(subject="accounts_user").exists()

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_every_audited_table_has_its_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname IN ('office_audit_insert', 'office_audit_update',"
            " 'office_audit_delete') GROUP BY relname"
        )
        found = dict(cursor.fetchall())

    assert found == {each.table: 3 for each in AUDITED}


def test_the_audit_is_found_by_who_and_by_what(desk: Client, staff: User, alice: User) -> None:
    desk.post(
        reverse("admin:accounts_user_change", args=[alice.pk]),
        {"email": alice.email, "plan": alice.plan_id},
    )
    entry = last("accounts_user", act=Act.UPDATE)
    assert entry.changes == {"is_active": [True, False]}

    for words in (staff.email, alice.email, entry.request_id):
        page = desk.get(reverse("admin:office_auditentry_changelist"), {"q": words})
        assert entry.pk in [row.pk for row in page.context["cl"].result_list], words
    page = desk.get(reverse("admin:office_auditentry_change", args=[entry.pk]))
    assert page.status_code == 200
    assert (
        desk.post(
            reverse("admin:office_auditentry_change", args=[entry.pk]), {"reason": "x"}
        ).status_code
        == 403
    )
