#!/usr/bin/env bash
# rootfs.sh DIRECTORY PROGRAM…: fills DIRECTORY with all that an image holds: the programs, and what they need of Debian 12.
# No shell, no package manager. The test bed and the Containerfile both use it, so that what is tested is what is shipped.
set -euo pipefail
root=$1
shift

mkdir -p "$root/deb"
# What a dynamically linked Rust program needs: libc, libgcc, the public certificate authorities.
(cd "$root/deb" && apt-get download -q libc6 libgcc-s1 ca-certificates)
mkdir -p "$root/etc/ssl/certs" "$root/usr/local/bin" "$root/var/lib/dpkg/status.d"
# By its list of packages and by os-release, a scanner knows what Debian has mended since.
cp /usr/lib/os-release "$root/etc/os-release"
for deb in "$root"/deb/*.deb; do
  dpkg -x "$deb" "$root"
  dpkg-deb -f "$deb" >"$root/var/lib/dpkg/status.d/$(dpkg-deb -f "$deb" Package)"
done
mkdir -m 1777 "$root/tmp"
cat "$root"/usr/share/ca-certificates/mozilla/*.crt >"$root/etc/ssl/certs/ca-certificates.crt"
rm -rf "${root:?}"/{deb,usr/share,usr/sbin,lib/x86_64-linux-gnu/gconv} "$root"/usr/lib/x86_64-linux-gnu/gconv
echo 'nonroot:x:65532:65532::/:/' >"$root/etc/passwd"
echo 'nonroot:x:65532:' >"$root/etc/group"
cp "$@" "$root/usr/local/bin/"
