#!/usr/bin/env bash
# Says which part of the branches of each state machine of Tests/Strength/machines.txt the unit tests take; fails below 90 %.
set -euo pipefail
cd "$(dirname "$0")/.."
dotnet build Tests/Tests.csproj -c Release -v quiet -nologo
dotnet build Tests/Strength/Strength.csproj -c Release -v quiet -nologo
bed=$(mktemp -d)
trap 'rm -rf "$bed"' EXIT
# Some tests read what the repository has beside the tests.
cp -r Tests/bin/Release/net10.0 "$bed/tests"
nice dotnet msbuild Tests/Strength/Strength.csproj -t:Cover -p:Bed="$bed/tests" -p:Report="$bed/coverage.json" -v:quiet -nologo || tail -40 "$bed/coverage.json.log"
dotnet Tests/Strength/bin/Release/net10.0/RegistryProxy.Strength.dll coverage "$PWD" "$bed/coverage.json"
