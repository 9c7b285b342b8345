"""Alerts as messages of the Common Alerting Protocol, version 1.2 (OASIS Standard, ITU-T X.1303 bis)."""
