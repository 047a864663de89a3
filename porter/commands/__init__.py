"""One module a command: its arguments, and what it does with them.

A module's top imports nothing slow, since every start of `porter` imports them all.
"""
