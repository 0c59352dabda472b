from django import template

from nexotp.lib.amounts import amount_text, signed_amount_text

register = template.Library()
register.filter("money", amount_text)
register.filter("signed_money", signed_amount_text)
