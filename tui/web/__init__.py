"""The screen in a browser: a server on this machine, and a process for each tab.

The server is the backend: it alone records, transcribes and has an engine, whether or not anybody looks. A tab is the same screen with a
backend without speech, so it can only follow. `frontend.py` is the server's life, `server.py` what it serves, `access.py` who may come in,
`service.py` a tab as its server sees it, `tab.py` the tab itself, and `plan.py` what the one tells the other.
"""
