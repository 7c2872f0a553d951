"""What each unit of an image classifier does, and why the classifier decided what it did."""

__version__ = "0.1.0"
