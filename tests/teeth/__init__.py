"""Known-bad variants of the code: proof that the tests can fail. `make teeth` applies them one by one."""
