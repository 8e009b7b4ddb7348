"""What a newcomer gets wrong, and what to do: facts are gathered, each within a time, and judged by functions that touch nothing."""
