"""Looks at this machine and at the PBX; each part returns the facts that its namesake one level up judges."""
