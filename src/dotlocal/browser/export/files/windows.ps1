# Puts the root certificate "@LABEL@" into this computer's trusted roots, or takes it out again.
#   SHA-256 @FINGERPRINT@
#
#   powershell -ExecutionPolicy Bypass -File @SLUG@.ps1              for everybody on this computer (as administrator)
#   powershell -ExecutionPolicy Bypass -File @SLUG@.ps1 -User        for this user alone; Windows asks
#   ... -Remove                                                       takes it out again, from the same place
param(
    [switch]$User,
    [switch]$Remove
)
$ErrorActionPreference = 'Stop'

$encoded = '@BASE64@'
$where = if ($User) { 'CurrentUser' } else { 'LocalMachine' }
$place = "Cert:\$where\Root"

if (-not $User) {
    $me = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
    if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        [Console]::Error.WriteLine('Run this as administrator, or with -User.')
        exit 2
    }
}

# by its contents, not by its name: another root may be called the same
function Get-Imported {
    @(Get-ChildItem -Path $place | Where-Object { [Convert]::ToBase64String($_.RawData) -eq $encoded })
}

if ($Remove) {
    Get-Imported | Remove-Item
}
elseif ((Get-Imported).Count -eq 0) {
    # from memory: in a folder that programs without these rights can write to, a file could be another by then
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList @(, [Convert]::FromBase64String($encoded))
    $store = New-Object Security.Cryptography.X509Certificates.X509Store -ArgumentList 'Root', $where
    $store.Open('ReadWrite')
    try { $store.Add($certificate) }
    finally { $store.Close() }
}

$there = (Get-Imported).Count -gt 0
if ($there -eq [bool]$Remove) {
    [Console]::Error.WriteLine("$place was not changed.")
    exit 1
}
if ($there) { Write-Output "$place has the root @LABEL@." } else { Write-Output "$place does not have the root @LABEL@." }
exit 0
