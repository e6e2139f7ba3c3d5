"""`python app.py`: CompeGPT as a chat in the browser."""

from compegpt.web.launch import main

if __name__ == "__main__":
    main()
