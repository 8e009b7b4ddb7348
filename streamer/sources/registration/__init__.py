"""Calls that are announced before they come."""
