"""What the screen knows, without a widget."""
