"""Legs of a live call over Asterisk's stream-channel websocket, without ever harming the call.

Rules, all measured on a real Asterisk: never close or half-close before the PBX has; send nothing after the upgrade request but
answers to a ping or close of the PBX; never stop reading; never reconnect. So each TCP socket is given to the keeper before a
byte is sent, and a leg that ends early leaves it to the keeper, which drains it.
"""
