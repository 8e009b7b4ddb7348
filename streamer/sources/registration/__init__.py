"""Registration: inbound calls that are announced before they connect."""
