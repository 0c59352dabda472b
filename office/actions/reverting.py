"""Taking changes of pricing rules back: one of them, or all since a moment.

Nothing of the audit is undone; taking back is a change with a reason of its own. As with an
import, people look at the plan first, and with other rules than they saw nothing is done.
"""

from collections import Counter
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.actions import change_rules
from catalog.models import PricingRule
from catalog.rule_plans import FIELDS, Kind, Values, Wanted, values_of
from nexotp.lib.acting import because
from nexotp.lib.errors import Problem
from office.models import Act, AuditEntry
from office.reports.rule_history import became, gone, is_of_gone, rules_at, was


class CannotRevert(Problem):
    code = "cannot_revert"
    status = 409
    message = _("This change cannot be taken back.")


def without_change(change: AuditEntry, present: list[PricingRule]) -> list[Wanted]:
    """Return all rules as they would be without one change.

    Raises CannotRevert where something later stands in the way, or what the rule was for is gone.
    """
    rules = {rule.pk: values_of(rule) for rule in present}
    pk = int(change.row_id)
    if change.act == Act.DELETE:
        _check_free(pk, rules)
        rules[pk] = was(change)
    else:
        _check_untouched(change, rules.get(pk))
        if change.act == Act.INSERT:
            del rules[pk]
        else:
            rules[pk] = rules[pk] | was(change)
    if pk in rules:
        _check_sense(rules[pk])
    return [Wanted(values, pk) for pk, values in sorted(rules.items())]


def at_moment(moment: datetime, present: list[PricingRule]) -> tuple[list[Wanted], list[Wanted]]:
    """Return all rules as they were, and beside them those for something that is gone now."""
    then = rules_at(moment, present)
    missing = gone(each.values for each in then)
    lost = [each for each in then if is_of_gone(each.values, missing)]
    return [each for each in then if not is_of_gone(each.values, missing)], lost


def revert_change(change: AuditEntry, *, seen: str, reason: str) -> Counter[Kind]:
    """Take one change back; return how many rules became what.

    Raises CannotRevert, RulesChanged.
    """
    told = gettext("Change %(number)s taken back: %(reason)s")
    with because(told % {"number": change.pk, "reason": reason}):
        return change_rules(lambda there: without_change(change, there), replaces=True, seen=seen)


def revert_rules(moment: datetime, *, seen: str, reason: str) -> Counter[Kind]:
    """Make all rules what they were at a moment; return how many became what.

    Raises RulesChanged.
    """
    with because(reason):
        return change_rules(lambda there: at_moment(moment, there)[0], replaces=True, seen=seen)


def _check_free(pk: int, rules: dict[int, Values]) -> None:
    if pk in rules:
        raise CannotRevert(_("The rule is there again."))


def _check_untouched(change: AuditEntry, values: Values | None) -> None:
    if values is None:
        raise CannotRevert(_("The rule was deleted later. Take that back first."))
    later = [name for name, value in became(change).items() if values[name] != value]
    if later:
        columns = ", ".join(str(FIELDS[name].verbose_name) for name in later)
        raise CannotRevert(_("This was changed again later: %s. Take that back first.") % columns)


def _check_sense(values: Values) -> None:
    missing = gone([values])
    if missing:
        columns = ", ".join(str(FIELDS[name].verbose_name) for name in missing)
        raise CannotRevert(_("What the rule was for is gone: %s.") % columns)
    try:
        PricingRule(**values).clean()
    except ValidationError as error:
        raise CannotRevert(
            _("With what was changed later the rule would make no sense: %s")
            % " ".join(error.messages)
        ) from error
