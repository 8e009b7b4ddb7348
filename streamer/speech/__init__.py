"""From audio to settled words: voice activity, utterances, the model in its own process, and what may be believed."""
