"""Run the directory service: ``python -m services.directory``."""

from chassis.audit.command import commands
from chassis.process import main
from services.directory.beginning import begin
from services.directory.settings import DirectorySettings
from services.directory.wiring import directory, prepare, rebuild_search

if __name__ == "__main__":
    main(
        DirectorySettings,
        directory,
        "The directory: authorities, users, areas of legislation, and their search.",
        prepare,
        {"search": rebuild_search},
        {**commands("directory"), "begin": begin},
    )
