#!/bin/sh
# Makes rasapi32.dll and rasdlg.dll for Wine:  packaging/wine/build.sh [FOLDER]
# They are put into FOLDER, or the present one. Debian's packages wine64-tools, libwine-dev and gcc are needed.
set -eu
here=$(dirname "$(readlink -f "$0")")
folder=${1:-.}
compiler=${WINEGCC:-$(command -v winegcc || command -v winegcc-stable || true)}
[ -n "$compiler" ] || { echo "there is no winegcc (package wine64-tools)" >&2; exit 1; }
mkdir -p "$folder"
for library in rasapi32 rasdlg; do
  "$compiler" -m64 -shared -O2 -Wall -Wextra -Werror "-DFUNCTIONS=\"$library-functions.h\"" \
    -I"$here" -I"$here/../../crates/face/rasapi/include" \
    -o "$folder/$library.dll.so" "$here/ras.c" "$here/$library.spec" -luser32
  mv "$folder/$library.dll.so" "$folder/$library.dll"
done
