"""Who collects buyers' money for the shop: one interface, one file per protocol.

Plain like the suppliers' package: no Django, no database. What a gateway answers is read, checked
and never simply believed; what it pushes is only a sign that its answer should be read.
"""
