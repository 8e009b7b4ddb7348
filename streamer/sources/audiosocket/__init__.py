"""AudioSocket: calls come as connections, one a party."""
