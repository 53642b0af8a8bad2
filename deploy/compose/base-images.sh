#!/usr/bin/env bash
# Makes the images that docker-compose.yml builds on out of packages of Debian, the .NET SDK of this machine and its NuGet packages, where
# the public ones cannot be pulled. Prints the variables that name them.
set -euo pipefail

command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; } >&2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates,libssl3,libstdc++6,redis-server,redis-tools,haproxy,docker-registry,wget bookworm "$root" >&2
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*

docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin' <(tar -C "$root" -c .) registryproxy-try:servers >&2

sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir -p "$root/usr/share/dotnet" "$root/root/.nuget"
cp -a "$sdk/." "$root/usr/share/dotnet/"
ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
cp -a "${NUGET_PACKAGES:-$HOME/.nuget/packages}" "$root/root/.nuget/packages"
# Whom this machine trusts, the build does: packages may come through a mirror.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
[ ! -d "$HOME/.nuget/NuGet" ] || cp -a "$HOME/.nuget/NuGet" "$root/root/.nuget/"
docker import --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 NUGET_CERT_REVOCATION_MODE=offline' <(tar -C "$root" -c .) registryproxy-try:sdk >&2

echo BASE_IMAGE=registryproxy-try:sdk
echo REDIS_IMAGE=registryproxy-try:servers
echo BALANCER_IMAGE=registryproxy-try:servers
echo REGISTRY_IMAGE=registryproxy-try:servers
