#!/usr/bin/env bash
# Compiles the hosts that tests start ahead of time: a start spends most of its processor time on compiling what it runs.
#   Tests/precompile.sh TOOLS TARGET    the compiler's project goes to TOOLS, each host to a folder of its name in TARGET
# A library is compiled again when it has changed. Fails where the compiler is not to be had; tests run the hosts as they are built then.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1 target=$2
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) exit 1 ;; esac

mkdir -p "$tools/compiler" "$target/images"
cat >"$tools/compiler/compiler.csproj" <<EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="Microsoft.NETCore.App.Crossgen2.linux-$arch" Version="[\$(BundledNETCoreAppPackageVersion)]" /></ItemGroup>
</Project>
EOF
property() { dotnet msbuild "$tools/compiler/compiler.csproj" -getProperty:"$1"; }
dotnet restore "$tools/compiler/compiler.csproj" -v quiet >/dev/null
compiler="$(property NuGetPackageRoot)microsoft.netcore.app.crossgen2.linux-$arch/$(property BundledNETCoreAppPackageVersion)/tools"
framework() { dotnet --list-runtimes | awk -v name="Microsoft.$1" '$1 == name && $2 ~ /^10\./ { version = $2; folder = $3 } END { gsub(/[][]/, "", folder); print folder "/" version }'; }
core=$(framework NETCore.App) web=$(framework AspNetCore.App) images="$target/images"

# One image per library and content, whichever hosts have it. What the compiler refuses (there is nothing to compile, or it is compiled) is taken as it is.
compile() {
  local library=$1 image=$2
  [ -e "$image" ] && return
  $COMPILER "$library" -o "$image.part" -r "$CORE/*.dll" -r "$WEB/*.dll" -r "$(dirname "$library")/*.dll" \
    --targetos linux --targetarch "$ARCH" -O >/dev/null 2>&1 || cp "$library" "$image.part"
  mv "$image.part" "$image"
}
export -f compile
export ARCH=$arch CORE=$core WEB=$web COMPILER
if [ -x "$compiler/crossgen2" ]; then COMPILER="$compiler/crossgen2"; else COMPILER="dotnet $compiler/crossgen2.dll"; fi

# No host runs these to the point where compiling them is what it waits for.
skip='Orleans.Dashboard|KubernetesClient|Microsoft.CodeAnalysis.*|Humanizer|AWSSDK.*|Azure.*|Google.Apis.*|Microsoft.Identity.Client.*|System.Composition.*'
hosts=(Standalone Silo Gateway NodeAgent)
libraries=()
for host in "${hosts[@]}"; do libraries+=("$host"/bin/Release/net10.0/*.dll); done
sha256sum "${libraries[@]}" | grep -Ev "/($skip)\.dll$" | sort -u -k1,1 |
  awk -v to="$images" '{ print $2; print to "/" $1 }' | xargs -P "$(nproc)" -n 2 bash -c 'compile "$1" "$2"' compile

for host in "${hosts[@]}"; do
  rm -rf "${target:?}/$host"
  mkdir "$target/$host"
  find "$host/bin/Release/net10.0" -maxdepth 1 -type f -exec cp -t "$target/$host" {} +
done
sha256sum "${libraries[@]}" | while read -r sum library; do
  if [ -e "$images/$sum" ]; then cp "$images/$sum" "$target/${library%%/*}/${library##*/}"; fi
done
