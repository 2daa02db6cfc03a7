#!/usr/bin/env python3
"""Golden cases: what Kubernetes' own API server answered, and whether another server answers the same.

replay.py record FILE...  --server URL --cert FILE --key FILE   writes each case's answers into FILE (JSON) from its steps
replay.py check  FILE...  --server URL --cert FILE --key FILE   replays the steps and compares; prints differences and counts, exit 1 if any

A file is a JSON list of cases: {"name": ..., "steps": [step, ...], "cluster": bool}. A step is
{"do": "METHOD PATH", "body": object or string, "headers": {...}, "keep": {"var": "json.path"}, "answer": {"status": int, "body": ...}}.
In paths, headers and bodies `{ns}` is the case's own namespace (made before, with a service account `default`, and deleted after), `{id}` a word unique to
the case for names of cluster-scoped objects, and `{var}` what an earlier step kept. A step whose path has `watch=` gets the list of events until its timeoutSeconds ends.
"only": ["status.reason", "spec"] compares just those paths of the body; "cleanup": true runs a step at the end, whatever happened, without comparing.

Before comparing, values that differ from run to run become placeholders: UIDs, resource versions, times, the namespace, the id, random name suffixes and
cluster IPs; `managedFields` is dropped unless the step says "managed": true; lists whose order Kubernetes does not promise are kept in order all the same.
"""

import argparse
import base64
import concurrent.futures
import http.client
import json
import re
import ssl
import sys
import urllib.parse
import uuid
from pathlib import Path

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
UID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
ADDRESS = re.compile(r"\b10\.(?:96|152)\.\d+\.\d+\b")
VOLUME = re.compile(r"\bkube-api-access-[a-z0-9]{5}\b")


class Client:
    def __init__(self, options: argparse.Namespace) -> None:
        self.url = urllib.parse.urlparse(options.server)
        self.tls = ssl._create_unverified_context()
        if options.cert:
            self.tls.load_cert_chain(options.cert, options.key)
        self.token = options.token
        self.connection: http.client.HTTPSConnection | None = None

    def call(self, method: str, path: str, body, headers: dict[str, str]) -> tuple[int, object]:
        watch = "watch=" in path
        sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
        if self.token:
            sent.setdefault("Authorization", "Bearer " + self.token)
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        for attempt in (1, 2):
            if self.connection is None or watch:
                self.connection = http.client.HTTPSConnection(
                    self.url.hostname, self.url.port, context=self.tls, timeout=60
                )
            try:
                self.connection.request(method, path, data, sent)
                answer = self.connection.getresponse()
                raw = answer.read()
                break
            except (http.client.HTTPException, OSError):
                self.connection = None
                if attempt == 2:
                    raise
        warnings = answer.headers.get_all("Warning") or []
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        if watch and answer.status == 200:
            out: object = [json.loads(line) for line in raw.splitlines() if line.strip()]
        elif kind.endswith("json"):
            out = json.loads(raw) if raw else None
        elif kind.startswith("text"):
            out = raw.decode()
        else:
            out = {"contentType": kind, "base64": base64.b64encode(raw).decode()}
        return answer.status, ({"warnings": warnings, "answer": out} if warnings else out)


def fill(value, variables: dict[str, str]):
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda m: variables.get(m.group(1), m.group(0)), value)
    if isinstance(value, list):
        return [fill(item, variables) for item in value]
    if isinstance(value, dict):
        return {fill(key, variables): fill(item, variables) for key, item in value.items()}
    return value


def plain(value, variables: dict[str, str], managed: bool, key: str = ""):
    """`value` with what differs from run to run replaced by placeholders."""
    if isinstance(value, dict):
        prefix, name = value.get("generateName"), value.get("name")
        if isinstance(prefix, str) and isinstance(name, str) and re.fullmatch(re.escape(prefix) + "[a-z0-9]{5}", name):
            value = {**value, "name": prefix + "<random>"}
        return {
            plain(k, variables, managed): plain(v, variables, managed, k)
            for k, v in value.items()
            if managed or k != "managedFields"
        }
    if isinstance(value, list):
        return [plain(item, variables, managed, key) for item in value]
    if isinstance(value, str):
        if key == "resourceVersion" and value.isdigit():
            return "0" if value == "0" else "<rv>"
        if key == "continue" and value:
            return "<continue>"
        if key == "token" and value.count(".") == 2:
            return "<token>"
        for name, word in variables.items():
            if name in ("ns", "id"):
                value = value.replace(word, f"<{name}>")
        value = ADDRESS.sub("<ip>", UID.sub("<uid>", TIME.sub("<time>", value)))
        return VOLUME.sub("kube-api-access-<random>", value)
    if key == "remainingItemCount" or key == "nodePort" or key == "healthCheckNodePort":
        return f"<{key}>"
    return value


def pick(body, paths: list[str] | None):
    if not paths:
        return body
    out = {}
    for path in paths:
        at = body.get("answer", body) if isinstance(body, dict) else body
        for part in path.split("."):
            at = (
                at[int(part)]
                if isinstance(at, list) and part.isdigit() and int(part) < len(at)
                else at.get(part)
                if isinstance(at, dict)
                else None
            )
        out[path] = at
    return out


def differences(want, got, path: str = "") -> list[str]:
    if isinstance(want, dict) and isinstance(got, dict):
        found = []
        for key in sorted(set(want) | set(got)):
            if key not in got:
                found.append(f"{path}.{key}: missing, wanted {json.dumps(want[key])[:160]}")
            elif key not in want:
                found.append(f"{path}.{key}: unexpected {json.dumps(got[key])[:160]}")
            else:
                found += differences(want[key], got[key], f"{path}.{key}")
        return found
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [line for i, (a, b) in enumerate(zip(want, got)) for line in differences(a, b, f"{path}[{i}]")]
    return [] if want == got else [f"{path}: wanted {json.dumps(want)[:200]}, got {json.dumps(got)[:200]}"]


def run(case: dict, client: Client, record: bool) -> list[str]:
    word = "g" + uuid.uuid4().hex[:9]
    variables = {"ns": f"golden-{word}", "id": word}
    problems: list[str] = []
    if not case.get("cluster"):
        client.call(
            "POST",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": variables["ns"]}},
            {},
        )
        client.call(
            "POST",
            f"/api/v1/namespaces/{variables['ns']}/serviceaccounts",
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
            {},
        )
    try:
        for number, step in enumerate(case["steps"]):
            if step.get("cleanup"):
                continue
            method, path = fill(step["do"], variables).split(" ", 1)
            status, body = client.call(
                method, path, fill(step.get("body"), variables), fill(step.get("headers", {}), variables)
            )
            for name, where in step.get("keep", {}).items():
                variables[name] = str(next(iter(pick(body, [where]).values())))
            shown = {
                "status": status,
                "body": pick(plain(body, variables, step.get("managed", False)), step.get("only")),
            }
            if record:
                step["answer"] = shown
            elif "answer" in step:
                problems += [f"step {number} {step['do']}{line}" for line in differences(step["answer"], shown)]
    finally:
        for step in case["steps"]:
            if step.get("cleanup"):
                method, path = fill(step["do"], variables).split(" ", 1)
                client.call(method, path, fill(step.get("body"), variables), {})
        if not case.get("cluster"):
            client.call("DELETE", f"/api/v1/namespaces/{variables['ns']}", None, {})
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=["record", "check"])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--server", default="https://127.0.0.1:26443")
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--token")
    parser.add_argument("--only", default="", help="a word of the names of the cases to run")
    parser.add_argument("--jobs", type=int, default=8, help="cases at a time; most of a case is waiting")
    parser.add_argument("--verdicts", action="store_true", help="a line a case: pass or fail, file, name, between tabs")
    parser.add_argument("--lines", type=int, default=6, help="differences to print for each case")
    options = parser.parse_args()
    good, bad = 0, 0

    def answer(case: dict) -> list[str]:
        try:
            return run(case, Client(options), options.mode == "record")
        except Exception as error:  # a case that breaks the conversation has failed; the others go on
            return [f"{type(error).__name__}: {error}"]

    for file in options.files:
        cases = json.loads(file.read_text())
        chosen = [case for case in cases if options.only in case["name"]]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for case, problems in zip(chosen, pool.map(answer, chosen)):
                good, bad = good + (not problems), bad + bool(problems)
                if options.verdicts:
                    print("fail" if problems else "pass", file.name, case["name"], sep="\t")
                    continue
                if problems:
                    print(f"{file.name}: {case['name']}")
                    print("\n".join("   " + line for line in problems[: options.lines]))
        if options.mode == "record":
            file.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n")
    print(f"{good} passed, {bad} failed")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
