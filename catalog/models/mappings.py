"""What suppliers' codes mean to us."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.goods import Country, Service
from catalog.models.suppliers import Supplier


class Proposer(models.TextChoices):
    """How we came to think that a supplier's code means what the mapping says."""

    CODE = "code", _("same code")
    NAME = "name", _("same name")
    PART = "part", _("name within the name")
    PREFIX = "prefix", _("same ISO code or prefix")


class CodeMappingQuerySet(models.QuerySet[Any]):
    def waiting(self) -> "CodeMappingQuerySet":
        """Codes that nobody has looked at yet."""
        return self.filter(is_reviewed=False)


class CodeMapping(models.Model):
    """What a supplier's own code means to us. Only reviewed rows are ever sold.

    Reviewed without a meaning, a code is not sold on purpose.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.CASCADE)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=120, blank=True)
    is_reviewed = models.BooleanField(_("reviewed"), default=False)
    proposed_by = models.CharField(
        _("proposed for"), max_length=6, choices=Proposer, default=Proposer.CODE, editable=False
    )
    # What waits behind a code that is not reviewed yet, as of the last sync.
    listing_count = models.PositiveIntegerField(_("listings"), default=0, editable=False)
    stock_count = models.BigIntegerField(_("stock"), default=0, editable=False)

    objects = CodeMappingQuerySet.as_manager()

    #: the field that says what the code means to us
    MEANING: ClassVar[str]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.supplier}: {self.code} ({self.name})"

    @property
    def meaning(self) -> Any:
        """Our service or country, or None."""
        return getattr(self, self.MEANING)

    @meaning.setter
    def meaning(self, meaning: Any) -> None:
        setattr(self, self.MEANING, meaning)


class ServiceMapping(CodeMapping):
    MEANING = "service"

    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("service mapping")
        verbose_name_plural = _("service mappings")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "code"], name="catalog_service_code_once"),
        ]


class CountryMapping(CodeMapping):
    MEANING = "country"

    country = models.ForeignKey(Country, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = _("country mapping")
        verbose_name_plural = _("country mappings")
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["supplier", "code"], name="catalog_country_code_once"),
        ]
