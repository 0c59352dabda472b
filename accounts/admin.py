"""People, plans and keys for staff."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.actions import choose_dialect, lift_cool_down, revoke_api_key
from accounts.models import ApiKey, Dialect, Plan, RateCounter, Tier, User
from nexotp.lib.admin import ReadOnlyAdmin, ShopAdmin

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin

admin.site.unregister(Group)
# Secrets and sessions are their owners'; what staff may know of them stands with the user.
for _theirs in (EmailAddress, Authenticator, UserSession):
    admin.site.unregister(_theirs)


class _LowerCaseEmail(forms.ModelForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class NewUserForm(_LowerCaseEmail, UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "plan", "tier")


class EditUserForm(_LowerCaseEmail, UserChangeForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "plan", "tier", "is_active", "is_staff", "is_superuser")


@admin.register(Group)
class ShopGroupAdmin(GroupAdmin, ShopAdmin):
    pass


@admin.register(User)
class ShopUserAdmin(_UserAdmin, ShopAdmin):
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    ordering = ("-pk",)
    list_display = (
        *(
            "email",
            "public_id",
            "plan",
            "tier",
            "is_active",
            "is_staff",
            "created_at",
            "cooling_until",
        ),
    )
    list_filter = (
        *("plan", "tier", "is_active", "is_staff", "is_superuser"),
        ("cooling_until", admin.EmptyFieldListFilter),
    )
    list_select_related = ("plan", "tier")
    search_fields = ("email", "public_id")
    readonly_fields = (
        *("public_id", "last_login", "created_at", "cooling_until", "cooling_reason"),
    )
    actions = ("lift_cool_down",)
    fieldsets = (
        (None, {"fields": ("email", "password", "public_id", "plan", "tier")}),
        (
            _("Rights"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Times"), {"fields": ("last_login", "created_at")}),
        (_("Cool-down"), {"fields": ("cooling_until", "cooling_reason")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "plan", "tier", "password1", "password2")}),)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever may not give rights must not take over an account that has some."""
        if not super().has_change_permission(request, obj):
            return False
        if obj is None or request.user.is_superuser:
            return True
        return not obj.is_superuser and (not obj.is_staff or _may_give_rights(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fixed += ("is_superuser", "user_permissions")
        if not _may_give_rights(request):
            fixed += ("is_staff", "groups")
        return fixed

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.lift_cool_down")

    @admin.action(description=_("Lift the cool-down"), permissions=["lift"])
    def lift_cool_down(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        assert isinstance(request.user, User)
        for user in queryset.exclude(cooling_until=None):
            lift_cool_down(user, by=request.user, now=timezone.now())
            self.log_change(request, user, "cool-down lifted")
        self.message_user(request, _("They can buy again."), messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            # Whoever has the new address proves it with a code when they sign in next.
            EmailAddress.objects.filter(user=obj).delete()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account owns money; it is closed by making it inactive."""
        return False


def _may_give_rights(request: HttpRequest) -> bool:
    return request.user.has_perm("auth.change_group")


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
