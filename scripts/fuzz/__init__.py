"""Bad input for a room, made from the protocol's own schema: some for tests, very much for scripts/bench_rooms."""
