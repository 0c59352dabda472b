"""The fields of a request or an answer as people read them: a JSON schema in plain words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

Schema = Mapping[str, Any]

# A limit beyond this only keeps numbers from overflowing; nobody comes near it.
_LARGEST_WORTH_TELLING = 100_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One field or parameter, with the fields inside it. `anchor` names it on its page.

    `place` is where a parameter stands: path or query.
    """

    name: str
    anchor: str
    type: str
    is_required: bool
    facts: tuple[str, ...]
    choices: tuple[str, ...]
    description: str
    inside: tuple["Field", ...] = ()
    place: str = ""

    def and_inside(self) -> Iterator["Field"]:
        """Yield this field and everything below it."""
        yield self
        for field in self.inside:
            yield from field.and_inside()


@dataclass(frozen=True, slots=True)
class Shapes:
    """Follows the references of one document."""

    document: Schema

    def resolved(self, schema: Schema) -> Schema:
        """Return what a schema stands for; words beside a reference overrule its own."""
        if "$ref" not in schema:
            return schema
        target: Any = self.document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**self.resolved(target), **beside}

    def fields(self, schema: Schema, *, anchor: str) -> tuple[Field, ...]:
        """Return the fields of an object; of a list, those of its items."""
        resolved = self.resolved(schema)
        if "items" in resolved:
            return self.fields(resolved["items"], anchor=anchor)
        required = set(resolved.get("required", ()))
        return tuple(
            self.field(name, each, anchor=f"{anchor}-{name}", is_required=name in required)
            for name, each in resolved.get("properties", {}).items()
        )

    def field(self, name: str, schema: Schema, *, anchor: str, is_required: bool) -> Field:
        """Return one field in words."""
        kinds = self._kinds(schema)
        inside = tuple(part for kind in kinds for part in self.fields(kind, anchor=anchor))
        return Field(
            name=name,
            anchor=anchor,
            type=self._type(kinds),
            is_required=is_required,
            facts=tuple(self._facts(self.resolved(schema), kinds)),
            choices=_choices(kinds),
            # What a serializer appends to say its choices once more.
            description=self.resolved(schema).get("description", "").partition("\n\n* `")[0],
            inside=inside,
        )

    def _kinds(self, schema: Schema) -> list[Schema]:
        """Return what a value may be, each with one type of its own."""
        resolved = self.resolved(schema)
        for several in ("oneOf", "anyOf"):
            if several in resolved:
                return [kind for each in resolved[several] for kind in self._kinds(each)]
        if "allOf" in resolved:
            joined: dict[str, Any] = {}
            for each in resolved["allOf"]:
                joined |= self.resolved(each)
            return [joined]
        types = resolved.get("type", "object")
        if isinstance(types, str):
            return [resolved]
        return [{**resolved, "type": name} for name in types]

    def _type(self, kinds: list[Schema]) -> str:
        names = [self._type_name(kind) for kind in kinds]
        return _(" or ").join(dict.fromkeys(name for name in names if name))

    def _type_name(self, kind: Schema) -> str:
        if kind.get("type") == "array":
            item = self._type(self._kinds(kind.get("items", {})))
            return _("array of %(item)ss") % {"item": item}
        return str(kind.get("type", "object"))

    def _facts(self, schema: Schema, kinds: list[Schema]) -> Iterator[str]:
        if "default" in schema:
            yield _("default `%(value)s`") % {"value": written(schema["default"])}
        for kind in kinds:
            if kind.get("format") == "date-time" and kind["type"] == "string":
                yield _("time in UTC")
            yield from _length(kind)
            yield from _range(kind)


def _length(kind: Schema) -> Iterator[str]:
    if kind.get("type") != "string" or "maxLength" not in kind:
        return
    least, most = kind.get("minLength", 0), kind["maxLength"]
    if least:
        yield _("%(least)d to %(most)d characters") % {"least": least, "most": most}
    else:
        yield ngettext("at most %(most)d character", "at most %(most)d characters", most) % {
            "most": most
        }


def _range(kind: Schema) -> Iterator[str]:
    if kind.get("type") not in {"integer", "number"} or "enum" in kind:
        return
    least, most = kind.get("minimum"), kind.get("maximum")
    if most is not None and most > _LARGEST_WORTH_TELLING:
        most = None
    if least is not None and most is not None:
        yield _("%(least)s to %(most)s") % {"least": _grouped(least), "most": _grouped(most)}
        return
    if least is not None:
        yield _("at least %(least)s") % {"least": _grouped(least)}
    if "exclusiveMinimum" in kind:
        yield _("above %(least)s") % {"least": _grouped(kind["exclusiveMinimum"])}
    if most is not None:
        yield _("at most %(most)s") % {"most": _grouped(most)}


def _grouped(number: float) -> str:
    """Return a number with the thousands parted, as the language does."""
    return number_format(number, force_grouping=True)


def _choices(kinds: list[Schema]) -> tuple[str, ...]:
    named = [value for kind in kinds for value in _listed(kind)]
    return tuple(dict.fromkeys(written(value) for value in named))


def _listed(kind: Schema) -> list[Any]:
    if kind.get("type") == "array":
        return _listed(kind.get("items", {}))
    if "const" in kind:
        return [kind["const"]]
    return [value for value in kind.get("enum", ()) if value is not None]


def written(value: Any) -> str:
    """Return a value as JSON writes it, a text without its quotes."""
    match value:
        case True:
            return "true"
        case False:
            return "false"
        case None:
            return "null"
    return str(value)
