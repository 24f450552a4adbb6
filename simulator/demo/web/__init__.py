"""The demo in a browser: a door with its panel's pixels, to be touched, and beside it the centre's console."""
