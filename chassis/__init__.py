"""How a process starts, answers, tells, and stops: what the five services and the gateway have in common."""
