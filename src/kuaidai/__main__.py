"""`python -m kuaidai` is the `kuaidai` command."""

from kuaidai.interfaces.cli.main import run

run()
