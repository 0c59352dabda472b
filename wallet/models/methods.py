"""The ways to pay that the shop offers: bank accounts, and accounts at payment providers."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from nexotp.lib import secretbox
from wallet.gateways import registry
from wallet.gateways.base import Gateway, GatewayAccount


def _protocols() -> list[tuple[str, str]]:
    return [(name, name) for name in registry.PROTOCOLS]


class PaymentMethodQuerySet(models.QuerySet["PaymentMethod"]):
    def on_offer(self) -> "PaymentMethodQuerySet":
        """Those that buyers may choose, in the order to show them."""
        return self.filter(is_enabled=True).order_by("position", "pk")


class PaymentMethod(models.Model):
    """One way to pay. What the protocol does not need stays empty."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(
        _("name"), max_length=60, help_text=_("As buyers see it, such as BCA or QRIS.")
    )
    protocol = models.CharField(_("protocol"), max_length=30, choices=_protocols)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    position = models.PositiveSmallIntegerField(
        _("position"), default=10, help_text=_("The lowest is shown first.")
    )
    base_url = models.CharField(_("address"), max_length=200, blank=True)
    api_key_encrypted = models.BinaryField(default=b"", editable=False)
    callback_secret_encrypted = models.BinaryField(default=b"", editable=False)
    account_number = models.CharField(_("account number"), max_length=40, blank=True)
    account_holder = models.CharField(_("account holder"), max_length=80, blank=True)

    objects = PaymentMethodQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment method")
        verbose_name_plural = _("payment methods")
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=~Q(protocol="bank_transfer")
                | (~Q(account_number="") & ~Q(account_holder="")),
                name="wallet_bank_account_is_named",
            ),
            models.CheckConstraint(
                condition=Q(protocol="bank_transfer") | ~Q(base_url=""),
                name="wallet_gateway_has_an_address",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_manual(self) -> bool:
        """Whether only a person sees that money has come."""
        return registry.PROTOCOLS[self.protocol].is_manual

    def set_secrets(self, *, api_key: str = "", callback_secret: str = "") -> None:
        """Keep what is given, encrypted; what is empty stays as it was. Saves nothing."""
        if api_key:
            self.api_key_encrypted = secretbox.encrypt(api_key)
        if callback_secret:
            self.callback_secret_encrypted = secretbox.encrypt(callback_secret)

    def gateway(self) -> Gateway:
        """Return the protocol client of this account."""
        return registry.open_gateway(
            self.protocol,
            GatewayAccount(
                base_url=self.base_url,
                api_key=_opened(self.api_key_encrypted),
                callback_secret=_opened(self.callback_secret_encrypted),
            ),
        )


def _opened(sealed: "bytes | memoryview[int]") -> str:
    return secretbox.decrypt(bytes(sealed)) if sealed else ""
