"""`cdp doctor`: look at a whole suite, and say what is wrong and what mends it.

`look` takes a snapshot of the suite; `diagnose` turns it into findings, and is pure.
"""
