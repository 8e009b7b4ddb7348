"""A stand-in for ARI: calls between telephones that nobody sees, their channels and bridges, and the events of both."""
