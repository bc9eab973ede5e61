"""The adapters, by what is prepared; one library a file. None is imported unless its library is installed."""
