"""Measurements: printed, compared side by side in one interleaved run, never asserted. ``make bench`` runs them all."""
