#!/bin/sh
# Installs the packages of this folder, with no network. What the board has in the same version or a newer one stays as it is.
set -eu
cd "$(dirname "$0")"
if ! sha256sum --quiet -c SHA256SUMS; then
  echo "install.sh: the files of this folder are damaged: copy the folder again. Nothing was changed." >&2
  exit 1
fi
set --
for deb in $(cut -c 67- SHA256SUMS); do
  name=$(dpkg-deb --field "$deb" Package) version=$(dpkg-deb --field "$deb" Version)
  here=$(dpkg-query --show --showformat '${db:Status-Status} ${Version}' "$name" 2>/dev/null || true)
  case $here in
    "installed "*) if dpkg --compare-versions "${here#installed }" ge "$version"; then continue; fi ;;
  esac
  set -- "$@" "./$deb"
done
if [ $# -eq 0 ]; then
  echo "install.sh: this board has all of it already, in the same version or a newer one."
  exit 0
fi
exec apt-get install --yes --no-install-recommends "$@"
