"""Top-ups for staff: to look at, to approve and to reject, through the shop's own actions."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from nexotp.lib.admin import ReadOnlyAdmin
from nexotp.lib.amounts import amount_text
from nexotp.lib.errors import Problem
from wallet.actions import approve_top_up, reject_top_up
from wallet.forms import read_amount
from wallet.models import TopUp, Transfer

_MOST = 10**12


class ApprovalForm(forms.Form):
    """What has really come: it is credited, whatever was to be paid."""

    value = forms.CharField(
        label=_("Amount received"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("As the bank or the gateway shows it. This is what is credited."),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_value(self) -> int:
        """Return minor units."""
        amount = read_amount(self.cleaned_data["value"], self.currency)
        if not amount or amount > _MOST:
            raise forms.ValidationError(_("Type a number, such as 50000."))
        return amount


class RejectionForm(forms.Form):
    value = forms.CharField(
        label=_("Reason"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text=_("The buyer reads it, on the page and in a mail."),
    )


class WaitsForAPerson(admin.SimpleListFilter):
    """The queue of staff: proofs to look at, payments of another amount."""

    title = _("to be decided")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Waits for a person"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TopUp]) -> QuerySet[TopUp]:
        if self.value() != "yes":
            return queryset
        waiting = TopUp.objects.for_a_person()
        return queryset.filter(pk__in=waiting.values("pk"))


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin):
    empty_text = _("Nobody has topped up yet. What a person must decide is marked here.")
    list_display = (
        *("created_at", "user", "method", "amount_shown", "state", "review", "proof_count"),
        *("credited_shown", "decided_by"),
    )
    list_filter = (WaitsForAPerson, "state", "review", "method", "created_at")
    list_select_related = ("user", "method", "decided_by")
    search_fields = ("public_id", "user__email", "gateway_reference", "=amount")
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("public_id", "user", "method", "state", "review", "amount_shown"),
                    *("asked_shown", "paid_shown", "credited_shown", "transfer", "proofs_shown"),
                    *("decided_by", "reason", "gateway_reference"),
                )
            },
        ),
        (
            _("Times"),
            {"fields": ("created_at", "expires_at", "ended_at", "checked_at", "next_check_at")},
        ),
    )
    actions_detail = ("approve", "reject")

    def has_decide_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("wallet.change_topup")

    @admin.display(description=_("to be paid"), ordering="amount")
    def amount_shown(self, top_up: TopUp) -> str:
        return amount_text(top_up.amount, top_up.currency)

    @admin.display(description=_("asked for"))
    def asked_shown(self, top_up: TopUp) -> str:
        return amount_text(top_up.asked, top_up.currency)

    @admin.display(description=_("paid"))
    def paid_shown(self, top_up: TopUp) -> str:
        return _shown(top_up.paid_amount, top_up.currency)

    @admin.display(description=_("credited"), ordering="credited")
    def credited_shown(self, top_up: TopUp) -> str:
        return _shown(top_up.credited, top_up.currency)

    @admin.display(description=_("transfer"))
    def transfer(self, top_up: TopUp) -> SafeString | str:
        found = Transfer.objects.filter(reference=f"topup:{top_up.public_id}").first()
        if found is None:
            return "—"
        address = reverse("admin:wallet_transfer_change", args=[found.pk])
        return format_html('<a href="{}">{}</a>', address, found.public_id)

    @admin.display(description=_("proofs of payment"))
    def proofs_shown(self, top_up: TopUp) -> SafeString | str:
        links = format_html_join(
            mark_safe("<br>"),
            '<a href="{}" target="_blank" rel="noopener">{}, {}</a>',
            (
                (
                    reverse("proof", args=[proof.pk]),
                    proof.get_kind_display(),
                    timezone.localtime(proof.uploaded_at).strftime("%Y-%m-%d %H:%M"),
                )
                for proof in top_up.proofs.order_by("pk")
            ),
        )
        return links or "—"

    @action(description=_("Approve"), url_path="approve", permissions=["decide"])  # type: ignore[untyped-decorator]
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask how much has come, then credit it."""
        top_up = self._found(request, object_id)
        suggested = top_up.amount if top_up.paid_amount is None else top_up.paid_amount
        form = ApprovalForm(
            request.POST or None, currency=top_up.currency, initial={"value": suggested}
        )

        def act(received: int) -> TopUp:
            return approve_top_up(top_up, received=received, by=_staff(request), now=timezone.now())

        return self._decide(request, top_up, _("Approve this top-up"), form, act)

    @action(description=_("Reject"), url_path="reject", permissions=["decide"])  # type: ignore[untyped-decorator]
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a reason, then end the top-up without crediting anything."""
        top_up = self._found(request, object_id)
        form = RejectionForm(request.POST or None)

        def act(reason: str) -> TopUp:
            return reject_top_up(top_up, reason=reason, by=_staff(request), now=timezone.now())

        return self._decide(request, top_up, _("Reject this top-up"), form, act)

    def _found(self, request: HttpRequest, object_id: str) -> TopUp:
        top_up: TopUp | None = self.get_object(request, object_id)
        if top_up is None:
            raise Http404
        return top_up

    def _decide(
        self,
        request: HttpRequest,
        top_up: TopUp,
        title: "str | Promise",
        form: forms.Form,
        act: Callable[[Any], TopUp],
    ) -> HttpResponse:
        """A link alone changes nothing: the form does."""
        if request.method == "POST" and form.is_valid():
            try:
                decided = act(form.cleaned_data["value"])
            except Problem as problem:
                self.message_user(request, str(problem.message), messages.ERROR)
            else:
                self.log_change(request, decided, decided.state)
                self.message_user(request, decided.get_state_display(), messages.SUCCESS)
            return redirect("admin:wallet_topup_change", top_up.pk)
        context = self.admin_site.each_context(request) | {
            "title": title,
            "form": form,
            "top_up": top_up,
            "facts": [
                (_("to be paid"), self.amount_shown(top_up)),
                (_("paid"), self.paid_shown(top_up)),
                (_("account"), top_up.user),
                (_("proofs of payment"), self.proofs_shown(top_up)),
            ],
            "opts": self.opts,
        }
        return render(request, "wallet/admin_decide.html", context)


def _shown(amount: int | None, currency: str) -> str:
    return "—" if amount is None else amount_text(amount, currency)


def _staff(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
