"""Benchmarks on stock Whisper weights and human telephone speech."""
