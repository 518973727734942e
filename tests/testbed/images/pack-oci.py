#!/usr/bin/env python3
"""Packs a directory as a one-layer OCI image archive that `ctr images import` takes; the same input gives the same bytes."""

import argparse
import hashlib
import io
import json
import os
import tarfile

parser = argparse.ArgumentParser()
parser.add_argument("output")
parser.add_argument("name", help="REGISTRY/NAME:TAG")
parser.add_argument("rootfs")
parser.add_argument("--entrypoint", nargs="*", default=[])
parser.add_argument("--user", default="65532:65532")
parser.add_argument("--env", action="append", default=[])
args = parser.parse_args()


def anonymous(entry):
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
    for name in sorted(os.listdir(args.rootfs)):
        tar.add(os.path.join(args.rootfs, name), name, filter=anonymous)

blobs = {}


def put(media_type, content):
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}


oci = "application/vnd.oci.image."
layer_ref = put(oci + "layer.v1.tar", layer.getvalue())
config = put(oci + "config.v1+json", json.dumps({
    "architecture": "amd64",
    "os": "linux",
    "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"] + args.env, "Entrypoint": args.entrypoint, "User": args.user, "WorkingDir": "/"},
    "rootfs": {"type": "layers", "diff_ids": [layer_ref["digest"]]},
}).encode())
manifest = put(oci + "manifest.v1+json", json.dumps({
    "schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": [layer_ref],
}).encode())
index = {
    "schemaVersion": 2,
    "mediaType": oci + "index.v1+json",
    "manifests": [manifest | {
        "platform": {"architecture": "amd64", "os": "linux"},
        "annotations": {"io.containerd.image.name": args.name, "org.opencontainers.image.ref.name": args.name.rsplit(":", 1)[1]},
    }],
}

with tarfile.open(args.output + ".new", "w") as tar:
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
    files |= {"blobs/sha256/" + digest: content for digest, content in blobs.items()}
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o644
        tar.addfile(entry, io.BytesIO(content))
os.rename(args.output + ".new", args.output)
