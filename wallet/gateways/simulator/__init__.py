"""A payment gateway for the demo and for tests: real HTTP, a payment page, signed callbacks.

It keeps its own books and can be told to misbehave as gateways do; see `books.FAULTS`.
"""
