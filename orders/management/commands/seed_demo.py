import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from accounts import keys
from accounts.actions import create_api_key, create_user
from accounts.demo import ADMIN, SECRET, give_second_step
from accounts.models import ApiKey, Mode, User
from catalog.actions import SyncFailed, exchange_rates, refresh_balance, sync_catalogue
from catalog.models import ExchangeRate, PricingRule, Supplier
from suppliers.base import SupplierError
from suppliers.simulator.demo import DEMO
from wallet.actions import credit_top_up
from wallet.gateways.simulator.books import DEFAULT_KEY as GATEWAY_KEY
from wallet.gateways.simulator.books import DEFAULT_SECRET as GATEWAY_SECRET
from wallet.models import PaymentMethod

BUYER, PASSWORD = "buyer@nexotp.test", "nexotp-demo"
OPENING_BALANCE = 500_000


class Command(BaseCommand):
    help = "Fill an empty shop so that it can be tried: people, keys, suppliers, prices."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--supplier-url", required=True, help="the simulator's handler")
        parser.add_argument(
            "--all-suppliers", action="store_true", help="the simulator serves the others, too"
        )
        parser.add_argument("--supplier-key", default="simulator-key")
        parser.add_argument("--gateway-url", default="", help="the simulated payment gateway")

    def handle(self, *args: Any, **options: Any) -> None:
        buyer, admin = _person(BUYER), _person(ADMIN, is_staff=True)
        give_second_step(admin)
        credit_top_up(
            user=buyer, amount=OPENING_BALANCE, top_up_id=f"demo:{buyer.public_id}", by=admin
        )
        _rates_and_rules()
        _ways_to_pay(options["gateway_url"])
        url, key = options["supplier_url"], options["supplier_key"]
        suppliers = [
            _supplier("alpha", "Simulator", "smsactivate", url=url, key=key),
            _supplier("sandbox", "Sandbox", "sandbox", mode=Mode.SANDBOX),
        ]
        if options["all_suppliers"]:
            root = url.removesuffix("/stubs/handler_api.php")
            suppliers += [
                _supplier(
                    other.code,
                    other.name,
                    other.protocol,
                    url=other.url(root),
                    key=key,
                    currency=other.currency,
                )
                for other in DEMO
            ]
        for supplier in suppliers:
            self._read_catalogue(supplier)
        logins = {
            "buyer": {"email": BUYER, "password": PASSWORD},
            "admin": {"email": ADMIN, "password": PASSWORD, "second_step": SECRET},
            "live_key": _demo_key(buyer, Mode.LIVE),
            "sandbox_key": _demo_key(buyer, Mode.SANDBOX),
        }
        self.stdout.write(json.dumps(logins))

    def _read_catalogue(self, supplier: Supplier) -> None:
        if supplier.synced_at is not None:
            return
        try:
            sync_catalogue(supplier, now=timezone.now())
            refresh_balance(supplier, now=timezone.now())
        except (SyncFailed, SupplierError) as failure:
            self.stderr.write(f"{supplier}: catalogue not read yet ({failure})")


def _supplier(
    code: str,
    name: str,
    protocol: str,
    *,
    url: str = "",
    key: str = "",
    currency: str = "USD",
    mode: Mode = Mode.LIVE,
) -> Supplier:
    supplier, is_new = Supplier.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "protocol": protocol,
            "mode": mode,
            "base_url": url,
            "currency": currency,
            "options": {"requests_per_second": "200"} if url else {},
        },
    )
    if url and (is_new or supplier.base_url != url):
        supplier.base_url = url
        supplier.set_api_key(key)
        supplier.save()
    return supplier


def _person(email: str, *, is_staff: bool = False) -> User:
    found = User.objects.filter(email=email).first()
    if found is None:
        return create_user(email=email, password=PASSWORD, is_staff=is_staff)
    # A demo of an older version has people whose address nobody confirmed.
    EmailAddress.objects.get_or_create(
        user=found, email=email, defaults={"verified": True, "primary": True}
    )
    return found


def _rates_and_rules() -> None:
    now = timezone.now()
    # Demo rates are renewed at every start, as a rate that is days old prices nothing.
    for currency, rate in (("USD", "16250"), ("RUB", "205")):
        if currency not in exchange_rates(now):
            ExchangeRate.objects.create(
                currency=currency, rate=Decimal(rate), as_of=now, source="demo"
            )
    if not PricingRule.objects.exists():
        PricingRule.objects.create(
            markup_percent=Decimal(40), markup_fixed=250, floor=1_000, rounding=100
        )


def _ways_to_pay(gateway_url: str) -> None:
    PaymentMethod.objects.get_or_create(
        code="bank",
        defaults={
            "name": "Bank Demo",
            "protocol": "bank_transfer",
            "account_number": "1234567890",
            "account_holder": "PT NexOTP Demo",
            "position": 20,
        },
    )
    if not gateway_url:
        return
    method, _is_new = PaymentMethod.objects.get_or_create(
        code="demo-pay",
        defaults={"name": "Demo Pay", "protocol": "simulated", "base_url": gateway_url},
    )
    method.base_url = gateway_url
    method.set_secrets(api_key=GATEWAY_KEY, callback_secret=GATEWAY_SECRET)
    method.save()


def _demo_key(user: User, mode: Mode) -> str:
    """Return a key that only this installation's secret can make, so that it can be shown again."""
    secret = hmac.digest(settings.SECRET_KEY.encode(), f"demo:{mode}".encode(), hashlib.sha256)
    text = secret.hex()
    key = keys.assemble(mode, text[:10], text[10:42])
    if not ApiKey.objects.filter(public_id=text[:10]).exists():
        create_api_key(user=user, mode=mode, name="Demo", key=key)
    return key
