"""Faults on the real engines: what was acknowledged is the oracle. ``make engines-test`` runs them, ``make faults`` more often."""
