"""Hearing: from the audio log to utterances in the room. `many` brings audio to rooms, `ear` hears one of them.

Decides nothing itself: the rules are `rooms.turns` and `rooms.windows`, the recognisers are adapters.
"""

from server.hearing.many import Hearing, NewDetector

__all__ = ["Hearing", "NewDetector"]
