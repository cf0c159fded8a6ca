"""A local stand-in for AWS KMS: the three operations that envelope encryption needs, in KMS's own JSON protocol."""

import base64
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class FakeKms(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1; `calls` holds the operations asked for, `is_denied` refuses them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: dict[str, AESGCM] = {}
        self.calls: list[str] = []
        self.is_denied = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to send requests."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, operation: str, body: dict) -> dict:
        """Do one operation."""
        key_id = body["KeyId"]
        key = self.keys.setdefault(key_id, AESGCM(AESGCM.generate_key(256)))
        context = json.dumps(body.get("EncryptionContext", {}), sort_keys=True).encode()
        if operation == "Decrypt":
            blob = base64.b64decode(body["CiphertextBlob"])
            return {"KeyId": key_id, "Plaintext": _text(key.decrypt(blob[:12], blob[12:], context))}
        plaintext = os.urandom(body["NumberOfBytes"])  # GenerateDataKey
        nonce = os.urandom(12)
        return {
            "KeyId": key_id,
            "Plaintext": _text(plaintext),
            "CiphertextBlob": _text(nonce + key.encrypt(nonce, plaintext, context)),
        }


class _Handler(BaseHTTPRequestHandler):
    server: FakeKms

    def do_POST(self) -> None:
        operation = self.headers["X-Amz-Target"].removeprefix("TrentService.")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(operation)
        status, answer = 200, {}
        if self.server.is_denied:
            status, answer = 400, {"__type": "AccessDeniedException", "message": "not authorized"}
        else:
            try:
                answer = self.server.answer(operation, body)
            except InvalidTag:
                status, answer = 400, {"__type": "InvalidCiphertextException", "message": ""}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
