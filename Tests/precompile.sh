#!/usr/bin/env bash
# Compiles the hosts that tests start ahead of time: a start spends most of its processor time on compiling what it runs.
#   Tests/precompile.sh TOOLS TARGET          the compiler's project goes to TOOLS, each host to a folder of its name in TARGET
#   Tests/precompile.sh TOOLS TARGET --kept   only where the large image of an earlier run is still good
# What has not changed is not compiled again. Fails where the compiler is not to be had; tests run the hosts as they are built then.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1 target=$2 kept=${3:-}
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) exit 1 ;; esac
built=bin/Release/net10.0

# Images are good for the way in which they were made.
images="$target/images/$(sha256sum Tests/precompile.sh | cut -c1-16)"
mkdir -p "$tools/compiler" "$images"
find "$target/images" -mindepth 1 -maxdepth 1 ! -path "$images" -exec rm -rf {} +
framework() {
  dotnet --list-runtimes | awk -v name="Microsoft.$1" '$1 == name && $2 ~ /^10\./ { version = $2; folder = $3 }
    END { gsub(/[][]/, "", folder); print folder "/" version }'
}
core=$(framework NETCore.App) web=$(framework AspNetCore.App)
doors="$images/doors-$( (sha256sum Standalone/$built/*.dll; echo "$core $web") | sha256sum | cut -c1-32)"
[ -z "$kept" ] || [ -e "$doors" ] || exit 1

cat >"$tools/compiler/compiler.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup>
    <PackageDownload Include="Microsoft.NETCore.App.Crossgen2.linux-$arch" Version="[\$(BundledNETCoreAppPackageVersion)]" />
  </ItemGroup>
</Project>
EOF
property() { dotnet msbuild "$tools/compiler/compiler.csproj" -getProperty:"$1"; }
dotnet restore "$tools/compiler/compiler.csproj" -v quiet >/dev/null
version=$(property BundledNETCoreAppPackageVersion)
compiler="$(property NuGetPackageRoot)microsoft.netcore.app.crossgen2.linux-$arch/$version/tools"
if [ -x "$compiler/crossgen2" ]; then compiler=("$compiler/crossgen2"); else compiler=(dotnet "$compiler/crossgen2.dll"); fi
compiler+=(-r "$core/*.dll" -r "$web/*.dll" --targetos linux --targetarch "$arch" -O)
# What is compiled for processors of any age is compiled again on those with wider vectors.
if [ "$arch" = x64 ] && grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then
  compiler+=(--instruction-set:x86-64-v3)
fi

# Runs a door until it has answered. To FOLDER: which libraries of the framework it has loaded, and as a profile for the compiler what the
# runtime has compiled, for the compiler does not find each generic by itself.
observe() {
  local folder=$1 data admin door
  cat >"$folder/config.yaml" <<EOF
upstreams: { local: { url: "http://127.0.0.1:9", allowPrivate: true } }
tenants:
  acme:
    hosts: ["*"]
    routes: [{ prefix: "", upstream: local }]
    access: [{ name: everybody, who: [anonymous], repositories: ["**"], actions: [pull] }]
EOF
  dotnet build Tests/Profile/Profile.csproj -c Release -v quiet -nologo
  DOTNET_STARTUP_HOOKS="$PWD/Tests/Profile/$built/RegistryProxy.Profile.dll" REGISTRYPROXY_PROFILE="$folder/compiled.mibc" \
    dotnet "Standalone/$built/RegistryProxy.Standalone.dll" --config "$folder/config.yaml" --listen-data http://127.0.0.1:0 \
    --listen-admin http://127.0.0.1:0 >"$folder/log" 2>&1 &
  door=$!
  trap "kill -9 $door 2>/dev/null || true" EXIT
  for _ in $(seq 600); do
    data=$(sed -n 's/^data listening on //p' "$folder/log") admin=$(sed -n 's/^admin listening on //p' "$folder/log")
    if [ -n "$admin" ] && curl -fs --max-time 2 "$admin/readyz" >/dev/null || ! kill -0 "$door"; then break; fi
    sleep 0.1
  done
  curl -s --max-time 20 "$data/v2/" "$data/token?service=127.0.0.1" "$data/v2/app/manifests/1" "$admin/metrics" >/dev/null || true
  grep -oE "($core|$web)/[^ ]*\.dll" "/proc/$door/maps" | sort -u | grep -v "/Microsoft.AspNetCore.Mvc" >"$folder/loaded"
  kill "$door"
  for _ in $(seq 100); do kill -0 "$door" 2>/dev/null || break; sleep 0.1; done
  kill -9 "$door" 2>/dev/null || true
  wait "$door" || true
  trap - EXIT
}

# Standalone has every library of Silo and of Gateway. One image holds all that one of them is likely to run, with code of each library in
# the others, and is good with exactly the libraries that it was made of: each of these hosts has all of them, and with them a framework of
# its own.
skip='KubernetesClient|Microsoft.CodeAnalysis.*|Humanizer|AWSSDK.*|Azure.*|Google.Apis.*|Microsoft.Identity.Client.*|System.Composition.*'
skip+='|Newtonsoft.Json|System.(Management|CodeDom|ClientModel)'
if [ ! -e "$doors" ]; then
  find "$images" -maxdepth 1 -name 'doors-*' -exec rm -rf {} +
  mkdir "$doors.part" "$doors.part/observed"
  observe "$doors.part/observed"
  cp "$core"/*.dll "$core"/*.so "$web"/*.dll "$doors.part"
  cp Standalone/$built/*.dll "$doors.part"
  mapfile -t inputs < <(
    printf '%s\n' Standalone/$built/*.dll | grep -Ev "/($skip)\.dll$"
    while read -r library; do [ -e "Standalone/$built/${library##*/}" ] || echo "$library"; done <"$doors.part/observed/loaded")
  "${compiler[@]}" "${inputs[@]}" --composite --inputbubble -o "$doors.part/doors.r2r.dll" -r "Standalone/$built/*.dll" \
    --mibc "$doors.part/observed/compiled.mibc" >/dev/null
  rm -r "$doors.part/observed"
  mv "$doors.part" "$doors"
fi

# The libraries of a host that are not listed among its own, as a runtime pack.
pack="runtimepack.Microsoft.NETCore.App.Runtime.linux-$arch/$version"
pack() {
  echo "\"$pack\": { \"runtime\": {"
  (cd "$doors" && ls -- *.dll) | while read -r library; do
    [ "$library" = doors.r2r.dll ] || [ -e "$1/$library" ] || echo "\"$library\": { \"assemblyVersion\": \"10.0.0.0\" },"
  done | sed '$ s/,$//'
  echo '}, "native": {'
  (cd "$doors" && ls -- *.so) | sed 's/.*/"&": { "fileVersion": "0.0.0.0" },/; $ s/,$//'
  echo '} },'
}
for host in Standalone Silo Gateway; do
  rm -rf "${target:?}/$host"
  mkdir "$target/$host"
  cp -l "$doors"/* "$target/$host"
  find "$host/$built" -maxdepth 1 -type f ! -name '*.dll' -exec cp -t "$target/$host" {} +
  own="$target/$host/RegistryProxy.$host"
  pack "$host/$built" >"$own.pack"
  echo "\"$pack\": { \"type\": \"runtimepack\", \"serviceable\": false, \"sha512\": \"\" }," >"$own.library"
  sed -i -e "/^    \"\.NETCoreApp,Version=v10\.0\": {\$/r $own.pack" -e "/^  \"libraries\": {\$/r $own.library" "$own.deps.json"
  sed -i -e 's/"frameworks": \[/"includedFrameworks": [/' \
    -e "s/\"version\": \"10\.[^\"]*\"/\"version\": \"$version\"/" "$own.runtimeconfig.json"
  rm "$own.pack" "$own.library"
done

# The agent has other libraries, and few: one image of each. What the compiler refuses (there is nothing to compile, or it is compiled) is
# taken as it is. Each image also has the code of the framework's generics that its library is the one to need; images of a few libraries
# are refused by the runtime when they have.
rm -rf "${target:?}/NodeAgent"
mkdir "$target/NodeAgent"
find "NodeAgent/$built" -maxdepth 1 -type f -exec cp -t "$target/NodeAgent" {} +
for library in NodeAgent/$built/*.dll; do
  image="$images/$(sha256sum "$library" | cut -c1-64).dll" generics=(--non-local-generics-module:\* --opt-cross-module:\*)
  case "$(basename "$library" .dll)" in YamlDotNet | System.CommandLine | System.IO.Hashing) generics=() ;; esac
  compile() { "${compiler[@]}" "$library" -o "$image.part" -r "NodeAgent/$built/*.dll" "$@" >/dev/null 2>&1; }
  if [ ! -e "$image" ]; then
    compile "${generics[@]}" || compile || cp "$library" "$image.part"
    mv "$image.part" "$image"
  fi
  cp "$image" "$target/NodeAgent/${library##*/}"
done

# What lets a process run its host again and again.
dotnet build Tests/Warm/Warm.csproj -c Release -v quiet -nologo
rm -rf "${target:?}/Warm"
mkdir "$target/Warm"
cp Tests/Warm/$built/RegistryProxy.Warm.dll "$target/Warm"

for host in Standalone Silo Gateway NodeAgent; do dotnet "$target/$host/RegistryProxy.$host.dll" --help >/dev/null; done
