#!/bin/sh
# Fetches public Lua programs from Debian into the folder given as argument, which the test
# public_programs reads: `crates/lua/tests/public_programs/fetch.sh target/public-programs`.
# They are run unchanged and never become part of the project.
set -eu
folder=${1:?usage: fetch.sh FOLDER}
mkdir -p "$folder/packages"
cd "$folder/packages"
for package in lua-dkjson lua-inspect lua-penlight lua-argparse lua-basexx lua-binaryheap lua-markdown \
    lua-messagepack lua-moses lua-unit lua-check lua-say lua-mediator lua-fifo lua-uri lua-inifile \
    lua-ansicolors lua-cliargs lua-luassert; do
    ls "$package"_*.deb >/dev/null 2>&1 || apt-get download "$package"
done
cd ..
for package in packages/*.deb; do
    dpkg -x "$package" .
done
