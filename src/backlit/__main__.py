"""`python -m backlit` does what the command `backlit` does."""

from backlit.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
