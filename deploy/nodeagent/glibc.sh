#!/bin/sh
# Usage: glibc.sh PROGRAM VERSION. Fails when a program needs a later glibc than VERSION, and says which.
set -eu
needed=$(LC_ALL=C grep -aoE 'GLIBC_2\.[0-9]+' "$1" | sed 's/.*_//' | sort -uV | tail -n 1)
[ -n "$needed" ] || { echo "$1 names no version of glibc" >&2; exit 1; }
[ "$(printf '%s\n%s\n' "$needed" "$2" | sort -V | tail -n 1)" = "$2" ] || { echo "$1 needs glibc $needed; nodes may have $2" >&2; exit 1; }
echo "$1 needs glibc $needed"
