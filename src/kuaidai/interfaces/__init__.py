"""Web pages, REST and command line. Thin: parse, call one operation or query, render."""
