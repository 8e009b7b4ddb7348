"""The screen: Textual widgets that follow the bus of a call.

To read it, begin with `frontend.py` (how it is opened), `state/open_calls.py` (what it works with), `state/call.py` (what it knows of a
call) and `screens/call.py`; `layout/transcript.py` and `layout/wrapping.py` are the list of lines.
"""
