"""Taps of running calls through ARI: a snoop on each party, whose audio comes to us over AudioSocket or a WebSocket."""
