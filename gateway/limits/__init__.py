"""What one operation, one client and one minute may ask of the gateway, at most."""
