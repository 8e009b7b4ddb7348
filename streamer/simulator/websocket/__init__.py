"""Stand-ins for what sends audio over a WebSocket: what each sends and when, what it makes of what comes back, and the calls."""
