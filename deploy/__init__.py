"""Ways to run the parts together: in one process, in containers, in a cluster."""
