"""Programs that run in a process of their own: importing, compiling, training from beginning to end."""
