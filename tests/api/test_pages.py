"""Pages of long lists: what may be asked for, and what stands beside the data."""

from typing import Any

import pytest
from django.http import QueryDict
from django.test import RequestFactory
from pytest_django import DjangoAssertNumQueries

from catalog.models import Country
from nexotp.lib.errors import InvalidRequest
from nexotp.lib.http import EnvelopeRenderer, Page
from nexotp.lib.pagination import PageRequest, read_page

BAD_NUMBERS = [
    *("0", "-1", "+1", "one", "1.0", "1e2", " 1", "0x1", "٣", "１", "²", "\x00", "1\x00"),
    *("9" * 19, "9" * 500, "9" * 5_000, "1_0"),
]


def asked(**query: str) -> PageRequest:
    form = QueryDict(mutable=True)
    form.update(query)
    return read_page(form)


def wrong_fields(**query: str) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as caught:
        asked(**query)
    return {each.field: each.code for each in caught.value.fields}


@pytest.mark.parametrize("query", [{}, {"page": "", "per_page": ""}, {"other": "x"}])
def test_the_first_twenty_unless_told(query: dict[str, str]) -> None:
    assert asked(**query) == PageRequest(page=1, per_page=20)


@pytest.mark.parametrize(("per_page", "size"), [("1", 1), ("100", 100), ("007", 7)])
def test_what_is_asked_for(per_page: str, size: int) -> None:
    assert asked(page="3", per_page=per_page) == PageRequest(page=3, per_page=size)


@pytest.mark.parametrize("number", BAD_NUMBERS, ids=lambda text: ascii(text[:8]))
def test_a_number_that_cannot_be(number: str) -> None:
    assert wrong_fields(page=number) == {"page": "out_of_range"}
    assert wrong_fields(per_page=number) == {"per_page": "out_of_range"}


def test_more_than_a_hundred_is_too_many() -> None:
    assert wrong_fields(per_page="101") == {"per_page": "out_of_range"}


def test_every_bad_field_is_named() -> None:
    assert set(wrong_fields(page="0", per_page="0")) == {"page", "per_page"}


@pytest.mark.usefixtures("db")
def test_pages_follow_each_other_to_the_end() -> None:
    rows = Country.objects.order_by("code")
    total = rows.count()

    pages = [PageRequest(page=number, per_page=100).of(rows) for number in (1, 2, 3)]

    assert 100 < total < 300
    assert [country for page in pages for country in page.rows] == list(rows)
    assert pages[0].meta == {
        "page": 1,
        "perPage": 100,
        "total": total,
        "totalPages": -(-total // 100),
    }


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("page", [1_000, 1_000_000_000])
def test_far_beyond_the_end_there_is_nothing_to_read(
    page: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        found = PageRequest(page=page, per_page=100).of(Country.objects.order_by("code"))

    assert found.rows == []
    assert (found.meta["page"], found.meta["total"]) == (page, Country.objects.count())


@pytest.mark.usefixtures("db")
def test_an_empty_list_has_no_pages() -> None:
    found = PageRequest(page=1, per_page=20).of(Country.objects.none())

    assert found.meta == {"page": 1, "perPage": 20, "total": 0, "totalPages": 0}


@pytest.mark.usefixtures("db")
def test_meta_stands_beside_the_data(rf: RequestFactory) -> None:
    request: Any = rf.get("/")
    request.request_id = "req_1"
    found = PageRequest(page=1, per_page=2).of(Country.objects.order_by("code"))

    body = EnvelopeRenderer().render(
        Page([country.code for country in found.rows], found), renderer_context={"request": request}
    )

    assert body.startswith(b'{"success":true,"data":["')
    assert b'"meta":{"page":1,"perPage":2,' in body
