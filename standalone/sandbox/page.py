"""The front page: what this is, what it holds, how to try it. Counts only, no patient data."""

import os
from html import escape
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from standalone.sandbox.archive import Archive

PAGE = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>SANDBOX - not an archive</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: auto; padding: 1rem; }
  .warning { border: 2px solid #b45309; border-radius: .5rem; padding: .2rem 1rem; }
  th { text-align: left; font-weight: normal; padding-right: 2rem; }
  td { text-align: right; font-variant-numeric: tabular-nums; }
  pre { overflow-x: auto; padding: .6rem; border: 1px solid #8886; border-radius: .3rem; }
</style>
<h1>SANDBOX</h1>
<div class="warning">
<p><strong>This is not an archive.</strong> It is a small origin server for trying DICOMweb Proxy.
It holds at most $capacity instances, asks nobody for a password, and may be deleted at any time.
Send it nothing that names a real patient, and nothing that you need again.</p>
</div>
<h2>What it holds</h2>
<table>
<tr><th scope="row">Studies</th><td>$studies</td></tr>
<tr><th scope="row">Series</th><td>$series</td></tr>
<tr><th scope="row">Instances</th><td>$instances</td></tr>
</table>
<h2>What it speaks</h2>
<table>
<tr><th scope="row">STOW-RS</th><td><code>POST $base/studies</code></td></tr>
<tr><th scope="row">QIDO-RS</th><td><code>GET $base/studies?PatientName=DOE*</code></td></tr>
<tr><th scope="row">WADO-RS</th><td><code>GET $base/studies/{study}</code></td></tr>
<tr><th scope="row">UPS-RS</th><td><code>GET $base/workitems</code></td></tr>
</table>
<h2>Try it</h2>
<p>$point as a modality would:</p>
<pre>${up}storescu -aec DICOMWEBPROXY localhost $receiver image.dcm
findscu -W -k PatientName -k "ScheduledProcedureStepSequence[0].Modality=CT" localhost $worklist

curl $base/studies</pre>
</html>
""")
UP = """DICOMWEB_PROXY_UPLOAD__URI=$base/studies \\
DICOMWEB_PROXY_WORKLIST__URI=$base/workitems \\
dicomweb-proxy up

"""
# Ports of the host in Compose, which points the proxy here by itself.
RECEIVER, WORKLIST = "SANDBOX_TRY_RECEIVER", "SANDBOX_TRY_WORKLIST"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


def front_page(request: Request) -> Response:
    archive: Archive = request.app.state.archive
    counts = {name: str(count) for name, count in archive.counts().items()}
    base = escape(str(request.base_url).rstrip("/"))
    content = PAGE.substitute(counts, capacity=f"{archive.capacity:,}", base=base, **_trying(base))
    return HTMLResponse(content, headers={"Content-Security-Policy": POLICY})


def _trying(base: str) -> dict[str, str]:
    receiver, worklist = (escape(os.environ.get(each, "")) for each in (RECEIVER, WORKLIST))
    if receiver and worklist:
        return {"point": "Send and ask", "up": "", "receiver": receiver, "worklist": worklist}
    up = Template(UP).substitute(base=base)
    point = "Point the proxy here, then send and ask"
    return {"point": point, "up": up, "receiver": "4008", "worklist": "4008"}


def livez(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok", "sandbox": "SANDBOX: not an archive"})


def readyz(request: Request) -> Response:
    """Ready to take instances: 503 once it is full."""
    archive: Archive = request.app.state.archive
    held = archive.counts()["instances"]
    ready = held < archive.capacity
    content = {
        "status": "ok" if ready else "full",
        "sandbox": "SANDBOX: not an archive",
        "instances": held,
        "capacity": archive.capacity,
    }
    return JSONResponse(content, 200 if ready else 503)
