"""The picture of the screen in the README."""
