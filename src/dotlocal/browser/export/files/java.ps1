# Puts the root certificate "@LABEL@" into the trust store of every Java on this computer, or takes it out again.
#   SHA-256 @FINGERPRINT@
#
#   powershell -ExecutionPolicy Bypass -File @SLUG@-java.ps1             as administrator; once more without, for Javas of your own
#   powershell -ExecutionPolicy Bypass -File @SLUG@-java.ps1 -Remove     takes it out again
#   ... -Password WORD                                                    where the stores have another one
param(
    [switch]$Remove,
    [string]$Password = 'changeit'
)
$ErrorActionPreference = 'Stop'

$certificate = @'
@PEM@
'@
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

# an administrator's rights run no program that this person's other programs can put there
$me = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
if ($me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator) -and $env:USERPROFILE) {
    $own = $env:USERPROFILE.TrimEnd('\') + '\'
    $homes = @($homes | Where-Object { -not $_.StartsWith($own, [StringComparison]::OrdinalIgnoreCase) })
}

$found = 0
$failed = 0
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
        # to its standard input: a file, where programs without these rights can write, could be another by then
        $certificate | & $keytool -importcert -noprompt -keystore $store -storepass $Password -alias $alias 2>&1 | Out-Null
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
if ($found -eq 0) { Write-Output 'No Java was found; JAVA_HOME names one that is somewhere else.'; exit 2 }
if ($failed -gt 0) { exit 1 }
exit 0
