"""A call's folder: who writes it, who reads it, and what lies in it."""
