"""An OpenID provider on loopback that signs everybody in as one address: what `st.login` is tried against."""

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


class Issuer:
    """Speaks the authorization code flow. `email` is who signs in, `lasts` how long the word holds."""

    def __init__(self, email: str) -> None:
        issuer = self
        self.email, self.lasts = email, 3600
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.nonces: dict[str, str] = {}

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args: object) -> None:
                pass

            def answer(self, data: object) -> None:
                content = json.dumps(data).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                path = urlsplit(self.path)
                if path.path == "/.well-known/openid-configuration":
                    self.answer(
                        {
                            "issuer": issuer.url,
                            "authorization_endpoint": f"{issuer.url}/authorize",
                            "token_endpoint": f"{issuer.url}/token",
                            "jwks_uri": f"{issuer.url}/keys",
                            "response_types_supported": ["code"],
                            "subject_types_supported": ["public"],
                            "id_token_signing_alg_values_supported": ["RS256"],
                        }
                    )
                elif path.path == "/keys":
                    self.answer({"keys": [issuer.key.as_dict(private=False)]})
                elif path.path == "/authorize":
                    asked = {name: values[0] for name, values in parse_qs(path.query).items()}
                    code = secrets.token_urlsafe(8)
                    issuer.nonces[code] = asked.get("nonce", "")
                    self.send_response(302)
                    self.send_header("location", asked["redirect_uri"] + "?" + urlencode({"code": code, "state": asked["state"]}))
                    self.end_headers()
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                now = int(time.time())
                claims = {
                    "iss": issuer.url, "aud": "amends", "sub": "1", "email": issuer.email, "email_verified": True,
                    "iat": now, "exp": now + issuer.lasts, "nonce": issuer.nonces.get(form["code"][0], ""),
                }  # fmt: skip
                token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, issuer.key)
                self.answer({"access_token": "a", "token_type": "Bearer", "expires_in": issuer.lasts, "id_token": token})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()
