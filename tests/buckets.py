"""A bucket in memory that answers like an object store: listings in pages, versions, parts of objects."""

import hashlib
import json
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from allentk.api.exchange import Response
from allentk.errors import OfflineError

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class FakeBucket:
    """A transport with objects by key and version; `base` is the address of its bucket."""

    synthetic = True
    source = "https://api.brain-map.org"
    namespace = ""

    def __init__(self, base, *, page=2):
        self.base = base
        self.page = page
        self.objects = {}
        self.asked = []
        self.reachable = True
        self.whole_only = False

    def put(self, key, body, *, version=""):
        self.objects.setdefault(key, {})[version] = body
        return body

    def paths(self):
        """Return the keys that were asked for, listings as their prefixes with ``?``."""
        return [url.removeprefix(self.base).partition("&continuation")[0] for url in self.asked]

    def get(self, request):
        self.asked.append(request.url)
        if not self.reachable:
            raise OfflineError(f"{request.what}: nobody answers")
        parts = urlsplit(request.url)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if "list-type" in asked:
            return answer(200, self._listing(asked), request.url)
        versions = self.objects.get(unquote(parts.path.lstrip("/")), {})
        body = versions.get(asked.get("versionId", ""))
        if body is None:
            return answer(404, b"<Error><Code>NoSuchKey</Code></Error>", request.url)
        return self._object(body, request)

    def _object(self, body, request):
        etag = {"etag": f'"{hashlib.md5(body).hexdigest()}"'}
        wanted = request.headers.get("Range", "")
        if not wanted or self.whole_only:
            return answer(200, body, request.url, **etag)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first)
        stop = min(int(last) + 1 if last else len(body), len(body))
        if start >= len(body):
            return answer(416, b"", request.url)
        said = {"content-range": f"bytes {start}-{stop - 1}/{len(body)}"}
        return answer(206, body[start:stop], request.url, **etag, **said)

    def _listing(self, asked):
        prefix, after = asked["prefix"], asked.get("continuation-token", "")
        keys = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        return listing_xml(
            {key: len(next(iter(self.objects[key].values()))) for key in keys[: self.page]},
            token=keys[self.page - 1] if len(keys) > self.page else "",
        )


def answer(status, body, url, **headers):
    named = {
        "content-length": str(len(body)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return Response(status, named, url, iter([body]), lambda: None)


def listing_xml(sizes, *, token="", extra=""):
    """Return a page of a listing: sizes by key."""
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified>"
        f'<ETag>"0"</ETag><Size>{size}</Size></Contents>'
        for key, size in sizes.items()
    )
    more = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{NAMESPACE}">'
        f"<IsTruncated>{'true' if token else 'false'}</IsTruncated>{more}{extra}{entries}"
        f"</ListBucketResult>"
    ).encode()


def blake2b(body):
    return hashlib.blake2b(body).hexdigest()


def put_release(bucket, project, version, *, tables, files, changes=None):
    """Put a release into a bucket: bodies by name inside the project, files by id and name.

    `changes` overwrites parts of the manifest.
    """

    def entry(path, body):
        key, version_id = f"{project}/{path}", f"v{version}"
        bucket.put(key, body, version=version_id)
        return {
            "url": f"{bucket.base}/{key}",
            "version_id": version_id,
            "file_hash": blake2b(body),
        }

    manifest = {
        "project_name": project,
        "manifest_version": version,
        "data_pipeline": [{"name": "made up", "version": "1", "comment": ""}],
        "metadata_file_id_column_name": "file_id",
        "metadata_files": {
            name: entry(f"project_metadata/{name}.csv", text.encode())
            for name, text in tables.items()
        },
        "data_files": {str(number): entry(path, body) for number, (path, body) in files.items()},
    }
    manifest.update(changes or {})
    key = f"{project}/manifests/{project}_project_manifest_v{version}.json"
    bucket.put(key, json.dumps(manifest).encode())
    return manifest
