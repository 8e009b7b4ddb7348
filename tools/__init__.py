"""Tools of the project's own: the demo, the benchmarks, and how the bundled model is made."""
