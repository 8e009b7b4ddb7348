"""The store in SQLite; the only package that speaks SQL."""
