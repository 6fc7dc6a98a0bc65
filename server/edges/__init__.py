"""Edges: where people come in who speak another protocol than ours.

An edge is an interpreter between a foreign WebSocket and the room's own (`rooms.protocol`): behind it are the same
gate, the same seat, the same microphone and the same feed as for everybody else, and it can do nothing that a client
could not. `interpreted` holds the two ends together, `voice` is what every edge with a voice needs, the rest is one
module a protocol. Decides nothing about a room.
"""
