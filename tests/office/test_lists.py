"""What lists say while they are empty, and how columns and figures are called."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Field
from django.test import Client, RequestFactory
from django.utils import translation

from accounts.models import User
from office.labels import LABELS
from office.roles import OURS
from orders.states import OPEN
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> User:
    user = cast.open_account("ratna")
    user.is_staff = user.is_superuser = True
    user.save()
    cast.give_second_step(user)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def test_an_empty_list_says_what_that_means_and_a_search_without_hits_what_to_do(
    client: Client, owner: User
) -> None:
    empty = client.get("/admin/orders/straypurchase/").content.decode()
    searched = client.get("/admin/orders/order/?q=nobody@nowhere.test").content.decode()

    assert "There is nothing to do." in empty
    assert "Nothing matches" in searched
    assert "Show everything" in searched


def test_every_column_that_a_page_shows_has_a_word_for_people(owner: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = owner

    with translation.override("en"):
        unnamed = {
            f"{model._meta.label}.{field.name}"
            for model, page in admin.site._registry.items()
            if model._meta.app_label in OURS
            for field in model._meta.get_fields()
            if isinstance(field, Field)
            and field.name in {*page.get_list_display(request), *_columns(page, request)}
            and field.name not in LABELS
            and "verbose_name" not in field.deconstruct()[3]
        }

    assert not unnamed, "add these to office/labels.py"


def _columns(page: "admin.ModelAdmin[Any]", request: object) -> list[str]:
    found: list[str] = []
    for _title, options in page.get_fieldsets(request):  # type: ignore[arg-type]
        for name in options["fields"]:
            found += [name] if isinstance(name, str) else name
    return found


def test_a_figure_leads_to_the_list_that_it_counts(client: Client, owner: User) -> None:
    shown = client.get("/admin/").context

    active = parse_qs(urlsplit(shown["active_link"]).query)
    assert set(active["status__in"][0].split(",")) == set(OPEN)
    cards = {card["title"]: card["link"] for card in shown["cards"]}
    assert "created_at__gte" in parse_qs(urlsplit(cards["Orders"]).query)
    assert {"first", "last"} <= set(parse_qs(urlsplit(cards["Revenue"]).query))
    for link in [shown["active_link"], *cards.values(), *(w["link"] for w in shown["waiting"])]:
        # Django's lists answer a filter that they do not know with a redirect to ?e=1.
        assert client.get(link).status_code == 200, link


def test_groups_are_ticked(client: Client, owner: User) -> None:
    colleague = cast.open_account("sari")
    finance = Group.objects.get(name="finance")

    page = client.get(f"/admin/accounts/user/{colleague.pk}/change/").content.decode()

    ticks = [line for line in page.split("<input") if 'name="groups"' in line]
    assert len(ticks) == Group.objects.count()
    assert all('type="checkbox"' in tick for tick in ticks)
    assert any(f'value="{finance.pk}"' in tick for tick in ticks)


def test_the_audit_names_the_rows_that_a_change_points_to(client: Client, owner: User) -> None:
    sari = cast.open_account("sari")
    sari.groups.add(Group.objects.get(name="finance"))

    page = client.get("/admin/office/auditentry/?subject=accounts_user_groups").content.decode()

    assert "finance" in page
    assert "sari" in page
