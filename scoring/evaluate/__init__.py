"""Scoring from files into files: the shell of `scoring`, for anyone who wants to check it against people's ratings.

Reads, calls the very scorer and weights that rooms use, and writes. Never decides what anything is worth. Nothing else
of `scoring` may import it: it knows files and the environment, which the core must not.
"""

import os

# Products of small matrices, which are all of ours, take longest where threads wait for each other. Read when numpy is
# first imported, so it stands here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
