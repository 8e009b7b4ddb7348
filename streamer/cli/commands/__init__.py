"""What each command takes; what it does is in the module of its name beside this folder, imported when it is called."""
