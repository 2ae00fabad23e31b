"""Scripts that carry the root in themselves: Windows, Java, and Linux computers that have no dotlocal."""

from __future__ import annotations

from dotlocal.browser.export.handout import LANGUAGES, File, Handout, Said, filled


def windows(handout: Handout) -> list[File]:
    """PowerShell, and how to do it by group policy."""
    name = f"{handout.slug}.ps1"
    undone = Said(
        f"`powershell -ExecutionPolicy Bypass -File {name} -Remove`",
        f"`powershell -ExecutionPolicy Bypass -File {name} -Remove`",
    )
    made = [
        File(
            f"windows/{name}", _for_windows(filled(handout, "windows.ps1")),
            Said(
                f"Windows: `powershell -ExecutionPolicy Bypass -File {name}` as administrator, for the whole computer;"
                " with `-User` for one user. It needs no other file",
                f"Windows: `powershell -ExecutionPolicy Bypass -File {name}` als Administrator, für den ganzen Rechner;"
                " mit `-User` für einen Benutzer. Es braucht keine andere Datei",
            ),
            undone,
        ),
        File(
            f"windows/{handout.slug}.cer", handout.der,
            Said("Windows: for group policy and Intune", "Windows: für Gruppenrichtlinie und Intune"),
            Said("where it was imported", "wo sie importiert wurde"),
        ),
    ]  # fmt: skip
    for language in LANGUAGES:
        text = filled(handout, f"group-policy.{language}.txt")
        use = Said(
            "Windows: how to do it by group policy or Intune"
            if language == "en" else "Windows: the same in German",
            "Windows: wie es per Gruppenrichtlinie oder Intune geht"
            if language == "de" else "Windows: dasselbe auf Englisch",
        )  # fmt: skip
        in_it = Said("as it says", "wie es dort steht")
        path = f"windows/group-policy.{language}.txt"
        made.append(File(path, b"\xef\xbb\xbf" + _for_windows(text), use, in_it))
    return made


def java(handout: Handout) -> list[File]:
    """keytool for every Java that is found."""
    unix, powershell = f"{handout.slug}-java.sh", f"{handout.slug}-java.ps1"
    limits = Said(
        "Java does not hold a root to its own limits", "Java hält ein Stammzertifikat nicht an dessen eigene Grenzen"
    )
    call = f"powershell -ExecutionPolicy Bypass -File {powershell}"
    return [
        File(
            f"java/{unix}", filled(handout, "java.sh").encode(),
            Said(
                f"Linux and macOS: `sudo sh {unix}`, for every Java on the computer. {limits.en}",
                f"Linux und macOS: `sudo sh {unix}`, für jedes Java auf dem Rechner. {limits.de}",
            ),
            Said(f"`sudo sh {unix} remove`", f"`sudo sh {unix} remove`"), 0o755,
        ),
        File(
            f"java/{powershell}", _for_windows(filled(handout, "java.ps1")),
            Said(
                f"Windows: `{call}` as administrator, for every Java on the computer. {limits.en}",
                f"Windows: `{call}` als Administrator, für jedes Java auf dem Rechner. {limits.de}",
            ),
            Said(f"`{call} -Remove`", f"`{call} -Remove`"),
        ),
    ]  # fmt: skip


def linux(handout: Handout) -> list[File]:
    """The system's trust anchors, where neither a package nor Ansible nor `dotlocal trust install` is at hand."""
    name = f"{handout.slug}.sh"
    return [
        File(
            f"linux/{name}", filled(handout, "linux.sh").encode(),
            Said(
                f"any Linux, Arch and Alpine too: `sudo sh {name}`. The system's trust anchors alone; `dotlocal trust"
                " install` reaches browsers and Java as well, and checks what it did",
                f"jedes Linux, auch Arch und Alpine: `sudo sh {name}`. Nur die Vertrauensanker des Systems; `dotlocal"
                " trust install` erreicht auch Browser und Java und prüft, was es getan hat",
            ),
            Said(f"`sudo sh {name} remove`", f"`sudo sh {name} remove`"), 0o755,
        )
    ]  # fmt: skip


def _for_windows(text: str) -> bytes:
    # Windows PowerShell 5.1 takes a file without a mark for ANSI: the scripts are plain ASCII
    return text.replace("\n", "\r\n").encode("utf-8")
