"""What is asked of TCP for a connection: that little waits in the kernel, and not for long.

Decides two bounds; never when a connection ends (`server.wire`).
"""

import socket
from typing import Final

KERNEL_BYTES: Final = 128 * 1024
"""What the kernel keeps for a reader; it doubles the figure. Left alone, it takes 4 MB from one who never reads."""
UNACKNOWLEDGED_MS: Final = 20_000
"""How long sent bytes may stay unacknowledged by the other machine (TCP_USER_TIMEOUT, Linux)."""


def bound(sock: socket.socket | None) -> None:
    """What never reaches the other side must neither pile up in the kernel nor be waited for."""
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
