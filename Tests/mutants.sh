#!/usr/bin/env bash
# Changes each state machine of Tests/Strength/machines.txt in 200 ways (or as many as there are), and says which its unit tests do not notice.
#   Tests/mutants.sh                       all of them; fails where less than 80 % are noticed
#   Tests/mutants.sh DecisionCache …       these alone
#   SEED=2 COUNT=50 Tests/mutants.sh       another choice of changes, fewer of them
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Tests/Tests.csproj -c Release -v quiet -nologo
dotnet build Tests/Strength/Strength.csproj -c Release -v quiet -nologo
exec nice dotnet Tests/Strength/bin/Release/net10.0/RegistryProxy.Strength.dll mutants "$PWD" "${SEED:-1}" "${COUNT:-200}" "$@"
