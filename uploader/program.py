"""`python -m uploader`: sends what is spooled to its destinations by STOW-RS."""

import argparse
import sys
from pathlib import Path

from shared import audit, logs
from shared.config import load
from shared.errors import ConfigurationError, ProxyError
from shared.needs import UPLOADS
from uploader import supervisor


def main() -> int:
    parser = argparse.ArgumentParser(prog="uploader", description=__doc__)
    parser.add_argument("--config", type=Path, help="configuration file (TOML)")
    config = parser.parse_args().config
    try:
        settings = load(config, UPLOADS)
        logs.configure(settings.log, "uploader")
        audit.configure(settings.audit, "uploader")
        supervisor.run(settings, config)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (ProxyError, OSError) as error:
        sys.stderr.write(f"uploader: {error}\n")
        return 1
    return 0
