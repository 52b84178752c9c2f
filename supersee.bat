@echo off
rem Prepares a Python environment once, then runs Supersee. Written for Windows 10 and newer; not tried there yet.
powershell -NoProfile -ExecutionPolicy Bypass -File "%~dp0packaging\windows\supersee.ps1" %*
exit /b %ERRORLEVEL%
