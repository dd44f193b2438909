#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes what QEMU's x509-dir wants: a CA, a key and its certificate for 127.0.0.1; and another CA,
# other-cert.pem, that signed nothing. usage: make-keys.sh FOLDER
set -eu
[ ! -e "$1/server-cert.pem" ] || exit 0
mkdir -p "$1"
cd "$1"
ca() { # name, subject
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "$2" -keyout "$1-key.pem" -out "$1-cert.pem"
}
{
    ca ca /CN=camredir-test-ca
    ca other /CN=camredir-other-ca
    openssl req -newkey rsa:2048 -nodes -subj /O=camredir/CN=127.0.0.1 -keyout server-key.pem -out server.csr
    printf 'subjectAltName=IP:127.0.0.1' >names
    openssl x509 -req -in server.csr -CA ca-cert.pem -CAkey ca-key.pem -CAcreateserial -days 2 \
        -extfile names -out server-cert.pem
} 2>log || { cat log >&2; exit 1; }
