"""Answers other programs over HTTP: calls and their words, what happens as it happens, metrics and health."""
