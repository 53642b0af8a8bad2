#!/usr/bin/env bash
# Fetches clients, and a Docker Engine, of newer Debian releases than the host's: unpacked below TOOLS/newer, each with the libraries of its
# own release. Nothing is installed, and the package sources of the host stay as they are.
#   Tests/newer-clients.sh TOOLS    programs go to TOOLS/newer/bin, the engine to TOOLS/newer/engine
# What cannot be had is said, and asked for again on another day; the tests use what the host has then.
set -euo pipefail
shopt -s nullglob
tools=$1 into="$1/newer"
stable=trixie unstable=sid
# Crane is in no stable release yet.
packages=(podman conmon netavark umoci cosign oras libc6 libsubid5 libsqlite3-0 libgpgme11t64 libseccomp2 libassuan9 libgpg-error0
  libglib2.0-0t64 libsystemd0 libpcre2-8-0 libgcc-s1 docker.io containerd runc)
[ ! -e "$into/complete" ] || [ "$(cat "$into/list" 2>/dev/null)" != "${packages[*]}" ] ||
  [ -n "$(find "$into/complete" -size +0 -mtime +0)" ] || exit 0

mkdir -p "$tools"
work=$(mktemp -d "$tools/newer.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{lists/partial,archives/partial,parts} "$work/packages" "$work/root"
: >"$work/apt/status"
cat >"$work/apt/parts/newer.sources" <<SOURCES
Types: deb
URIs: http://deb.debian.org/debian
Suites: $stable $unstable
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
cat >"$work/apt/apt.conf" <<CONF
Dir::State "$work/apt";
Dir::State::status "$work/apt/status";
Dir::Cache "$work/apt";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/parts";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF

cd "$work/packages"
missing=()
APT_CONFIG="$work/apt/apt.conf" apt-get update -qq 2>/dev/null || true
fetch() { APT_CONFIG="$work/apt/apt.conf" apt-get download -qq "$@" >/dev/null 2>&1; }
wanted=("${packages[@]/%//$stable}" "crane/$unstable")
fetch "${wanted[@]}" || for package in "${wanted[@]}"; do fetch "$package" || missing+=("$package"); done
apt-get download -qq patchelf >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq patchelf >/dev/null; } || missing+=(patchelf)
for package in patchelf_*.deb; do dpkg-deb -x "$package" "$work/patchelf" && rm "$package"; done
for package in *.deb; do dpkg-deb -x "$package" "$work/root"; done

# Without a loader of their own release, and what writes it into them, none of them runs.
loader=$(find "$work/root" -name 'ld-linux*' -path '*/usr/lib/*linux-gnu*' -print -quit)
if [ -z "$loader" ] || [ ! -x "$work/patchelf/usr/bin/patchelf" ]; then
  echo "Not to be had, the tests use what this machine has: ${missing[*]}"
  exit 0
fi

# Where it will be: programs look for their loader and libraries there.
rm -rf "$into"
mv "$work/root" "$into"
loader=$into${loader#"$work/root"}
libraries=$(dirname "$loader")
mkdir -p "$into/bin" "$into/helpers" "$into/engine"
for program in podman umoci cosign oras crane conmon; do
  [ ! -x "$into/usr/bin/$program" ] || ln -sf "../usr/bin/$program" "$into/bin/$program"
done
[ ! -x "$into/usr/lib/podman/netavark" ] || ln -sf ../usr/lib/podman/netavark "$into/helpers/netavark"

# A Docker Engine with all that it starts, for the store that the host's does not have.
for program in sbin/dockerd bin/containerd bin/containerd-shim-runc-v2 sbin/runc; do
  [ ! -x "$into/usr/$program" ] || ln -sf "../usr/$program" "$into/engine/${program##*/}"
done
for program in "$into"/bin/* "$into"/helpers/* "$into"/engine/*; do
  "$work/patchelf/usr/bin/patchelf" --set-interpreter "$loader" --force-rpath --set-rpath "$libraries" "$(readlink -f "$program")"
done
[ ${#missing[@]} -eq 0 ] || echo "Not to be had, the tests use what this machine has: ${missing[*]}"
printf '%s' "${packages[*]}" >"$into/list"
printf '%s\n' "${missing[@]}" | sed '/^$/d' >"$into/complete"
