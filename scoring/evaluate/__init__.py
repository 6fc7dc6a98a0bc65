"""Scoring from files into files: the shell of `scoring`, for anyone who wants to check it against people's ratings.

Reads, calls the very scorer and weights that rooms use, and writes. Never decides what anything is worth. Nothing else
of `scoring` may import it: it knows files and the environment, which the core must not.
"""
