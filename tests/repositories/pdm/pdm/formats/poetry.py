from __future__ import annotations

import functools
import operator
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from unearth.utils import ARCHIVE_EXTENSIONS

from pdm.compat import tomllib
from pdm.formats.base import (
    MetaConverter,
    Unset,
    array_of_inline_tables,
    convert_from,
    make_array,
    make_inline_table,
)
from pdm.models.markers import Marker, get_marker
from pdm.models.requirements import FileRequirement, Requirement
from pdm.models.specifiers import PySpecSet
from pdm.utils import cd, normalize_name

if TYPE_CHECKING:
    from argparse import Namespace

    from pdm._types import RequirementDict
    from pdm.project import Project


def check_fingerprint(project: Project | None, filename: Path | str) -> bool:
    if Path(filename).name != "pyproject.toml":
        return False
    with open(filename, "rb") as fp:
        try:
            data = tomllib.load(fp)
        except tomllib.TOMLDecodeError:
            return False

    return "tool" in data and "poetry" in data["tool"]


#: A single Poetry version constraint: an optional operator, an optional ``v``
#: prefix, then the version itself. The operator is restricted to the characters
#: Poetry actually uses -- matching any non-digit instead swallowed the separating
#: comma of a multi-constraint string, so ``>=1.0,<2.0`` produced ``>=1.0,,<2.0``.
#: Poetry also accepts a space where that comma is, as in ``>=1.0 <2.0``; the
#: lookahead requires at least one space there, and only accepts it in front of
#: another operator. A constraint with no separator at all (``>=1.0<2.0``) and an
#: unsupported ``||`` disjunction therefore keep failing loudly instead of being
#: split into a set of constraints that all have to hold.
VERSION_RE = re.compile(r"([<>=!~^]*)\s*v?\s*(\d.*?)\s*(?=\s+[<>=!~^]|,|$)")


def _caret_upper_bound(version: str) -> str:
    """Return the exclusive upper bound of a Poetry caret requirement.

    A caret requirement allows changes that do not modify the leftmost non-zero
    component, so ``^0.2.3`` means ``<0.3.0`` and ``^0.0.3`` means ``<0.0.4``.
    If every component is zero, the last one is bumped, matching ``^0.0`` -> ``<0.1``.
    """
    numbers = [int(match.group()) if (match := re.match(r"\d+", part)) else 0 for part in version.split(".")]
    index = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    bumped = numbers[: index + 1]
    bumped[-1] += 1
    return ".".join(str(number) for number in bumped + [0] * (len(numbers) - index - 1))


def _tilde_upper_bound(version: str) -> str:
    """Return the exclusive upper bound of a Poetry tilde requirement.

    A tilde requirement allows patch-level changes when a minor version is given and
    minor-level changes otherwise, so ``~1.2.3`` and ``~1.2`` both mean ``<1.3.0``
    while ``~1`` means ``<2.0.0``. PEP 440's ``~=`` only agrees with that when all
    three components are present: ``~=1.2`` means ``<2.0``, and ``~=1`` is not even a
    valid specifier.
    """
    numbers = [int(match.group()) if (match := re.match(r"\d+", part)) else 0 for part in version.split(".")]
    index = min(1, len(numbers) - 1)
    bumped = numbers[: index + 1]
    bumped[-1] += 1
    return ".".join(str(number) for number in bumped + [0] * (len(numbers) - index - 1))


def _convert_specifier(version: str) -> str:
    parts = []
    for op, ver in VERSION_RE.findall(str(version)):
        if op == "~":
            parts.append(f">={ver},<{_tilde_upper_bound(ver)}")
            continue
        elif op == "^":
            parts.append(f">={ver},<{_caret_upper_bound(ver)}")
            continue
        elif not op:
            op = "=="
        parts.append(f"{op}{ver}")
    return ",".join(parts)


def _convert_python(python: str) -> PySpecSet:
    if not python:
        return PySpecSet()
    parts = [PySpecSet(_convert_specifier(s)) for s in python.split("||")]
    return functools.reduce(operator.or_, parts)


def _convert_platform(platform: str) -> Marker:
    """Translate Poetry's generic platform constraints into environment markers."""
    if not platform or platform.strip() == "*":
        return get_marker("")
    alternatives = []
    for group in re.split(r"\s*\|\|?\s*", platform.strip()):
        constraints = []
        for constraint in re.split(r"\s*,\s*", group):
            if match := re.fullmatch(r"(['\"])(.*?)\1\s*(in|not in)", constraint):
                value, op = match.group(2, 3)
                # Poetry treats membership as a list of exact platform names.
                values = [item for item in re.split(r"[ ,|]+", value.strip()) if item]
                if not values:
                    raise ValueError(f"Invalid platform constraint: {constraint}")
                comparison, combine = ("!=", operator.and_) if op == "not in" else ("==", operator.or_)
                members = [get_marker(f"sys_platform {comparison} {item!r}") for item in values]
                constraints.append(functools.reduce(combine, members))
                continue
            else:
                match = re.fullmatch(r"(!=|===|==|=)?\s*(.+?)\s*", constraint)
                if match is None:
                    raise ValueError(f"Invalid platform constraint: {constraint}")
                op, value = match.groups()
                op = "!=" if op == "!=" else "=="
            constraints.append(get_marker(f"sys_platform {op} {value!r}"))
        alternatives.append(functools.reduce(operator.and_, constraints))
    marker = functools.reduce(operator.or_, alternatives)
    if marker.is_empty():
        raise ValueError(f"Invalid platform constraint: {platform}")
    return marker


def _convert_req(
    name: str, req_dict: RequirementDict | list[RequirementDict], allow_editable: bool = False
) -> Iterable[str]:
    """Convert a Poetry dependency to requirement lines.

    ``develop = true`` is turned into an editable requirement only when ``allow_editable``
    is set, because editable requirements are only allowed in dependency groups.
    """
    from pdm.models.backends import DEFAULT_BACKEND

    backend = DEFAULT_BACKEND(Path.cwd())

    def fix_req_path(req: Requirement) -> Requirement:
        if isinstance(req, FileRequirement):
            req.relocate(backend)
        return req

    if isinstance(req_dict, list):
        for req in req_dict:
            yield from _convert_req(name, req, allow_editable)
    elif isinstance(req_dict, str):
        pdm_req = fix_req_path(Requirement.from_req_dict(name, _convert_specifier(req_dict)))
        yield pdm_req.as_line()
    else:
        assert isinstance(req_dict, dict)
        req_dict = dict(req_dict)
        req_dict.pop("optional", None)  # Ignore the 'optional' key
        # Poetry only applies ``develop`` to directories and VCS checkouts, a local
        # archive stays a plain file requirement.
        is_archive = str(req_dict.get("path", "")).endswith(ARCHIVE_EXTENSIONS)
        if req_dict.pop("develop", False) and allow_editable and not is_archive:
            req_dict["editable"] = True
        if "version" in req_dict:
            req_dict["version"] = _convert_specifier(str(req_dict["version"]))
        markers: list[Marker] = []
        if "markers" in req_dict:
            markers.append(get_marker(req_dict.pop("markers")))  # type: ignore[arg-type]
        if "python" in req_dict:
            markers.append(get_marker(_convert_python(str(req_dict.pop("python"))).as_marker_string()))
        if "platform" in req_dict:
            platform_marker = _convert_platform(str(req_dict.pop("platform")))
            if not platform_marker.is_any():
                markers.append(platform_marker)
        if markers:
            req_dict["marker"] = str(functools.reduce(operator.and_, markers)).replace('"', "'")
        if "rev" in req_dict or "branch" in req_dict or "tag" in req_dict:
            req_dict["ref"] = req_dict.pop(
                "rev",
                req_dict.pop("tag", req_dict.pop("branch", None)),  # type: ignore[arg-type]
            )
        pdm_req = fix_req_path(Requirement.from_req_dict(name, req_dict))
        yield pdm_req.as_line()


# See https://github.com/python-poetry/poetry-core/pull/521#issuecomment-1327689551
# for reasoning why email.utils.parseaddr is not used here.
NAME_EMAIL_RE = re.compile(
    r"^(?P<name>[- .,\w'’\"():&]+)(?: <(?P<email>.+?)>)?$",  # noqa: RUF001
    re.UNICODE,
)


#: A permissive fallback for entries ``NAME_EMAIL_RE`` rejects, such as a name
#: containing a character outside its set. It always matches, so the address is
#: still split off instead of being buried in the name.
NAME_EMAIL_FALLBACK_RE = re.compile(r"^\s*(?P<name>.*?)\s*(?:<(?P<email>[^<>]*)>)?\s*$", re.UNICODE)


def _parse_one_name_email(item: str) -> dict[str, str]:
    """Split a single Poetry author/maintainer entry into ``name`` and ``email``.

    Poetry only documents the ``Name <email>`` form, but a project can carry
    anything in there. An entry that doesn't fit used to abort the whole import
    with ``AttributeError: 'NoneType' object has no attribute 'groupdict'``,
    because the strict pattern's ``None`` result was indexed directly.
    """
    match = NAME_EMAIL_RE.match(item) or NAME_EMAIL_FALLBACK_RE.match(item)
    assert match is not None  # the fallback pattern matches any string
    parsed = {k: v for k, v in match.groupdict().items() if v}
    # A bare address carries no name, so report it as the email it is.
    if set(parsed) == {"name"} and "@" in parsed["name"] and " " not in parsed["name"]:
        return {"email": parsed["name"]}
    return parsed


def parse_name_email(name_email: list[str]) -> list[dict]:
    return array_of_inline_tables([_parse_one_name_email(item) for item in name_email])


class PoetryMetaConverter(MetaConverter):
    @convert_from("authors")
    def authors(self, value: list[str]) -> list[dict]:
        return parse_name_email(value)

    @convert_from("maintainers")
    def maintainers(self, value: list[str]) -> list[dict]:
        return parse_name_email(value)

    @convert_from("license")
    def license(self, value: str) -> dict[str, str]:
        return make_inline_table({"text": value})

    @convert_from(name="requires-python")
    def requires_python(self, source: dict[str, Any]) -> str:
        python = source.get("dependencies", {}).pop("python", None)
        return str(_convert_python(python))

    @convert_from()
    def urls(self, source: dict[str, Any]) -> dict[str, str]:
        rv = source.pop("urls", {})
        if "homepage" in source:
            rv["homepage"] = source.pop("homepage")
        if "repository" in source:
            rv["repository"] = source.pop("repository")
        if "documentation" in source:
            rv["documentation"] = source.pop("documentation")
        return rv

    @convert_from("plugins", name="entry-points")
    def entry_points(self, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return value

    @convert_from()
    def dependencies(self, source: dict[str, Any]) -> list[str]:
        rv = []
        value, extras = dict(source["dependencies"]), source.pop("extras", {})
        # Poetry matches extras members to dependencies by normalized name
        extra_members = {extra: {normalize_name(m) for m in members} for extra, members in extras.items()}
        for key, req_dict in value.items():
            for constraint in req_dict if isinstance(req_dict, list) else [req_dict]:
                optional = isinstance(constraint, dict) and constraint.get("optional", False)
                for req in _convert_req(key, constraint):
                    if optional:
                        for extra, members in extra_members.items():
                            if normalize_name(key) in members:
                                self._data.setdefault("optional-dependencies", {}).setdefault(extra, []).append(req)
                    else:
                        rv.append(req)
        del source["dependencies"]
        return make_array(rv, True)

    @convert_from("dev-dependencies")
    def dev_dependencies(self, value: dict) -> None:
        self.settings.setdefault("dev-dependencies", {})["dev"] = make_array(
            [r for key, req in value.items() for r in _convert_req(key, req, allow_editable=True)], True
        )
        raise Unset()

    @convert_from("group")
    def group_dependencies(self, value: dict[str, dict[str, Any]]) -> None:
        for name, group in value.items():
            self.settings.setdefault("dev-dependencies", {})[name] = make_array(
                [
                    r
                    for key, req in group.get("dependencies", {}).items()
                    for r in _convert_req(key, req, allow_editable=True)
                ],
                True,
            )
        raise Unset()

    @convert_from("package-mode")
    def package_mode(self, value: bool) -> None:
        self.settings["distribution"] = value
        raise Unset()

    @convert_from()
    def includes(self, source: dict[str, list[str] | str]) -> list[str]:
        includes: list[str] = []
        source_includes: list[str] = []
        for item in source.pop("packages", []):
            assert isinstance(item, dict)
            include = item["include"]
            if item.get("from"):
                include = Path(str(item.get("from")), include).as_posix()
            includes.append(include)
        for item in source.pop("include", []):
            if not isinstance(item, dict):
                includes.append(item)
            else:
                formats = item.get("format", [])
                dest = source_includes if "sdist" in formats and "wheel" not in formats else includes
                dest.append(item["path"])
        if includes:
            self.settings.setdefault("build", {})["includes"] = includes
        if source_includes:
            self.settings.setdefault("build", {})["source-includes"] = source_includes
        raise Unset()

    @convert_from("exclude")
    def excludes(self, value: list[str]) -> None:
        self.settings.setdefault("build", {})["excludes"] = value
        raise Unset()

    @convert_from("build")
    def build(self, value: str | dict) -> None:
        result = {}
        if isinstance(value, dict) and "generate-setup-file" in value:
            result["run-setuptools"] = cast(bool, value["generate-setup-file"])
        self.settings.setdefault("build", {}).update(result)
        raise Unset()

    @convert_from("source")
    def sources(self, value: list[dict[str, Any]]) -> None:
        self.settings["source"] = [
            {
                "name": item.get("name", ""),
                "url": item.get("url", ""),
                "verify_ssl": item.get("url", "").startswith("https"),
            }
            for item in value
        ]
        raise Unset()


def convert(
    project: Project | None,
    filename: str | Path,
    options: Namespace | None,
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    with open(filename, "rb") as fp, cd(os.path.dirname(os.path.abspath(filename))):
        converter = PoetryMetaConverter(tomllib.load(fp)["tool"]["poetry"], project.core.ui if project else None)
        return converter.convert()


def export(project: Project, candidates: list, options: Any) -> None:
    raise NotImplementedError()
