"""The keeper: a tiny process that holds a second descriptor of every socket that must not be closed early.

Leaving a live stream-channel socket freezes that call inside Asterisk, and a killed process closes its sockets. TCP closes only
when the last descriptor goes, so a duplicate in another process keeps the call alive; once the tap is gone, the keeper reads and
discards until the PBX hangs up.

`process` is that process; it imports the standard library only. `client` is a tap's connection to it.
"""
