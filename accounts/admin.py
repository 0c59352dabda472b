"""Plans, tiers and keys for staff; the accounts themselves are office.admin.people's."""

from collections.abc import Sequence
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actions import choose_dialect, revoke_api_key
from accounts.models import ApiKey, Dialect, Plan, RateCounter, Tier
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin

admin.site.unregister(Group)
# Secrets and sessions are their owners'; what staff may know of them stands with the user.
for _theirs in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(_theirs)


@admin.register(Group)
class ShopGroupAdmin(GroupAdmin, ShopAdmin):
    pass


@admin.register(Plan)
class PlanAdmin(ShopAdmin):
    list_display = (
        "name",
        "code",
        "general_per_minute",
        "order_per_minute",
        "poll_per_minute",
        "max_open_orders",
    )
    search_fields = ("code", "name")


@admin.register(Tier)
class TierAdmin(ShopAdmin):
    """What it pays is said by pricing rules; an account's own page says who belongs to it."""

    empty_text = _(
        "A tier is a group of accounts with prices of their own. "
        "Add one, then a pricing rule for it."
    )
    list_display = ("name", "code")
    search_fields = ("code", "name")
    prepopulated_fields: ClassVar[dict[str, Sequence[str]]] = {"code": ("name",)}


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = (
        "__str__",
        "user",
        "name",
        "mode",
        "dialect",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    list_filter = ("mode", "dialect", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("public_id", "name", "user__email")
    # Neither the digest nor its pepper is anybody's business.
    fields = (
        "user",
        "name",
        "mode",
        "public_id",
        "last_four",
        "scopes",
        "allowed_networks",
        "dialect",
        "created_at",
        "last_used_at",
        "expires_at",
        "revoked_at",
    )
    readonly_fields = tuple(name for name in fields if name != "dialect")
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only the dialect can be changed."""
        return request.user.has_perm("accounts.change_apikey")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        choose_dialect(obj, Dialect(obj.dialect))

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        keys = list(queryset.filter(revoked_at=None))
        for key in keys:
            revoke_api_key(key, now=timezone.now())
            self.log_change(request, key, "revoked")
        self.message_user(
            request, _("%(count)d keys were revoked.") % {"count": len(keys)}, messages.SUCCESS
        )


@admin.register(RateCounter)
class RateCounterAdmin(ReadOnlyAdmin):
    list_display = ("key", "arrival")
    search_fields = ("key",)
