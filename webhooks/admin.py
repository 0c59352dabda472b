"""Webhooks and what was sent to them, for staff to look at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from nexotp.lib.admin import ReadOnlyAdmin, ReadOnlyInline
from webhooks.actions import pause_endpoint
from webhooks.models import Delivery, DeliveryAttempt, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    empty_text = _("No customer has set up a webhook yet.")
    list_display = ("url", "user", "mode", "state", "is_answering", "failing_since", "created_at")
    list_filter = ("state", "mode", "is_answering")
    list_select_related = ("user",)
    search_fields = ("public_id", "url", "user__email")
    # The secrets are nobody's business, not even encrypted.
    fields = (
        *("public_id", "user", "mode", "url", "events", "payload_format", "state"),
        *("disabled_because", "is_answering", "failing_since", "rests_until", "created_at"),
    )
    actions = ("pause",)

    def has_pause_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("webhooks.change_endpoint")

    @admin.action(description=_("Pause the selected webhooks"), permissions=["pause"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            pause_endpoint(endpoint)
            self.log_change(request, endpoint, "paused")


class AttemptInline(ReadOnlyInline):
    model = DeliveryAttempt
    fields = ("sent_at", "duration_ms", "status_code", "failure", "response")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    empty_text = _("Nothing was sent yet: deliveries begin once a customer has a webhook.")
    list_display = ("public_id", "event_type", "endpoint", "state", "next_attempt_at", "created_at")
    list_filter = ("state", "event__type", "event__mode")
    list_select_related = ("event", "endpoint")
    search_fields = ("public_id", "event__public_id", "endpoint__public_id")
    ordering = ("-pk",)
    # What was sent may hold a customer's code; whoever must see it finds the order.
    fields = (
        *("public_id", "event", "endpoint", "state", "failure_count", "next_attempt_at"),
        "created_at",
    )
    inlines = (AttemptInline,)

    @admin.display(description=_("event"), ordering="event__type")
    def event_type(self, delivery: Any) -> str:
        return str(delivery.event.type)
