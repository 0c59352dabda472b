"""Pauses of single goods for staff."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.models import Pause, PauseReason
from nexotp.lib.acting import because
from nexotp.lib.admin import ShopAdmin
from nexotp.lib.asking import ask_for_many
from office.actions import note
from office.admin.asking import staff_of
from office.models import Act


class PauseForm(forms.ModelForm):  # type: ignore[type-arg]
    why = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget())

    class Meta:
        model = Pause
        fields = ("supplier", "service", "country", "until")


@admin.register(Pause)
class PauseAdmin(ShopAdmin):
    """What is not bought for a while, why, and when that ends."""

    empty_text = _("Nothing is paused: everything that is in stock is bought.")
    form = PauseForm
    list_display = ("supplier", "service", "country", "reason", "until", "failure_count")
    list_filter = ("reason", "supplier", "until")
    list_select_related = ("supplier", "service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")
    ordering = (F("until").desc(nulls_last=True),)
    autocomplete_fields = ("supplier", "service", "country")
    fields = ("supplier", "service", "country", "until", "why")
    actions = ("lift",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Lifting asks for a reason."""
        return False

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        reason = form.cleaned_data["why"]
        obj.reason = PauseReason.STAFF
        with because(reason):
            super().save_model(request, obj, form, change)
        until = obj.until and obj.until.isoformat(timespec="seconds")
        note(Act.PAUSED, obj, by=staff_of(request), reason=reason, until=[None, until])

    @admin.action(description=_("Lift: buy here again now"), permissions=["change"])
    def lift(self, request: HttpRequest, queryset: QuerySet[Pause]) -> HttpResponse:
        return ask_for_many(
            request,
            queryset,
            action="lift",
            title=_("Lift: buy here again now"),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: _lift(request, queryset, entered["reason"]),
        )


@transaction.atomic
def _lift(request: HttpRequest, pauses: QuerySet[Pause], reason: str) -> str:
    for pause in pauses.select_related("supplier", "service", "country"):
        until = pause.until and pause.until.isoformat(timespec="seconds")
        note(Act.LIFTED, pause, by=staff_of(request), reason=reason, until=[until, None])
    pauses.delete()
    return gettext("Lifted.")
