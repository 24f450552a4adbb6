"""The unit's own software changed and, where it does not prove itself, changed back. Two sides that share nothing but folders:

the agent's (`shell`, `download`, `inbox`), which fetches and orders as the user of the service, and the installer's (`installing`), which is
root, is a program of its own, and believes nothing that the agent's side wrote.
"""
