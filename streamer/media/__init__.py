"""Bytes and time, without a file or a socket: WAV headers, the call's clock, decoding."""
