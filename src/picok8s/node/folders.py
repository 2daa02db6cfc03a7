"""Folders of a pod on the node's disk: a payload swapped in as one, owners and modes, mounts, safe paths.

Everything here is quick file work; slow folders (a recursive change of owner) are the caller's to put on a thread.
"""

import ctypes
import os
import shutil
import stat

from picok8s.node.payload import Payload

DATA, MARK = "..data", ".."
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC = 1, 2, 4, 8, 0x1000, 0x4000
MNT_DETACH, UMOUNT_NOFOLLOW = 2, 8
GROUP_RW, GROUP_RO, GROUP_EXEC = 0o660, 0o440, 0o110

_libc = ctypes.CDLL(None, use_errno=True)


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    done = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None)
    if done != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount {source} on {target}: {os.strerror(code)}")


def unmount(target: str) -> None:
    """Detached at once; busy or not, it is gone for everybody who looks from now on."""
    if _libc.umount2(target.encode(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0:
        code = ctypes.get_errno()
        if code not in (22, 2):  # EINVAL: not a mount. ENOENT: no such folder.
            raise OSError(code, f"unmount {target}: {os.strerror(code)}")


def mounts_below(path: str) -> list[str]:
    """Mount points at or below `path`, the deepest first."""
    with open("/proc/self/mountinfo") as table:
        points = [line.split()[4].replace("\\040", " ") for line in table]
    return sorted((p for p in points if p == path or p.startswith(path + "/")), key=len, reverse=True)


def swap(folder: str, payload: Payload, stamp: str, gid: int | None = None, uid: int | None = None) -> bool:
    """Makes `folder` hold `payload`, all at once: readers see the old files or the new, never a mixture.

    Files lie in a folder `..STAMP`, `..data` points at it, and each name of the top level points into `..data`. Only
    `..data` is replaced, by a rename. Answers whether anything changed.
    """
    os.makedirs(folder, mode=0o755, exist_ok=True)
    data = f"{folder}/{DATA}"
    old = os.readlink(data) if os.path.islink(data) else ""
    if old and _holds(f"{folder}/{old}", payload):
        return False
    fresh = f"{MARK}{stamp}"
    _write(f"{folder}/{fresh}", payload, gid, uid)
    os.symlink(fresh, f"{folder}/{DATA}_tmp")
    os.rename(f"{folder}/{DATA}_tmp", data)
    tops = {path.split("/")[0] for path in payload}
    for name in os.listdir(folder):
        if not name.startswith(MARK) and name not in tops:
            os.unlink(f"{folder}/{name}")
    for name in tops:
        if not os.path.lexists(f"{folder}/{name}"):
            os.symlink(f"{DATA}/{name}", f"{folder}/{name}")
    if gid is not None:
        os.chown(folder, -1, gid)
        os.chmod(folder, 0o755 | stat.S_ISGID)
    if old:
        shutil.rmtree(f"{folder}/{old}", ignore_errors=True)
    return True


def _holds(folder: str, payload: Payload) -> bool:
    found = set()
    for where, _, names in os.walk(folder):
        found |= {os.path.relpath(f"{where}/{name}", folder) for name in names}
    if found != set(payload):
        return False
    for path, (content, _) in payload.items():
        with open(f"{folder}/{path}", "rb") as source:
            if source.read() != content:
                return False
    return True


def _write(folder: str, payload: Payload, gid: int | None, uid: int | None) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.chmod(folder, 0o755)
    for path, (content, mode) in payload.items():
        whole = f"{folder}/{path}"
        os.makedirs(os.path.dirname(whole), mode=0o755, exist_ok=True)
        with open(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(content)
        if gid is not None:
            mode |= GROUP_RO
        if gid is not None or uid is not None:
            os.chown(whole, -1 if uid is None else uid, -1 if gid is None else gid)
        os.chmod(whole, mode)
    if gid is not None:
        for where, _, _ in os.walk(folder):
            os.chown(where, -1, gid)
            os.chmod(where, 0o755 | stat.S_ISGID)


def own(folder: str, gid: int, policy: str = "Always") -> None:
    """Gives a volume to a group, which may write in it, as fsGroup asks."""
    top = os.stat(folder)
    if (
        policy == "OnRootMismatch"
        and top.st_gid == gid
        and top.st_mode & (GROUP_RW | stat.S_ISGID) == GROUP_RW | stat.S_ISGID
    ):
        return
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            _give(f"{where}/{name}", gid, GROUP_RW)
        _give(where, gid, GROUP_RW | GROUP_EXEC | stat.S_ISGID)


def _give(path: str, gid: int, bits: int) -> None:
    info = os.lstat(path)
    os.chown(path, -1, gid, follow_symlinks=False)
    if not stat.S_ISLNK(info.st_mode):
        os.chmod(path, stat.S_IMODE(info.st_mode) | bits)


def empty_dir(path: str, memory: bool, size: int, gid: int | None) -> None:
    """A folder that everybody may write, on disk or in memory (of at most `size` bytes; 0: half of what there is)."""
    os.makedirs(path, exist_ok=True)
    if memory and path not in mounts_below(path):
        mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size}" if size else "")
    os.chmod(path, 0o777)
    if gid is not None:
        os.chown(path, -1, gid)
        os.chmod(path, 0o2777)


HOST_PATH_CHECKS = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def host_path(path: str, kind: str) -> None:
    """What a hostPath of this type must find, or make. ValueError with the words of the event."""
    if kind in ("DirectoryOrCreate", "FileOrCreate") and not os.path.exists(path):
        if kind == "DirectoryOrCreate":
            os.makedirs(path, mode=0o755)
        else:
            with open(path, "a"):
                os.chmod(path, 0o644)
        return
    check = HOST_PATH_CHECKS.get(kind.removesuffix("OrCreate"))
    if check is None:
        return
    try:
        good = check[0](os.stat(path).st_mode)
    except FileNotFoundError:
        good = False
    if not good:
        raise ValueError(f"hostPath type check failed: {path} is not {check[1]}")


def sub_path(volume: str, below: str, target: str) -> None:
    """Binds VOLUME/BELOW on `target`. Links may lead about inside the volume, and are not followed after the check."""
    root = os.path.realpath(volume)
    whole = os.path.realpath(f"{root}/{below}")
    if whole != root and not whole.startswith(root + "/"):
        raise ValueError(f"subPath {below!r} is outside the volume")
    handle = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        for part in [part for part in whole[len(root) :].split("/") if part]:
            handle = _descend(handle, part)
        _bind(handle, target)
    finally:
        os.close(handle)


def _descend(handle: int, part: str) -> int:
    try:
        below = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=handle)
    except FileNotFoundError:
        above = os.fstat(handle)
        os.mkdir(part, dir_fd=handle)
        below = os.open(part, os.O_PATH | os.O_NOFOLLOW, dir_fd=handle)
        os.chown(f"/proc/self/fd/{below}", above.st_uid, above.st_gid)
        os.chmod(f"/proc/self/fd/{below}", stat.S_IMODE(above.st_mode))
    if stat.S_ISLNK(os.fstat(below).st_mode):
        os.close(below)
        raise ValueError(f"subPath became a link while it was read: {part!r}")
    os.close(handle)
    return below


def _bind(handle: int, target: str) -> None:
    if target in mounts_below(target):
        unmount(target)
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "a"):
            pass
    mount(f"/proc/self/fd/{handle}", target, "", MS_BIND)


def clear(path: str) -> None:
    """Unmounts what is mounted below a pod's folder and removes it. What is mounted from elsewhere is left as it is."""
    for point in mounts_below(path):
        unmount(point)
    if left := mounts_below(path):
        raise OSError(16, f"still mounted: {left[0]}")
    shutil.rmtree(path, ignore_errors=True)
