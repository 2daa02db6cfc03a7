"""containerd's configuration as text, and the pause image, which is made on the spot from a static binary.

Pure: facts in, text and bytes out. Whoever starts containerd writes `config_text` to a file and passes it
by `--config`.
The pause image is imported once (`ctr -n k8s.io images import`), so that a cluster starts with no registry in reach.
"""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

PAUSE_IMAGE = "picok8s.local/pause:1"
CAP_SYS_RESOURCE = 24  # Without it the kernel refuses a negative oom_score_adj, and with that every pod.


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What containerd's configuration depends on. `version` as `containerd --version` says it: "1.6.20", "2.1.9"."""

    version: str
    root: str
    state: str
    socket: str
    cni_bin_dirs: tuple[str, ...] = ("/usr/lib/cni",)
    cni_conf_dir: str = "/etc/cni/net.d"
    registry_dir: str = ""  # A folder of HOST/hosts.toml: mirrors and their certificates.
    runtime_binary: str = "runc"
    restrict_oom_score: bool = False
    snapshotter: str = "overlayfs"
    pause_image: str = PAUSE_IMAGE
    stream_address: str = "127.0.0.1"


def must_restrict_oom_score(status_text: str) -> bool:
    """Whether /proc/self/status shows a process that may not lower oom_score_adj."""
    for line in status_text.splitlines():
        if line.startswith("CapEff:"):
            return not int(line.split()[1], 16) >> CAP_SYS_RESOURCE & 1
    return True


def parsed_version(text: str) -> tuple[int, int]:
    """`containerd github.com/containerd/containerd v2.1.9 ...` or `1.6.20~ds1` -> (major, minor); else (1, 6)."""
    for word in text.split():
        parts = word.lstrip("v").split(".")
        if len(parts) >= 2 and parts[0].isdigit() and parts[1].isdigit():
            return int(parts[0]), int(parts[1])
    return 1, 6


def config_text(facts: EngineFacts) -> str:
    """config.toml. containerd 1.x reads version 2, 2.x version 3; both name the same settings in other places."""
    major, minor = parsed_version(facts.version)
    tables = _tables_v3(facts, minor) if major >= 2 else _tables_v2(facts)
    head = [
        ("version", 3 if major >= 2 else 2),
        ("root", facts.root),
        ("state", facts.state),
        ("oom_score", 0),
        ("imports", []),
    ]
    lines = [f"{key} = {_toml(value)}" for key, value in head]
    for name, settings in tables:
        lines += ["", f"[{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in settings.items()]
    return "\n".join(lines) + "\n"


def _tables_v2(facts: EngineFacts) -> list[tuple[str, dict[str, object]]]:
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return [
        ("grpc", {"address": facts.socket, "max_recv_message_size": 16 << 20, "max_send_message_size": 16 << 20}),
        ("metrics", {"address": ""}),
        (
            cri,
            {
                "sandbox_image": facts.pause_image,
                "restrict_oom_score_adj": facts.restrict_oom_score,
                "stream_server_address": facts.stream_address,
                "stream_server_port": "0",
                "enable_selinux": False,
                "disable_apparmor": False,
                "disable_cgroup": False,
                "enable_unprivileged_ports": True,
                "enable_unprivileged_icmp": True,
            },
        ),
        (f"{cri}.cni", {"bin_dir": facts.cni_bin_dirs[0], "conf_dir": facts.cni_conf_dir, "max_conf_num": 1}),
        (f"{cri}.containerd", {"snapshotter": facts.snapshotter, "default_runtime_name": "runc"}),
        (f"{cri}.containerd.runtimes.runc", {"runtime_type": "io.containerd.runc.v2"}),
        (f"{cri}.containerd.runtimes.runc.options", {"BinaryName": facts.runtime_binary, "SystemdCgroup": False}),
        (f"{cri}.registry", {"config_path": facts.registry_dir}),
    ]


def _tables_v3(facts: EngineFacts, minor: int) -> list[tuple[str, dict[str, object]]]:
    runtime, images = "plugins.'io.containerd.cri.v1.runtime'", "plugins.'io.containerd.cri.v1.images'"
    # bin_dirs came with 2.1; before it there was one folder only.
    dirs: dict[str, object] = {"bin_dirs": list(facts.cni_bin_dirs)} if minor else {"bin_dir": facts.cni_bin_dirs[0]}
    return [
        ("grpc", {"address": facts.socket, "max_recv_message_size": 16 << 20, "max_send_message_size": 16 << 20}),
        ("metrics", {"address": ""}),
        (
            "plugins.'io.containerd.grpc.v1.cri'",
            {"stream_server_address": facts.stream_address, "stream_server_port": "0"},
        ),
        (
            runtime,
            {
                "restrict_oom_score_adj": facts.restrict_oom_score,
                "enable_selinux": False,
                "disable_apparmor": False,
                "disable_cgroup": False,
                "enable_unprivileged_ports": True,
                "enable_unprivileged_icmp": True,
            },
        ),
        (f"{runtime}.cni", {**dirs, "conf_dir": facts.cni_conf_dir, "max_conf_num": 1}),
        (f"{runtime}.containerd", {"default_runtime_name": "runc"}),
        (f"{runtime}.containerd.runtimes.runc", {"runtime_type": "io.containerd.runc.v2"}),
        (f"{runtime}.containerd.runtimes.runc.options", {"BinaryName": facts.runtime_binary, "SystemdCgroup": False}),
        (images, {"snapshotter": facts.snapshotter}),
        (f"{images}.pinned_images", {"sandbox": facts.pause_image}),
        (f"{images}.registry", {"config_path": facts.registry_dir}),
    ]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value)


def pause_archive(binary: bytes, architecture: str = "amd64", reference: str = PAUSE_IMAGE) -> bytes:
    """An image archive of one static binary that does nothing but reap children: catatonit, as `/pause -P`.

    The same bytes for the same binary, so that a later import finds every blob present.
    """
    layer = _tar([("pause", binary, 0o755)])
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Entrypoint": ["/pause", "-P"], "Env": ["PATH=/"], "User": "65535:65535"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            "history": [{"created_by": "picok8s"}],
        }
    ).encode()
    blobs = {_digest(layer): layer, _digest(config): config}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
            "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        }
    ).encode()
    blobs[_digest(manifest)] = manifest
    entry = _descriptor("application/vnd.oci.image.manifest.v1+json", manifest)
    entry["annotations"] = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
    entry["platform"] = {"architecture": architecture, "os": "linux"}
    index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    rows = [("oci-layout", b'{"imageLayoutVersion":"1.0.0"}', 0o644), ("index.json", index, 0o644)]
    rows += [(f"blobs/sha256/{digest.removeprefix('sha256:')}", blob, 0o644) for digest, blob in blobs.items()]
    return _tar(rows)


def _tar(rows: Iterable[tuple[str, bytes, int]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content, mode in rows:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}
