"""What counts or watches and is only ever read: water meters (CJ/T 188, Modbus), gas detectors (Modbus)."""
