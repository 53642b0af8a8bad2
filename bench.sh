#!/usr/bin/env bash
# Measures the front door beside nginx, haproxy, docker-registry and bare YARP, and prints one table with ratios.
#   ./bench.sh            medians of five runs, about five minutes
#   ./bench.sh --quick    three smaller runs
#   ./bench.sh --only X   ours and the peers whose name holds X
#   ./bench.sh --cluster  clusters of 1 to 3 silos and gateways, and what sessions and tokens take of memory (--cluster --quick: shorter; --cluster --logins: logins alone)
#   ./bench.sh --scale    silos, gateways and tenants in one process, up to 1,000 tenants and 100 gateways: at most ten minutes
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1:-}" = "--scale" ]; then
  echo "Building ..."
  dotnet build Tests -c Release -v quiet -nologo
  REGISTRYPROXY_SCALE=whole exec dotnet Tests/bin/Release/net10.0/RegistryProxy.Tests.dll -noColor -noLogo -showLiveOutput \
    -class RegistryProxy.Tests.Scale.ScaleTests
fi

needed=(nginx:nginx-light haproxy:haproxy docker-registry:docker-registry wrk:wrk curl:curl setpriv:util-linux redis-server:redis-server)
missing=()
for pair in "${needed[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # No service may start: the benchmark starts its own.
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
export PATH="$PATH:/usr/sbin:/sbin"

echo "Building ..."
dotnet build Standalone -c Release -v quiet -nologo
dotnet build Silo -c Release -v quiet -nologo
dotnet build Gateway -c Release -v quiet -nologo
dotnet build Benchmarks -c Release -v quiet -nologo
if [ "${1:-}" = "--cluster" ]; then
  shift
  exec dotnet Benchmarks/bin/Release/net10.0/RegistryProxy.Benchmarks.dll cluster "$@"
fi
exec dotnet Benchmarks/bin/Release/net10.0/RegistryProxy.Benchmarks.dll compare "$@"
