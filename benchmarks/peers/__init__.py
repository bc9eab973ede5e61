"""The adapters: one library a file. None is imported unless its library is installed."""
