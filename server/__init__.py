import os

# Products of small matrices, which are all of ours, take longest where threads wait for each other. Read when numpy is
# first imported, so it stands here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
