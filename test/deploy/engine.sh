#!/usr/bin/env bash
# A Docker engine for the deploy suite, on a bare Debian machine without one and without an image registry.
#
#   test/deploy/engine.sh up      prints NAME=value lines to put into the environment; exit 3 = cannot start here (why: stderr)
#   test/deploy/engine.sh down    stops the engine that `up` started; another one is never touched
#
# An engine that `docker info` already reaches is used as it is. Otherwise the programs of a newer Debian are unpacked
# into a folder of their own (nothing of it is installed), dockerd is started from there, and stand-ins for the base
# images are made of Debian packages. All of it stays in ENGINE_DIR, so the second run takes seconds.
set -euo pipefail

dir=${ENGINE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mcp-server-engine}
programs=$dir/programs
here=$(cd "$(dirname "$0")" && pwd)

# The oldest Debian whose Compose knows `up --wait` and `start_interval`.
engine_suite=trixie

say() { printf 'engine: %s\n' "$*" >&2; }
cannot() { say "$*"; exit 3; }
quietly() { "$@" >>"$dir/engine.log" 2>&1; }

up() {
  if [ -z "${ENGINE_DIR:-}" ] && docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; then
    echo 'ENGINE=found'
    return
  fi
  [ "$(id -u)" = 0 ] || cannot 'no Docker engine is reachable, and starting one needs root'
  [ -f /etc/debian_version ] || cannot 'no Docker engine is reachable, and this is not a Debian machine to start one on'
  [ "$(uname -m)" = x86_64 ] || cannot 'no Docker engine is reachable, and the stand-in images exist for x86_64 only'
  mkdir -p "$dir" "$dir/run"
  : >"$dir/engine.log"
  exec 9>"$dir/lock"
  flock 9
  install_helpers || cannot "the packages that an engine needs cannot be installed (see $dir/engine.log)"
  unpack_programs || cannot "the engine's packages cannot be downloaded (see $dir/engine.log)"
  export PATH="$programs/usr/sbin:$programs/usr/bin:$PATH"
  export DOCKER_HOST="unix://$dir/run/docker.sock" DOCKER_CONFIG="$dir/config"
  start_daemon || cannot "dockerd does not start here: $(grep -E 'level=(error|fatal)|failed' "$dir/dockerd.log" | tail -n 1)"
  # An engine that runs is no reason to skip any more.
  make_images || { say "the stand-in base images cannot be made (see $dir/engine.log)"; exit 1; }
  printf 'ENGINE=started\nDOCKER_HOST=%s\nDOCKER_CONFIG=%s\nPATH=%s\n' "$DOCKER_HOST" "$DOCKER_CONFIG" "$PATH"
}

install_helpers() {
  local program missing=
  for program in runc iptables mmdebstrap; do command -v "$program" >/dev/null || missing=1; done
  [ -n "$missing" ] || return 0
  say 'installing runc, iptables and mmdebstrap …'
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get -o DPkg::Lock::Timeout=120 update &&
    quietly apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends runc iptables mmdebstrap
}

# The machine's own mirror, whatever that is.
mirror() {
  apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

unpack_programs() {
  [ -e "$programs/.complete" ] && return
  say 'downloading the engine (about 90 MB) …'
  local apt=$dir/apt url
  url=$(mirror)
  [ -n "$url" ] || { quietly apt-get update && url=$(mirror); }
  rm -rf "$programs" "$apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs" "$programs"
  cat >"$apt/sources.list" <<SOURCES
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $url $engine_suite main
SOURCES
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
CONF
  # Not runc: that of the newer Debian needs a newer C library; the machine's own one is used.
  (cd "$apt/debs" && APT_CONFIG=$apt/apt.conf quietly apt-get update &&
    APT_CONFIG=$apt/apt.conf quietly apt-get download \
      docker.io docker-cli docker-buildx docker-compose containerd tini) || return 1
  local deb
  for deb in "$apt"/debs/*.deb; do dpkg-deb -x "$deb" "$programs" || return 1; done
  mkdir -p "$dir/config/cli-plugins"
  ln -sf "$programs"/usr/libexec/docker/cli-plugins/docker-* "$dir/config/cli-plugins/"
  rm -rf "$apt"
  touch "$programs/.complete"
}

running() { [ -s "$dir/run/docker.pid" ] && kill -0 "$(cat "$dir/run/docker.pid")" 2>/dev/null; }

start_daemon() {
  if ! running; then
    say 'starting dockerd …'
    rm -f "$dir/run/docker.pid"
    # Raising a limit above that of the caller needs a capability which containers of CI systems often lack.
    local files
    files=$(ulimit -n)
    [ "$files" != unlimited ] && [ "$files" -le 8192 ] || files=8192
    printf '{"default-ulimits":{"nofile":{"Name":"nofile","Hard":%s,"Soft":%s}}}' "$files" "$files" >"$dir/daemon.json"
    setsid dockerd --data-root "$dir/data" --exec-root "$dir/run/exec" --host "$DOCKER_HOST" \
      --pidfile "$dir/run/docker.pid" --config-file "$dir/daemon.json" </dev/null >"$dir/dockerd.log" 2>&1 9>&- &
  fi
  for _ in $(seq 150); do
    docker info >/dev/null 2>&1 && return
    sleep 0.2
  done
  return 1
}

# A changed recipe makes new ones.
make_images() {
  local recipe image missing=
  recipe=$(cat "$here"/stand-ins/* | sha256sum)
  [ "$(cat "$dir/images" 2>/dev/null)" = "$recipe" ] || missing=1
  for image in node:24-bookworm-slim postgres:17-bookworm redis:8; do
    docker image inspect "$image" >/dev/null 2>&1 || missing=1
  done
  [ -n "$missing" ] || return 0
  say 'making stand-ins for the base images (some minutes, once) …'
  quietly "$here/stand-ins/make.sh" "$dir/context" "$(mirror)" && echo "$recipe" >"$dir/images"
  quietly docker image prune --force
}

down() {
  running || return 0
  local pid
  pid=$(cat "$dir/run/docker.pid")
  # What the next build can use stays, but not without bound.
  DOCKER_HOST="unix://$dir/run/docker.sock" DOCKER_CONFIG="$dir/config" quietly "$programs/usr/bin/docker" \
    builder prune --force --keep-storage 3GB || say 'the build cache could not be pruned'
  kill "$pid"
  for _ in $(seq 150); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.2
  done
  say "dockerd ($pid) does not stop"
  return 1
}

case "${1:-}" in
  up) up ;;
  down) down ;;
  *) sed -n '2,10p' "$0" >&2; exit 64 ;;
esac
