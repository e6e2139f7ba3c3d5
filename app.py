"""`python app.py`: CompeGPT as a page in the browser; what a Hugging Face Space runs."""

from compegpt.web.launch import main

if __name__ == "__main__":
    main()
