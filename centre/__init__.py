"""The centre's side of the contract: keys, signing, books, command line. Never imports the agent's core or store."""
