#!/bin/sh
set -e
case $1 in
remove)
    rm -f /usr/local/share/ca-certificates/@ENTRY@.crt
    if command -v update-ca-certificates >/dev/null; then
        update-ca-certificates --fresh
        # Java's store is told what was added, and never what a fresh start left out
        for hook in /etc/ca-certificates/update.d/*; do
            if [ -x "$hook" ]; then echo "-/etc/ssl/certs/@ENTRY@.pem" | "$hook"; fi
        done
    fi
    ;;
esac
