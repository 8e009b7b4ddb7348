"""Benchmarks: bounded, on loopback only, as ratios measured side by side in one run."""
