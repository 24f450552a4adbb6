"""OSDP controller (IEC 60839-11-5): packets, Secure Channel, and the session of one line with its readers. Sans-IO."""
