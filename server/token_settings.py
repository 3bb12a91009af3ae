"""Whose tokens open ledgers: the issuer, where its keys are, and what its claims are called."""

import ipaddress
from typing import Annotated, Final, Self

import httpx
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

# Those that are verified with a public key. With a shared secret (HS256) whoever verifies could
# sign, too, and "none" is no signature at all.
ALGORITHMS: Final = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
_ALL_OR_NONE: Final = ("jwt_issuer", "jwt_audience", "jwt_jwks_url")


class TokenSettings(BaseSettings):
    """The part of the settings that says which JSON Web Tokens are believed."""

    jwt_issuer: Annotated[
        str | None,
        Field(
            min_length=1,
            description="Whose tokens are believed: `iss` must be just this. Unset, none are.",
        ),
    ] = None
    jwt_audience: Annotated[
        str | None,
        Field(
            min_length=1,
            description="For whom a token must be made out: `aud` is this or has it, so that what "
            "was given to another service of the same issuer opens nothing here.",
        ),
    ] = None
    jwt_jwks_url: Annotated[
        str | None,
        Field(
            description="Where the issuer's public keys are; fetched when first needed and every "
            "ten minutes. No other place is ever asked, whatever a token says.",
        ),
    ] = None
    jwt_algorithms: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(
            description="What tokens may be signed with, separated by commas: those that are in "
            "use. A token does not choose, and only public keys verify."
        ),
    ] = ("RS256", "ES256", "EdDSA")
    jwt_ledgers_claim: Annotated[
        str,
        Field(
            min_length=1,
            description="The claim with the ledgers that a token opens: a code or a list of codes.",
        ),
    ] = "florin_ledgers"
    jwt_scopes_claim: Annotated[
        str,
        Field(
            min_length=1,
            description="The claim with what a token may do, `florin:read`, `florin:write` and "
            "`florin:admin`: a list, or text with spaces between, as OAuth has it. Others are for "
            "others and left alone.",
        ),
    ] = "scope"

    @field_validator("jwt_issuer", "jwt_audience", "jwt_jwks_url", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return value or None

    @field_validator("jwt_algorithms", mode="before")
    @classmethod
    def _algorithms(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())

    @field_validator("jwt_algorithms")
    @classmethod
    def _only_public_keys_verify(cls, algorithms: tuple[str, ...]) -> tuple[str, ...]:
        for name in algorithms:
            if name not in ALGORITHMS:
                raise ValueError(
                    f"{name!r} is none of {', '.join(ALGORITHMS)}: signatures that a public key "
                    "verifies, so that whoever verifies cannot sign"
                )
        if not algorithms:
            raise ValueError(f"name at least one of {', '.join(ALGORITHMS)}")
        return algorithms

    @field_validator("jwt_jwks_url")
    @classmethod
    def _cannot_be_replaced_on_its_way(cls, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            parts = httpx.URL(url)
        except httpx.InvalidURL:
            parts = httpx.URL()
        if not parts.host or parts.scheme not in {"https", "http"} or parts.userinfo:
            raise ValueError(
                "must be a URL such as https://login.example.com/.well-known/jwks.json, without a "
                "name or password in it"
            )
        if parts.scheme != "https" and not _is_loopback(parts.host):
            raise ValueError(
                "must begin with https:// unless it is on a loopback address: whoever could "
                "replace the keys on their way could sign tokens"
            )
        return url

    @model_validator(mode="after")
    def _all_or_none(self) -> Self:
        given = {name for name in _ALL_OR_NONE if getattr(self, name) is not None}
        if given and len(given) < len(_ALL_OR_NONE):
            names = [f"FLORIN_{name.upper()}" for name in _ALL_OR_NONE]
            missing = [f"FLORIN_{name.upper()}" for name in _ALL_OR_NONE if name not in given]
            raise ValueError(
                f"{', '.join(missing)} missing: {', '.join(names)} belong together, all or none"
            )
        return self


def _is_loopback(host: str) -> bool:
    """Narrower than for browsers: other names than this may be looked up elsewhere."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
