"""What changed in the deployment's settings since its last start, noted in the audit.

They come from the environment, where no trigger watches. Of a secret only a keyed hash is kept,
enough to tell that it is another one.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from office.models import Act, AuditEntry, KnownSetting

#: by the names of the environment, where that is also what Django's settings call them
OPEN = (
    *("DEBUG", "SECURE", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "TRUSTED_PROXY_COUNT"),
    *(
        "UNCONFIRMED_DAYS",
        "TIME_ZONE",
        "MAINTENANCE_FILE",
        "MEDIA_ROOT",
        "MAIL_FOLDER",
        "DEFAULT_FROM_EMAIL",
    ),
    *("SHOP_CURRENCY", "SANDBOX_GRANT", "FLOOR_MARGIN_PERCENT", "LOW_BALANCE_THRESHOLD"),
    *("EXCHANGE_RATE_MAX_AGE_HOURS", "EXCHANGE_RATE_SOURCE", "EXCHANGE_RATE_URL"),
    "EXCHANGE_RATE_LARGEST_MOVE_PERCENT",
    *("TOP_UP_MIN", "TOP_UP_MAX", "TOP_UP_PRESETS", "TOP_UP_TRANSFER_HOURS"),
    *("TOP_UP_PAYMENT_HOURS", "TOP_UP_MOST_OPEN", "PROOF_MAX_BYTES"),
    *("CATALOGUE_PRICE_FACTOR", "CATALOGUE_CONFIRMATIONS"),
    *("ORDER_LEASE_SECONDS", "PURCHASE_DEADLINE_SECONDS", "PURCHASE_ABANDONED_SECONDS"),
    *("UNKNOWN_PURCHASE_LOOKS", "CLOSING_LIMIT_SECONDS"),
    *("COOL_DOWN_WINDOW_HOURS", "COOL_DOWN_AFTER_ORDERS", "COOL_DOWN_BELOW_CODES_PERCENT"),
    *("COOL_DOWN_ABOVE_CANCELLED_PERCENT", "COOL_DOWN_MINUTES"),
    *("SUPPLIER_FLOAT_HOURS", "SUPPLIER_DRIFT_PERCENT"),
    *("REFUND_LIMIT", "REFUND_DAILY_LIMIT", "ADJUSTMENT_LIMIT"),
    *("WEBHOOK_MAX_ENDPOINTS", "WEBHOOK_PORTS", "WEBHOOK_ALLOW_LOOPBACK", "WEBHOOK_LOG_DAYS"),
    *("LIVE_STREAMS_PER_ACCOUNT", "LIVE_STREAMS", "LIVE_BEAT_SECONDS", "LIVE_CHECK_SECONDS"),
)
#: what must never be read here, and how each is found
SECRET: dict[str, Callable[[], Any]] = {
    "SECRET_KEY": lambda: settings.SECRET_KEY,
    "SECRET_KEY_FALLBACKS": lambda: settings.SECRET_KEY_FALLBACKS,
    "API_KEY_PEPPERS": lambda: settings.API_KEY_PEPPERS,
    "ENCRYPTION_KEYS": lambda: settings.ENCRYPTION_KEYS,
    "DATABASE_URL": lambda: [
        settings.DATABASES["default"].get(part) for part in ("HOST", "PORT", "USER", "PASSWORD")
    ],
    "REDIS_URL": lambda: settings.REDIS_URL,
    "BROKER_URL": lambda: settings.CELERY_BROKER_URL,
    "EMAIL_URL": lambda: [
        *(settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT),
        *(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD),
    ],
}
_HIDDEN = "•••"
# Processes that start together take their turns.
_LOCK = 4_711_007


@transaction.atomic
def note_settings(*, now: datetime) -> dict[str, list[str | None]]:
    """Note what is another than at the last start, and remember it; return that.

    At the very first start there is nothing to compare with, and nothing is noted.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    known = dict(KnownSetting.objects.values_list("name", "value"))
    is_first = not known
    changes: dict[str, list[str | None]] = {}
    for name in OPEN:
        value = str(getattr(settings, name))
        if known.get(name) != value:
            changes[name] = [known.get(name), value]
            known[name] = value
    for name, find in SECRET.items():
        if not _is_hash_of(known.get(name, ""), str(find())):
            changes[name] = [_HIDDEN if name in known else None, _HIDDEN]
        known[name] = _hash(settings.SECRET_KEY, str(find()))
    KnownSetting.objects.bulk_create(
        [KnownSetting(name=name, value=value) for name, value in known.items()],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["value"],
    )
    if is_first or not changes:
        return {}
    AuditEntry.objects.create(
        at=now,
        act=Act.SETTINGS,
        subject=KnownSetting._meta.db_table,
        row_id="",
        label=", ".join(changes)[:200],
        changes=changes,
    )
    return changes


def _is_hash_of(known: str, value: str) -> bool:
    """Whether it was made of this value, under the key of now or one of before."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(known, _hash(key, value)) for key in keys)


def _hash(key: str, value: str) -> str:
    told = f"known setting:{value}"
    return hmac.digest(key.encode(), told.encode(), hashlib.sha256).hex()
