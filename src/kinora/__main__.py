"""`python -m kinora` is `kinora`."""

from kinora.cli import main

if __name__ == "__main__":
    main()
