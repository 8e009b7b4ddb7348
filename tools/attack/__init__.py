"""Attacks on a real `streamer serve` or `watch --web`, on loopback and bounded: `make attack`. Each has healthy calls beside it, which must lose nothing."""
