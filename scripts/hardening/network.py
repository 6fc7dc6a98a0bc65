"""A network of our own: a loopback that only this run sees, where packets can be lost without anybody being told.

Decides how it is had, cut and healed; never when (`faults`). Linux only: as root, or where everybody may have user
namespaces (as `unshare -rn`); elsewhere there is none. A fault proxy can hold back what it was given, and resets; here
the kernels send again and again into nothing, and find each other again when their own patience says so.

Imports nothing but the standard library: who is not root must call `own_network` before there are threads.
"""

import contextlib
import ctypes
import fcntl
import itertools
import os
import socket
import struct
import subprocess
import sys
from functools import cached_property
from pathlib import Path

LOOPBACK, HOLE, TABLE = "lo", "hole", "77"
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000
# netdevice(7) and linux/route.h, which Python's socket module does not name.
_GET_FLAGS, _SET_FLAGS, _SET_ADDRESS, _SET_NETMASK, _ADD_ROUTE, _DELETE_ROUTE = (
    0x8913, 0x8914, 0x8916, 0x891C, 0x890B, 0x890C,
)  # fmt: skip
_UP, _ROUTE_UP, _ROUTE_TO_HOST = 1, 1, 4
_SET_TUNNEL, _TUNNEL = 0x4004_54CA, 0x1001  # linux/if_tun.h: TUNSETIFF, IFF_TUN and IFF_NO_PI


def own_network() -> "Network | None":
    """Leave this machine's network for a new one that has loopback alone; None where that is not allowed."""
    return _entered() if sys.platform == "linux" and _is_allowed() else None


def _is_allowed() -> bool:
    """Tried by a copy of us: there is no way back, and some systems let one in and allow nothing there."""
    copy = os.fork()
    if copy:
        return os.waitpid(copy, 0)[1] == 0
    try:
        _entered().address()
    except OSError:
        os._exit(1)
    os._exit(0)


def _entered() -> "Network":
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.unshare(_CLONE_NEWNET):  # who may not do that may still be allowed it among users of its own
        user, group = os.geteuid(), os.getegid()
        if kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "no network of our own")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    network = Network()
    network.up()
    return network


class Network:
    """The network of this process and of all that it starts. Addresses are its own, on loopback."""

    def __init__(self) -> None:
        self._control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names: dict[str, str] = {}
        self._lost: set[str] = set()
        self._alone: set[str] = set()
        self._is_down = False
        self._numbers = itertools.count(1)

    def address(self) -> str:
        """One more address, for a server that is to be out of reach alone."""
        number = next(self._numbers)
        address = f"10.99.0.{number}"
        self._names[address] = f"{LOOPBACK}:{number}"
        self._give(address)
        return address

    def down(self) -> None:
        """Lose every packet."""
        self._is_down = True
        self._switch(LOOPBACK, up=False)

    def up(self) -> None:
        self._is_down = False
        self._switch(LOOPBACK, up=True)

    def lose(self, address: str) -> None:
        """Lose every packet to and from this address; nobody is told, and new connections wait in vain too."""
        if address not in self._lost:
            self._lost.add(address)
            self._switch(self._names[address], up=False)  # of a second address that is: take it away
            self._route(_ADD_ROUTE, address)  # to nobody, where packets end unseen

    @cached_property
    def isolates(self) -> bool:
        """Whether `isolate` can be had. It needs iproute2, and a tunnel that leads nowhere."""
        hole = struct.pack("16sH22x", HOLE.encode(), _TUNNEL)
        try:
            self._hole = os.open("/dev/net/tun", os.O_RDWR)  # for as long as we live; nobody reads what comes there
            fcntl.ioctl(self._hole, _SET_TUNNEL, hole)
            self._switch(HOLE, up=True)
        except OSError:
            return False
        return all(
            _ip(*words.split())
            for words in (
                f"route add default dev {HOLE} table {TABLE}",
                "rule add pref 100 lookup local",
                "rule del pref 0",  # or else addresses of this machine come before every other rule
            )
        )

    def isolate(self, address: str) -> None:
        """Lose every packet to and from this address, also of a server that would go round by another of its own."""
        self._alone.add(address)
        self._rules("add", address)

    def heal(self) -> None:
        """Lose nothing any more."""
        if self._is_down:
            self.up()
        for address in self._alone:
            self._rules("del", address)
        self._alone.clear()
        for address in self._lost:
            self._route(_DELETE_ROUTE, address)
            self._give(address)
        self._lost.clear()

    def _rules(self, verb: str, address: str) -> None:
        for side in ("from", "to"):
            if not _ip("rule", verb, "pref", "10", side, address, "table", TABLE):
                raise RuntimeError(f"the rule {side} {address} could not be had: ip rule {verb}")

    def _give(self, address: str) -> None:
        for request, value in ((_SET_ADDRESS, address), (_SET_NETMASK, "255.255.255.255")):
            asked = struct.pack("16s16s8x", self._names[address].encode(), _packed(value))
            fcntl.ioctl(self._control, request, asked)

    def _switch(self, name: str, *, up: bool) -> None:
        said = fcntl.ioctl(self._control, _GET_FLAGS, struct.pack("16sH22x", name.encode(), 0))
        flags: int = struct.unpack("16sH22x", said)[1]
        wanted = flags | _UP if up else flags & ~_UP
        fcntl.ioctl(self._control, _SET_FLAGS, struct.pack("16sH22x", name.encode(), wanted))

    def _route(self, request: int, address: str) -> None:
        """struct rtentry: a host's route, by loopback's device."""
        device = ctypes.create_string_buffer(LOOPBACK.encode())
        gateway = bytes(16)
        fields = (0, _packed(address), gateway, _packed("255.255.255.255"), _ROUTE_UP | _ROUTE_TO_HOST)
        rest = (0, 0, 0, 0, ctypes.addressof(device), 0, 0, 0)
        fcntl.ioctl(self._control, request, struct.pack("@L16s16s16sHhLPhPLLH", *fields, *rest))


def _ip(*words: str) -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run(("ip", *words), capture_output=True, timeout=30).returncode == 0
    return False


def _packed(address: str) -> bytes:
    """struct sockaddr_in."""
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
