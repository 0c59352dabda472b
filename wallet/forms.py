"""What may be asked of a wallet, checked field by field: a statement, a top-up, an alert."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from nexotp.lib.amounts import amount_text
from nexotp.lib.fields import Fields
from nexotp.lib.money import to_minor
from nexotp.lib.pagination import PageRequest, page_of
from nexotp.lib.spans import DayInput, check_span, span_of
from wallet.actions import ProofFile
from wallet.models import WALLET_KINDS, PaymentMethod, TransferQuerySet
from wallet.proofs import kind_of


@dataclass(frozen=True, slots=True)
class StatementRequest:
    """Which movements of a wallet a caller asks for."""

    page: PageRequest
    kind: str | None
    since: datetime | None
    until: datetime | None

    def among(self, transfers: TransferQuerySet) -> TransferQuerySet:
        """Return those of the transfers that are asked for."""
        chosen = transfers.between(self.since, self.until)
        return chosen if self.kind is None else chosen.filter(kind=self.kind)


def read_statement_request(query: Mapping[str, Any]) -> StatementRequest:
    """Raises InvalidRequest naming every parameter that is wrong."""
    fields = Fields(query)
    page = page_of(fields)
    kind = fields.choice("kind", [kind.value for kind in WALLET_KINDS])
    since = fields.moment("from")
    until = fields.moment("to", end_of_day=True)
    if since is not None and until is not None and since > until:
        fields.wrong("to", "before_from", _("`to` must not be before `from`."))
    fields.check()
    return StatementRequest(page, kind, since, until)


class StatementForm(forms.Form):
    """Which movements the wallet's page shows; what cannot be read narrows nothing down."""

    q = forms.CharField(label=_("Order number"), required=False, max_length=60)
    kind = forms.ChoiceField(label=_("What for"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=DayInput())
    until = forms.DateField(label=_("Until"), required=False, widget=DayInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["kind"]
        kinds.choices = [("", _("Everything")), *((k.value, k.label) for k in WALLET_KINDS)]

    def clean(self) -> dict[str, Any]:
        return check_span(self, super().clean())

    def among(self, transfers: TransferQuerySet) -> TransferQuerySet:
        """Return those of the transfers that are asked for."""
        wanted = self.cleaned_data
        since, until = span_of(wanted)
        chosen = transfers.between(since, until)
        if kind := wanted.get("kind"):
            chosen = chosen.filter(kind=kind)
        if text := wanted.get("q"):
            chosen = chosen.numbered(text)
        return chosen

    @property
    def narrows(self) -> bool:
        """Whether anything less than everything is asked for."""
        return any(self.cleaned_data.values())


class TopUpForm(forms.Form):
    """How much to pay in, by which way."""

    amount = forms.CharField(label=_("Amount"), max_length=20)
    method = forms.ModelChoiceField(
        label=_("How to pay"), queryset=PaymentMethod.objects.none(), to_field_name="code"
    )
    key = forms.RegexField(r"\A[A-Za-z0-9_-]{8,40}\Z")

    def __init__(self, *args: Any, methods: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["method"]
        chosen.queryset = methods
        chosen.error_messages = {
            "required": _("Choose how you want to pay."),
            "invalid_choice": _("This way to pay is not available now. Choose another one."),
        }
        self.fields["amount"].error_messages["required"] = _("Choose or type an amount.")

    def clean_amount(self) -> int:
        """Return minor units."""
        currency = settings.SHOP_CURRENCY
        amount = read_amount(self.cleaned_data["amount"], currency)
        if amount is None:
            raise forms.ValidationError(_("Type a number, such as 50000."))
        for is_wrong, message, limit in (
            (amount < settings.TOP_UP_MIN, _("At least %(limit)s."), settings.TOP_UP_MIN),
            (amount > settings.TOP_UP_MAX, _("At most %(limit)s."), settings.TOP_UP_MAX),
        ):
            if is_wrong:
                raise forms.ValidationError(message % {"limit": amount_text(limit, currency)})
        return amount


_GROUPED = re.compile(r"\d{1,3}(?:([., ])\d{3})(?:\1\d{3})*", re.ASCII)


def read_amount(text: str, currency: str) -> int | None:
    """Return an amount as people type it, in minor units; None where it is none.

    Thousands may be parted by dots, commas or spaces. Decimals follow a dot, in currencies that
    have any.
    """
    plain = re.sub(r"(?i)\s|^\s*(rp|idr|us\$|\$|€)\.?", "", text.strip().replace("\u00a0", " "))
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[.,]", "", plain)
    if not re.fullmatch(r"\d{1,15}(\.\d{1,4})?", plain, re.ASCII):
        return None
    try:
        return to_minor(plain, currency)
    except ValueError:
        return None


class AlertForm(forms.Form):
    """When to be told that little is left."""

    OFF, USUAL, OWN = "off", "usual", "own"

    alert = forms.ChoiceField(choices=[(each, each) for each in (OFF, USUAL, OWN)])
    threshold = forms.CharField(label=_("Amount"), max_length=20, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("alert") == self.OWN:
            amount = read_amount(cleaned.get("threshold") or "", settings.SHOP_CURRENCY)
            if not amount or amount > settings.TOP_UP_MAX:
                self.add_error("threshold", _("Type a number, such as 50000."))
            cleaned["amount"] = amount
        return cleaned

    @property
    def threshold_chosen(self) -> int | None:
        """In minor units; 0 is never, None the shop's usual."""
        chosen = self.cleaned_data
        amount: int = chosen.get("amount", 0)
        return {self.OFF: 0, self.USUAL: None}.get(chosen["alert"], amount)


class ProofForm(forms.Form):
    """A picture or a PDF that shows a transfer; judged by its content, not by its name."""

    proof = forms.FileField(
        label=_("Proof of payment"),
        error_messages={
            "required": _("Choose a file first."),
            "empty": _("This file is empty."),
        },
    )

    def clean_proof(self) -> ProofFile:
        content: bytes = self.cleaned_data["proof"].read()
        if len(content) > settings.PROOF_MAX_BYTES:
            most = settings.PROOF_MAX_BYTES // (1024 * 1024)
            raise forms.ValidationError(_("The file is larger than %(most)d MB.") % {"most": most})
        kind = kind_of(content)
        if kind is None:
            raise forms.ValidationError(_("Send a JPEG, PNG or WebP picture, or a PDF."))
        return ProofFile(kind, content)
