"""The handler door: SMS-Activate's protocol, onto the same catalogue, wallet and orders.

`table` says which function carries out which action, `dialects` how answers are put, `words` what
our reasons are called. Nothing here decides about money or state.
"""
