"""Paths inside volumes and file systems: none may climb out of where it starts."""

from picok8s.api.errors import FieldError, invalid_value

Errors = list[FieldError]


def no_backsteps(value: str, path: str) -> Errors:
    return [invalid_value(path, value, "must not contain '..'")] if ".." in value.split("/") else []


def descending_path(value: str, path: str) -> Errors:
    """A relative path that stays below where it starts."""
    absolute = [invalid_value(path, value, "must be a relative path")] if value.startswith("/") else []
    return absolute + no_backsteps(value, path)


def file_path(value: str, path: str) -> Errors:
    """A descending path that does not look like the data folders of an atomic writer."""
    errors = descending_path(value, path)
    if value.startswith("..") and not value.startswith("../"):
        errors.append(invalid_value(path, value, "must not start with '..'"))
    return errors
