"""The checker of rooms: a real cluster, interviews held in it, faults, a history of all that was seen, invariants."""
