"""Users log in with their e-mail address; a plan sets how often their keys may call."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from nexotp.lib.addresses import is_in_networks
from nexotp.lib.ids import new_id
from nexotp.lib.ratelimit import Bucket

#: what the owner of a frozen account is told where staff wrote nothing else
FROZEN = _(
    "Your account is frozen while we look into something. You can see everything, and open orders"
    " go on; buying, topping up and new keys have to wait. Write to us to have it lifted."
)


class Mode(models.TextChoices):
    """Live orders cost money; sandbox ones never touch it. The two never meet."""

    LIVE = "live", _("Live")
    SANDBOX = "sandbox", _("Sandbox")


class Scope(models.TextChoices):
    """What an API key may do."""

    BALANCE_READ = "balance:read", _("Read the balance")
    CATALOG_READ = "catalog:read", _("Read the catalogue")
    ORDER_READ = "order:read", _("Read orders")
    ORDER_WRITE = "order:write", _("Place and change orders")
    WEBHOOK_MANAGE = "webhook:manage", _("Manage webhooks")


class Dialect(models.TextChoices):
    """How the handler door speaks to a program; an address of its own asks for one as well."""

    CLASSIC = "classic", _("SMS-Activate")
    HERO = "hero", "HeroSMS"
    GRIZZLY = "grizzly", "GrizzlySMS"


def all_scopes() -> list[str]:
    return list(Scope.values)


class Plan(models.Model):
    """How often an account may call the API, and how many orders it may have open."""

    code = models.SlugField(unique=True)
    name = models.CharField(max_length=60)
    general_per_minute = models.PositiveIntegerField()
    general_burst = models.PositiveIntegerField()
    order_per_minute = models.PositiveIntegerField()
    order_burst = models.PositiveIntegerField()
    poll_per_minute = models.PositiveIntegerField()
    poll_burst = models.PositiveIntegerField()
    max_open_orders = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")

    def __str__(self) -> str:
        return self.name

    def bucket(self, name: str) -> Bucket:
        """Return this plan's limit for the bucket GENERAL, ORDER or POLL."""
        prefix = name.lower()
        return Bucket(name, getattr(self, f"{prefix}_per_minute"), getattr(self, f"{prefix}_burst"))


class Tier(models.Model):
    """A group of accounts with prices of their own; pricing rules say which."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


def new_account_id() -> str:
    return new_id("acc")


class User(AbstractBaseUser, PermissionsMixin):
    """One account: the row that owns the wallet, the keys and the orders."""

    public_id = models.CharField(max_length=30, unique=True, default=new_account_id, editable=False)
    email = models.EmailField(_("e-mail"), unique=True)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, verbose_name=_("plan"))
    tier = models.ForeignKey(
        Tier,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("tier"),
        help_text=_("Whose prices this account pays; empty: everybody's."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    # Buys nothing until then: too many of its orders came to nothing.
    cooling_until = models.DateTimeField(_("cools down until"), null=True, editable=False)
    cooling_reason = models.CharField(max_length=100, blank=True, editable=False)
    # Orders placed before this are not held against the account again.
    judged_from = models.DateTimeField(null=True, editable=False)
    # Signs in and reads, and spends nothing: staff has stopped it.
    frozen_at = models.DateTimeField(_("frozen since"), null=True, editable=False)
    frozen_reason = models.CharField(
        _("why it is frozen"), max_length=200, blank=True, editable=False
    )
    # What its owner is told; empty: the usual words.
    frozen_message = models.CharField(
        _("what its owner reads"), max_length=300, blank=True, editable=False
    )
    # Which terms were accepted, and when; empty for accounts that the shop opened itself.
    terms_version = models.CharField(max_length=20, blank=True, editable=False)
    terms_accepted_at = models.DateTimeField(null=True, editable=False)
    # When its owner closed it. The row stays for the ledger; nothing tells who it was.
    deleted_at = models.DateTimeField(_("deleted at"), null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions: ClassVar[list[Any]] = [
            ("lift_cool_down", _("May lift cool-downs")),
            ("freeze_user", _("May freeze accounts and let them go on")),
            ("view_as_user", _("May look at the shop as a customer sees it")),
        ]
        constraints: ClassVar[list[Any]] = [
            # Kept in lower case, so that unique means unique to people too.
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="accounts_user_email_lower_case"
            ),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def is_frozen(self) -> bool:
        return self.frozen_at is not None

    @property
    def frozen_words(self) -> "str | Promise":
        """What its owner is told while it is frozen."""
        return self.frozen_message or FROZEN

    def is_cooling(self, now: datetime) -> bool:
        return self.cooling_until is not None and self.cooling_until > now


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> "ApiKeyQuerySet":
        """Keys that open the door at this moment."""
        return self.filter(
            Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None, user__is_active=True
        )

    def ended_since(self, since: datetime, now: datetime) -> "ApiKeyQuerySet":
        """Keys that were revoked or expired between two times."""
        return self.filter(
            Q(revoked_at__range=(since, now)) | Q(revoked_at=None, expires_at__range=(since, now))
        )


class ApiKey(models.Model):
    """A key's keyed hash; the key itself is shown once and never stored."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    mode = models.CharField(max_length=7, choices=Mode)
    name = models.CharField(max_length=60, blank=True)
    public_id = models.CharField(max_length=10, unique=True, editable=False)
    digest = models.BinaryField(editable=False)
    pepper_version = models.PositiveSmallIntegerField(editable=False)
    last_four = models.CharField(max_length=4, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), default=all_scopes)
    allowed_networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text=_("Networks in CIDR form; empty allows every address."),
    )
    dialect = models.CharField(
        _("dialect"),
        max_length=7,
        choices=Dialect,
        default=Dialect.CLASSIC,
        help_text=_("How `/stubs/handler_api.php` answers this key."),
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # When a new key was made in its place; it may still be used until it expires.
    replaced_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(mode__in=Mode.values), name="accounts_apikey_mode_known"
            ),
            models.CheckConstraint(
                condition=Q(dialect__in=Dialect.values), name="accounts_apikey_dialect_known"
            ),
        ]

    def __str__(self) -> str:
        prefix = "nx_live_" if self.mode == Mode.LIVE else "nx_test_"
        return f"{prefix}{self.public_id}…{self.last_four}"

    def ended_as(self, now: datetime) -> str:
        """Return `revoked` or `expired`; empty while the key still opens the door."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return ""

    def allows_address(self, address: str) -> bool:
        """Whether a caller from this address may use the key."""
        if not self.allowed_networks:
            return True
        return is_in_networks(address, self.allowed_networks)


class RateCounter(models.Model):
    """The ORDER bucket's state while Redis is away: one theoretical arrival time per key."""

    key = models.CharField(max_length=80, primary_key=True)
    arrival = models.DateTimeField()


class DailyUsage(models.Model):
    """How many calls an account made in one bucket on one day of the shop's time zone.

    What was counted in the last minute is still in Redis.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    mode = models.CharField(max_length=7, choices=Mode)
    day = models.DateField()
    bucket = models.CharField(max_length=10)
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["user", "mode", "day", "bucket"], name="accounts_usage_once"
            ),
        ]


class OutgoingMail(models.Model):
    """A mail that waits to be sent; deleted when it was. Codes stand in it, so it is encrypted."""

    to = models.EmailField()
    letter = models.BinaryField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.pk}"
