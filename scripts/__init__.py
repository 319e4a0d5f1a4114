"""Commands for the shell: serve, the command line, checks, benches."""
