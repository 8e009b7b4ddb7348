"""The screen in a browser: a server on this machine, and a process for each tab.

The server has the only backend with speech: it records and transcribes whether or not a tab is open. A tab is the same screen over a
backend without speech, so it can only follow. `frontend.py` starts and ends the server, `server.py` says what it serves, `access.py`
who may connect, `service.py` how it runs a tab; `tab.py` is the tab's process, and `plan.py` is what it is started with.
"""
