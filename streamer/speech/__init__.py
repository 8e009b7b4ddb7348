"""From audio to finals: voice activity, utterances, the model in its own process, and filters for invented words."""
