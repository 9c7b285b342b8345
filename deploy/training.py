"""Begin a training system anew: ``python -m deploy.training reset``, or ``make reset TRAINING=1``.

Only what a training system has written is removed: the folder must say of itself that it is one's. Its databases, indexes and topics
on other servers have names of their own, which docs/help.md lists; those are removed there.
"""

import shutil

import typer

from chassis.keys import TRAINING
from chassis.settings import ProcessSettings

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)


@app.callback()
def main() -> None:
    """What is done with a training system."""


@app.command()
def reset() -> None:
    """Remove all data of the training system, with its keys: sign-ins of before are good no more."""
    settings = ProcessSettings.model_validate({"training": True})
    folder = settings.data_dir.resolve()
    if not folder.exists():
        print(f"There is no training system in {folder}.")
        return
    if not (settings.keys / TRAINING).exists():
        typer.echo(f"What is in {folder} is not of a training system; nothing was removed.", err=True)
        raise typer.Exit(1)
    shutil.rmtree(folder)
    if settings.keys.exists():
        shutil.rmtree(settings.keys)
    print(f"The training system in {folder} begins anew with its next start.")


if __name__ == "__main__":
    app()
