"""Serial displays."""
