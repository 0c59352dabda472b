"""What staff does about one account: notes, freezes, lifts, and looks at the shop as it does."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import action

from accounts.actions import lift_cool_down
from accounts.models import User
from accounts.second_step import steps_of
from nexotp.lib.admin import ShopAdmin
from office.actions import (
    begin_view,
    end_view,
    freeze_account,
    may_view,
    outranks,
    take_off_second_step,
    unfreeze_account,
)
from office.admin.asking import ReasonForm, ask, staff_of
from office.admin.people.forms import FreezeForm, NoteForm
from office.models import AccountNote
from office.viewing import forget_view, remember_view, view_of


class AccountActs(ShopAdmin):
    """The buttons at the top of an account's page; only those that would do something."""

    actions_detail = ("write_note", "see_as", "freeze", "unfreeze", "lift", "take_off_step")

    def has_note_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return request.user.has_perm("office.add_accountnote")

    def has_freeze_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_freeze(request, object_id, is_frozen=False)

    def has_unfreeze_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self._may_freeze(request, object_id, is_frozen=True)

    def has_see_as_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        user = _of_page(object_id)
        return user is not None and may_view(staff_of(request), user)

    def has_lift_one_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        user = _of_page(object_id)
        is_cooling = user is not None and user.is_cooling(timezone.now())
        return is_cooling and request.user.has_perm("accounts.lift_cool_down")

    def has_step_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        """Whoever gives rights answers for who comes in with them."""
        user = _of_page(object_id)
        if user is None or not request.user.has_perm("auth.change_group"):
            return False
        return bool(steps_of(user)) and outranks(staff_of(request), user)

    def _may_freeze(self, request: HttpRequest, object_id: Any, *, is_frozen: bool) -> bool:
        user = _of_page(object_id)
        if user is None or user.is_frozen != is_frozen or not user.is_active:
            return False
        return request.user.has_perm("accounts.freeze_user") and outranks(staff_of(request), user)

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(require_POST(self.end_view))
        return [path("end-view/", end, name="accounts_user_end_view"), *super().get_urls()]

    @action(  # type: ignore[untyped-decorator]
        description=_("Write a note"), url_path="note", permissions=["note"], icon="edit_note"
    )
    def write_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(user: User, entered: dict[str, Any]) -> str:
            AccountNote.objects.create(user=user, text=entered["text"], by=staff_of(request))
            return gettext("Noted.")

        return self._ask(
            request,
            object_id,
            title=_("Write a note"),
            form=NoteForm(request.POST or None),
            act=act,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Freeze"), url_path="freeze", permissions=["freeze"], icon="ac_unit"
    )
    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(user: User, entered: dict[str, Any]) -> str:
            freeze_account(
                user,
                by=staff_of(request),
                reason=entered["reason"],
                message=entered["message"],
                now=timezone.now(),
            )
            return gettext("The account is frozen. Open orders go on.")

        return self._ask(
            request,
            object_id,
            title=_("Freeze this account"),
            form=FreezeForm(request.POST or None),
            act=act,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Unfreeze"), url_path="unfreeze", permissions=["unfreeze"], icon="sunny"
    )
    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(user: User, entered: dict[str, Any]) -> str:
            unfreeze_account(user, by=staff_of(request), reason=entered["reason"])
            return gettext("The account can buy again.")

        return self._ask(
            request,
            object_id,
            title=_("Unfreeze this account"),
            form=ReasonForm(request.POST or None),
            act=act,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Lift the cool-down"),
        url_path="lift",
        permissions=["lift_one"],
        icon="timer_off",
    )
    def lift(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def act(user: User, _entered: dict[str, Any]) -> str:
            lift_cool_down(user, by=staff_of(request), now=timezone.now())
            return gettext("The account can buy again.")

        return self._ask(
            request,
            object_id,
            title=_("Lift the cool-down"),
            form=ReasonForm(request.POST or None),
            act=act,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("Take off the second step"),
        url_path="step-off",
        permissions=["step"],
        icon="phonelink_erase",
    )
    def take_off_step(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """For whoever lost the phone and the recovery codes."""

        def act(user: User, entered: dict[str, Any]) -> str:
            take_off_second_step(user, by=staff_of(request), reason=entered["reason"])
            return gettext("The password alone opens the account now. Everybody is signed out.")

        return self._ask(
            request,
            object_id,
            title=_("Take off the second step"),
            form=ReasonForm(request.POST or None),
            act=act,
        )

    @action(  # type: ignore[untyped-decorator]
        description=_("See the shop as this account"),
        url_path="see",
        permissions=["see_as"],
        icon="visibility",
    )
    def see_as(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look at the shop as the customer does; nothing can be changed by it."""

        def act(user: User, entered: dict[str, Any]) -> str:
            now = timezone.now()
            view = begin_view(user, by=staff_of(request), reason=entered["reason"], now=now)
            remember_view(request, view)
            return ""

        answer = self._ask(
            request,
            object_id,
            title=_("See the shop as this account"),
            form=ReasonForm(request.POST or None),
            act=act,
        )
        return redirect("buy") if answer.status_code == 302 else answer

    def end_view(self, request: HttpRequest) -> HttpResponse:
        """End looking as a customer, and go back to that account's page."""
        view = view_of(request)
        forget_view(request)
        if view is None:
            return redirect("admin:accounts_user_changelist")
        end_view(view, now=timezone.now())
        return redirect("admin:accounts_user_change", view.user_id)

    def _ask(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        title: "str | Promise",
        form: forms.Form,
        act: Callable[[User, dict[str, Any]], str],
    ) -> HttpResponse:
        user = get_object_or_404(User.objects.select_related("plan"), pk=object_id)
        return ask(
            request,
            form=form,
            title=title,
            about=user,
            lines=[user.public_id, str(user.plan)],
            back=reverse("admin:accounts_user_change", args=[user.pk]),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=lambda entered: act(user, entered),
        )


def _of_page(object_id: Any) -> User | None:
    """Return the account whose page this is, for whether a button would do something."""
    return User.objects.filter(pk=object_id).first() if str(object_id).isdigit() else None
