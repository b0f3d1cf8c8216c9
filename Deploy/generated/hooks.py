"""What schemathesis cannot know by itself: lines of JSON, and where a backup may be written."""

import hashlib
import json
import os

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(ctx, value):
    """One line: the description has the schema of a line, not of the body."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value).encode() + b"\n"


@schemathesis.deserializer("application/x-ndjson")
def lines(ctx, response):
    """The first line stands for all; no line at all is as good as one."""
    first = response.content.split(b"\n")[0]
    return json.loads(first or b'{"line": 1, "id": null, "status": 400}')


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """Whatever file a backup is to go to, it goes to the folder for them: a made-up path may be one."""
    if case.operation.path != "/v1/backup" or not isinstance(case.body, dict):
        return
    file = case.body.get("file")
    if isinstance(file, str) and file.startswith("/"):
        name = hashlib.sha256(file.encode("utf-8", "surrogatepass")).hexdigest()
        case.body["file"] = os.path.join(os.environ["BACKUPS"], name)
