"""The shapes in which audio comes over a WebSocket, as messages in and out; pure. `choice` knows them all."""
