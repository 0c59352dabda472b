"""The people and the things that tests are about, reached through the shop's own actions."""

import time
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.actions import create_api_key, create_user
from accounts.demo import SECRET, code_at
from accounts.mails import open_mail
from accounts.models import Mode, OutgoingMail, User
from catalog.actions import sync_catalogue
from catalog.models import Country, ExchangeRate, PricingRule, Service, Supplier
from catalog.pausing import lift_pauses
from nexotp.lib.ids import new_id
from orders.actions import OrderRequest, place_order
from orders.models import Order, PurchaseAttempt
from orders.states import FINAL, Status
from wallet.actions import credit_top_up, open_wallet

PASSWORD = "correct horse battery"


def open_account(name: str, *, plan: str = "pro", is_staff: bool = False) -> User:
    user = create_user(
        email=f"{name}@example.test", password=PASSWORD, plan=plan, is_staff=is_staff
    )
    if is_staff:
        give_second_step(user)
    return user


def give_second_step(user: User) -> None:
    """An authenticator app, as everybody who works in the admin has."""
    TOTP.activate(user, SECRET)


def code_of(user: User, *, steps: int = 0) -> str:
    """Return what the person's authenticator app shows, now or some half minutes away."""
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return code_at(SECRET, time.time() + 30 * steps)


def show_second_step(session: SessionBase, user: User) -> None:
    """Let a session be one in which the code was typed, as after a real sign-in of staff."""
    key = AUTHENTICATION_METHODS_SESSION_KEY
    session[key] = [*session.get(key, []), {"method": "mfa", "at": time.time(), "type": "totp"}]
    session["account_authentication_methods_user"] = user_id_to_str(user)


def give(user: User, amount: int, *, mode: str = Mode.LIVE) -> None:
    credit_top_up(user=user, amount=amount, top_up_id=new_id("gift"), by=None, mode=mode)


def balance(user: User, *, mode: str = Mode.LIVE) -> int:
    wallet = open_wallet(user=user, mode=mode)
    wallet.refresh_from_db()
    assert wallet.balance is not None
    return wallet.balance


def key_for(user: User, *, mode: Mode = Mode.LIVE, **options: Any) -> str:
    _row, key = create_api_key(user=user, mode=mode, **options)
    return key


def sign_in(browser: Client, user: User) -> None:
    """Sign somebody in who has typed the password a moment ago, as before keys and secrets."""
    browser.force_login(user)
    session = browser.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = user_id_to_str(user)
    if user.is_staff:
        show_second_step(session, user)
    session.save()


def let_time_pass_since_sign_in() -> None:
    """Let it be so long ago for everybody that the password is asked again."""
    for row in Session.objects.all():
        session = SessionStore(row.session_key)
        for shown in session.get(AUTHENTICATION_METHODS_SESSION_KEY, []):
            shown["at"] -= settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 60
        session.save()


def posted() -> list[EmailMessage]:
    """Return the mails that pages have written and no worker has sent yet, the oldest first."""
    return [open_mail(mail) for mail in OutgoingMail.objects.order_by("pk")]


def bearer(key: str) -> dict[str, str]:
    """Return the headers of a call with this key, for Django's test client."""
    return {"Authorization": f"Bearer {key}"}


def whatsapp_in_indonesia(**options: Any) -> OrderRequest:
    return OrderRequest(
        service=Service.objects.get(code="whatsapp"),
        country=Country.objects.get(code="id"),
        **options,
    )


def buy(user: User, *, mode: str = Mode.LIVE, **options: Any) -> Order:
    request = whatsapp_in_indonesia(**options)
    return place_order(request, user=user, mode=mode, now=timezone.now()).order


def forgive_suppliers() -> None:
    """Let every breaker be closed and every ban be over."""
    lift_pauses(Supplier.objects.all())


def order_row(user: User, status: str = "success", **fields: Any) -> Order:
    """An order that merely exists, for lists and counts: nothing was bought, no money moved."""
    now = timezone.now()
    is_final = status in FINAL
    values: dict[str, Any] = {
        "mode": Mode.LIVE,
        "service_id": "whatsapp",
        "country_id": "id",
        "provider": "any",
        "phone_number": "+6281234567890",
        "price": 1_000,
        "currency": "IDR",
        "expires_at": now + timedelta(minutes=20),
        "closed_at": now if is_final else None,
        "next_action_at": None if is_final else now + timedelta(hours=1),
    }
    if status == Status.CLOSING:
        values |= {"closing_as": Status.CANCELLED, "closing_since": now}
    return Order.objects.create(user=user, status=status, **values | fields)


def attempt_of(order: Order) -> PurchaseAttempt:
    return order.attempts.order_by("pk").last()  # type: ignore[return-value]


# A simulator bears more than suppliers do.
FAST = {"requests_per_second": "100000"}


def stock_the_shop(handler_url: str, api_key: str) -> None:
    """Fill the catalogue from a running simulator and from the sandbox."""
    now = timezone.now()
    ExchangeRate.objects.create(currency="USD", rate=Decimal(16_250), as_of=now)
    PricingRule.objects.create(
        markup_percent=Decimal(40), markup_fixed=250, floor=1_000, rounding=100
    )
    alpha = Supplier(
        code="alpha",
        name="Simulator",
        protocol="smsactivate",
        base_url=handler_url,
        options=FAST,
    )
    alpha.set_api_key(api_key)
    alpha.save()
    sandbox = Supplier.objects.create(
        code="sandbox", name="Sandbox", protocol="sandbox", mode=Mode.SANDBOX
    )
    for supplier in (alpha, sandbox):
        sync_catalogue(supplier, now=now)


# Emptied after a test that committed; the catalogue stays, but for the suppliers' moods.
_MOVED = [
    "office_auditentry",
    "office_accountnote",
    "office_customerview",
    "office_knownsetting",
    "office_approval",
    "office_bookscheck",
    "office_moneyhour",
    "office_orderhour",
    "office_salesday",
    "office_fold",
    "webhooks_deliveryattempt",
    "webhooks_delivery",
    "webhooks_event",
    "webhooks_secret",
    "webhooks_endpoint",
    "orders_ordermessage",
    "orders_straypurchase",
    "orders_supplierday",
    "orders_suppliertopup",
    "orders_purchaseattempt",
    "orders_order",
    "wallet_proof",
    "wallet_topup",
    "wallet_paymentmethod",
    "wallet_lowbalancenotice",
    "orders_favorite",
    "wallet_transfer",
    "wallet_ledgeraccount",
    "accounts_apikey",
    "accounts_ratecounter",
    "catalog_pause",
    "catalog_servicepicture",
    "catalog_syncrun",
    "catalog_block",
    "accounts_dailyusage",
    "accounts_outgoingmail",
    "django_admin_log",
    "django_session",
    "account_emailaddress",
    "mfa_authenticator",
    "usersessions_usersession",
    "accounts_user",
    "accounts_tier",
]


# What every test finds as it was when the session began.
_STANDING = [
    "accounts_plan",
    "catalog_country",
    "catalog_exchangerate",
    "catalog_pricingrule",
    "catalog_service",
    "catalog_supplier",
]


def remember_the_shop() -> None:
    """Keep a copy of the standing rows, to which `sweep_up` sets them back."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA standing")
        for table in _STANDING:
            cursor.execute(f"CREATE TABLE standing.{table} AS TABLE {table}")


_SET_BACK = """
UPDATE {table} AS row SET ({columns}) = (
    SELECT {columns} FROM standing.{table} AS standing WHERE standing.id = row.id
)
WHERE EXISTS (
    SELECT FROM standing.{table} AS standing
    WHERE standing.id = row.id AND standing::text IS DISTINCT FROM row::text
)
"""


@cache
def _columns_of(table: str) -> str:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return ", ".join(column.name for column in described)


def sweep_up() -> None:
    """Remove what a test committed, and set the standing rows back.

    Only a superuser can silence the ledger's own guards.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            for table in _MOVED:
                condition = "WHERE owner_id IS NOT NULL" if table.endswith("ledgeraccount") else ""
                cursor.execute(f"DELETE FROM {table} {condition}")
            cursor.execute("DELETE FROM catalog_pricingrule WHERE tier_id IS NOT NULL")
            for table in _STANDING:
                cursor.execute(_SET_BACK.format(table=table, columns=_columns_of(table)))
        finally:
            cursor.execute("SET session_replication_role = origin")
