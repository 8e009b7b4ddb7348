"""ARI, Asterisk's REST interface: what we ask for, what is answered, and the events that come over its WebSocket."""
