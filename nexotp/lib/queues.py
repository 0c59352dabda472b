"""The names of the task queues; every task names one."""

MONEY = "money"
POLLING = "polling"
WEBHOOKS = "webhooks"
MAIL = "mail"
CATALOGUE = "catalogue"
UPKEEP = "upkeep"
