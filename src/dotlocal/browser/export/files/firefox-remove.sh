#!/bin/sh
# Takes the root certificate "@LABEL@" out of the Firefox profiles of this computer.
#   SHA-256 @FINGERPRINT@
#
#   sudo sh @SLUG@-firefox-remove.sh     the profiles of all users; without sudo, your own
#
# A policy puts a root into every profile, and none takes it out again. First take the root out of policies.json, and
# close Firefox. Needs certutil: libnss3-tools (Debian), nss-tools (Fedora), nss (Arch), mozilla-nss-tools (SUSE).
# Ends with 0 if no profile has the root any more, 1 if one still has it, 2 if certutil or runuser is missing.
set -u
if [ "$#" -gt 0 ]; then
    echo "usage: $0" >&2
    exit 2
fi
if ! command -v certutil >/dev/null; then
    echo "there is no certutil here" >&2
    exit 2
fi

# A profile names the libraries that certutil loads, so everybody's is opened as that person, never as root; and without
# root's terminal, into which their programs could type.
if [ "$(id -u)" = 0 ] && [ -z "${FIREFOX_REMOVE_OWN:-}" ]; then
    if ! command -v runuser >/dev/null || ! command -v setsid >/dev/null; then
        echo "there is no runuser or setsid here (util-linux): run this as each person, without sudo" >&2
        exit 2
    fi
    worst=0
    while IFS=: read -r user _ number _ _ home _ <&3; do
        set -- "$home"/.mozilla "$home"/.config/mozilla "$home"/snap/firefox "$home"/.var/app/org.mozilla.firefox
        for folder; do
            if [ ! -d "$folder" ] || [ "$(stat -L -c %u "$home")" != "$number" ]; then continue; fi
            setsid -w runuser -u "$user" -- env -i PATH="$PATH" HOME="$home" FIREFOX_REMOVE_OWN=1 sh -s <"$0" ||
                worst=1
            break
        done
    done 3</etc/passwd
    exit "$worst"
fi

root=$(mktemp) || exit 2
entry=$(mktemp) || exit 2
trap 'rm -f "$root" "$entry"' EXIT
cat >"$root" <<'CERTIFICATE'
@PEM@
CERTIFICATE

# What a profile calls the root is up to Firefox, so it is known by its contents. Standard input may be this script.
named() {
    certutil -L -d "sql:$1" 2>/dev/null </dev/null | sed -n '5,$s/  *[A-Za-z]*,[A-Za-z]*,[A-Za-z]* *$//p' | while IFS= read -r name; do
        if certutil -L -d "sql:$1" -n "$name" -a 2>/dev/null </dev/null | tr -d '\r' >"$entry" && cmp -s "$root" "$entry"; then
            printf '%s\n' "$name"
        fi
    done
}

status=0
for profile in "$HOME"/.mozilla/firefox/*/ "$HOME"/.config/mozilla/firefox/*/ \
    "$HOME"/snap/firefox/common/.mozilla/firefox/*/ "$HOME"/snap/firefox/common/.config/mozilla/firefox/*/ \
    "$HOME"/.var/app/org.mozilla.firefox/.mozilla/firefox/*/ \
    "$HOME"/.var/app/org.mozilla.firefox/config/mozilla/firefox/*/; do
    if [ ! -f "$profile/cert9.db" ]; then continue; fi
    name=$(named "$profile")
    if [ -z "$name" ]; then continue; fi
    certutil -D -d "sql:$profile" -n "$name" </dev/null
    if [ -z "$(named "$profile")" ]; then
        echo "does not have the root any more: $profile"
    else
        echo "failed: $profile" >&2
        status=1
    fi
done
exit "$status"
