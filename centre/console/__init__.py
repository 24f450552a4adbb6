"""The centre's console: pages and calls for people, over HTTP. It decides nothing: what is done is a use case of centre/, as the commands call it."""
