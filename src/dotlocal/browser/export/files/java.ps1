# Puts the root certificate "@LABEL@" into the trust store of every Java on this computer, or takes it out again.
#   SHA-256 @FINGERPRINT@
#
#   powershell -ExecutionPolicy Bypass -File @SLUG@-java.ps1             as administrator
#   powershell -ExecutionPolicy Bypass -File @SLUG@-java.ps1 -Remove     takes it out again
#   ... -Password WORD                                                    where the stores have another one
param(
    [switch]$Remove,
    [string]$Password = 'changeit'
)
$ErrorActionPreference = 'Stop'

$encoded = '@BASE64@'
$alias = '@ENTRY@'

$homes = @()
if ($env:JAVA_HOME) { $homes += $env:JAVA_HOME }
foreach ($folder in @($env:ProgramFiles, ${env:ProgramFiles(x86)}, $env:LOCALAPPDATA)) {
    if ($folder) {
        foreach ($maker in @('Java', 'Eclipse Adoptium', 'Microsoft', 'Zulu', 'Amazon Corretto', 'BellSoft', 'Semeru', 'AdoptOpenJDK', 'Programs\Eclipse Adoptium')) {
            $below = Join-Path $folder $maker
            if (Test-Path $below) { $homes += @(Get-ChildItem -Path $below -Directory | ForEach-Object { $_.FullName }) }
        }
    }
}

$file = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName() + '.cer')
[IO.File]::WriteAllBytes($file, [Convert]::FromBase64String($encoded))
$found = 0
$failed = 0
try {
    foreach ($java in ($homes | Select-Object -Unique)) {
        $keytool = Join-Path $java 'bin\keytool.exe'
        $store = @('lib\security\cacerts', 'jre\lib\security\cacerts') | ForEach-Object { Join-Path $java $_ } | Where-Object { Test-Path $_ } | Select-Object -First 1
        if (-not (Test-Path $keytool) -or -not $store) { continue }
        $found++
        $ErrorActionPreference = 'Continue'
        & $keytool -list -keystore $store -storepass $Password -alias $alias 2>&1 | Out-Null
        $there = $LASTEXITCODE -eq 0
        if ($Remove -and $there) {
            & $keytool -delete -keystore $store -storepass $Password -alias $alias 2>&1 | Out-Null
        }
        elseif (-not $Remove -and -not $there) {
            & $keytool -importcert -noprompt -keystore $store -storepass $Password -alias $alias -file $file 2>&1 | Out-Null
        }
        & $keytool -list -keystore $store -storepass $Password -alias $alias 2>&1 | Out-Null
        $there = $LASTEXITCODE -eq 0
        $ErrorActionPreference = 'Stop'
        if ($there -eq [bool]$Remove) {
            Write-Output "failed: $store"
            $failed++
        }
        elseif ($there) { Write-Output "has the root: $store" }
        else { Write-Output "does not have the root: $store" }
    }
}
finally {
    Remove-Item -Path $file -ErrorAction SilentlyContinue
}
if ($found -eq 0) { Write-Output 'No Java was found; JAVA_HOME names one that is somewhere else.'; exit 2 }
if ($failed -gt 0) { exit 1 }
exit 0
