"""What everything speaks of: audio, events, transcripts, and strings that are not to be trusted."""
