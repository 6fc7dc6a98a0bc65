"""Where a round plays: the cluster, the rooms of the round, and what the people in them are asked to do."""

import asyncio
from dataclasses import dataclass, field

from scripts.hardening.cluster import Cluster
from scripts.hardening.history import History


@dataclass
class Stage:
    """What faults and people of one round share."""

    cluster: Cluster
    history: History
    rooms: list[str] = field(default_factory=list)
    """Rooms that were opened in this round."""
    speaking: asyncio.Event = field(default_factory=asyncio.Event)
    """The candidate who answers aloud has begun to."""
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """The last fault is healed: interviews that lingered for it come to their end."""
    doubling: bool = False
    """Everybody puts each command twice, with the same id."""
    muddling: bool = False
    """Everybody puts several commands at once, and what they send is held back and swapped."""
    moving: bool = False
    """Candidates go on from a second device."""
    dying: bool = False
    """Candidates' programs die with wishes under way, and come back with what they had kept."""
    silent: bool = False
    """Candidates say nothing in their last turn."""
    loud: bool = False
    """Coaches whisper long sentences, one after the other."""
