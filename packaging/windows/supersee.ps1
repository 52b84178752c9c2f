# Prepares a Python environment once, then runs Supersee or, with "test" as the first word, its tests.
# Written for Windows 10 and newer; not tried there yet.
$ErrorActionPreference = 'Stop'
$root = (Resolve-Path (Join-Path $PSScriptRoot '..\..')).Path
$venv = Join-Path $root '.venv'
$python = Join-Path $venv 'Scripts\python.exe'
$testing = $args.Count -gt 0 -and $args[0] -eq 'test'
$part = if ($testing) { 'tests' } else { 'viewer' }
$stamp = Join-Path $venv "prepared\$part"
$key = (Get-FileHash (Join-Path $root 'pyproject.toml') -Algorithm SHA256).Hash + " $venv"

if (-not (Test-Path $python)) {
    Write-Host "supersee: making a Python environment in $venv"
    py -3 -c "import sys; sys.exit(sys.version_info < (3, 11))"
    if ($LASTEXITCODE -ne 0) { Write-Host 'supersee: Python 3.11 or newer is needed (python.org).'; exit 2 }
    py -3 -m venv $venv
    if ($LASTEXITCODE -ne 0) { exit 2 }
}
if (-not (Test-Path $stamp) -or (Get-Content $stamp -Raw).Trim() -ne $key) {
    $extras = @()
    if ($testing) { $extras += 'dev', 'lab' }
    if (Get-Command nvidia-smi -ErrorAction SilentlyContinue) {
        Write-Host 'supersee: an NVIDIA driver is here: adding the gpu extra'
        $extras += 'gpu'
    }
    $target = if ($extras) { "$root[" + ($extras -join ',') + ']' } else { $root }
    Write-Host 'supersee: installing the Python packages (once)'
    & $python -m pip install --quiet --disable-pip-version-check --editable $target
    if ($LASTEXITCODE -ne 0) { Write-Host 'supersee: the packages could not be installed.'; exit 2 }
    New-Item -ItemType Directory -Force (Split-Path $stamp) | Out-Null
    Set-Content $stamp $key
}
if ($testing) {
    $rest = @($args | Select-Object -Skip 1)
    Push-Location $root
    & $python -m pytest @rest
    $status = $LASTEXITCODE
    Pop-Location
    exit $status
}
$env:PYTHONPATH = $root
& $python -P -m app @args
exit $LASTEXITCODE
