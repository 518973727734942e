#!/usr/bin/env bash
# image.sh ARCHIVE: what the product's image must be: small, without a shell, without root. ARCHIVE is what `images.sh product` made.
set -euo pipefail
. "$(dirname "$0")/testbed/env.sh"
[ $# -eq 1 ] || die "usage: image.sh ARCHIVE"
MOST=40 # MB, as a registry keeps and sends it: compressed

python3 - "$1" "$MOST" <<'P'
import gzip, io, json, sys, tarfile

archive, most = sys.argv[1], int(sys.argv[2])
with tarfile.open(archive) as tar:
    blob = lambda ref: tar.extractfile("blobs/" + ref["digest"].replace(":", "/")).read()
    manifest = json.loads(blob(json.loads(tar.extractfile("index.json").read())["manifests"][0]))
    config, layers = json.loads(blob(manifest["config"])), [blob(layer) for layer in manifest["layers"]]

findings, packages = [], set()
packed = sum(len(gzip.compress(layer, 6, mtime=0)) for layer in layers) / 1e6
if packed >= most:
    findings.append(f"{packed:.1f} MB compressed, where {most} are allowed")
if config["config"]["User"].split(":")[0] in ("", "0", "root"):
    findings.append("runs as root")
for layer in layers:
    for entry in tarfile.open(fileobj=io.BytesIO(layer)):
        program = entry.isfile() and entry.mode & 0o111
        if entry.mode & 0o6000 and entry.isfile():
            findings.append(f"{entry.name} is setuid or setgid")
        if program and entry.name.rsplit("/", 1)[-1] in ("sh", "bash", "dash", "busybox", "apt", "dpkg", "perl", "python3"):
            findings.append(f"{entry.name} is in it")
        if program and entry.name.startswith("usr/local/bin/") and not entry.name.rsplit("/", 1)[-1].startswith("aurora-mcp-"):
            findings.append(f"{entry.name} is no program of ours")
        if entry.name.startswith("var/lib/dpkg/status.d/"):
            packages.add(entry.name.rsplit("/", 1)[-1])
        if entry.mtime:
            findings.append(f"{entry.name} has a time: the image would differ from build to build")
if missing := {"libc6", "libgcc-s1", "ca-certificates"} - packages:
    findings.append(f"a scanner would not see {', '.join(sorted(missing))} in it")
if findings:
    sys.exit("error: the image: " + "; ".join(findings[:10]))
print(f"the image: {packed:.1f} MB compressed, {sum(map(len, layers)) / 1e6:.1f} MB unpacked, user {config['config']['User']}, no shell")
P
