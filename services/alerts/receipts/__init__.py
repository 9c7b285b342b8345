"""Receipts: what was done with an alert and whom it reached, as a chain of hashes that anybody can verify. docs/receipts.md has it."""
