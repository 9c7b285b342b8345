"""Operations compiled: each becomes Python once, which then answers it instead of graphql-core's executor, and answers the same.

`sources.py` says where a field has its value from, `compiling.py` makes the code, `running.py` waits for what the code asks for,
`plans.py` remembers. docs/performance.md has the whole of it.
"""
