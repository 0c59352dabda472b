"""What no row tells: failed sign-ins of staff, pauses by hand, and the deployment's settings."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from catalog.models import Country, Pause, Service, Supplier
from nexotp.lib.acting import acting
from office.actions import note_failed_sign_in, note_settings
from office.actions.knowing import OPEN, SECRET
from office.models import Act, AuditEntry, KnownSetting
from tests import cast
from tests.guards.test_source import example

pytestmark = pytest.mark.usefixtures("committed")

SIGN_IN = "/sign-in/"


def failures() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(act=Act.FAILED).order_by("pk"))


def test_a_wrong_password_at_a_colleagues_door_is_noted(
    client: Client, staff: User, alice: User
) -> None:
    for email in (staff.email.upper(), alice.email, "nobody@example.test"):
        client.post(SIGN_IN, {"login": email, "password": "guessed"}, REMOTE_ADDR="203.0.113.7")

    [failed] = failures()
    assert (failed.label, failed.row_id, failed.by) == (staff.email, str(staff.pk), None)
    assert (failed.address, failed.path) == ("203.0.113.7", SIGN_IN)
    assert failed.changes == {"step": [None, "password"]}
    assert "guessed" not in str(vars(failed))


def test_a_wrong_code_is_noted_too(client: Client, staff: User) -> None:
    client.post(SIGN_IN, {"login": staff.email, "password": cast.PASSWORD})
    client.post("/sign-in/second-step/", {"code": "000000"})

    [failed] = failures()
    assert failed.changes == {"step": [None, "code"]}
    assert failed.address == "127.0.0.1"


def test_guessing_does_not_fill_the_audit(staff: User) -> None:
    now = timezone.now()

    noted = [
        note_failed_sign_in(staff, step="password", address="203.0.113.7", path="", now=now)
        for _ in range(30)
    ]

    assert noted.count(True) == len(failures()) == 20
    later = now + timedelta(hours=1, seconds=1)
    assert note_failed_sign_in(staff, step="password", address="", path="", now=later)


def test_it_is_found_in_the_audit(client: Client, staff: User) -> None:
    client.post(SIGN_IN, {"login": staff.email, "password": "guessed"}, REMOTE_ADDR="203.0.113.7")
    client.force_login(staff)

    for words in ("203.0.113.7", staff.email):
        page = client.get(
            reverse("admin:office_auditentry_changelist"), {"q": words, "act__exact": Act.FAILED}
        )
        assert len(page.context["cl"].result_list) == 1, words


def test_a_pause_by_a_person_is_noted_and_one_by_a_failure_is_not(
    alpha: Supplier, staff: User
) -> None:
    service, country = Service.objects.get(code="whatsapp"), Country.objects.get(code="id")
    until = timezone.now() + timedelta(hours=1)
    goods = {"supplier": alpha, "service": service, "country": country, "until": until}

    Pause.objects.create(**goods, reason="banned")
    Pause.objects.all().delete()
    assert not AuditEntry.objects.filter(subject="catalog_pause").exists()

    with acting(lambda: {"by": staff.pk}):
        pause = Pause.objects.create(**goods)
        pause.delete()
    added, lifted = AuditEntry.objects.filter(subject="catalog_pause").order_by("pk")
    assert (added.act, lifted.act) == (Act.INSERT, Act.DELETE)
    assert {added.by, lifted.by} == {staff}


def test_changed_settings_are_noted_once_with_what_they_were(settings: Settings) -> None:
    now = timezone.now()
    assert note_settings(now=now) == {}
    assert note_settings(now=now) == {}

    settings.REFUND_LIMIT = 75_000
    settings.TOP_UP_PRESETS = [1, 2]
    changes = note_settings(now=now)

    assert changes["REFUND_LIMIT"] == ["50000", "75000"]
    assert set(changes) == {"REFUND_LIMIT", "TOP_UP_PRESETS"}
    assert note_settings(now=now) == {}
    entry = AuditEntry.objects.get(act=Act.SETTINGS)
    assert (entry.by, entry.changes) == (None, changes)
    assert KnownSetting.objects.get(pk="REFUND_LIMIT").value == "75000"


def test_a_secret_is_told_as_changed_and_stands_nowhere(settings: Settings) -> None:
    note_settings(now=timezone.now())
    settings.EMAIL_HOST_PASSWORD = "hunter3"
    settings.CELERY_BROKER_URL = "redis://:hunter2@valkey:6379/0"

    changes = note_settings(now=timezone.now())

    assert changes == {"BROKER_URL": ["•••", "•••"], "EMAIL_URL": ["•••", "•••"]}
    kept = str(list(KnownSetting.objects.values_list())) + str(
        list(AuditEntry.objects.values_list("changes"))
    )
    for secret in ("hunter", settings.SECRET_KEY, settings.API_KEY_PEPPERS, settings.REDIS_URL):
        assert secret not in kept


def test_a_new_secret_key_changes_itself_alone(settings: Settings) -> None:
    note_settings(now=timezone.now())
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "quite another one"

    changes = note_settings(now=timezone.now())

    assert set(changes) == {"SECRET_KEY", "SECRET_KEY_FALLBACKS"}
    assert note_settings(now=timezone.now()) == {}


def test_every_setting_is_watched_or_left_out_on_purpose() -> None:
    # Where processes run and what they write: of no interest a week later.
    left_out = {
        *("NEXOTP_DATA", "NEXOTP_TEST_DATA", "PORT", "LIVE_PORT", "WEB_ADDRESS", "LIVE_ADDRESS"),
        *("LOG_LEVEL", "DB_POOL_MIN", "DB_POOL_MAX", "POSTGRES_PASSWORD"),
    }

    assert example() - left_out == {*OPEN, *SECRET}
