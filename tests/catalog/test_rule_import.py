"""Importing rules in the admin: looked at first, carried out at once or not at all."""

import io
import threading
import zipfile
from collections import Counter
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.actions import (
    AlreadyCarriedOut,
    RulesChanged,
    SheetNotUsable,
    carry_out_sheet,
    keep_sheet,
)
from catalog.models import Country, Offer, PricingRule, RuleSheet, Service
from catalog.rule_plans import Kind, fingerprint
from nexotp.lib.errors import Problem
from nexotp.lib.sheets import MAX_BYTES, read_sheet
from tests.office.conftest import desk_of

LIST = reverse("admin:catalog_pricingrule_changelist")
UPLOAD = reverse("admin:catalog_rules_import")


@pytest.fixture
def rule(rules_as_before: None) -> PricingRule:
    """For few offers: a rule for everything has everything priced anew in the page."""
    return PricingRule.objects.create(
        service=Service.objects.get(code="telegram"),
        country=Country.objects.get(code="id"),
        markup_percent=40,
    )


@pytest.fixture
def desk(rules_as_before: None, staff: User) -> Client:
    return desk_of(staff)


def upload(desk: Client, content: str | bytes, name: str = "rules.csv", **form: str) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return desk.post(UPLOAD, {"file": SimpleUploadedFile(name, raw), **form})


def planned(desk: Client, content: str | bytes, **form: str) -> Any:
    answer = upload(desk, content, **form)
    assert answer.status_code == 302, answer.context["form"].errors
    return desk.get(answer["Location"])


def press(desk: Client, page: Any) -> Any:
    return desk.post(page.request["PATH_INFO"], {"seen": page.context["seen"]})


def test_a_file_is_looked_at_and_then_carried_out(rule: PricingRule, desk: Client) -> None:
    page = planned(
        desk,
        f"id,service,country,markup_percent\n{rule.pk},telegram,id,55\n,whatsapp,id,12.5\n",
    )

    counts = {kind: count for kind, _label, count, _icon in page.context["plan"]["counts"]}
    assert counts == {Kind.NEW: 1, Kind.CHANGED: 1, Kind.REMOVED: 0, Kind.UNCHANGED: 0}
    assert b"<s>40 %</s>" in page.content
    assert b"<b>55 %</b>" in page.content
    assert PricingRule.objects.count() == 2

    done = press(desk, page)

    assert done["Location"] == LIST
    rule.refresh_from_db()
    assert rule.markup_percent == 55
    assert PricingRule.objects.get(service__code="whatsapp").markup_percent == Decimal("12.5")
    offer = Offer.objects.filter(
        supplier__code="alpha", service__code="telegram", country__code="id"
    )[0]
    assert offer.price is not None
    assert 0 <= offer.price - offer.cost * Decimal("1.625") * Decimal("1.55") < 1


def test_what_the_list_shows_goes_out_and_comes_back(desk: Client) -> None:
    PricingRule.objects.create(markup_percent=1, is_active=False)
    everything = reverse("admin:catalog_rules_export", args=["xlsx"])
    active = reverse("admin:catalog_rules_export", args=["csv"])

    table = desk.get(everything).content
    some = b"".join(desk.get(active, {"is_active__exact": "1"}).streaming_content)  # type: ignore[attr-defined]

    assert some.count(b"\r\n") == 2
    page = planned(desk, table)
    assert not page.context["plan"]["does_something"]
    assert b"nothing to carry out" in page.content


def test_replacing_everything_removes_what_is_not_in_the_file(desk: Client) -> None:
    content = "id,service,markup_percent\n,telegram,10\n"

    assert b"Rules that are not in it stay." in planned(desk, content).content
    press(desk, planned(desk, content, replaces="on"))

    assert [rule.service_id is not None for rule in PricingRule.objects.all()] == [True]


def test_rules_that_changed_meanwhile_are_looked_at_again(rule: PricingRule, desk: Client) -> None:
    page = planned(desk, f"id,markup_percent\n{rule.pk},55\n")
    PricingRule.objects.filter(pk=rule.pk).update(markup_fixed=251)

    refused = press(desk, page)

    assert refused.status_code == 409
    assert b"Somebody changed the rules meanwhile" in refused.content
    rule.refresh_from_db()
    assert rule.markup_percent == 40
    # The page that says so shows the plan as it is now.
    assert press(desk, refused).status_code == 302


def test_one_wrong_row_stops_all_of_them(rule: PricingRule, desk: Client) -> None:
    page = planned(desk, f"id,service,floor,markup_percent\n{rule.pk},,5000,55\n,nosuch,x,10\n")

    told = {(each.row, each.column) for each in page.context["problems"]}
    assert told == {(3, "service"), (3, "floor")}
    assert b"Carry it out" not in page.content
    assert press(desk, page).status_code == 409
    rule.refresh_from_db()
    assert rule.markup_percent == 40


def test_what_was_carried_out_is_not_carried_out_again(rules_as_before: None, staff: User) -> None:
    now = timezone.now()
    sheet = read_sheet(b"id,service,markup_percent\n,telegram,10\n")
    kept = keep_sheet(sheet, name="a.csv", replaces=False, by=staff, now=now)
    carry_out_sheet(kept, seen=fingerprint(PricingRule.objects.all()), now=now)

    with pytest.raises(AlreadyCarriedOut):
        carry_out_sheet(kept, seen=fingerprint(PricingRule.objects.all()), now=now)
    bad = keep_sheet(read_sheet(b"id,floor\n,0\n"), name="", replaces=False, by=staff, now=now)
    with pytest.raises(SheetNotUsable):
        carry_out_sheet(bad, seen=fingerprint(PricingRule.objects.all()), now=now)


def test_of_two_who_press_at_once_one_changes_the_rules(rules_as_before: None, staff: User) -> None:
    now = timezone.now()
    seen = fingerprint(PricingRule.objects.all())
    pk = PricingRule.objects.get().pk
    sheets = [
        keep_sheet(
            read_sheet(f"id,service,markup_percent\n{pk},,{50 + n}\n,telegram,{n}\n".encode()),
            name=f"{n}.csv",
            replaces=False,
            by=staff,
            now=now,
        )
        for n in range(6)
    ]
    # The first is pressed by two as well.
    sheets.append(sheets[0])
    results: Counter[str] = Counter()
    start = threading.Barrier(len(sheets))

    def go(sheet: RuleSheet) -> None:
        start.wait()
        try:
            carry_out_sheet(sheet, seen=seen, now=now)
            results["done"] += 1
        except Problem as problem:
            results[problem.code] += 1
        finally:
            close_old_connections()
            connection.close()

    threads = [threading.Thread(target=go, args=[sheet]) for sheet in sheets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results["done"] == 1
    assert sum(results[code] for code in (RulesChanged.code, AlreadyCarriedOut.code)) == 6
    assert PricingRule.objects.filter(service__code="telegram").count() == 1
    assert RuleSheet.objects.exclude(carried_out_at=None).count() == 1


# ---- files made to do harm --------------------------------------------------------------------


def workbook(**cells: Any) -> bytes:
    book = openpyxl.Workbook()
    for place, value in ({"A1": "id", "B1": "markup_percent", "B2": 10} | cells).items():
        book.active[place] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(content: bytes, part: str, xml: bytes) -> bytes:
    """A workbook with one of its parts exchanged."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, xml if name == part else old.read(name))
    return file.getvalue()


def rows(inside: bytes) -> bytes:
    start = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    return start + inside + b"</sheetData></worksheet>"


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = (
    b'<!DOCTYPE x [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;">' % (n + 1, n, n) for n in range(97, 110))
    + b"]>"
)
HOSTILE = {
    "empty": b"",
    "only a mark": b"\xef\xbb\xbf",
    "only names": b"id,markup_percent\n",
    "too large": b"id,markup_percent\n" + b",10\n" * (MAX_BYTES // 4),
    "too many rows": b"id,markup_percent\n" + b",10\n" * 5_001,
    "latin": "id,service\n,café\n".encode("latin-1"),
    "utf-16": "id,service\n,x\n".encode("utf-16"),
    "zeros": b"id,service\n,\x00\n",
    "a column twice": b"id,id\n1,2\n",
    "quotes that never end": b'id,service\n,"' + b"x" * 1000,
    "a field without end": b"id,service\n," + b"x" * 200_000 + b"\n",
    "an old workbook": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
    "no workbook": b"PK\x03\x04" + b"\0" * 100,
    "a zip of something else": repacked(workbook(), "xl/workbook.xml", b"<html/>"),
    "broken xml": repacked(workbook(), SHEET, b"<worksheet><sheetData>"),
    "a bomb": repacked(workbook(), SHEET, rows(b" " * 40_000_000)),
    "a bomb of cells": repacked(workbook(), SHEET, rows(b"<row><c/></row>" * 700_000)),
    "a bomb of styles": repacked(workbook(), "xl/styles.xml", b"<x>" + b"<y/>" * 30_000 + b"</x>"),
    "laughs": repacked(workbook(), SHEET, LAUGHS + rows(b"")),
    "an outside entity": repacked(
        workbook(), SHEET, b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + rows(b"")
    ),
    "far below": workbook(A1048576=1),
    "a row that is nowhere": repacked(
        workbook(), SHEET, rows(b'<row r="999999999999"><c r="A1"><v>1</v></c></row>')
    ),
    "a time that is none": repacked(
        workbook(), SHEET, rows(b'<row r="1"><c t="d"><v>yesterday</v></c></row>')
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_beside_the_field(desk: Client, name: str) -> None:
    answer = upload(desk, HOSTILE[name])

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["file"]
    assert not RuleSheet.objects.exists()


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ({"B2": "=1+1"}, (2, "markup_percent")),
        ({"A2": '=HYPERLINK("http://x.test","y")'}, (2, "id")),
        ({"B2": True}, (2, "markup_percent")),
        ({"B3": "#REF!"}, (3, "markup_percent")),
        ({"D2": "beyond"}, (2, "")),
        ({"B2": timezone.now().time()}, (2, "markup_percent")),
    ],
)
def test_a_cell_that_is_no_value_is_named(
    desk: Client, cells: dict[str, Any], place: tuple[int, str]
) -> None:
    page = planned(desk, workbook(**{"C1": "service", "C2": "telegram"} | cells))

    assert place in {(each.row, each.column) for each in page.context["problems"]}


def test_a_percentage_is_not_taken_for_a_hundredth_of_itself(desk: Client) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(B2=0.4)))
    book.active["B2"].number_format = "0.00%"
    file = io.BytesIO()
    book.save(file)

    page = planned(desk, file.getvalue())

    assert {(each.row, each.column) for each in page.context["problems"]} == {(2, "markup_percent")}


def test_what_begins_like_a_formula_goes_out_harmless(desk: Client) -> None:
    from accounts.models import Tier

    tier = Tier.objects.create(code="=cmd", name="x")
    rule = PricingRule.objects.create(tier=tier, markup_percent=-5)
    try:
        exports = {
            kind: desk.get(reverse("admin:catalog_rules_export", args=[kind]))
            for kind in ("csv", "xlsx")
        }
        text = b"".join(exports["csv"].streaming_content).decode()  # type: ignore[attr-defined]
        book = openpyxl.load_workbook(io.BytesIO(exports["xlsx"].content))
        cells = [cell for row in book.active.iter_rows() for cell in row]

        assert ",'=cmd," in text
        assert ",-5.00," in text
        assert "f" not in {cell.data_type for cell in cells}
        assert "'=cmd" in {cell.value for cell in cells}
        assert not planned(desk, exports["xlsx"].content).context["plan"]["does_something"]
    finally:
        rule.delete()
        tier.delete()
