"""The RPCs of the directory, by service. Each one reads, decides, writes, answers; the rules are in domain/."""
