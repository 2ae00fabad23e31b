"""An Ansible role with the root: Debian, Red Hat, SUSE, Arch and Alpine, with nothing but Ansible's own modules."""

from __future__ import annotations

from dotlocal.browser.export import chromium
from dotlocal.browser.export.handout import File, Handout, Said, filled

_FOLDER = "ansible"


def files(handout: Handout) -> list[File]:
    """The role, and a playbook that plays it."""
    role = handout.slug.replace("-", "_")
    below = f"{_FOLDER}/roles/{role}"
    part = Said("a part of the role", "ein Teil der Rolle")
    undone = Said("`-e root_state=absent`", "`-e root_state=absent`")
    return [
        File(
            f"{_FOLDER}/{handout.slug}.yml", filled(handout, "ansible-playbook.yml", ROLE=role).encode(),
            Said(
                f"Linux computers: `ansible-playbook -i INVENTORY {handout.slug}.yml`. The system's trust anchors, and"
                " Chrome, Chromium and Edge by policy",
                f"Linux-Rechner: `ansible-playbook -i INVENTORY {handout.slug}.yml`. Die Vertrauensanker des Systems"
                " sowie Chrome, Chromium und Edge per Richtlinie",
            ),
            undone,
        ),
        File(f"{below}/tasks/main.yml", filled(handout, "ansible-tasks.yml").encode(), part, undone, part=True),
        File(f"{below}/handlers/main.yml", filled(handout, "ansible-handlers.yml").encode(), part, undone, part=True),
        File(f"{below}/defaults/main.yml", filled(handout, "ansible-defaults.yml").encode(), part, undone, part=True),
        File(f"{below}/files/{handout.entry}.crt", handout.pem.encode(), part, undone, part=True),
        File(f"{below}/files/{handout.entry}.json", chromium.linux(handout), part, undone, part=True),
    ]  # fmt: skip
