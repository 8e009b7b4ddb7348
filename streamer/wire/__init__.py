"""Sans-I/O codecs, one per protocol: bytes or text in, frozen values out, and back."""
