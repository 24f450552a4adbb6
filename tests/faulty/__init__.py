"""A disk of the tests' own that can be told to hang, to be full or read-only, to be slow or to lie: a file system in user space."""
