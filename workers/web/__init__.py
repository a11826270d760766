"""The web page: the flow with live numbers, articles, duplicates, dead letters and search, rendered on the server."""
