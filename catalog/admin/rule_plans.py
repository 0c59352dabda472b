"""A plan of pricing rules as people read it: with names, amounts of money and plain words."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext

from catalog.models import PricingRule
from catalog.rule_plans import FIELDS, SCOPE, Kind, Line, Values, count_kinds
from nexotp.lib.amounts import amount_text

# A page of thousands of lines is read by nobody; all of them are counted, and errors come first.
_SHOWN = 300
_AMOUNTS = ("markup_fixed", "floor", "ceiling", "rounding")
_ICONS = {
    Kind.NEW: "add_circle",
    Kind.CHANGED: "edit",
    Kind.REMOVED: "delete",
    Kind.UNCHANGED: "check",
}

Names = dict[str, dict[int, str]]


def names_for(all_values: Iterable[Values]) -> Names:
    """Read the names of what these rules are for."""
    listed = list(all_values)
    names: Names = {}
    for name in SCOPE:
        rows = {values[name] for values in listed if values.get(name) is not None}
        manager = FIELDS[name].remote_field.model._default_manager
        names[name] = {pk: str(row) for pk, row in manager.in_bulk(rows).items()}
    return names


def value_shown(name: str, value: Any, names: Names) -> str:
    """Return a rule's value as people read it; what is gone goes by its number."""
    if value is None or value == "":
        return "—"
    if name in names:
        return names[name].get(value) or gettext("gone (#%s)") % value
    if name in _AMOUNTS:
        return amount_text(value, settings.SHOP_CURRENCY)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, Decimal):
        return f"{formats.number_format(value.normalize(), use_l10n=True)} %"
    if name.endswith("_at"):
        local = timezone.localtime(value, timezone.get_default_timezone())
        return formats.date_format(local, "j M Y H:i")
    return str(value)


def goods_shown(values: Values, names: Names) -> str:
    """Return what a rule is for."""
    parts = [value_shown(name, values[name], names) for name in SCOPE if values[name] is not None]
    return " × ".join(parts) or gettext("everything")


def column_shown(name: str) -> str:
    return str(FIELDS[name].verbose_name)


def plan_shown(lines: list[Line]) -> dict[str, Any]:
    """Return a plan for its template: what changes, line by line, and how many do not."""
    counts = count_kinds(lines)
    telling = [line for line in lines if line.kind != Kind.UNCHANGED]
    quiet = [line for line in lines if line.kind == Kind.UNCHANGED]
    values = [each for line in lines for each in (line.was, line.becomes) if each is not None]
    names = names_for(values)
    return {
        "counts": [(kind, kind.label, counts[kind], _ICONS[kind]) for kind in Kind],
        "lines": [_line_shown(line, names) for line in telling[:_SHOWN]],
        "more": max(0, len(telling) - _SHOWN),
        "unchanged": [_line_shown(line, names) for line in quiet[:_SHOWN]],
        "more_unchanged": max(0, len(quiet) - _SHOWN),
        "does_something": bool(telling),
    }


def _line_shown(line: Line, names: Names) -> dict[str, Any]:
    told = []
    for name in line.changed:
        was = value_shown(name, line.was[name], names) if line.was else None
        becomes = value_shown(name, line.becomes[name], names) if line.becomes else None
        if not (name in SCOPE and line.kind != Kind.CHANGED) and {was, becomes} != {"—", None}:
            told.append({"column": column_shown(name), "was": was, "becomes": becomes})
    return {
        "kind": line.kind,
        "label": line.kind.label,
        "icon": _ICONS[line.kind],
        "pk": line.pk,
        "is_there": line.was is not None,
        "row": line.row,
        "goods": goods_shown(line.was or line.values, names),
        "changes": told,
    }


def rules_there() -> list[PricingRule]:
    return list(PricingRule.objects.order_by("pk"))
