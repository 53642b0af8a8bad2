#!/usr/bin/env bash
# Brings docker-compose.yml up with docker-compose 1.29 and with Compose v2, whichever of them are installed, in a Docker Engine of its own,
# and tries it: health, logins, a push and a pull, a silo and a gateway killed at once, read-only roots, nothing left behind.
#   deploy/compose/try.sh            needs root; ends with "compose: N tried, 0 failed"
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
export DOCKER_HOST="unix://$work/docker.sock" COMPOSE_PROJECT_NAME=registryproxy-try
auth="$work/client"
mkdir -p "$auth"
[ ! -d "$HOME/.docker/cli-plugins" ] || ln -s "$HOME/.docker/cli-plugins" "$auth/cli-plugins"
export DOCKER_CONFIG="$auth"
dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" -H "$DOCKER_HOST" >"$work/dockerd.log" 2>&1 &
engine=$!

finish() {
  status=$?
  if [ "$status" -ne 0 ]; then
    echo "compose: failed; the last words of the engine and of the services:"
    tail -3 "$work/dockerd.log"
    for service in $(docker ps -aq 2>/dev/null); do docker logs --tail 8 "$service" 2>&1 | sed "s/^/$service: /"; done
  fi
  docker ps -aq 2>/dev/null | xargs -r docker rm -f >/dev/null 2>&1 || true
  docker network prune -f >/dev/null 2>&1 || true
  kill "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
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

healthy() { [ "$(docker ps -q | wc -l)" -eq 7 ] && [ "$(docker ps -q --filter health=healthy | wc -l)" -eq 7 ]; }
container() { docker ps -q --filter "name=$1"; }
login() { docker login localhost:5000 -u demo --password-stdin <<<"$1"; }

until_true 60 "the engine answers" docker version
if ! timeout 20 docker pull -q mcr.microsoft.com/dotnet/aspnet:10.0 >/dev/null 2>&1; then
  echo "The public images cannot be pulled; making some ..."
  bash deploy/compose/base-images.sh >"$work/images" 2>"$work/images.log" || { tail -5 "$work/images.log"; fail "no base images"; }
  set -a
  . "$work/images"
  set +a
fi

# Something to push, unlike everything that was pushed before.
layer() { mkdir -p "$work/layer" && head -c 20000000 /dev/urandom >"$work/layer/bytes" && tar -C "$work/layer" -c . | docker import - "$1" >/dev/null; }

try() {
  local compose="$1" started=$SECONDS image="localhost:5000/team/app:$RANDOM" id
  $compose up -d --build >"$work/up.log" 2>&1 || { tail -20 "$work/up.log"; fail "$compose up"; }
  until_true 180 "all seven services are healthy" healthy
  local up=$((SECONDS - started))

  login wrong >/dev/null 2>&1 && fail "a wrong password is taken"
  login demo >/dev/null 2>"$work/login.log" || { cat "$work/login.log"; fail "the right password is refused"; }
  layer "$image"
  id=$(docker image inspect -f '{{.Id}}' "$image")
  docker push -q "$image" >/dev/null || fail "push"
  docker rmi -f "$image" >/dev/null
  docker pull -q "$image" >/dev/null || fail "pull"
  [ "$(docker image inspect -f '{{.Id}}' "$image")" = "$id" ] || fail "another image came back"

  # Who asks is known by its own address, not by the balancer's.
  [ "$({ docker logs "$(container gateway-1)"; docker logs "$(container gateway-2)"; } 2>&1 | grep -c '"client":"172.29.87.1"')" -gt 0 ] || fail "the audit log does not name the client"

  curl -sf http://127.0.0.1:5001/readyz >/dev/null || fail "the admin listener is not ready"
  [ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:5001/metrics)" = 401 ] || fail "metrics without the admin token"
  [ "$(curl -sf -H "Authorization: Bearer local-try-only" http://127.0.0.1:5001/metrics | grep -c '^orleans_')" -gt 0 ] || fail "metrics with the admin token"

  for service in silo-1 silo-2 gateway-1 gateway-2; do
    docker exec "$(container $service)" sh -c '[ "$(id -u)" = 10001 ] && ! touch /app/x 2>/dev/null && touch /tmp/x' || fail "$service: root, or a root file system that can be written"
  done

  # A silo and a gateway at once, and work goes on at once.
  kill -9 "$(docker inspect -f '{{.State.Pid}}' "$(container silo-2)")" "$(docker inspect -f '{{.State.Pid}}' "$(container gateway-1)")"
  local killed=$SECONDS
  docker rmi -f "$image" >/dev/null
  login demo >/dev/null 2>"$work/login.log" || { cat "$work/login.log"; fail "no login after a silo and a gateway were killed"; }
  docker pull -q "$image" >/dev/null || fail "no pull after a silo and a gateway were killed"
  local after=$((SECONDS - killed))
  until_true 120 "what was killed is back" healthy

  $compose down -v >"$work/down.log" 2>&1 || { tail "$work/down.log"; fail "$compose down"; }
  [ -z "$(docker ps -aq)$(docker volume ls -q)" ] || fail "down leaves containers or volumes"
  echo "$compose: healthy after $up s with the build; login and pull $after s after kill -9 of a silo and a gateway; all back and gone again"
}

tried=0
for compose in docker-compose "docker compose"; do
  if $compose version >/dev/null 2>&1; then
    try "$compose"
    tried=$((tried + 1))
  fi
done
[ "$tried" -gt 0 ] || fail "neither docker-compose nor docker compose is installed"
echo "compose: $tried tried, 0 failed"
