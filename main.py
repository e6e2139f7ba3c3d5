"""`python main.py`: CompeGPT on the command line."""

from compegpt.cli import main

if __name__ == "__main__":
    main()
