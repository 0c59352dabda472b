"""Which action is carried out by which function, with which scope, out of which bucket."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from accounts.models import Scope
from orders.handler import activations, buying, catalogue
from orders.handler.asking import Asked


class Action(NamedTuple):
    """What carries it out, and what a key needs for it. A text is a token, None says nothing."""

    answer: Callable[[Asked], Any]
    scope: Scope
    bucket: str


_MONEY = (Scope.BALANCE_READ, "GENERAL")
_GOODS = (Scope.CATALOG_READ, "GENERAL")
_LOOK = (Scope.ORDER_READ, "POLL")
_CHANGE = (Scope.ORDER_WRITE, "ORDER")

ACTIONS: Mapping[str, Action] = {
    "getBalance": Action(catalogue.balance, *_MONEY),
    "getBalanceAndCashBack": Action(catalogue.balance, *_MONEY),
    "getCountries": Action(catalogue.countries, *_GOODS),
    "getServicesList": Action(catalogue.services, *_GOODS),
    "getOperators": Action(catalogue.operators, *_GOODS),
    "getNumbersStatus": Action(catalogue.numbers_status, *_GOODS),
    "getPrices": Action(catalogue.prices, *_GOODS),
    "getPricesV2": Action(catalogue.prices_v2, *_GOODS),
    "getPricesV3": Action(catalogue.prices_v3, *_GOODS),
    "getPricesExtended": Action(catalogue.prices_extended, *_GOODS),
    "getPricesVerification": Action(catalogue.prices_verification, *_GOODS),
    "getTopCountriesByService": Action(catalogue.top_countries, *_GOODS),
    "getTopCountriesByServiceRank": Action(catalogue.top_countries, *_GOODS),
    "getListOfTopCountriesByService": Action(catalogue.top_countries_list, *_GOODS),
    "getNumber": Action(buying.number, *_CHANGE),
    "getNumberV2": Action(buying.number_v2, *_CHANGE),
    "getStatus": Action(activations.status, *_LOOK),
    "getStatusV2": Action(activations.status_v2, *_LOOK),
    "getFullSms": Action(activations.full_sms, *_LOOK),
    "getAllSms": Action(activations.all_sms, *_LOOK),
    "getActiveActivations": Action(activations.active, *_LOOK),
    "getHistory": Action(activations.history, *_LOOK),
    "finishActivation": Action(activations.finish_silently, *_CHANGE),
    "cancelActivation": Action(activations.cancel_silently, *_CHANGE),
}

SET_STATUS: Mapping[str, Action] = {
    "1": Action(activations.ready, *_LOOK),
    "3": Action(activations.resend, *_CHANGE),
    "6": Action(activations.finish, *_CHANGE),
    "8": Action(activations.cancel, *_CHANGE),
    "-1": Action(activations.cancel, *_CHANGE),
}
