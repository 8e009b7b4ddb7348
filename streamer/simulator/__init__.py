"""A stand-in PBX for each protocol, driven by audio files or captured traces: for demos, tests and load."""
