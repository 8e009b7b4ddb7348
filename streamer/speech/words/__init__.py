"""What is made of hypotheses: which words are settled, and which are inventions."""
