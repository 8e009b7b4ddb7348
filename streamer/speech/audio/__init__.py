"""A leg's recording as audio to be transcribed: read, resampled, cut into utterances."""
