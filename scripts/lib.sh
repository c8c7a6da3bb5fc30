# Sourced by the scripts beside this file; source it in a shell to have `docker` and its plugins there too.
# shellcheck shell=bash disable=SC2034

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=/var/cache/topo

# The tree is there only where scripts/engine made it; dockerd calls iptables, which a plain user's PATH leaves out.
case ":$PATH:" in
  *":$cache/engine/bin:"*) ;;
  *) export PATH=$cache/engine/bin:$PATH:/usr/sbin:/sbin ;;
esac

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
  say "error: $1"
  shift
  (($# == 0)) || printf '  %s\n' "$@" >&2
  exit 1
}

# The comment block at the top of a script is its help.
show_help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

can_install() { ((EUID == 0)) && grep -qs '^ID=debian$' /etc/os-release; }

engine_answers() { command -v docker >/dev/null && timeout 10 docker version >/dev/null 2>&1; }

# install_packages COMMAND=PACKAGE...: installs the packages whose commands are missing.
install_packages() {
  local pair missing=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
  done
  ((${#missing[@]} > 0)) || return 0
  say "installing ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Rust is the one thing that these scripts do not install: its users choose how.
require_rust() {
  command -v cargo >/dev/null || PATH=$PATH:~/.cargo/bin
  command -v cargo >/dev/null || die "cargo is missing" "install Rust as https://rustup.rs says, then run this again"
  ! can_install || install_packages cc=build-essential
  command -v cc >/dev/null || die "a C linker is missing" "install gcc or clang, then run this again"
}

# while_engine_is_made_ready COMMAND...: runs it beside the set-up of the engine and its images, and ends with both.
while_engine_is_made_ready() {
  local setup status=0
  { "$repository/scripts/engine" >/dev/null && "$repository/scripts/images"; } &
  setup=$!
  "$@" || status=$?
  wait "$setup" || status=$?
  return "$status"
}
