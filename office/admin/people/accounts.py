"""Accounts for staff: a list with how each stands, and a page with all that belongs to one."""

from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm
from unfold.views import ChangeList

from accounts.actions import lift_cool_down
from accounts.models import User
from nexotp.lib.admin import InfinitePaginator, RowContext, ShopAdmin
from nexotp.lib.amounts import amount_text
from office.admin.asking import staff_of
from office.admin.people.acts import AccountActs
from office.admin.people.forms import EditUserForm, NewUserForm
from office.admin.people.page import belongings
from office.finding import find_accounts
from office.reports.people import Standing, standings

if TYPE_CHECKING:
    _UserAdmin = UserAdmin[User]
else:
    _UserAdmin = UserAdmin


class AccountList(ChangeList):  # type: ignore[misc]
    """One page of accounts, each with how it stands."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        found = standings(self.result_list)
        for user in self.result_list:
            user.standing = found[user.pk]


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [
            ("open", _("Open")),
            ("frozen", _("Frozen")),
            ("cooling", _("Cools down")),
            ("closed", _("Closed")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        now = timezone.now()
        match self.value():
            case "open":
                rests = Q(cooling_until__gt=now) & Q(cooling_until__isnull=False)
                return queryset.filter(~rests, is_active=True, frozen_at=None)
            case "frozen":
                return queryset.exclude(frozen_at=None)
            case "cooling":
                return queryset.filter(cooling_until__gt=now)
            case "closed":
                return queryset.filter(is_active=False)
        return queryset


@admin.register(User)
class AccountAdmin(RowContext, AccountActs, _UserAdmin, ShopAdmin):
    form = EditUserForm
    add_form = NewUserForm
    change_password_form = AdminPasswordChangeForm
    # A hundred thousand of them are not counted to show fifty.
    paginator = InfinitePaginator
    ordering = ("-pk",)
    list_display = (
        *("email", "state_shown", "balance_shown", "plan", "tier", "orders_shown"),
        *("success_shown", "cancelled_shown", "last_seen_shown", "created_at", "is_staff"),
    )
    list_filter = (StateFilter, "plan", "tier", "is_staff", "groups")
    list_select_related = ("plan", "tier")
    # Looked up by office.finding, never through the whole table.
    search_fields = ("email",)
    search_help_text = _("E-mail or its beginning, acc_…, #number, or how a key begins.")
    readonly_fields = (
        *("public_id", "last_login", "created_at", "cooling_until", "cooling_reason"),
        *("frozen_at", "frozen_reason", "frozen_message"),
    )
    actions = ("lift_cool_down",)
    change_form_before_template = "office/account.html"
    fieldsets = (
        (None, {"fields": ("email", "password", "public_id", "plan", "tier")}),
        (
            _("Rights"),
            {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")},
        ),
        (_("Times"), {"fields": ("last_login", "created_at")}),
        (_("Cool-down"), {"fields": ("cooling_until", "cooling_reason")}),
        (_("Frozen"), {"fields": ("frozen_at", "frozen_reason", "frozen_message")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "plan", "tier", "password1", "password2")}),)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AccountList]:
        return AccountList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        return (find_accounts(queryset, search_term) if search_term else queryset), False

    # ---- columns ------------------------------------------------------------------------------

    @admin.display(description=_("state"))
    def state_shown(self, user: User) -> Any:
        if user.deleted_at is not None:
            return _("Deleted")
        if not user.is_active:
            return _("Closed")
        if user.is_frozen:
            return _("Frozen")
        if user.is_cooling(timezone.now()):
            until = timezone.localtime(user.cooling_until).strftime("%d/%m %H:%M")
            return _("Cools down until %(until)s") % {"until": until}
        return _("Open")

    @admin.display(description=_("balance"))
    def balance_shown(self, user: User) -> str:
        balance = _standing(user).balance
        return "—" if balance is None else amount_text(balance, settings.SHOP_CURRENCY)

    @admin.display(description=_("orders"))
    def orders_shown(self, user: User) -> int:
        return _standing(user).orders

    @admin.display(description=_("codes"))
    def success_shown(self, user: User) -> str:
        return _percent(_standing(user).success)

    @admin.display(description=_("cancelled"))
    def cancelled_shown(self, user: User) -> str:
        return _percent(_standing(user).cancelled)

    @admin.display(description=_("last seen"))
    def last_seen_shown(self, user: User) -> Any:
        return _standing(user).last_seen

    # ---- rights -------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Whoever may not give rights must not take over an account that has some."""
        if not super().has_change_permission(request, obj):
            return False
        if obj is None or request.user.is_superuser:
            return True
        return not obj.is_superuser and (not obj.is_staff or _may_give_rights(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account owns money; it is closed by making it inactive."""
        return False

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.lift_cool_down")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
        if not request.user.is_superuser:
            fixed += ("is_superuser", "user_permissions")
        if not _may_give_rights(request):
            fixed += ("is_staff", "groups")
        return fixed

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        # Whoever only looks has no business with its hash.
        (title, first), *others = fieldsets
        shown = tuple(name for name in first["fields"] if name != "password")
        return ((title, {**first, "fields": shown}), *others)

    # ---- the page, and what is done -----------------------------------------------------------

    def row_context(self, request: HttpRequest, row: User) -> dict[str, Any]:
        return belongings(row, staff_of(request))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            # Whoever has the new address proves it with a code when they sign in next.
            EmailAddress.objects.filter(user=obj).delete()

    @admin.action(description=_("Lift the cool-down"), permissions=["lift"])
    def lift_cool_down(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset.exclude(cooling_until=None):
            lift_cool_down(user, by=staff_of(request), now=timezone.now())
            self.log_change(request, user, "cool-down lifted")
        self.message_user(request, _("They can buy again."), messages.SUCCESS)


def _standing(user: User) -> Standing:
    standing: Standing = user.standing  # type: ignore[attr-defined]
    return standing


def _percent(share: int | None) -> str:
    return "—" if share is None else f"{share} %"


def _may_give_rights(request: HttpRequest) -> bool:
    return request.user.has_perm("auth.change_group")
