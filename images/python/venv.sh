#!/bin/sh
# venv.sh REQUIREMENTS: installs a complete list of wheels, by their hashes, into the virtual environment /opt/venv, and
# leaves out what a service does not need: pip itself, tests, debugging symbols, translations.
set -eu
python3.11 -m venv --without-pip /opt/venv
python3.11 -m venv /opt/pip
/opt/pip/bin/pip --python /opt/venv/bin/python --disable-pip-version-check install --quiet --root-user-action=ignore \
  --no-deps --require-hashes --only-binary :all: --no-compile --requirement "$1"

cd /opt/venv
packages=lib/python3.11/site-packages
find "$packages" -type d \( -name tests -o -name locale \) -prune -exec rm -rf {} +
find "$packages" -type f -name '*.so*' ! -path '*.libs/*' -exec strip --strip-unneeded {} +
rm -rf include share/man share/doc
python3.11 -m compileall -q -j 0 --invalidation-mode unchecked-hash lib
