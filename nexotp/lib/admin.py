"""What every page of the admin stands on: unfold's look, and rows that only look back."""

from typing import TYPE_CHECKING, Any, ClassVar

import unfold.paginator
from django.contrib.admin import ShowFacets
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline

    _Admin = ModelAdmin[Any]
    _Inline = TabularInline[Any, Any]
else:
    from unfold.admin import ModelAdmin as _Admin
    from unfold.admin import TabularInline as _Inline


class InfinitePaginator(unfold.paginator.InfinitePaginator):  # type: ignore[misc]
    """Pages of a table of millions, without counting it: there is a next one, or there is not.

    Unfold's pages ask for this very name, to leave the count out. Whoever is this far down has
    to search instead; rows behind them cost more and more to skip.
    """

    LAST_PAGE = 200

    @cached_property
    def count(self) -> int:
        return int(self.per_page) * self.LAST_PAGE


class ShopAdmin(_Admin):
    """A model that staff may change."""

    list_per_page = 50
    # Counting a table of millions to say "1 of n" costs more than it tells.
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True


class RowContext:
    """For models whose pages show more of a row than its fields."""

    def row_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the template of a row's page needs besides."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        shown = self.row_context(request, row) if row else {}
        base: Any = super()
        answer: HttpResponse = base.change_view(
            request, object_id, form_url, (extra_context or {}) | shown
        )
        return answer


class ReadOnly:
    """Nothing can be added, changed or deleted: only actions of the shop write these rows."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ShopAdmin):
    """A model that staff may only look at."""


class LongListAdmin(ReadOnlyAdmin):
    """A table of millions, the newest first, to look at."""

    paginator = InfinitePaginator
    ordering: ClassVar[Any] = ("-pk",)
    # Each choice of a filter would be counted over the whole table.
    show_facets = ShowFacets.NEVER

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """An action is for the rows that were ticked, never for the millions behind them."""
        if request.POST.get("select_across"):
            ticked: Any = request.POST.copy()
            ticked["select_across"] = "0"
            request.POST = ticked
        return super().changelist_view(request, extra_context)


class ReadOnlyInline(ReadOnly, _Inline):
    """Rows of a parent, to look at."""

    extra = 0
    show_change_link = True
    can_delete = False
