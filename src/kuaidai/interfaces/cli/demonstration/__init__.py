"""The demo: a simulated bank prepared once, the processes that serve it, and its journey over HTTP."""
