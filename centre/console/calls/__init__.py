"""All calls: importing this declares them."""
