"""The protocols with sockets on. A source announces calls; each call is a stream of what its legs do."""
