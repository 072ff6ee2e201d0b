"""The command line: asks the service, renders its answers, computes nothing.

Every command is a file. What a command needs beside typer it imports when it runs, so that help and mistakes answer at
once.
"""


def main() -> None:
    """Run the command that the process's arguments name."""
    from agentgauge.cli.app import app

    app(prog_name="agentgauge")
