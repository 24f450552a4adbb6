"""Putting a unit into service and accepting it: what hangs on its lines, what its contacts do, what is asked of the installer, and the sheet that says so. The commands are in agent/cli/."""
