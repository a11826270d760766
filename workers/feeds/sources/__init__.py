"""Where raw events come from on a disk: pages, JSON lines, WARC files, archives, folders of them."""
