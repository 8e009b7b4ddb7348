"""The screen: Textual widgets that follow the bus of a call."""
