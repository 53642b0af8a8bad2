#!/usr/bin/env bash
# Brings docker-compose.yml up with docker-compose 1.29 and with Compose v2, whichever of them are installed, and tries it: health, logins,
# a push and a pull, the client's address, silos and gateways killed at once, read-only roots, nothing left behind.
#   deploy/compose/try.sh                        in a Docker Engine of its own; needs root
#   DOCKER_HOST=unix:///… deploy/compose/try.sh  in that one, on this machine
# Ports 5000 and 5001 must be free. Ends with "compose: N tried, 0 failed". BASE_IMAGE and its like are used when they are set.
set -euo pipefail
cd "$(dirname "$0")/../.."

export COMPOSE_PROJECT_NAME=registryproxy-try REGISTRYPROXY_ADMIN_TOKEN=local-try-only
project="label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
work=$(mktemp -d)
mkdir "$work/client"
[ ! -d "$HOME/.docker/cli-plugins" ] || ln -s "$HOME/.docker/cli-plugins" "$work/client/cli-plugins"
export DOCKER_CONFIG="$work/client"
engine=
if [ -z "${DOCKER_HOST:-}" ]; then
  export DOCKER_HOST="unix://$work/docker.sock"
  PATH="$PATH:/usr/sbin:/sbin" dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --bridge=none \
    -H "$DOCKER_HOST" >"$work/dockerd.log" 2>&1 &
  engine=$!
fi

say_why() {
  echo "compose: failed; the last words of the services${engine:+ and of the engine}:"
  for id in $(docker ps -aq --filter "$project" 2>/dev/null); do
    docker logs --tail 8 "$id" 2>&1 | sed "s|^|$(docker inspect -f '{{.Name}} {{.State.Status}}' "$id"): |"
  done
  [ -z "$engine" ] || tail -3 "$work/dockerd.log"
}

finish() {
  status=$?
  trap - EXIT
  set +e
  [ "$status" -eq 0 ] || say_why
  {
    docker ps -aq --filter "$project" | xargs -r docker rm -f
    docker volume ls -q --filter "$project" | xargs -r docker volume rm
    docker network ls -q --filter "$project" | xargs -r docker network rm
    docker images -q localhost:5000/team/app | xargs -r docker rmi -f
    if [ -n "$engine" ]; then
      kill "$engine"
      wait "$engine"
      umount "$work"/exec/netns/*
    fi
  } >/dev/null 2>&1
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT

fail() { echo "compose: $*"; exit 1; }

# Waits for a condition, at most so many seconds.
until_true() {
  local seconds=$1 what=$2 start=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $((SECONDS - start)) -lt "$seconds" ] || fail "$what: not within $seconds s"
    sleep 0.5
  done
}

of() { docker ps -q --filter "$project" --filter "label=com.docker.compose.service=$1"; }
process_of() { docker inspect -f '{{.State.Pid}}' "$(of "$1")"; }
restarts_of() { docker inspect -f '{{.RestartCount}}' "$(of "$1")"; }
healthy() { [ "$(docker ps -q --filter "$project" --filter health=healthy | wc -l)" -eq 7 ]; }
login() { docker login localhost:5000 -u demo --password-stdin <<<"$1" >"$work/login.log" 2>&1; }
milliseconds() { date +%s%3N; }

# As a crash does it: "docker kill" would keep the engine from starting it again.
kill_at_once() {
  if [ -n "$engine" ]; then kill -9 "$@"; else docker run --rm --user 0 --pid=host --entrypoint sh registryproxy-silo:local -c 'kill -9 "$@"' kill "$@"; fi
}

# Of an image unlike everything that was pushed before.
make_image() {
  mkdir -p "$work/layer"
  head -c 20000000 /dev/urandom >"$work/layer/bytes"
  tar -C "$work/layer" -c . | docker import - "$1" >/dev/null
}

pulled_alike() {
  docker rmi -f "$1" >/dev/null
  docker pull -q "$1" >"$work/pull.log" 2>&1 || { cat "$work/pull.log"; return 1; }
  [ "$(docker image inspect -f '{{.Id}}' "$1")" = "$2" ]
}

# The sample registry's container, which says that it is somebody else: its own address is in the audit log.
calls_of() { for gateway in gateway-1 gateway-2; do docker logs "$(of $gateway)" 2>&1; done | grep -c "\"client\":\"$1\"" || true; }
client_is_known() {
  local address
  address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$(of registry)")
  docker exec "$(of registry)" wget -q -O /dev/null --header "Authorization: Basic $(printf demo:demo | base64)" \
    --header "X-Forwarded-For: 203.0.113.7" "http://balancer:5000/token?service=localhost:5000" || fail "no token for a client in the network"
  named() { [ "$(calls_of "$address")" -gt 0 ]; }
  until_true 10 "the audit log names the client $address" named
  [ "$(calls_of 203.0.113.7)$(calls_of 172.29.87.10)" = 00 ] || fail "the audit log names the balancer, or whom the client said it was"
}

confined() {
  local id
  id=$(of "$1")
  [ "$(docker inspect -f '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}' "$id")" = "10001:10001 true [ALL]" ] &&
    docker exec "$id" sh -c '[ "$(id -u)" = 10001 ] && touch /tmp/x' && ! docker exec -u 0 "$id" touch /x 2>/dev/null
}

status_of() { curl -s -o "$work/answer" -w '%{http_code}' "${@:2}" "http://127.0.0.1:5001$1"; }
admin_answers() {
  [ "$(status_of /readyz)" = 200 ] || fail "the admin listener is not ready"
  [ "$(status_of /metrics)" = 401 ] || fail "metrics are open without the admin token"
  [ "$(status_of /metrics -H "Authorization: Bearer $REGISTRYPROXY_ADMIN_TOKEN")" = 200 ] && grep -q '^orleans_' "$work/answer" ||
    fail "no metrics with the admin token"
}

# Kills a silo and a gateway together; a login and a pull are begun at once. Sets "after" to their milliseconds.
survives() {
  local silo=$1 gateway=$2 image=$3 id=$4 silos gateways processes start
  silos=$(restarts_of "$silo")
  gateways=$(restarts_of "$gateway")
  processes=("$(process_of "$silo")" "$(process_of "$gateway")")
  kill_at_once "${processes[@]}"
  start=$(milliseconds)
  login demo || { cat "$work/login.log"; fail "no login after $silo and $gateway were killed"; }
  pulled_alike "$image" "$id" || fail "no pull after $silo and $gateway were killed"
  after=$(($(milliseconds) - start))
  back() { healthy && [ "$(restarts_of "$silo")" -gt "$silos" ] && [ "$(restarts_of "$gateway")" -gt "$gateways" ]; }
  until_true 120 "$silo and $gateway are back" back
}

try() {
  local compose="$1" started=$SECONDS image="localhost:5000/team/app:$RANDOM" id up first after
  $compose up -d --build >"$work/up.log" 2>&1 || { tail -20 "$work/up.log"; fail "$compose up"; }
  until_true 180 "all seven services are healthy" healthy
  up=$((SECONDS - started))

  ! login wrong || fail "a wrong password is taken"
  login demo || { cat "$work/login.log"; fail "the right password is refused"; }
  make_image "$image"
  id=$(docker image inspect -f '{{.Id}}' "$image")
  docker push -q "$image" >/dev/null || fail "push"
  pulled_alike "$image" "$id" || fail "another image came back, or none"
  client_is_known
  admin_answers
  for service in silo-1 silo-2 gateway-1 gateway-2; do
    confined "$service" || fail "$service: root, or a root file system that can be written"
  done
  survives silo-2 gateway-1 "$image" "$id"
  first=$after
  survives silo-1 gateway-2 "$image" "$id"

  $compose down -v >"$work/down.log" 2>&1 || { tail "$work/down.log"; fail "$compose down"; }
  [ -z "$(docker ps -aq --filter "$project")$(docker volume ls -q --filter "$project")$(docker network ls -q --filter "$project")" ] ||
    fail "down leaves containers, volumes or networks"
  echo "$compose: healthy after $up s with the build; login and pull of 20 MB $first and $after ms after kill -9 of a silo and a gateway; all back, and gone without a trace"
}

until_true 60 "the engine answers" docker version
if [ -z "${BASE_IMAGE:-}" ]; then
  for public in mcr.microsoft.com/dotnet/sdk:10.0 mcr.microsoft.com/dotnet/aspnet:10.0 redis:7-alpine haproxy:2.8-alpine registry:2; do
    timeout 20 docker manifest inspect "$public" >/dev/null 2>&1 && continue
    echo "$public cannot be pulled; making images of Debian's packages and the SDK of this machine ..."
    bash deploy/compose/base-images.sh >"$work/images" 2>"$work/images.log" || { tail -5 "$work/images.log"; fail "no base images"; }
    set -a
    . "$work/images"
    set +a
    break
  done
fi

tried=0
for compose in docker-compose "docker compose"; do
  if ! $compose version >/dev/null 2>&1; then
    echo "$compose: not installed, not tried"
    continue
  fi
  try "$compose"
  tried=$((tried + 1))
done
[ "$tried" -gt 0 ] || fail "neither docker-compose nor docker compose is installed"
echo "compose: $tried tried, 0 failed"
