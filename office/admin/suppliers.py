"""Suppliers for staff: what they are, whether they are bought from, and the way to their pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget

from accounts.models import Mode
from catalog.actions import lift_stop, pause_by_staff, stop_buying, switch_suppliers
from catalog.admin.syncs import sync_soon
from catalog.models import Pause, Supplier
from catalog.pausing import lift_pauses
from nexotp.lib.amounts import amount_text
from nexotp.lib.asking import ReasonForm, ask, ask_for_many
from office.actions import note
from office.admin.asking import staff_of
from office.admin.supplier_pages import SupplierPages, standing_of
from office.models import Act

_PAUSES = {
    15: _("15 minutes"),
    60: _("1 hour"),
    360: _("6 hours"),
    1440: _("1 day"),
    10080: _("1 week"),
}


class SupplierForm(forms.ModelForm):  # type: ignore[type-arg]
    """The key goes in and never comes out again."""

    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown. Leave it empty to keep the one there is."),
    )

    class Meta:
        model = Supplier
        fields = (
            *("code", "name", "protocol", "mode", "base_url", "api_key", "options", "currency"),
            *("is_enabled", "priority"),
        )


class PauseForm(ReasonForm):
    """For how long, and why."""

    field_order = ("minutes", "reason")
    minutes = forms.TypedChoiceField(
        label=_("For how long"),
        coerce=int,
        choices=list(_PAUSES.items()),
        widget=UnfoldAdminSelectWidget(),
    )


@admin.register(Supplier)
class SupplierAdmin(SupplierPages):
    form = SupplierForm
    list_before_template = "office/supplier/stop.html"
    list_display = (
        *("name_shown", "state_shown", "priority", "balance_shown", "lasts_shown"),
        *("key_shown", "synced_at", "sync_error"),
    )
    list_display_links = None
    list_editable = ("priority",)
    list_filter = ("mode", "is_enabled", "protocol")
    search_fields = ("code", "name")
    ordering = ("-is_enabled", "mode", "-priority", "code")
    readonly_fields = ("key_shown",)
    actions = ("sync_now", "switch_on", "switch_off", "lift", "renew_push_address")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whether it sells is switched with a reason, and so not here once it is there."""
        named = ("name", "code", "protocol", "mode", "base_url", "api_key", "key_shown")
        fields = (*named, "currency", "priority", "options")
        return fields if obj is not None else (*fields, "is_enabled")

    def save_model(self, request: HttpRequest, obj: Supplier, form: Any, change: bool) -> None:
        if key := form.cleaned_data.get("api_key"):
            obj.set_api_key(key)
        # Machines write the other columns meanwhile.
        written = [name for name in form.changed_data if name != "api_key"]
        if change:
            obj.save(update_fields=[*written, *(["api_key_encrypted"] if key else [])])
        else:
            obj.save()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Its purchases stay on the books; a supplier that has gone is switched off."""
        return False

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.sync_supplier")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {
            "stopped": Supplier.objects.stopped().order_by("stopped_at").first(),
            "may_stop": request.user.has_perm("catalog.stop_buying"),
            "may_lift": self.has_change_permission(request),
        }
        return super().changelist_view(request, (extra_context or {}) | shown)

    @admin.display(description=_("supplier"), ordering="code")
    def name_shown(self, supplier: Supplier) -> SafeString:
        address = reverse("admin:catalog_supplier_overview", args=[supplier.pk])
        return format_html(
            '<a class="office-name" href="{}"><b>{}</b> {}</a>',
            address,
            supplier.code,
            supplier.name,
        )

    @display(  # type: ignore[untyped-decorator]
        description=_("buying"),
        label={"buying": "success", "paused": "warning", "off": "danger", "stopped": "danger"},
    )
    def state_shown(self, supplier: Supplier) -> tuple[str, str]:
        standing = standing_of(supplier, now=timezone.now())
        return standing["tone"], standing["label"]

    @admin.display(description=_("balance"), ordering="balance")
    def balance_shown(self, supplier: Supplier) -> str:
        if supplier.balance is None:
            return "—"
        return amount_text(supplier.balance, supplier.currency)

    @admin.display(description=_("lasts for"), ordering="hours_left")
    def lasts_shown(self, supplier: Supplier) -> str:
        if supplier.hours_left is None:
            return "—"
        return ngettext("%(n)d hour", "%(n)d hours", supplier.hours_left) % {
            "n": supplier.hours_left
        }

    @admin.display(description=_("API key set"), boolean=True)
    def key_shown(self, supplier: Supplier) -> bool | None:
        """Nothing where none is needed."""
        return supplier.has_api_key if supplier.mode == Mode.LIVE else None

    @admin.action(description=_("Read the price lists now"), permissions=["sync"])
    def sync_now(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        count = sync_soon(sorted(queryset.values_list("pk", flat=True)), by=staff_of(request))
        self.message_user(request, told_of_syncs(count))

    @admin.action(description=_("Switch off: buy nothing here"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> HttpResponse:
        return self._ask_for_many(request, queryset, "switch_off", _switch_off)

    @admin.action(description=_("Switch on, and forget its failures"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> HttpResponse:
        return self._ask_for_many(request, queryset, "switch_on", _switch_on)

    @admin.action(description=_("Lift all pauses now"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> HttpResponse:
        return self._ask_for_many(request, queryset, "lift", _lift)

    @admin.action(description=_("Make a new address for pushes"), permissions=["change"])
    def renew_push_address(self, request: HttpRequest, queryset: QuerySet[Supplier]) -> None:
        for supplier in queryset:
            supplier.renew_push_token()
            supplier.save(update_fields=["push_token_encrypted"])
            self.log_change(request, supplier, "push address renewed")
        self.message_user(request, _("Enter the new address at the supplier."))

    def _ask_for_many(
        self, request: HttpRequest, suppliers: QuerySet[Supplier], name: str, act: "_Act"
    ) -> HttpResponse:
        return ask_for_many(
            request,
            suppliers,
            action=name,
            title=getattr(self, name).short_description,
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: act(request, suppliers, entered),
        )

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        one = "<int:supplier_id>"
        pages: list[URLPattern] = [
            path("stop/", wrap(self.stop_view), name="catalog_supplier_stop"),
            path("resume/", wrap(self.resume_view), name="catalog_supplier_resume"),
            *(
                path(
                    f"{one}/{name}/",
                    wrap(self._one(form, title, act)),
                    name=f"catalog_supplier_{name}",
                )
                for name, form, title, act in _ON_ONE
            ),
        ]
        return pages + super().get_urls()

    def stop_view(self, request: HttpRequest) -> HttpResponse:
        """Stop buying from everybody at once."""
        if not request.user.has_perm("catalog.stop_buying"):
            raise PermissionDenied
        return self._ask(
            request,
            ReasonForm(request.POST or None),
            title=_("Stop all buying"),
            lines=[gettext("Nothing is bought from any supplier until somebody lifts the stop.")],
            act=_stop,
        )

    def resume_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        return self._ask(
            request,
            ReasonForm(request.POST or None),
            title=_("Buy again"),
            lines=[gettext("It is bought again wherever it was before the stop.")],
            act=_resume,
        )

    def _one(
        self, form: type[forms.Form], title: Any, act: "_Act"
    ) -> Callable[[HttpRequest, int], HttpResponse]:
        """Return the page that asks before something is done with one supplier."""

        def page(request: HttpRequest, supplier_id: int) -> HttpResponse:
            supplier = get_object_or_404(Supplier, pk=supplier_id)
            if not self.has_change_permission(request, supplier):
                raise PermissionDenied
            these = Supplier.objects.filter(pk=supplier.pk)
            return self._ask(
                request,
                form(request.POST or None),
                title=title,
                lines=[supplier.name, standing_of(supplier, now=timezone.now())["label"]],
                act=lambda entered: act(request, these, entered),
                about=supplier,
                back=reverse("admin:catalog_supplier_overview", args=[supplier.pk]),
            )

        return page

    def _ask(
        self,
        request: HttpRequest,
        form: forms.Form,
        *,
        title: Any,
        lines: list[str],
        act: Any,
        about: "Model | str" = "",
        back: str = "",
    ) -> HttpResponse:
        return ask(
            request,
            form=form,
            title=title,
            about=about or title,
            lines=lines,
            back=back or reverse("admin:catalog_supplier_changelist"),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=act,
        )


_Act = Callable[[HttpRequest, "QuerySet[Supplier]", dict[str, Any]], str]


def told_of_syncs(count: int) -> str:
    """What to tell whoever asked for price lists to be read."""
    if not count:
        return gettext("It is being read already.")
    return ngettext(
        "%(n)d price list is being read.", "%(n)d price lists are being read.", count
    ) % {"n": count}


def _stop(_entered: dict[str, Any]) -> str:
    count = stop_buying(now=timezone.now())
    if not count:
        return gettext("It was stopped already.")
    return gettext("Nothing is bought any more.")


def _resume(_entered: dict[str, Any]) -> str:
    return gettext("It is bought again.") if lift_stop() else gettext("It was not stopped.")


@transaction.atomic
def _switch_off(request: HttpRequest, suppliers: QuerySet[Supplier], _e: dict[str, Any]) -> str:
    switch_suppliers(suppliers, on=False)
    return gettext("Switched off.")


@transaction.atomic
def _switch_on(request: HttpRequest, suppliers: QuerySet[Supplier], _e: dict[str, Any]) -> str:
    switch_suppliers(suppliers, on=True)
    return gettext("Switched on.")


@transaction.atomic
def _pause(request: HttpRequest, suppliers: QuerySet[Supplier], entered: dict[str, Any]) -> str:
    until = timezone.now() + timedelta(minutes=entered["minutes"])
    pause_by_staff(suppliers, until=until)
    for supplier in suppliers:
        was = {"paused_until": [None, until.isoformat(timespec="seconds")]}
        note(Act.PAUSED, supplier, by=staff_of(request), reason=entered["reason"], **was)
    return gettext("Paused.")


@transaction.atomic
def _lift(request: HttpRequest, suppliers: QuerySet[Supplier], entered: dict[str, Any]) -> str:
    resting = Pause.objects.on(timezone.now()).filter(supplier__in=suppliers)
    goods = [str(pause) for pause in resting.select_related("supplier", "service", "country")[:20]]
    for supplier in suppliers:
        was = {
            "paused_until": [str(supplier.paused_until or ""), None],
            "pauses": [[name for name in goods if name.startswith(f"{supplier} ")], None],
        }
        note(Act.LIFTED, supplier, by=staff_of(request), reason=entered["reason"], **was)
    lift_pauses(suppliers)
    return gettext("Lifted.")


#: what is done with one supplier after a reason was given: name, form, title, what it does
_ON_ONE: list[tuple[str, type[forms.Form], Any, _Act]] = [
    ("switch_on", ReasonForm, _("Switch on, and forget its failures"), _switch_on),
    ("switch_off", ReasonForm, _("Switch off: buy nothing here"), _switch_off),
    ("pause", PauseForm, _("Pause"), _pause),
    ("lift", ReasonForm, _("Lift all pauses now"), _lift),
]
