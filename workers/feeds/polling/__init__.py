"""Polling feeds: what is due is read, the pages of its items fetched, and events of them sent, by any number of pollers."""
