"""What travels between processes: one folder a service, the generated Python beside its source."""
