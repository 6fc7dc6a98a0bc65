"""Begins in a network of its own where that is allowed: before anything is imported that makes threads."""

import sys

from scripts.hardening.network import own_network

if __name__ == "__main__":
    network = own_network()
    from scripts.hardening.command import main

    sys.exit(main(network=network))
