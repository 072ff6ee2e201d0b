"""`python -m agentgauge`: the command line."""

from agentgauge.cli import main

if __name__ == "__main__":
    main()
