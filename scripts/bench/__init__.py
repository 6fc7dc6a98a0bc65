"""The programs behind scripts/bench_rooms. Each measures from outside, over real sockets; none looks into a process."""
