"""The audit for staff: who changed what, when and from where."""

from collections import defaultdict
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from nexotp.lib.admin import LongListAdmin
from office.models import Act, AuditEntry

_SHOWN_AT_ONCE = 4
# Tables that only tie two others together have no name that a person would know.
_PAIRS = {
    "office_knownsetting": _("Settings of the deployment"),
    "accounts_user_groups": _("Groups of an account"),
    "accounts_user_user_permissions": _("Rights of an account"),
    "auth_group_permissions": _("Rights of a group"),
}


class AuditList(ChangeList):  # type: ignore[misc]
    """One page of entries, with the names of the rows that their changes point to."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        names = _names_of(self.result_list)
        for entry in self.result_list:
            entry.names = names


class SubjectFilter(admin.SimpleListFilter):
    """By what was changed, under the name that people know."""

    title = _("subject")
    parameter_name = "subject"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((each, _subject_name(each)) for each in _subjects()), key=itemgetter(1))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry]
    ) -> QuerySet[AuditEntry]:
        return queryset.filter(subject=self.value()) if self.value() else queryset


@admin.register(AuditEntry)
class AuditEntryAdmin(LongListAdmin):
    list_display = ("at", "by", "act", "subject_shown", "label", "summary", "reason")
    list_filter = ("act", "at", SubjectFilter)
    list_select_related = ("by",)
    search_fields = ("=by__email", "=row_id", "label", "=request_id", "reason", "=address")
    search_help_text = _("Who, what it is called, its number, the request, the reason.")
    fields = (
        *("at", "by", "act", "subject_shown", "row_id", "label", "changes_shown", "reason"),
        *("path", "address", "request_id"),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[AuditList]:
        return AuditList

    @admin.display(description=_("subject"), ordering="subject")
    def subject_shown(self, entry: AuditEntry) -> str:
        return _subject_name(entry.subject)

    @admin.display(description=_("changes"))
    def summary(self, entry: AuditEntry) -> str:
        told = {
            name: change
            for name, change in entry.changes.items()
            if name != "id" and (entry.act == Act.UPDATE or change != [None, ""])
        }
        lines = [
            f"{_column(entry.subject, name)}: "
            f"{_known(entry, name, was)} → {_known(entry, name, became)}"
            for name, (was, became) in list(told.items())[:_SHOWN_AT_ONCE]
        ]
        more = len(told) - _SHOWN_AT_ONCE
        return "; ".join(lines) + (f" … (+{more})" if more > 0 else "")

    @admin.display(description=_("changes"))
    def changes_shown(self, entry: AuditEntry) -> SafeString:
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td>{}</td></tr>',
            (
                (
                    _column(entry.subject, name),
                    _named(entry.subject, name, was),
                    _named(entry.subject, name, became),
                )
                for name, (was, became) in entry.changes.items()
            ),
        )
        return format_html(
            '<table class="office-changes"><thead><tr><th scope="col">{}</th>'
            '<th scope="col">{}</th><th scope="col">{}</th></tr></thead><tbody>{}</tbody></table>',
            _("column"),
            _("before"),
            _("after"),
            rows,
        )


def _subjects() -> Iterator[str]:
    """The subjects that there are, from one to the next in their index."""
    last: str | None = ""
    following = AuditEntry.objects.order_by("subject").values_list("subject", flat=True)
    while (last := following.filter(subject__gt=last).first()) is not None:
        yield last


def _subject_name(subject: str) -> str:
    if named := _PAIRS.get(subject):
        return str(named)
    model = _model_of(subject)
    return capfirst(str(model._meta.verbose_name)) if model else subject


def _model_of(table: str) -> type[models.Model] | None:
    found = (m for m in apps.get_models(include_auto_created=True) if m._meta.db_table == table)
    return next(found, None)


def _field_of(table: str, column: str) -> Any:
    model = _model_of(table)
    fields = model._meta.concrete_fields if model else ()
    return next((field for field in fields if field.column == column), None)


def _column(table: str, column: str) -> str:
    field = _field_of(table, column)
    return str(field.verbose_name) if field is not None else column


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "—"
    return "—" if value is None or value == "" else str(value)


def _names_of(entries: list[AuditEntry]) -> dict[tuple[type[models.Model], str], str]:
    """The names of all rows that these changes point to, with one query a table."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for entry in entries:
        for column, change in entry.changes.items():
            if related := _points_to(entry.subject, column):
                wanted[related] |= {value for value in change if isinstance(value, int)}
    return {
        (model, str(pk)): str(row)
        for model, pks in wanted.items()
        for pk, row in model._default_manager.select_related().in_bulk(pks).items()
    }


def _known(entry: AuditEntry, column: str, value: Any) -> str:
    """A value in a list: the name of the row that it points to, where the page has it."""
    related = _points_to(entry.subject, column)
    names: dict[Any, str] = getattr(entry, "names", {})
    return _value(names.get((related, str(value)), value) if related else value)


def _points_to(table: str, column: str) -> type[models.Model] | None:
    field = _field_of(table, column)
    return field.remote_field.model if field is not None and field.remote_field else None


def _named(table: str, column: str, value: Any) -> str:
    """A value as people know it: the name of the row that a foreign key names."""
    field = _field_of(table, column)
    if value is not None and field is not None and field.remote_field is not None:
        key = {field.target_field.attname: value}
        named = field.remote_field.model._default_manager.filter(**key).first()
        return f"{named} (#{value})" if named is not None else f"#{value}"
    return _value(value)
