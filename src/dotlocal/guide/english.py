"""The instructions in English. The words in ** ** are those that the systems of 2026 show; German has the same keys."""

from __future__ import annotations

from dotlocal.guide.told import Told

_OPENS = "Open `https://{host}`. The page comes without a warning, and the address bar no longer says **Not secure**."

TOLD = {
    "windows": Told(
        name="Windows",
        covers="Chrome, Edge, Firefox and nearly every other program on this computer",
        fetch="Download `{file}` with the button above. It is then in your **Downloads** folder.",
        given="Save `{file}` on this computer.",
        install=(
            "Compare the fingerprint: open the folder with the file, type `powershell` into its address bar and "
            "press Enter, then type `Get-FileHash {file}`. The long number is the fingerprint of the file. If it "
            "differs from the label of the device in one character, stop and delete the file.",
            "Open the file with a double-click, and choose **Install Certificate**.",
            "Choose **Current User** (or **Local Machine**, for everybody who uses this computer), then **Next**.",
            "Choose **Place all certificates in the following store**, then **Browse**, and there **Trusted Root "
            "Certification Authorities**. Left to itself, Windows puts the file where it has no effect.",
            "**Next**, **Finish**. Windows asks whether you want to install “{root}”: **Yes**.",
            "Close all windows of the browser, and open it again.",
        ),
        check=(_OPENS,),
        remove=(
            "Press the Windows key and R, type `certmgr.msc` (after **Local Machine**: `certlm.msc`) and press Enter.",
            "Open **Trusted Root Certification Authorities**, then **Certificates**.",
            "Select “{root}”, press **Delete**, and confirm.",
        ),
        notes=(
            "Windows itself shows a shorter number, the **Thumbprint**. It is another one, and can't be compared with "
            "the label.",
            "On a computer that your company looks after, ask its administrators: they can do this for all computers "
            "at once.",
        ),
    ),
    "macos": Told(
        name="Mac",
        covers="Safari, Chrome, Firefox and nearly every other program on this Mac",
        fetch="Download `{file}` with the button above. It is then in your **Downloads** folder.",
        given="Save `{file}` on this Mac.",
        install=(
            "Open the file with a double-click. If the Mac asks which app to use, choose **Open Keychain Access**; "
            "if it asks for a keychain, choose **login** and **Add**.",
            "In **Keychain Access**, select **Certificates** and open “{root}” with a double-click.",
            "Compare the fingerprint: it stands at the very end of **Details**, as **SHA-256**. If it differs from the "
            "label of the device in one character, stop and delete the certificate.",
            "Open **Trust**, and set **When using this certificate** to **Always Trust**.",
            "Close the window. The Mac asks for your password.",
            "Quit the browser, and open it again.",
        ),
        check=(_OPENS,),
        remove=(
            "Open **Keychain Access** (search for it with Spotlight) and select **login**, then **Certificates**.",
            "Select “{root}”, choose **Delete** from the menu **Edit**, and confirm.",
        ),
        notes=(
            "Is this an iPad that shows pages as a Mac does? Then the steps for iPhone and iPad are the right ones.",
            "The file alone changes nothing on a Mac: the choice **Always Trust** does.",
        ),
    ),
    "ios": Told(
        name="iPhone and iPad",
        covers="Safari, every other browser on it, and most apps",
        fetch="Open this page in Safari, and tap the button above. Safari asks about a configuration profile: "
        "**Allow**, then **Close**.",
        given="Open `{file}` on the iPhone or iPad: in Safari, from a mail, or from the app Files. It says **Profile "
        "Downloaded**.",
        install=(
            "Open **Settings** and tap **Profile Downloaded**. (After a while it moves to **General**, **VPN & Device "
            "Management**.)",
            "Compare the fingerprint: tap **More Details**, then the certificate, and look for **SHA-256** near the "
            "end. If it differs from the label of the device in one character, go back and tap **Remove**.",
            "Tap **Install**, give your passcode, and tap **Install** again, then **Done**.",
            "This was half of it. Now go to **Settings**, **General**, **About**, and at the very end **Certificate "
            "Trust Settings**.",
            "Switch “{root}” on, and tap **Continue**.",
        ),
        check=(_OPENS,),
        remove=(
            "Open **Settings**, **General**, **VPN & Device Management**, and tap the profile of “{root}”.",
            "Tap **Remove Profile**, and give your passcode.",
        ),
        notes=(
            "iOS calls the profile **Not Signed**. That is so for every profile that was not made by a company for its "
            "own iPhones; the fingerprint is what tells that it is the right one.",
            "No **Certificate Trust Settings** there? Then the profile is not installed yet.",
        ),
    ),
    "android": Told(
        name="Android",
        covers="Chrome, Edge, Samsung Internet and most other browsers on it",
        fetch="Tap the button above to save `{file}`.",
        given="Save `{file}` on the phone or tablet.",
        install=(
            "Open **Settings** and search for **CA certificate**. On many phones it is in **Security & privacy**, "
            "**More security & privacy**, **Encryption & credentials**, **Install a certificate**; on those of "
            "Samsung in **Security and privacy**, **More security settings**, **Install from phone storage**.",
            "Tap **CA certificate**, read what Android says about it, and tap **Install anyway**. If there is no "
            "screen lock yet, Android asks you to set one up.",
            "Choose `{file}`, most likely in **Downloads**.",
            "Compare the fingerprint: search the settings for **Trusted credentials**, open **User**, and tap "
            "“{root}”. It shows the **SHA-256 fingerprint**. If it differs from the label of the device in one "
            "character, tap **Remove** there.",
        ),
        check=(_OPENS,),
        remove=(
            "Search the settings for **Trusted credentials**, and open **User**.",
            "Tap “{root}”, and at the end **Remove** or **Uninstall**.",
        ),
        notes=(
            "No page and no app can begin this for you: Android takes such files only in its settings.",
            "Android will from now on say that the network may be monitored. It says so about every certificate that "
            "was added by hand.",
            "The menus have other names on some phones. The search of the settings finds them.",
        ),
        warnings=(
            "Apps mostly do not trust certificates that you add, and you can't change that: the maker of an app has to "
            "allow it. The browser works all the same.",
            "Android before version 12 does not find names that end in `.local`. Use the address of the device there.",
        ),
    ),
    "firefox-android": Told(
        name="Firefox on Android",
        covers="Firefox on a phone or tablet with Android",
        fetch="Tap the button above to save `{file}`.",
        given="Save `{file}` on the phone or tablet.",
        install=(
            "First add it to Android: open **Settings** and search for **CA certificate** (mostly in **Security & "
            "privacy**, **Encryption & credentials**, **Install a certificate**), tap **Install anyway**, and choose "
            "`{file}`.",
            "Compare the fingerprint: search the settings for **Trusted credentials**, open **User**, and tap "
            "“{root}”. It shows the **SHA-256 fingerprint**. If it differs from the label of the device in one "
            "character, tap **Remove** there.",
            "In Firefox, open the menu, **Settings**, and at the very end **About Firefox**. Tap the logo seven times.",
            "Go back to **Settings**. There is a new line **Secret Settings**: open it, and switch on **Use third "
            "party CA certificates**.",
            "Close Firefox altogether, and open it again.",
        ),
        check=(_OPENS,),
        remove=(
            "Search the settings of Android for **Trusted credentials**, open **User**, tap “{root}”, and **Remove**.",
            "In Firefox, switch **Use third party CA certificates** off again.",
        ),
        notes=("Chrome on the same phone needs the first two steps only.",),
        warnings=("Some versions of Firefox for Android ignore this setting. If nothing helps, use Chrome there.",),
    ),
    "linux": Told(
        name="Chrome on Linux",
        covers="Chrome, Chromium, Edge and their relatives on Linux",
        fetch="Download `{file}` with the button above.",
        given="Save `{file}` on this computer.",
        install=(
            "Compare the fingerprint: in a terminal, in the folder with the file, type "
            "`openssl x509 -in {file} -noout -fingerprint -sha256`. If it differs from the label of the device in one "
            "character, stop and delete the file.",
            "Type `chrome://certificate-manager` into the address bar. (The same is in **Settings**, **Privacy and "
            "security**, **Security**, **Manage certificates**.)",
            "Choose **Local certificates**, then **Installed by you**.",
            "Beside **Trusted Certificates**, choose **Import**, and the file.",
        ),
        check=(_OPENS,),
        remove=(
            "Type `chrome://certificate-manager` into the address bar, and choose **Local certificates**, "
            "**Installed by you**.",
            "Choose the bin beside “{root}”, and **Delete**.",
        ),
        notes=(
            "Firefox on Linux has a place of its own for certificates, and so have the programs of the terminal: "
            "they have instructions of their own.",
            "Versions before 134 have it in `chrome://settings/certificates`, **Authorities**, **Import**, with a "
            "tick at **Trust this certificate for identifying websites**.",
        ),
    ),
    "firefox": Told(
        name="Firefox on Linux",
        covers="Firefox on Linux, and anywhere that it doesn't follow the system",
        fetch="Download `{file}` with the button above.",
        given="Save `{file}` on this computer.",
        install=(
            "Open Firefox's **Settings**, **Privacy and security**, **Manage certificates** (**View Certificates** in "
            "older versions), and there **Authorities**.",
            "Choose **Import**, and the file. Firefox asks whether to trust a new certificate authority.",
            "Compare the fingerprint: choose **View** in that question. It is in the line **SHA-256**, below "
            "**Fingerprints**. If it differs from the label of the device in one character, go back and choose "
            "**Cancel**.",
            "Go back to the question, and tick **Trust this CA to identify websites**. Leave the other one empty. "
            "Then **OK**.",
        ),
        check=(_OPENS,),
        remove=(
            "Open Firefox's **Settings**, **Privacy and security**, **Manage certificates** (**View Certificates** in "
            "older versions), **Authorities**.",
            "Select “{root}” and choose **Delete or Distrust**, then **OK**.",
        ),
        notes=(
            "On Windows and Mac, Firefox from version 120 on follows the system, and needs nothing of its own.",
            "Chrome on the same computer has a place of its own, and instructions of its own.",
        ),
    ),
    "chromeos": Told(
        name="Chromebook",
        covers="Chrome on ChromeOS",
        fetch="Download `{file}` with the button above. It is then in **Files**, **Downloads**.",
        given="Save `{file}` on this Chromebook.",
        install=(
            "Type `chrome://certificate-manager` into the address bar, and choose **Local certificates**, "
            "**Installed by you**.",
            "Beside **Trusted Certificates**, choose **Import**, and the file.",
            "Compare the fingerprint: the list shows it beside “{root}”. If it differs from the label of the device in "
            "one character, delete it with the bin beside it.",
        ),
        check=(_OPENS,),
        remove=(
            "Type `chrome://certificate-manager` into the address bar, and choose **Local certificates**, "
            "**Installed by you**.",
            "Choose the bin beside “{root}”, and **Delete**.",
        ),
        notes=(
            "Versions before 134 have it in `chrome://settings/certificates`, **Authorities**, **Import**, with a "
            "tick at **Trust this certificate for identifying websites**.",
            "On a Chromebook that a school or a company looks after, only its administrators can do this.",
        ),
        warnings=("Linux programs and Android apps on a Chromebook do not follow it.",),
    ),
    "terminal": Told(
        name="Programs on Linux",
        covers="curl, wget, Git, Python and others that use the system's certificates",
        fetch="Download `{file}` with the button above.",
        given="Save `{file}` on this computer.",
        install=(
            "Compare the fingerprint with the label of the device: `openssl x509 -in {file} -noout -fingerprint "
            "-sha256`",
            "Debian, Ubuntu: `sudo cp {file} /usr/local/share/ca-certificates/{alias}.crt && sudo "
            "update-ca-certificates`",
            "Fedora, RHEL: `sudo cp {file} /etc/pki/ca-trust/source/anchors/{alias}.pem && sudo update-ca-trust`",
            "Arch: `sudo trust anchor {file}`",
            "SUSE: `sudo cp {file} /usr/share/pki/trust/anchors/{alias}.pem && sudo update-ca-certificates`",
        ),
        check=("`curl https://{host}` ends without an error.",),
        remove=(
            "Debian, Ubuntu: `sudo rm /usr/local/share/ca-certificates/{alias}.crt && sudo update-ca-certificates "
            "--fresh`",
            "Fedora, RHEL: `sudo rm /etc/pki/ca-trust/source/anchors/{alias}.pem && sudo update-ca-trust`",
            "Arch: `sudo trust anchor --remove {file}`",
            "SUSE: `sudo rm /usr/share/pki/trust/anchors/{alias}.pem && sudo update-ca-certificates`",
        ),
        notes=(
            "Only one of the lines, that of your distribution, is needed.",
            "Browsers on Debian and Ubuntu do not look there: they have instructions of their own.",
        ),
    ),
    "java": Told(
        name="Java",
        covers="programs that run on one Java installation",
        fetch="Download `{file}` with the button above.",
        given="Save `{file}` on this computer.",
        install=(
            "Import it: `keytool -importcert -cacerts -alias {alias} -file {file}`. Unless somebody has changed it, "
            "the password is `changeit`.",
            "Compare the fingerprint: `keytool` shows it, as **SHA256**, before it asks whether to trust the "
            "certificate. If it differs from the label of the device in one character, answer `no`.",
            "Start the program again.",
        ),
        check=("`keytool -list -cacerts -alias {alias}` shows it.",),
        remove=("`keytool -delete -cacerts -alias {alias}`",),
        notes=(
            "Every Java installation has a list of its own, and many programs bring a Java along: use the `keytool` of "
            "the right one.",
        ),
        warnings=(
            "Java does not hold an imported root to the limits that are written in it. Those that are written into the "
            "device's own certificates hold all the same.",
        ),
    ),
}
