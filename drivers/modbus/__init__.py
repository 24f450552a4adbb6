"""Modbus RTU relay and I/O boards."""
