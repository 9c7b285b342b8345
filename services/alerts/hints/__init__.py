"""Related alerts: that two alerts are about the same person or provider, found without anybody being told about whom they are."""
