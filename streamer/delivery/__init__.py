"""Tells other programs what happens to calls, from what the store has noted: webhooks and MQTT."""
