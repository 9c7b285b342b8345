"""The audit of reads: who was shown what, as a chain of hashes that nobody can change unnoticed. docs/audit.md has it."""
