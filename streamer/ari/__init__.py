"""A client of ARI, Asterisk's REST interface, and what it tells us of the channels there are."""
