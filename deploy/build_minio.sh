#!/usr/bin/env bash
# Build the MinIO server into the folder given: build_minio.sh ~/.cache/firstframe/bin
# Its project publishes source only; this says which source. Needs any Go, or Debian's golang-go;
# takes a few minutes.
set -euo pipefail

module=github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
toolchain=golang.org/toolchain@v0.0.1-go1.24.8.linux
folder=${1:?usage: build_minio.sh FOLDER}
export GOFLAGS=''

# From 1.21 on Go brings the toolchain a module asks for by itself. An older one can still fetch
# it as a module, checked against the checksum database; modules lose their executable bits.
case "$(go env GOVERSION)" in
    go1.1[0-9]* | go1.20* | go1.[0-9] | go1.[0-9].*)
        cd /
        root=$(go mod download -json "$toolchain-$(go env GOARCH)" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
        chmod -R u+w,a+x "$root/bin" "$root/pkg/tool"
        export GOROOT=$root GOTOOLCHAIN=local PATH=$root/bin:$PATH
        cd - >/dev/null
        ;;
esac

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
# Built beside its place and renamed, so that nobody finds half a program.
half=$(mktemp -d "$folder/.minio.XXXXXX")
trap 'rm -rf "$half"' EXIT
GOBIN=$half CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "$module"
mv "$half/minio" "$folder/minio"
