"""The commands of ``spin``: they work in the active environment, on the installed package."""

import os
import sys
from pathlib import Path

import click
from spin import util

# Without this, `python -m` would import tensorlib from the source folder, which is not built.
ENVIRONMENT = {**os.environ, "PYTHONSAFEPATH": "1"}


def python(*args: str) -> None:
    util.run([sys.executable, *args], env=ENVIRONMENT, replace=False)


def install() -> None:
    build_dir = Path("build") / sys.implementation.cache_tag
    options = ["--no-build-isolation", "--quiet", f"-Cbuild-dir={build_dir}"]
    python("-m", "pip", "install", *options, ".")


def arguments(name: str):
    """Pass what follows ``--`` on to the tool called *name*."""
    return click.argument("args", nargs=-1, metavar=f"[-- {name} arguments]")


@click.command()
def build() -> None:
    """🔧 Compile what changed and install the package into the active environment."""
    install()


@click.command()
@arguments("pytest")
def test(args: tuple[str, ...]) -> None:
    """🧪 Build, then run the tests."""
    install()
    python("-m", "pytest", *args)


@click.command()
@click.option("--asv", is_flag=True, help="Run the asv suite rather than the comparison.")
@arguments("compare.py or asv run")
def bench(asv: bool, args: tuple[str, ...]) -> None:
    """⏱️ Build, then compare with other libraries side by side."""
    install()
    if asv:
        config = ["--config", "asv_bench/asv.conf.json"]
        python("-m", "asv", "machine", *config, "--yes")
        python("-m", "asv", "run", *config, "--python=same", *args)
    else:
        python("asv_bench/compare.py", *args)


@click.command()
@arguments("sphinx-build")
def docs(args: tuple[str, ...]) -> None:
    """📖 Build, then write the documentation to doc/build/html; a warning is an error."""
    install()
    options = ["-q", "-W", "--keep-going", "-b", "html"]
    python("-m", "sphinx", *options, "doc/source", "doc/build/html", *args)


@click.command()
@click.option("--fix", is_flag=True, help="Repair what ruff can repair.")
def lint(fix: bool) -> None:
    """✨ Check the style of Python and Cython sources."""
    python("-m", "ruff", "check", *(["--fix"] if fix else []), ".")
    util.run(["cython-lint", "tensorlib"])
