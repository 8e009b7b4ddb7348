"""AudioSocket: Asterisk makes one TCP connection per party of a call."""
