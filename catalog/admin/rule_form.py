"""A pricing rule as people write it: amounts in the shop's currency, each error at its field."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import PricingRule
from nexotp.lib.money import EXPONENTS, to_decimal, typed_minor

_MOST = 10**15
_LONGEST = 30


class AmountField(forms.Field):
    """Minor units for the program, the shop's currency for whoever types."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.attrs |= {"inputmode": "decimal", "maxlength": _LONGEST}

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        places = EXPONENTS[settings.SHOP_CURRENCY]
        return f"{to_decimal(value, settings.SHOP_CURRENCY):.{places}f}" if places else str(value)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, int):
            return value
        text = (value or "").strip()
        if not text:
            return None
        try:
            if len(text) > _LONGEST:
                raise ValueError(text)
            minor = typed_minor(text, settings.SHOP_CURRENCY)
        except ValueError as error:
            raise forms.ValidationError(
                _("A number without separators, such as 6500."), code="invalid"
            ) from error
        if abs(minor) > _MOST:
            raise forms.ValidationError(_("This is more than there is money."), code="invalid")
        return minor

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """The model says what cannot be; here it is only read."""

    markup_fixed = AmountField(label=capfirst(_("fixed markup")), required=False)
    floor = AmountField(
        label=capfirst(_("lowest price")),
        required=False,
        help_text=_("Empty: there is none."),
    )
    ceiling = AmountField(
        label=capfirst(_("highest price")), required=False, help_text=_("Empty: there is none.")
    )
    rounding = AmountField(
        label=capfirst(_("rounded up to a multiple of")),
        required=False,
        help_text=_("100 makes 6,500 out of 6,412."),
    )

    class Meta:
        model = PricingRule
        fields = (
            *("service", "country", "supplier", "tier", "starts_at", "ends_at"),
            *("markup_percent", "markup_fixed", "floor", "ceiling", "rounding", "is_active"),
        )
        help_texts = {
            "tier": _("Then it changes the price that other rules make, for these accounts only."),
            "starts_at": _("Empty: at once."),
            "ends_at": _("Empty: until it is switched off."),
            "markup_percent": _(
                "Of the cost; for a tier, of everybody's price: −5 is five percent off."
            ),
        }

    def clean_markup_fixed(self) -> int:
        return int(self.cleaned_data["markup_fixed"] or 0)

    def clean_floor(self) -> int:
        floor = self.cleaned_data["floor"]
        return 1 if floor is None else int(floor)

    def clean_rounding(self) -> int:
        rounding = self.cleaned_data["rounding"]
        if rounding is not None and rounding > 2**31 - 1:
            raise forms.ValidationError(_("This is more than there is money."))
        return 1 if rounding is None else int(rounding)
