#!/usr/bin/env bash
# Compiles the hosts that tests start ahead of time: a start spends most of its processor time on compiling what it runs.
#   Tests/precompile.sh TOOLS TARGET    the compiler's project goes to TOOLS, each host to a folder of its name in TARGET
# A library is compiled again when it has changed. Fails where the compiler is not to be had; tests run the hosts as they are built then.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$1 target=$2
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) exit 1 ;; esac

# Images are good for the way in which they were made.
images="$target/images/$(sha256sum Tests/precompile.sh | cut -c1-16)"
mkdir -p "$tools/compiler" "$images"
find "$target/images" -mindepth 1 -maxdepth 1 ! -path "$images" -exec rm -rf {} +
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
core=$(framework NETCore.App) web=$(framework AspNetCore.App)

# One image per library and content, whichever hosts have it. What the compiler refuses (there is nothing to compile, or it is compiled) is taken as it is.
# Each image also has the code of the framework's generics that its library is the one to need: by itself the runtime compiles thousands of them at
# each start. Images of a few libraries are refused by the runtime when they have.
image() {
  $COMPILER "$1" -o "$2" -r "$CORE/*.dll" -r "$WEB/*.dll" -r "$(dirname "$1")/*.dll" --targetos linux --targetarch "$ARCH" $INSTRUCTIONS -O \
    "${@:3}" >/dev/null 2>&1
}
compile() {
  local library=$1 image=$2 generics=(--non-local-generics-module:\* --opt-cross-module:\*)
  [ -e "$image" ] && return
  case "$(basename "$library" .dll)" in YamlDotNet | System.CommandLine | System.IO.Hashing) generics=() ;; esac
  image "$library" "$image.part" "${generics[@]}" || image "$library" "$image.part" || cp "$library" "$image.part"
  mv "$image.part" "$image"
}
export -f image compile
export ARCH=$arch CORE=$core WEB=$web COMPILER INSTRUCTIONS=
# What is compiled for processors of any age is compiled again on those with wider vectors.
if [ "$arch" = x64 ] && grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then
  INSTRUCTIONS=--instruction-set:x86-64-v3
fi
if [ -x "$compiler/crossgen2" ]; then COMPILER="$compiler/crossgen2"; else COMPILER="dotnet $compiler/crossgen2.dll"; fi

# No host runs these to the point where compiling them is what it waits for.
skip='KubernetesClient|Microsoft.CodeAnalysis.*|Humanizer|AWSSDK.*|Azure.*|Google.Apis.*|Microsoft.Identity.Client.*|System.Composition.*'
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
