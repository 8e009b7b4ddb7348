"""What may go wrong around real streamer processes, on loopback and bounded: `make faults`. Nothing that was recorded or published may be lost."""
