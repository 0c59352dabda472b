"""What waits for a second person, and corrections of wallets."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import Mode, User
from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text, signed_amount_text
from nexotp.lib.money import typed_minor
from office.actions import approve, ask_adjustment, refuse
from office.admin.asking import ConfirmForm, ReasonForm, ask, staff_of
from office.models import Approval

_MOST = 10**15


class AdjustmentForm(ReasonForm):
    """A correction as people write it: the amount in the shop's currency, minus to take away."""

    field_order = ("email", "mode", "amount", "reason")
    email = forms.EmailField(label=_("The account's e-mail"), widget=UnfoldAdminEmailInputWidget())
    mode = forms.ChoiceField(label=_("mode"), choices=Mode, widget=UnfoldAdminSelectWidget())
    amount = forms.CharField(
        label=_("amount"),
        max_length=30,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("In the shop's currency. With a minus it is taken away."),
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if not User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is no account with this e-mail address."))
        return email

    def clean_amount(self) -> int:
        try:
            minor = typed_minor(self.cleaned_data["amount"], settings.SHOP_CURRENCY)
        except ValueError as error:
            raise forms.ValidationError(
                _("A whole number without separators, such as 25000.")
            ) from error
        if not 0 < abs(minor) <= _MOST:
            raise forms.ValidationError(_("Neither nothing, nor more than there is money."))
        return minor


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Adding one is asking for a correction; it is done at once below the limit."""

    empty_text = _("A refund or a correction above the limit waits here for a colleague.")
    list_display = (
        *("asked_at", "kind", "amount_shown", "user", "order_link", "reason", "asked_by"),
        *("state", "decided_by", "decided_at"),
    )
    list_filter = ("state", "kind", "mode")
    list_select_related = ("user", "order", "asked_by", "decided_by")
    search_fields = ("user__email__exact", "order__public_id__exact", "asked_by__email__exact")
    ordering = ("-pk",)
    actions_detail = ("approve", "refuse")

    fields = (
        *("kind", "amount_shown", "user", "mode", "order_link", "reason", "state"),
        *("asked_by", "asked_at", "decided_by", "decided_at"),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("wallet.adjust_wallet")

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("office.decide_approval")

    @admin.display(description=_("amount"), ordering="amount")
    def amount_shown(self, approval: Approval) -> str:
        return signed_amount_text(approval.amount, approval.currency)

    @admin.display(description=_("order"))
    def order_link(self, approval: Approval) -> SafeString | str:
        if approval.order is None:
            return "—"
        address = reverse("admin:orders_order_change", args=[approval.order.pk])
        return format_html('<a href="{}">{}</a>', address, approval.order)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Correct a wallet, at once or as a question to a colleague."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        known = User.objects.filter(public_id=request.GET.get("user", "")).first()
        form = AdjustmentForm(request.POST or None, initial={"email": known.email if known else ""})
        return ask(
            request,
            form=form,
            title=_("Correct a wallet"),
            about=_("Correct a wallet"),
            lines=[
                gettext("Above %(limit)s a colleague must approve it.")
                % {"limit": amount_text(settings.ADJUSTMENT_LIMIT, settings.SHOP_CURRENCY)}
            ],
            back=reverse("admin:office_approval_changelist"),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: _adjust(request, entered),
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Approve"), url_path="approve", permissions=["decide"], icon="check"
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, title=_("Approve"), decide=approve)

    @action(  # type: ignore[untyped-decorator]
        description=_("Refuse"), url_path="refuse", permissions=["decide"], icon="block"
    )
    def refuse(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decide(request, object_id, title=_("Refuse"), decide=refuse)

    def _decide(
        self, request: HttpRequest, object_id: str, *, title: "str | Promise", decide: Any
    ) -> HttpResponse:
        approvals = Approval.objects.select_related("user", "order", "asked_by")
        approval = get_object_or_404(approvals, pk=object_id)

        def act(_entered: dict[str, Any]) -> str:
            decide(approval, by=staff_of(request), now=timezone.now())
            return gettext("Decided.")

        return ask(
            request,
            form=ConfirmForm(request.POST or None),
            title=title,
            about=approval,
            lines=[
                str(approval.user),
                str(approval.order or ""),
                f"{approval.asked_by}: {approval.reason}",
                approval.get_state_display(),
            ],
            back=reverse("admin:office_approval_change", args=[approval.pk]),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=act,
        )


def _adjust(request: HttpRequest, entered: dict[str, Any]) -> str:
    asked = ask_adjustment(
        User.objects.get(email=entered["email"]),
        amount=entered["amount"],
        mode=entered["mode"],
        by=staff_of(request),
        reason=entered["reason"],
        now=timezone.now(),
    )
    if asked is not None:
        return gettext("This is more than one person may correct. A colleague must approve it.")
    return gettext("Corrected.")
