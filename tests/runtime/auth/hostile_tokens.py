"""Tokens that nobody may enter with, by family, each with the reason to refuse it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from cdk_streamer_runtime.auth.denial import Reason
from tests.runtime.auth import issuer
from tests.runtime.auth.issuer import (
    ABSENT,
    NOW,
    claims,
    compact,
    encode,
    header,
    key,
    parts,
    token,
)

# SEC 2, section 2.4.2: the order of P-256
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# RFC 8032, section 5.1: the order of Ed25519's base point
_ED_ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    name: str
    text: str
    reason: Reason


def hostile_tokens() -> list[Hostile]:
    families = {
        "none": _unsigned(),
        "confusion": _key_confusion(),
        "algorithm": _algorithms(),
        "header": _headers(),
        "kid": _key_ids(),
        "typ": _types(),
        "form": _forms(),
        "base64": _encodings(),
        "size": _sizes(),
        "json header": _json(Reason.HEADER),
        "json claims": _json(Reason.CLAIMS),
        "iss": _issuers(),
        "aud": _audiences(),
        "sub": _texts("sub", Reason.SUBJECT),
        "tenant": _texts("tenant", Reason.TENANT),
        "date": _dates(),
        "time": _times(),
        "purpose": _purposes(),
        "scope": _scopes(),
        "ecdsa": _ecdsa(),
        "rsa": _rsa(),
        "eddsa": _eddsa(),
        "transplant": _transplants(),
    }
    return [
        Hostile(name=f"{family}: {name}", text=text, reason=reason)
        for family, entries in families.items()
        for name, text, reason in entries
    ]


Entries = Iterator[tuple[str, str, Reason]]


def _unsigned() -> Entries:
    good = parts()
    spellings: dict[str, object] = {
        "none": "none", "None": "None", "NONE": "NONE", "nOnE": "nOnE", "space after": "none ",
        "space before": " none", "NUL after": "none\0", "Cyrillic o": "n\u043ene",
        "full width": "\uff4e\uff4f\uff4e\uff45", "empty": "", "null": None, "false": False,
        "zero": 0, "list": ["none"], "object": {"alg": "none"}, "absent": ABSENT,
    }  # fmt: skip
    for name, spelling in spellings.items():
        forged = replace(good, header=compact(header(alg=spelling)))
        yield f"{name}, with a signature", str(forged), Reason.ALGORITHM
        yield f"{name}, unsigned", f"{encode(forged.header)}.{encode(forged.claims)}.", Reason.FORM


def _key_confusion() -> Entries:
    public = issuer.pem("rsa")
    secrets = {
        "PEM": public,
        "PEM without its last line break": public.rstrip(),
        "PEM with CRLF": public.replace(b"\n", b"\r\n"),
        "DER": issuer.der("rsa"),
        "JWK": compact(issuer.jwk("rsa")),
        "modulus": issuer.decode(issuer.jwk("rsa")["n"]),
        "empty secret": b"",
        "published oct key": b"k" * 32,
    }
    for algorithm in ("HS256", "HS384", "HS512"):
        for name, secret in secrets.items():
            key_id = "secret" if name == "published oct key" else "rsa"
            data = f"{encode(compact(header(algorithm, kid=key_id)))}.{encode(compact(claims()))}"
            mac = hmac.digest(secret, data.encode(), getattr(hashlib, f"sha{algorithm[2:]}"))
            yield f"{algorithm} over {name}", f"{data}.{encode(mac)}", Reason.ALGORITHM


def _algorithms() -> Entries:
    # name, `alg`, the algorithm that really signed, the key that really signed
    mixes = [
        ("RS256 signed as RS384", "RS256", "RS384", "rsa", Reason.SIGNATURE),
        ("RS384 signed as RS256", "RS384", "RS256", "rsa", Reason.SIGNATURE),
        ("RS256 signed as PS256", "RS256", "PS256", "rsa", Reason.SIGNATURE),
        ("PS256 signed as RS256", "PS256", "RS256", "rsa", Reason.SIGNATURE),
        ("PS256 signed as PS512", "PS256", "PS512", "rsa", Reason.SIGNATURE),
        ("RS256 with the P-256 key", "RS256", "ES256", "p256", Reason.UNKNOWN_KEY),
        ("ES256 with the RSA key", "ES256", "RS256", "rsa", Reason.UNKNOWN_KEY),
        ("ES384 with the P-256 key", "ES384", "ES256", "p256", Reason.UNKNOWN_KEY),
        ("ES256 with the P-384 key", "ES256", "ES384", "p384", Reason.UNKNOWN_KEY),
        ("ES512 with the P-384 key", "ES512", "ES384", "p384", Reason.UNKNOWN_KEY),
        ("ES256 with the Ed25519 key", "ES256", "EdDSA", "ed25519", Reason.UNKNOWN_KEY),
        ("EdDSA with the P-256 key", "EdDSA", "ES256", "p256", Reason.UNKNOWN_KEY),
        ("RS256 with the weak key", "RS256", "RS256", "weak", Reason.UNKNOWN_KEY),
        ("RS256 with the key of exponent 3", "RS256", "RS256", "cubic", Reason.UNKNOWN_KEY),
        ("EdDSA with the Ed448 key", "EdDSA", "EdDSA", "ed448", Reason.UNKNOWN_KEY),
        ("ES256K with the secp256k1 key", "ES256K", "ES256K", "k256", Reason.ALGORITHM),
    ]
    for name, algorithm, signed_as, key_name, reason in mixes:
        forged = token(head=header(algorithm, kid=key_name), signed_as=signed_as, name=key_name)
        yield name, forged, reason
    spellings = [
        "es256", "Es256", "ES256 ", " ES256", "ES256\0", "ES-256", "ES256\n", "ES257", "SHA256",
        "RS1", "RSA", "Ed25519", "Ed448", "EDDSA", "A256KW", "RSA-OAEP", "dir", "HS256", "*",
        "RS256,ES256", "\uff25\uff33256",
    ]  # fmt: skip
    for spelling in spellings:
        yield f"spelled {spelling!r}", token(head=header(alg=spelling)), Reason.ALGORITHM
    wrong: list[object] = [["ES256"], {"name": "ES256"}, 256, True]
    for value in wrong:
        yield f"of type {type(value).__name__}", token(head=header(alg=value)), Reason.ALGORITHM


def _headers() -> Entries:
    certificate = base64.b64encode(b"certificate").decode()
    members: dict[str, object] = {
        "jku": "https://attacker.example/jwks.json",
        "x5u": "https://attacker.example/certificate.pem",
        "x5c": [certificate],
        "x5t": "thumbprint",
        "x5t#S256": "thumbprint",
        "jwk": issuer.jwk("stranger-p256"),
        "b64": False,
        "zip": "DEF",
        "cty": "JWT",
        "enc": "A256GCM",
        "epk": issuer.jwk("stranger-p256"),
        "p2c": 2_000_000_000,
        "apu": "text",
        "nonce": "text",
        "url": "https://attacker.example/",
        "iss": issuer.ISSUER,
        "exp": NOW + 10_000,
        "ALG": "none",
        "alg ": "none",
        "": "empty name",
    }
    for name, value in members.items():
        yield f"{name!r}", token(head=header(**{name: value})), Reason.HEADER
    for name in ("jku", "x5u"):
        own = header(**{name: f"{issuer.ISSUER}jwks.json"})
        yield f"{name!r} of the issuer", token(head=own), Reason.HEADER
    critical: list[object] = [[], ["b64"], ["exp"], ["alg"], "exp", None]
    for value in critical:
        yield f"'crit' {value!r}", token(head=header(crit=value)), Reason.HEADER
    unencoded = header(b64=False, crit=["b64"])
    yield "'crit' with 'b64'", token(head=unencoded), Reason.HEADER
    # The attacker's own key, with everything else right.
    own_key = header(kid="stranger-p256", jwk=issuer.jwk("stranger-p256"))
    yield "own key brought along", token(head=own_key, name="stranger-p256"), Reason.HEADER
    same_id = header(jwk=issuer.jwk("stranger-p256", kid="p256"))
    yield "own key under the issuer's id", token(head=same_id, name="stranger-p256"), Reason.HEADER


def _key_ids() -> Entries:
    unknown = [
        "unknown", "P256", "p256 ", "p256\0", "../../../../dev/null", "/etc/passwd",
        "x' UNION SELECT 'key", "https://attacker.example/key", "${jndi:ldap://attacker.example}",
        "0", "p256\n", "rsa", "for-encryption", "k256", "secret",
    ]  # fmt: skip
    for key_id in unknown:
        yield f"{key_id!r}", token(head=header(kid=key_id)), Reason.UNKNOWN_KEY
    wrong: list[object] = [None, 1, True, 1.5, ["p256"], {"kid": "p256"}, "", "k" * 257]
    for value in wrong:
        yield f"{str(value)[:20]!r}", token(head=header(kid=value)), Reason.HEADER
    # Three RSA algorithms share one key, so this issuer has one candidate, and it did not sign.
    absent = header("RS256", kid=ABSENT)
    yield (
        "absent, another key",
        token(head=absent, signed_as="RS256", name="weak"),
        Reason.SIGNATURE,
    )


def _types() -> Entries:
    values: list[object] = [
        "JWE", "JOSE", "JOSE+JSON", "ID", "id+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt",
        "oauth-authz-req+jwt", "refresh+jwt", "", "JWT ", " JWT", "JWT\0", "at+jwt;v=1",
        "text/jwt", "application/", "application/json", "application/application/jwt",
        "\uff2a\uff37\uff34", "JWT,at+jwt", None, 1, True, ["JWT"], {"typ": "JWT"},
    ]  # fmt: skip
    for value in values:
        yield f"{value!r}", token(head=header(typ=value)), Reason.TYPE


def _forms() -> Entries:
    good = token()
    head, body, signature = good.split(".")
    general = {"payload": body, "signatures": [{"protected": head, "signature": signature}]}
    flattened = {"payload": body, "protected": head, "signature": signature}
    texts = {
        "empty": "",
        "one dot": ".",
        "two dots": "..",
        "header alone": head,
        "two segments": f"{head}.{body}",
        "four segments": f"{good}.{signature}",
        "JWE with five segments": f"{head}..{body}.{signature}.{signature}",
        "dot before": f".{good}",
        "dot after": f"{good}.",
        "no header": f".{body}.{signature}",
        "no claims": f"{head}..{signature}",
        "no signature": f"{head}.{body}.",
        "space before": f" {good}",
        "space after": f"{good} ",
        "space inside": f"{head}. {body}.{signature}",
        "line break after": f"{good}\n",
        "carriage return after": f"{good}\r",
        "line break inside": f"{head}.{body[:10]}\n{body[10:]}.{signature}",
        "tab inside": f"{head}\t.{body}.{signature}",
        "NUL after": f"{good}\0",
        "NUL inside": f"{head}.{body[:10]}\0{body[10:]}.{signature}",
        "byte order mark before": f"\ufeff{good}",
        "zero width space inside": f"{head}.\u200b{body}.{signature}",
        "soft hyphen inside": f"{head}.{body}.{signature[:5]}\u00ad{signature[5:]}",
        "full width dot": good.replace(".", "\uff0e"),
        "one dot leader": good.replace(".", "\u2024"),
        "Arabic digit": f"{good[:-1]}\u0661",
        "full width letter": f"\uff45{good[1:]}",
        "Latin letter with accent": f"{good[:-1]}\u00e9",
        "half a surrogate pair": f"{good[:-1]}\ud800",
        "quoted": f'"{good}"',
        "with its scheme": f"Bearer {good}",
        "percent encoded": good.replace(".", "%2E"),
        "commas for dots": good.replace(".", ","),
        "twice": good + good,
        "twice, with a comma": f"{good},{good}",
        "JSON, flattened": json.dumps(flattened),
        "JSON, general": json.dumps(general),
        "JSON in base64": encode(compact(flattened)),
        "UTF-16 read as Latin-1": good.encode("utf-16-le").decode("latin-1"),
        "hexadecimal": good.encode().hex(),
        "base64 as a whole": encode(good.encode()),
        "URL": f"https://attacker.example/{good}",
        "SQL": "' OR 1=1 --",
    }
    for name, text in texts.items():
        yield name, text, Reason.FORM


def _encodings() -> Entries:
    good = token()
    for index, segment in enumerate(("header", "claims", "signature")):
        segments = good.split(".")
        text = segments[index]
        spellings = {
            "padded": text + "=" * (-len(text) % 4 or 4),
            "one sign of padding": f"{text}=",
            "plus": f"+{text[1:]}",
            "slash": f"/{text[1:]}",
            "an impossible length": text + "A" * (-(len(text) - 1) % 4 or 4),
        }
        for name, spelling in spellings.items():
            segments[index] = spelling
            yield f"{segment} with {name}", ".".join(segments), Reason.FORM
    # Same bytes, other spelling: the unused bits of the last letter are set.
    spare = parts(body=claims(pad="x"))
    for index, segment in enumerate(("header", "claims", "signature")):
        yield f"{segment} with spare bits set", _spare_bits(spare, index), Reason.FORM


def _spare_bits(good: issuer.Parts, index: int) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    # A space more or less is the same JSON, and gives a length that leaves bits unused.
    header_bytes = good.header + b" " * ((1 - len(good.header)) % 3)
    claims_bytes = good.claims + b" " * ((1 - len(good.claims)) % 3)
    segments = token(head=header_bytes, body=claims_bytes).split(".")
    last = alphabet.index(segments[index][-1])
    segments[index] = segments[index][:-1] + alphabet[last | 1]
    return ".".join(segments)


def _sizes() -> Entries:
    yield "a token of 9 KB", token(body=claims(pad="x" * 6500)), Reason.SIZE
    yield "a token of 1 MB", token(body=claims(pad="x" * 700_000)), Reason.SIZE
    yield "8 KB of one letter", "A" * 8193, Reason.SIZE
    yield "claims of 6 KB", token(body=_sized(claims(), 6144)), Reason.SIZE
    yield "a header of 1 KB and a byte", token(head=_sized(header(), 1025)), Reason.SIZE
    long = replace(parts(), signature=b"x" * 1025)
    yield "a signature of 1 KB and a byte", str(long), Reason.SIZE


def _sized(document: dict[str, object], size: int) -> bytes:
    return compact(document).ljust(size)


def _json(reason: Reason) -> Entries:
    good = compact(header() if reason is Reason.HEADER else claims())
    first, second = ('"alg"', '"alg":"none"') if reason is Reason.HEADER else ('"iss"', '"iss":"x"')
    escaped = second.replace('"a', '"\\u0061').replace('"i', '"\\u0069')
    inner = good[1:-1].decode()
    alike = json.dumps(json.loads(good)[json.loads(first)])
    texts = {
        "empty text": b" ",
        "no JSON": b"token",
        "a list": b"[" + good + b"]",
        "a string": json.dumps(good.decode()).encode(),
        "a number": b"1",
        "null": b"null",
        "text after": good + b"x",
        "a second object": good + good,
        "a comma too many": good[:-1] + b",}",
        "single quotes": good.replace(b'"', b"'"),
        "a comment": b"/**/" + good,
        "cut short": good[:-1],
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "UTF-16 without a mark": good.decode().encode("utf-16-le"),
        "UTF-32": good.decode().encode("utf-32-be"),
        "a byte that is no UTF-8": _with(inner, '"pad":"').encode() + b'\xff"}',
        "an overlong encoding": _with(inner, '"pad":"').encode() + b'\xc0\xae"}',
        "a surrogate in UTF-8": _with(inner, '"pad":"').encode() + b'\xed\xa0\x80"}',
        "half a surrogate pair": f'{{{inner},"pad":"\\ud800"}}'.encode(),
        "half a pair as name": f'{{{inner},"\\udc00":1}}'.encode(),
        "a NUL byte": good + b"\0",
        "a raw line break in a text": f'{{{inner},"pad":"\n"}}'.encode(),
        "NaN": f'{{{inner},"pad":NaN}}'.encode(),
        "Infinity": f'{{{inner},"pad":Infinity}}'.encode(),
        "minus Infinity": f'{{{inner},"pad":-Infinity}}'.encode(),
        "a number beyond all floats": f'{{{inner},"pad":1e999}}'.encode(),
        "a leading zero": f'{{{inner},"pad":01}}'.encode(),
        "a number in Arabic digits": f'{{{inner},"pad":\u0661}}'.encode(),
        "a number of 800 digits in a fraction": f'{{{inner},"pad":1e{"9" * 800}}}'.encode(),
        "a member twice, the second wins": f"{{{inner},{second}}}".encode(),
        "a member twice, the first wins": f"{{{second},{inner}}}".encode(),
        "a member twice, alike": f"{{{inner},{first}:{alike}}}".encode(),
        "a member twice, once escaped": f"{{{inner},{escaped}}}".encode(),
        "a member twice, deeper": f'{{{inner},"pad":{{"a":1,"a":2}}}}'.encode(),
        "a member twice, in a list": f'{{{inner},"pad":[{{"a":1,"a":1}}]}}'.encode(),
        "nine levels": f'{{{inner},"pad":{"[" * 8}{"]" * 8}}}'.encode(),
        "nine levels of objects": f'{{{inner},"pad":{_nested(8)}}}'.encode(),
        "400 levels": f'{{{inner},"pad":{"[" * 399}{"]" * 399}}}'.encode()[:1024],
        "400 levels, never closed": b"[" * 400,
        "nine levels between texts": f'{{{inner},"]":{_nested(8)},"}}":"]]]]]]]]"}}'.encode(),
        "nine levels after an escaped quote": f'{{{inner},"\\"]":{_nested(8)}}}'.encode(),
        "a text that never ends": b'{"' + b'\\"' * 400,
        "a text that ends in an escape": b'{"' + b'\\"' * 400 + b"\\",
    }
    for name, text in texts.items():
        forged = token(head=text) if reason is Reason.HEADER else token(body=text)
        yield name, forged, reason


def _with(inner: str, tail: str) -> str:
    return f"{{{inner},{tail}"


def _nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def _issuers() -> Entries:
    values: list[object] = [
        "https://id.example.com", "https://id.example.com//", "https://id.example.com/ ",
        " https://id.example.com/", "https://ID.example.com/", "HTTPS://id.example.com/",
        "http://id.example.com/", "https://id.example.com/x", "https://id.example.com./",
        "https://id.example.com:443/", "https://id.example.com/\0", "https://id.example.com/\n",
        "https://id.example.com@attacker.example/", "https://attacker.example/", "id.example.com",
        "https://id.ex\u0430mple.com/", "https://id.example.com%2F", "*", "", None, True, 1,
        ["https://id.example.com/"], {"https://id.example.com/": True}, ABSENT,
    ]  # fmt: skip
    for value in values:
        yield _title(value), token(body=claims(iss=value)), Reason.ISSUER


def _audiences() -> Entries:
    values: list[object] = [
        "other", "Reports", "REPORTS", "reports ", " reports", "reports/", "reports\0", "report",
        "reports,other", "reports other", "*", "r\u0435ports", "", [], [""], ["other"],
        ["other", "Reports"], [["reports"]], ["reports", 1], ["reports", None],
        ["reports", ["other"]], [{"reports": 1}], {"reports": True}, {"0": "reports"}, None,
        True, 1, 1.5, ABSENT,
    ]  # fmt: skip
    for value in values:
        yield _title(value), token(body=claims(aud=value)), Reason.AUDIENCE


def _texts(name: str, reason: Reason) -> Entries:
    values: list[object] = [
        "", " ", "\t", " a", "a ", "a\0b", "a\nb", "a\rb", "a\u0085b", "a\u200bb", "a\u202eb",
        "a\ufeffb", "a\u2028b", "a\x7fb", "x" * 257, None, True, False, 0, 1, 1.5, [], ["a"],
        {}, {"id": "a"}, ABSENT,
    ]  # fmt: skip
    for value in values:
        yield _title(value), token(body=claims(**{name: value})), reason


def _dates() -> Entries:
    soon = NOW + 3600
    values: list[object] = [
        str(soon), f"{soon}.0", float(soon), soon + 0.5, True, False, None, [soon], {"value": soon},
        "", "never", 0, -1, -soon, 10**11 * 3, soon * 1000, 10**20, 2**63, 10**300,
    ]  # fmt: skip
    for name in ("exp", "iat", "nbf"):
        for value in values:
            yield f"{name} {_title(value)}", token(body=claims(**{name: value})), Reason.DATES
        # In JSON these are whole numbers, and Python reads floats.
        for spelling in (f"{soon}e0", f"{soon // 10}E1", f"{soon}.0", "-0", "1e9", "1e308"):
            body = compact(claims(**{name: 424242})).replace(b"424242", spelling.encode())
            yield f"{name} written {spelling[:12]}", token(body=body), Reason.DATES
    for name in ("exp", "iat"):
        yield f"{name} absent", token(body=claims(**{name: ABSENT})), Reason.DATES
    yield "exp before iat", token(body=claims(iat=NOW, exp=NOW - 1)), Reason.DATES
    yield "exp at iat", token(body=claims(iat=NOW, exp=NOW)), Reason.DATES


def _times() -> Entries:
    yield "expired a second ago", token(body=claims(exp=NOW - 1)), Reason.EXPIRED
    yield "expires now", token(body=claims(exp=NOW)), Reason.EXPIRED
    yield "expired long ago", token(body=claims(iat=1, exp=2)), Reason.EXPIRED
    for name in ("iat", "nbf"):
        for days in (1, 365):
            later = {name: NOW + days * 86_400, "exp": NOW + 400 * 86_400}
            yield f"{name} in {days} days", token(body=claims(**later)), Reason.NOT_YET_VALID
    both = claims(nbf=NOW, iat=NOW + 600)
    yield "issued after it is valid", token(body=both), Reason.NOT_YET_VALID


def _purposes() -> Entries:
    members: dict[str, object] = {
        "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ", "c_hash": "LDktKdoQak3Pk0",
        "s_hash": "LDktKdoQak3Pk0", "token_use": "id", "typ": "ID",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    for name, value in members.items():
        yield f"{name}", token(body=claims(**{name: value})), Reason.NOT_ACCESS_TOKEN
    for value in ("Refresh", "Offline", "Logout", "id"):
        yield f"typ {value}", token(body=claims(typ=value)), Reason.NOT_ACCESS_TOKEN
    # Declared as access token in its header, and an ID token all the same.
    both = token(head=header(typ="at+jwt"), body=claims(nonce=None))
    yield "nonce beside at+jwt", both, Reason.NOT_ACCESS_TOKEN


def _scopes() -> Entries:
    values: list[object] = [
        " ", "read ", " read", "read  write", "read\twrite", "read\nwrite", 'read"', "read\\",
        "read\0", "l\u00e9sen", "x" * 129, ["read"], {"read": True}, None, True, 1,
    ]  # fmt: skip
    for value in values:
        yield f"scope {_title(value)}", token(body=claims(scope=value)), Reason.SCOPES
    listed: list[object] = [["read", 1], ["read write"], [["read"]], [""], {"read": True}, None, 1]
    for value in listed:
        yield f"scp {_title(value)}", token(body=claims(scope=ABSENT, scp=value)), Reason.SCOPES
    yield "scope and scp differ", token(body=claims(scp=["read", "admin"])), Reason.SCOPES


def _ecdsa() -> Entries:
    good = parts()
    r, s = (int.from_bytes(half, "big") for half in (good.signature[:32], good.signature[32:]))
    signatures = {
        "zeros": bytes(64),
        "r = 0": _raw(0, s),
        "s = 0": _raw(r, 0),
        "r = s = 1": _raw(1, 1),
        "r = the order": _raw(_ORDER, s),
        "s = the order": _raw(r, _ORDER),
        "r = s = the order": _raw(_ORDER, _ORDER),
        "all bits set": b"\xff" * 64,
        "halves swapped": _raw(s, r),
        "little endian": good.signature[31::-1] + good.signature[:31:-1],
        "DER": encode_dss_signature(r, s),
        "DER of zeros": encode_dss_signature(0, 0),
        "cut by a byte": good.signature[:-1],
        "a byte more": good.signature + b"\0",
        "a byte before": b"\0" + good.signature,
        "one half": good.signature[:32],
        "33 bytes each": b"\0" + good.signature[:32] + b"\0" + good.signature[32:],
        "one byte": b"\0",
    }
    for name, signature in signatures.items():
        yield name, str(replace(good, signature=signature)), Reason.SIGNATURE
    for algorithm, size in (("ES384", 96), ("ES512", 132)):
        forged = replace(parts(algorithm=algorithm), signature=bytes(size))
        yield f"zeros for {algorithm}", str(forged), Reason.SIGNATURE
    yield "a stranger's key", token(name="stranger-p256"), Reason.SIGNATURE


def _raw(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _rsa() -> Entries:
    good = parts(algorithm="RS256")
    modulus = key("rsa").public_key().public_numbers().n
    value = int.from_bytes(good.signature, "big")
    signatures = {
        "zeros": bytes(256),
        "one": (1).to_bytes(256, "big"),
        "the modulus": modulus.to_bytes(256, "big"),
        "the modulus less one": (modulus - 1).to_bytes(256, "big"),
        "the signature and the modulus": (value + modulus).to_bytes(257, "big"),
        "all bits set": b"\xff" * 256,
        "cut by a byte": good.signature[:-1],
        "a byte more": good.signature + b"\0",
        "a byte before": b"\0" + good.signature,
        "backwards": good.signature[::-1],
        "SHA-1": key("rsa").sign(_data(good), padding.PKCS1v15(), SHA1()),  # noqa: S303
    }
    for name, signature in signatures.items():
        yield name, str(replace(good, signature=signature)), Reason.SIGNATURE
    probabilistic = parts(algorithm="PS256")
    paddings = {
        "PSS without salt": padding.PSS(padding.MGF1(SHA256()), 0),
        "PSS with 20 bytes of salt": padding.PSS(padding.MGF1(SHA256()), 20),
        "PSS with the longest salt": padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH),
        "PSS with MGF1 over SHA-1": padding.PSS(padding.MGF1(SHA1()), 32),  # noqa: S303
    }
    for name, scheme in paddings.items():
        signature = key("rsa").sign(_data(probabilistic), scheme, SHA256())
        yield name, str(replace(probabilistic, signature=signature)), Reason.SIGNATURE
    yield "a stranger's key", token(algorithm="RS256", name="stranger-rsa"), Reason.SIGNATURE


def _data(good: issuer.Parts) -> bytes:
    return f"{encode(good.header)}.{encode(good.claims)}".encode()


def _eddsa() -> Entries:
    good = parts(algorithm="EdDSA")
    point, scalar = good.signature[:32], int.from_bytes(good.signature[32:], "little")
    identity = (1).to_bytes(32, "little")
    signatures = {
        "zeros": bytes(64),
        "the neutral point": identity + bytes(32),
        "the scalar and the order": point + (scalar + _ED_ORDER).to_bytes(32, "little"),
        "cut by a byte": good.signature[:-1],
        "a byte more": good.signature + b"\0",
        "halves swapped": good.signature[32:] + good.signature[:32],
        "backwards": good.signature[::-1],
        "all bits set": b"\xff" * 64,
    }
    for name, signature in signatures.items():
        yield name, str(replace(good, signature=signature)), Reason.SIGNATURE
    yield "a stranger's key", token(algorithm="EdDSA", name="stranger-ed25519"), Reason.SIGNATURE


def _transplants() -> Entries:
    good = parts()
    other = parts(body=claims(sub="mallory"))
    yield "claims of another token", str(replace(good, claims=other.claims)), Reason.SIGNATURE
    yield "signature of another", str(replace(good, signature=other.signature)), Reason.SIGNATURE
    longer = replace(good, claims=compact(claims(exp=NOW + 10_000)))
    yield "a later exp", str(longer), Reason.SIGNATURE
    more = replace(good, claims=compact(claims(scope="admin")))
    yield "another scope", str(more), Reason.SIGNATURE
    foreign = replace(good, claims=compact(claims(tenant="other")))
    yield "another tenant", str(foreign), Reason.SIGNATURE
    spaced = replace(good, claims=good.claims + b" ")
    yield "a space more in the claims", str(spaced), Reason.SIGNATURE
    untyped = replace(good, header=compact(header(typ=ABSENT)))
    yield "a header without typ", str(untyped), Reason.SIGNATURE
    shuffled = replace(good, header=compact(dict(reversed(header().items()))))
    yield "a header in another order", str(shuffled), Reason.SIGNATURE


def _title(value: object) -> str:
    return "absent" if value is ABSENT else repr(value)[:40]
