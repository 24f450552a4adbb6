"""The unit's own software changed and, where it does not prove itself, changed back. Two sides that share nothing but folders:

the agent's (`shell`, `download`), which fetches and orders as the user of the service, and the updater's (`installing`, `taking`, `forms`), which is
root, is a program of its own, and believes nothing that the agent's side wrote.
"""
