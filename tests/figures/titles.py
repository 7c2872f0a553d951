"""What readers call the methods, as their classes say."""

from lucidag.explain.methods.registry import METHODS, load

ABOUT = {name: load(name).about() for name in METHODS}
TITLES = {name: about.title for name, about in ABOUT.items()}
