#!/bin/sh
set -e
case $1 in
configure | abort-upgrade | abort-remove | abort-deconfigure)
    mkdir -p /usr/local/share/ca-certificates
    ln -sf /usr/share/@ENTRY@/@ENTRY@.crt /usr/local/share/ca-certificates/@ENTRY@.crt
    update-ca-certificates
    for folder in @MANAGED@; do
        for other in "$folder"/*.json; do
            if [ "$other" != "$folder/@ENTRY@.json" ] && grep -qs '"CACertificatesWithConstraints"' "$other"; then
                echo "@ENTRY@: $other has a list of roots too, and the browser reads one of them:" \
                    "put both roots into one file" >&2
            fi
        done
    done
    ;;
esac
