"""Services and countries for staff: named, pictured, shown and hidden; and what is blocked."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from catalog import marks, pictures
from catalog.actions import mark_availability_stale, set_picture, set_visibility
from catalog.models import Block, Country, Service
from nexotp.lib.admin import ShopAdmin
from nexotp.lib.asking import ask_for_many

_MOST_KB = pictures.MOST_BYTES // 1024


class ServiceForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whether it is shown is switched with a reason, and so not here."""

    picture = forms.FileField(
        label=_("A picture of your own"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": "image/png"}),
        help_text=_("A square PNG of %(least)d to %(most)d pixels, at most %(kb)d KB.")
        % {"least": pictures.SMALLEST, "most": pictures.LARGEST, "kb": _MOST_KB},
    )
    remove_picture = forms.BooleanField(label=_("Remove the picture of your own"), required=False)

    class Meta:
        model = Service
        fields = ("name", "code", "trade_code", "category", "popularity", "mark", "is_visible")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Forms of people who may only look have no fields.
        if "mark" in self.fields:
            choices = [("", _("The one of its own code")), *((n, n) for n in sorted(marks.DRAWN))]
            self.fields["mark"].widget = UnfoldAdminSelectWidget(choices=choices)

    def clean_mark(self) -> str:
        mark: str = self.cleaned_data["mark"]
        if mark and mark not in marks.DRAWN:
            raise forms.ValidationError(_("The shop has no such drawing."))
        return mark

    def clean_picture(self) -> bytes | None:
        sent: UploadedFile[Any] | None = self.cleaned_data["picture"]
        if not sent:
            return None
        try:
            return pictures.redrawn(sent.read())
        except pictures.WrongSize as error:
            raise forms.ValidationError(
                _("It must be square, of %(least)d to %(most)d pixels.")
                % {"least": pictures.SMALLEST, "most": pictures.LARGEST}
            ) from error
        except pictures.NotAPicture as error:
            raise forms.ValidationError(
                _("This is no PNG that the shop can show, or it is too large.")
            ) from error


class GoodsAdmin(ShopAdmin):
    """What can be shown or hidden, each with a reason."""

    actions = ("show", "hide")

    @admin.action(description=_("Show: sell to everybody"), permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._set(request, queryset, "show", is_visible=True)

    @admin.action(description=_("Hide: neither shown nor sold"), permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        return self._set(request, queryset, "hide", is_visible=False)

    def _set(
        self, request: HttpRequest, rows: QuerySet[Any], name: str, *, is_visible: bool
    ) -> HttpResponse:
        def act(_entered: dict[str, Any]) -> str:
            count = set_visibility(rows, is_visible=is_visible)
            return ngettext("%(n)d was changed.", "%(n)d were changed.", count) % {"n": count}

        return ask_for_many(
            request,
            rows,
            action=name,
            title=getattr(self, name).short_description,
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=act,
        )


@admin.register(Service)
class ServiceAdmin(GoodsAdmin):
    form = ServiceForm
    list_display = (
        *("picture_shown", "name", "code", "trade_code", "category", "popularity"),
        "is_visible",
    )
    list_display_links = ("name",)
    list_editable = ("popularity",)
    list_filter = (
        *("is_visible", "is_test", "category"),
        ("trade_code", admin.EmptyFieldListFilter),
    )
    search_fields = ("name", "code", "trade_code")
    ordering = ("-popularity", "name")
    readonly_fields = ("picture_shown",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        named = ("name", "code", "trade_code", "category", "popularity")
        if obj is None:
            return (*named, "mark", "is_visible")
        seen = (*named, "picture_shown", "mark")
        may_change = self.has_change_permission(request, obj)
        return (*seen, "picture", "remove_picture") if may_change else seen

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **options)
        if db_field.name == "category":
            field.widget.attrs |= {"list": "categories", "autocomplete": "off"}
        return field

    change_form_after_template = "catalog/admin/categories.html"

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **o: Any) -> Any:
        known = Service.objects.order_by("category").values_list("category", flat=True).distinct()
        return super().render_change_form(request, context | {"categories": known}, *args, **o)

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Service, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        png = form.cleaned_data.get("picture")
        if png is not None or form.cleaned_data.get("remove_picture"):
            set_picture(obj, png)

    @admin.display(description=_("picture"))
    def picture_shown(self, service: Service) -> SafeString | str:
        if service.picture_digest:
            address = marks.picture_url(service.code, service.picture_digest)
        else:
            address = marks.drawing_url(service.mark or service.code)
        if not address:
            return "—"
        return format_html('<img class="office-mark" src="{}" alt="" loading="lazy">', address)


@admin.register(Country)
class CountryAdmin(GoodsAdmin):
    list_display = (
        *("flag_shown", "name_en", "name_id", "code", "iso", "prefix", "trade_id", "is_visible"),
    )
    list_display_links = ("name_en",)
    list_filter = ("is_visible", ("trade_id", admin.EmptyFieldListFilter))
    search_fields = ("name_en", "name_id", "code", "iso", "prefix", "=trade_id")
    ordering = ("name_en",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        named = ("name_en", "name_id", "code", "iso", "prefix", "trade_id")
        return named if obj is not None else (*named, "is_visible")

    @admin.display(description=_("flag"))
    def flag_shown(self, country: Country) -> SafeString:
        return format_html('<span class="office-flag">{}</span>', country.flag)


@admin.register(Block)
class BlockAdmin(ShopAdmin):
    empty_text = _(
        "Nothing is blocked. Block a service in a country here to stop selling just that."
    )
    """What the shop does not sell, whoever has it. Open orders of it go on.

    Nobody can buy it from now on; lists of services and countries follow within seconds.
    """

    list_display = ("__str__", "service", "country", "reason", "created_at")
    list_select_related = ("service", "country")
    search_fields = ("service__name", "service__code", "country__name_en", "country__code")
    autocomplete_fields = ("service", "country")
    ordering = ("-created_at",)
    actions = ("unblock",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Selling again asks for a reason."""
        return False

    def has_unblock_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.delete_block")

    def save_model(self, request: HttpRequest, obj: Block, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        mark_availability_stale(now=timezone.now())

    @admin.action(description=_("Sell again"), permissions=["unblock"])
    def unblock(self, request: HttpRequest, queryset: QuerySet[Block]) -> HttpResponse:
        def act(_entered: dict[str, Any]) -> str:
            queryset.order_by().delete()
            mark_availability_stale(now=timezone.now())
            return gettext("It is sold again.")

        return ask_for_many(
            request,
            queryset,
            action="unblock",
            title=_("Sell again"),
            context=self.admin_site.each_context(request) | {"opts": self.opts},
            act=act,
        )
