"""What an interview room is. Pure: no clock, no randomness, no I/O; time and ids are handed in."""
