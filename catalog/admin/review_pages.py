"""Going through the queue of codes: one after the other, or all that are sure at once."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.actions import accept_proposals, map_code, refuse_codes, sure_proposals
from catalog.admin.syncs import sync_soon
from catalog.models import CodeMapping, Country, Service
from catalog.proposals import bare
from nexotp.lib.admin import ShopAdmin


class AnotherForm(forms.Form):
    """What a code means, by the name or the code that we have for it."""

    another = forms.CharField(
        label=_("Another meaning"),
        max_length=80,
        widget=UnfoldAdminTextInputWidget(attrs={"list": "meanings", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, model: type[Any], **options: Any) -> None:
        super().__init__(*args, **options)
        self._model = model

    def clean_another(self) -> Any:
        wanted = self.cleaned_data["another"].strip()
        found = [each for each in self._model.objects.all() if bare(wanted) in _names(each)]
        if len(found) != 1:
            raise forms.ValidationError(_("We have nothing of this name, or more than one."))
        return found[0]


class ReviewPages(ShopAdmin):
    """The addresses beside the list of mappings."""

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, f"catalog_{self.opts.model_name}"
        pages: list[URLPattern] = [
            path("review/", wrap(self.review_view), name=f"{name}_review"),
            path("sure/", wrap(self.sure_view), name=f"{name}_sure"),
        ]
        return pages + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {
            "queue": self._counts(),
            "review_link": reverse(f"admin:catalog_{self.opts.model_name}_review"),
            "sure_link": reverse(f"admin:catalog_{self.opts.model_name}_sure"),
            "may_review": self.has_change_permission(request),
        }
        return super().changelist_view(request, (extra_context or {}) | shown)

    def _counts(self) -> list[dict[str, Any]]:
        """How many stand where; one query over a table of thousands."""
        meant = Q(**{f"{self.model.MEANING}__isnull": False})
        counted = self.model.objects.aggregate(
            proposed=Count("pk", filter=Q(is_reviewed=False) & meant),
            unknown=Count("pk", filter=Q(is_reviewed=False) & ~meant),
            sold=Count("pk", filter=Q(is_reviewed=True) & meant),
            refused=Count("pk", filter=Q(is_reviewed=True) & ~meant),
        )
        titles = {
            "proposed": _("Waiting, with a proposal"),
            "unknown": _("Waiting, without one"),
            "sold": _("Sold"),
            "refused": _("Not sold"),
        }
        return [
            {"title": titles[name], "name": name, "count": count} for name, count in counted.items()
        ]

    def review_view(self, request: HttpRequest) -> HttpResponse:
        """The code with the most stock behind it, and what it may mean; then the next one."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        passed = _passed(request)
        form = None
        if request.method == "POST":
            mapping = self._waiting().filter(pk=_number(request.POST.get("mapping", ""))).first()
            form = AnotherForm(request.POST, model=self._meanings())
            done = self._decide(request, mapping, form, passed)
            if done is not None:
                return done
        else:
            mapping = self._waiting().exclude(pk__in=passed).first()
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("Review one by one"),
            "mapping": mapping,
            "form": form or AnotherForm(model=self._meanings()),
            "meanings": [str(each) for each in self._meanings().objects.all()],
            "left": self._waiting().count(),
            "passed": ",".join(map(str, passed)),
            "back": reverse(f"admin:catalog_{self.opts.model_name}_changelist"),
        }
        return render(request, "catalog/admin/review.html", context, status=422 if form else 200)

    def _decide(
        self,
        request: HttpRequest,
        mapping: CodeMapping | None,
        form: AnotherForm,
        passed: list[int],
    ) -> HttpResponse | None:
        """Do what a button said, and go on to the next; None where the form is to be mended."""
        now = timezone.now()
        if mapping is None:
            messages.info(request, gettext("Somebody has decided about this code meanwhile."))
            return redirect(self._next(request, passed))
        these = self.model.objects.filter(pk=mapping.pk)
        match request.POST.get("decision"):
            case "accept" if mapping.meaning is not None:
                accept_proposals(these)
            case "refuse":
                refuse_codes(these, now=now)
            case "later":
                passed = [*passed, mapping.pk][-200:]
            case _:
                if not form.is_valid():
                    return None
                map_code(mapping, form.cleaned_data["another"], now=now)
        return redirect(self._next(request, passed))

    def _next(self, request: HttpRequest, passed: list[int]) -> str:
        later = f"?later={','.join(map(str, passed))}" if passed else ""
        return f"{request.path}{later}"

    def sure_view(self, request: HttpRequest) -> HttpResponse:
        """All proposals that two signs agree on, to be accepted with one button."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        sure = sure_proposals(self.model)
        back = reverse(f"admin:catalog_{self.opts.model_name}_changelist")
        if request.method == "POST":
            # What was shown, and is still so: nothing is accepted that nobody has seen.
            seen = {_number(pk) for pk in request.POST.get("seen", "").split(",")}
            chosen = [each for each in sure if each.pk in seen]
            accepted = accept_proposals(
                self.model.objects.filter(pk__in=[each.pk for each in chosen])
            )
            sync_soon(sorted({each.supplier_id for each in accepted}))
            messages.success(request, said_of(len(accepted)))
            return redirect(back)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts,
            "title": _("Accept all sure ones"),
            "sure": sure,
            "seen": ",".join(str(each.pk) for each in sure),
            "back": back,
        }
        return render(request, "catalog/admin/sure.html", context)

    def _waiting(self) -> QuerySet[Any]:
        waiting: QuerySet[Any] = self.model.objects.waiting()
        return waiting.select_related("supplier", self.model.MEANING).order_by("-stock_count", "pk")

    def _meanings(self) -> type[Any]:
        return Service if self.model.MEANING == "service" else Country


def said_of(count: int) -> str:
    """What to tell whoever accepted proposals."""
    return ngettext(
        "%(n)d code was accepted. It is on sale as soon as the list is read again.",
        "%(n)d codes were accepted. They are on sale as soon as the list is read again.",
        count,
    ) % {"n": count}


def _names(each: Any) -> set[str]:
    names = (each.name,) if isinstance(each, Service) else (each.name_en, each.name_id)
    return {bare(name) for name in (*names, each.code)}


def _passed(request: HttpRequest) -> list[int]:
    """The codes that were put off, so that they come last."""
    named = request.POST.get("later_ones", request.GET.get("later", ""))[:4_000]
    return [number for part in named.split(",") if (number := _number(part))]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
