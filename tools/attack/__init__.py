"""Attacks on a real `streamer serve`, on loopback and bounded: `make attack`. Each has healthy calls beside it, which must lose nothing."""
