"""Live streams: each entry is read once, executed once and serialised once for all whose answer is the same.

    service ── Tail ──┬── Share ──┬── Subscriber      a connection, or an operation on one
                      │           └── Subscriber
                      └── Share ───── Subscriber

A **tail** is one stream of a service, for all whom the service answers alike. A **share** is one selection over it: it executes each
item once, and keeps the bytes in a ring. A **subscriber** is a position in that ring. What makes two of them the same is in
`viewers.py`, and nowhere else.
"""
