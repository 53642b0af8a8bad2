#!/usr/bin/env bash
# Makes the images that docker-compose.yml builds on out of packages of Debian, the .NET SDK of this machine and its NuGet packages, where
# the public ones cannot be pulled. Nothing is asked of the internet when RegistryProxy is built on them. Prints the variables that name them.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; } >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root="$work/root"
debootstrap --variant=minbase --include=ca-certificates,libssl3,libstdc++6,redis-server,redis-tools,haproxy,docker-registry,wget bookworm "$root" >&2
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}

path='PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
docker import --change "ENV $path" <(tar -C "$root" -c .) registryproxy-try:servers >&2

sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir -p "$root/usr/share/dotnet" "$work/source"
cp -a "$sdk/." "$root/usr/share/dotnet/"
ln -sf /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"

# The packages that the two hosts need and no others: from what this machine has, or from where it gets them.
tar --exclude=.git --exclude=bin --exclude=obj --exclude=Tests --exclude=Benchmarks -c . | tar -C "$work/source" -x
had="${NUGET_PACKAGES:-$HOME/.nuget/packages}"
export NUGET_PACKAGES="$root/nuget" NuGetAudit=false
for host in Silo Gateway; do
  dotnet restore "$work/source/$host" -v quiet -nologo --source "$had" >/dev/null 2>&1 ||
    dotnet restore "$work/source/$host" -v quiet -nologo >&2
done
docker import --change "ENV $path DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 NUGET_PACKAGES=/nuget RestoreSources=/nuget NuGetAudit=false" \
  <(tar -C "$root" -c .) registryproxy-try:sdk >&2

echo BASE_IMAGE=registryproxy-try:sdk
echo REDIS_IMAGE=registryproxy-try:servers
echo BALANCER_IMAGE=registryproxy-try:servers
echo REGISTRY_IMAGE=registryproxy-try:servers
