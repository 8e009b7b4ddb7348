"""The screen: Textual widgets that follow the bus of a call.

To read it, begin with `frontend.py` (how it is opened), `workroom.py` (what it works with), `shown.py` (what it knows of a call) and
`screens/call.py`; `page.py` and `wrapping.py` are the list of lines.
"""
