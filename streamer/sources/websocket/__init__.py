"""Media over WebSockets: a server for every shape of it, which also answers HTTP on its port."""
