"""Container images of Debian's own programs, put together on the spot: a program, the libraries it is linked with, some files."""

import hashlib
import io
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

LOADER = "/lib64/ld-linux-x86-64.so.2"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\nnobody:x:65534:65534::/:/bin/false\n"
GROUP = "root:x:0:\nwww-data:x:33:\nadm:x:4:\nnogroup:x:65534:\n"
FOLDERS = ("tmp", "etc", "root", "var/log/nginx", "var/lib/nginx", "var/run", "data", "bin", "usr/bin", "usr/sbin")


def libraries(program: str) -> list[str]:
    """What the dynamic loader would load for a program; nothing for a static one."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    found = [word for line in said.splitlines() for word in line.split() if word.startswith("/")]
    return list(dict.fromkeys(found))


def archive(out: Path, name: str, programs: dict[str, str], files: dict[str, str], command: list[str]) -> Path:
    """Write an image: `programs` are target -> source on this machine, `files` target -> text."""
    contents: dict[str, bytes] = {"etc/passwd": PASSWD.encode(), "etc/group": GROUP.encode()}
    for target, source in programs.items():
        contents[target.strip("/")] = Path(os.path.realpath(source)).read_bytes()
        for library in libraries(source):
            contents[library.strip("/")] = Path(os.path.realpath(library)).read_bytes()
    contents.update({target.strip("/"): text.encode() for target, text in files.items()})
    links = {}
    if "bin/busybox" in contents:
        said = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout
        links = {f"bin/{applet}": "/bin/busybox" for applet in said.split() if applet != "busybox"}
    layer = _layer(contents, links)
    config: dict[str, Any] = {
        "architecture": "amd64", "os": "linux",
        "config": {"Cmd": command, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }  # fmt: skip
    said_config = json.dumps(config).encode()
    config_name = hashlib.sha256(said_config).hexdigest() + ".json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(out, "w") as image:
        for path, data in (
            (config_name, said_config),
            ("layer.tar", layer),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            image.addfile(entry, io.BytesIO(data))
    return out


def _layer(contents: dict[str, bytes], links: dict[str, str]) -> bytes:
    out = io.BytesIO()
    folders = {parent.as_posix() for path in [*contents, *links] for parent in Path(path).parents} | set(FOLDERS)
    folders |= {parent.as_posix() for path in FOLDERS for parent in Path(path).parents}
    with tarfile.open(fileobj=out, mode="w") as tar:
        for folder in sorted(folders - {"."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        for path, data in contents.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
        for path, target in links.items():
            entry = tarfile.TarInfo(path)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            tar.addfile(entry)
    return out.getvalue()
