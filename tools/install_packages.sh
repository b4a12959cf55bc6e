#!/bin/sh
# Installs the Debian 12 packages that cadre builds, tests and runs with. Needs root, or sudo; does nothing where all are present.
set -eu
packages="g++ cmake ninja-build make git python3 ca-certificates
  libfmt-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev libsqlite3-dev libssl-dev libutf8proc-dev libcurl4-openssl-dev
  libboost1.81-dev libre2-dev libpq-dev postgresql libgtest-dev libgmock-dev openssl"
case "${1:-}" in
  deep) packages="$packages clang clang-tidy clang-format lld libclang-rt-14-dev libbenchmark-dev" ;;
  "") ;;
  *) echo "usage: $0 [deep]" >&2; exit 2 ;;
esac
missing=""
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
sudo=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "these packages are missing and neither root nor sudo is at hand:$missing" >&2; exit 1; }
  sudo=sudo
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086
$sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
