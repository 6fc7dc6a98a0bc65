"""Fitting the figures of what is heard in speech. Reads rated examples from ../shared; writes figures alone."""
