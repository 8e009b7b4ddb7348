"""What each command takes; what it does is in the module of its name in the folder above, imported when it is called."""
